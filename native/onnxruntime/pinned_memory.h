#pragma once

#include <onnxruntime_c_api.h>

#include <cstddef>
#include <cstdint>

#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {

// Page-locked host memory of a session on a CUDA device: the device reads it without a copy in
// between. Ordinary memory where the session has none. The session must outlive it.
class PinnedMemory {
 public:
  PinnedMemory(const OrtApi& api, const OrtSession* session, int32_t device_id);

  const OrtMemoryInfo* info() const noexcept { return info_.get(); }
  OrtAllocator* allocator() const noexcept { return allocator_; }

 private:
  bool open(const OrtApi& api, const OrtSession* session, int32_t id);

  Handle<OrtMemoryInfo> info_;
  Handle<OrtAllocator> pinned_;
  OrtAllocator* allocator_ = nullptr;  // `pinned_`, or the runtime's own
};

// A growing buffer of it, kept from run to run.
class PinnedBuffer {
 public:
  PinnedBuffer(const OrtApi& api, OrtAllocator* allocator) : api_(api), allocator_(allocator) {}
  PinnedBuffer(PinnedBuffer&& other) noexcept
      : api_(other.api_), allocator_(other.allocator_), data_(other.data_), bytes_(other.bytes_) {
    other.data_ = nullptr;
  }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(PinnedBuffer&&) = delete;
  ~PinnedBuffer() { free(); }

  // Memory of at least `bytes`; what it held is lost. Throws kOutOfMemory.
  void* reserve(size_t bytes);

 private:
  void free() noexcept;

  const OrtApi& api_;
  OrtAllocator* allocator_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace bge::onnxruntime
