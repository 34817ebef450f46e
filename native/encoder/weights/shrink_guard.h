#pragma once

#include <cstddef>

namespace bge::encoder {

// Reading a mapped page that its file no longer has, since somebody shortened it, raises SIGBUS,
// which would end the process. Guarded memory reads as zeros from there on instead, and the guard
// tells. The handler passes on every SIGBUS that is about other memory. Where the system does not
// let a mapped file be shortened (Windows) there is nothing to guard.
class ShrinkGuard {
 public:
  ShrinkGuard() = default;
  // `data` is where a file is mapped, until after this guard is gone. With more than kMaxGuards at
  // one time, memory stays unguarded.
  ShrinkGuard(const void* data, size_t size);
  ~ShrinkGuard();
  ShrinkGuard(ShrinkGuard&& other) noexcept;
  ShrinkGuard& operator=(ShrinkGuard&& other) noexcept;

  static constexpr int kMaxGuards = 1024;

  // From any thread: whether zeros were read in place of the file.
  bool shrank() const noexcept;

 private:
  int place_ = -1;
};

}  // namespace bge::encoder
