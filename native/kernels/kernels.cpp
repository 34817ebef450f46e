#include "kernels/kernels.h"

#include "base/error.h"
#include "kernels/attention_scratch.h"

namespace bge::kernels {

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvxVnniKernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAvx512Bf16Kernels;
extern const Kernels kAmxKernels;
#elif defined(__aarch64__)
extern const Kernels kNeonDotprodKernels;
#endif

const Kernels& kernels_for(Isa isa) {
  switch (isa) {
    case Isa::kPortable: return kPortableKernels;
#if defined(__x86_64__)
    case Isa::kAvx2: return kAvx2Kernels;
    case Isa::kAvxVnni: return kAvxVnniKernels;
    case Isa::kAvx512Vnni: return kAvx512VnniKernels;
    case Isa::kAvx512Bf16: return kAvx512Bf16Kernels;
    case Isa::kAmx: return kAmxKernels;
#elif defined(__aarch64__)
    case Isa::kNeonDotprod: return kNeonDotprodKernels;
#endif
    default:
      throw Error(ErrorCode::kInternal, "This build has no kernels for the instruction set.");
  }
}

size_t attention_scratch_bytes(Dtype dtype, int length, int head_dim) {
  if (dtype == Dtype::kFixed24) dtype = Dtype::kFp32;  // only the linear layers are in fixed point
  const auto depth = static_cast<int>(round_up(head_dim, tile_depth(dtype)));
  return AttentionScratch(nullptr, dtype, length, depth).bytes();
}

}  // namespace bge::kernels
