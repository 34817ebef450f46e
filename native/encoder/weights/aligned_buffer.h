#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#ifdef _WIN32
#include <malloc.h>
#endif

#include "base/error.h"

namespace bge::encoder {

// Uninitialised memory on a cache-line (or larger) boundary.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Throws Error kOutOfMemory.
  explicit AlignedBuffer(size_t bytes, size_t alignment = 64)
      : data_(allocate((bytes + alignment - 1) / alignment * alignment, alignment)) {
    if (data_ == nullptr)
      throw Error(ErrorCode::kOutOfMemory, "No memory for " + std::to_string(bytes >> 20) +
                                               " MiB; load a smaller model or free some.");
  }

  void* get() const { return data_.get(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_.get());
  }

 private:
#ifdef _WIN32
  static void* allocate(size_t bytes, size_t alignment) {
    return _aligned_malloc(bytes, alignment);
  }
  struct Free {
    void operator()(void* data) const { _aligned_free(data); }
  };
#else
  static void* allocate(size_t bytes, size_t alignment) {
    return std::aligned_alloc(alignment, bytes);
  }
  struct Free {
    void operator()(void* data) const { std::free(data); }
  };
#endif
  std::unique_ptr<void, Free> data_;
};

}  // namespace bge::encoder
