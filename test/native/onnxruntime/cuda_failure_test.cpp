#include "onnxruntime/cuda_failure.h"

#include <gtest/gtest.h>

namespace bge::onnxruntime {
namespace {

struct Case {
  const char* name;
  const char* message;
  const char* explanation;
};

void PrintTo(const Case& given, std::ostream* out) { *out << given.name; }

// Those of ONNX Runtime 1.30 and 1.31 as they came on a machine without a driver; those of CUDA in
// the words of its cudaGetErrorString, in the frame that ONNX Runtime puts around them.
const Case kCases[] = {
    {"NoProviderLibrary",
     "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library "
     "ProviderLibrary: "
     "Failed to load library /a/libonnxruntime_providers_shared.so with error: "
     "/a/libonnxruntime_providers_shared.so: cannot open shared object file: No such file",
     "this ONNX Runtime has no CUDA provider; set ONNXRUNTIME_LIBRARY to one that has, as "
     "docs/platforms.md says"},
    {"BuiltWithoutCuda", "CUDA execution provider is not enabled in this build. ",
     "this ONNX Runtime has no CUDA provider; set ONNXRUNTIME_LIBRARY to one that has, as "
     "docs/platforms.md says"},
    {"NoCublas",
     "Failed to load library /a/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: "
     "cannot open shared object file: No such file or directory\n",
     "libcublasLt.so.13 is missing; install CUDA 13 and put its library folder on LD_LIBRARY_PATH"},
    {"NoCudnn", "libcudnn.so.9: cannot open shared object file: No such file or directory",
     "libcudnn.so.9 is missing; install cuDNN 9 and put its folder on LD_LIBRARY_PATH"},
    {"NoCurand",
     "Failed to load library /a/libonnxruntime_providers_cuda.so with error: libcurand.so.10: "
     "cannot open shared object file: No such file or directory",
     "libcurand.so.10 is missing; install the CUDA libraries that this ONNX Runtime was built for "
     "and put their folder on LD_LIBRARY_PATH"},
    {"NoDriver",
     "Failed to load library /a/libonnxruntime_providers_cuda.so with error: libcuda.so.1: cannot "
     "open shared object file: No such file or directory",
     "the NVIDIA driver is not installed here; install it, or start the container with its GPUs"},
    {"WindowsLibrary",
     "Error loading \"C:\\a\\onnxruntime_providers_cuda.dll\" which depends on "
     "\"cublasLt64_13.dll\" which is missing. (Error 126: \"The specified module could not be "
     "found.\")",
     "cublasLt64_13.dll is missing; install the CUDA and cuDNN that this ONNX Runtime was built "
     "for and put their bin folders on PATH"},
    {"OldDriver",
     "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; "
     "hostname=vm ; expr=cudaSetDevice(info_.device_id); ",
     "the NVIDIA driver is too old for the CUDA that this ONNX Runtime uses; update the driver, or "
     "use an ONNX Runtime for an older CUDA"},
    {"NoDevice", "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=vm",
     "there is no CUDA device to see; check nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, "
     "that it was given GPUs"},
    {"NoSuchDevice", "CUDA failure 101: invalid device ordinal ; GPU=0 ; hostname=vm",
     "there is no CUDA device of that number; correct cuda.deviceIds"},
    {"CompatibilityLibraries",
     "CUDA failure 803: system has unsupported display driver / cuda driver combination ; GPU=-1",
     "the NVIDIA driver and the CUDA compatibility libraries do not fit together; remove the "
     "latter from LD_LIBRARY_PATH or update the driver"},
    {"OldGpu", "CUDA failure 209: no kernel image is available for execution on the device",
     "this ONNX Runtime has no code for this GPU's generation; use an ONNX Runtime that has"},
    {"NoMemory", "CUDA failure 2: out of memory ; GPU=0",
     "the GPU's memory does not suffice; free some, or raise cuda.memoryLimitBytes"},
    {"MemoryLimit",
     "BFCArena::AllocateRawInternal Available memory of 1048576 is smaller than requested bytes of "
     "768006144",
     "the GPU's memory does not suffice; free some, or raise cuda.memoryLimitBytes"},
    {"Unknown", "something\nelse.\n", "something else; see docs/platforms.md"},
};

class CudaFailure : public testing::TestWithParam<Case> {};

TEST_P(CudaFailure, IsToldWithItsRemedy) {
  EXPECT_EQ(explain_cuda_failure(GetParam().message), GetParam().explanation);
}

INSTANTIATE_TEST_SUITE_P(Messages, CudaFailure, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bge::onnxruntime
