#include "onnxruntime/pinned_memory.h"

#include <algorithm>

namespace bge::onnxruntime {

PinnedMemory::PinnedMemory(const OrtApi& api, const OrtSession* session, int32_t device_id)
    : info_(api.ReleaseMemoryInfo), pinned_(api.ReleaseAllocator) {
  // Older runtimes keep all page-locked memory under device 0, newer ones under the device's own.
  if (open(api, session, device_id) || open(api, session, 0)) return;
  const auto ok = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInternal, "the host's memory");
  };
  ok(api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, info_.out()));
  ok(api.GetAllocatorWithDefaultOptions(&allocator_));
}

bool PinnedMemory::open(const OrtApi& api, const OrtSession* session, int32_t id) {
  Handle<OrtMemoryInfo> info(api.ReleaseMemoryInfo);
  Handle<OrtAllocator> allocator(api.ReleaseAllocator);
  check(api,
        api.CreateMemoryInfo("CudaPinned", OrtDeviceAllocator, id, OrtMemTypeCPUOutput, info.out()),
        ErrorCode::kInternal, "memory info");
  if (!take_message(api, api.CreateAllocator(session, info.get(), allocator.out())).empty()) {
    return false;
  }
  info_.swap(info);
  pinned_.swap(allocator);
  allocator_ = pinned_.get();
  return true;
}

void* PinnedBuffer::reserve(size_t bytes) {
  if (bytes <= bytes_) return data_;
  // Locking pages is slow: a little more each time makes it rare.
  const size_t wanted = std::max(bytes, bytes_ * 2);
  free();
  check(api_, api_.AllocatorAlloc(allocator_, wanted, &data_), ErrorCode::kOutOfMemory,
        "page-locked memory");
  bytes_ = wanted;
  return data_;
}

void PinnedBuffer::free() noexcept {
  if (data_ == nullptr) return;
  if (OrtStatus* status = api_.AllocatorFree(allocator_, data_)) api_.ReleaseStatus(status);
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace bge::onnxruntime
