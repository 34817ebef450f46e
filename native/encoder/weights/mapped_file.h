#pragma once

#include <cstddef>
#include <string>

#include "encoder/weights/shrink_guard.h"

namespace bge::encoder {

// A whole file, mapped read-only. What is read after somebody has shortened it is zeros.
class MappedFile {
 public:
  // Throws Error kModelNotFound for what is no regular file, kModelInvalid for an empty one,
  // kOutOfMemory.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::string& path() const { return path_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  // Whether zeros were read in place of what the file held when it was opened.
  bool shrank() const noexcept { return guard_.shrank(); }

  // Gives the pages of a part that has been read back to the system. They can be read again.
  static void release(const void* begin, size_t size) noexcept;

 private:
  std::string path_;
  const char* data_ = nullptr;
  size_t size_ = 0;
  ShrinkGuard guard_;
};

}  // namespace bge::encoder
