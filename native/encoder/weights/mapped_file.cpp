#include "encoder/weights/mapped_file.h"

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace bge::encoder {
namespace {

[[noreturn]] void refuse_empty(const std::string& path) {
  throw Error(ErrorCode::kModelInvalid, "The file is empty; fetch it again.", path);
}

}  // namespace

#ifdef _WIN32

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const std::filesystem::path wide(
      std::u8string(reinterpret_cast<const char8_t*>(path.c_str()), path.size()));
  const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  HANDLE mapping = nullptr;
  LARGE_INTEGER size{};
  if (file != INVALID_HANDLE_VALUE && GetFileSizeEx(file, &size)) {
    size_ = static_cast<size_t>(size.QuadPart);
    mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
  }
  // The view keeps file and mapping open.
  if (mapping != nullptr)
    data_ = static_cast<const char*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
  const DWORD error = GetLastError();
  const bool is_empty = file != INVALID_HANDLE_VALUE && size_ == 0;
  if (mapping != nullptr) CloseHandle(mapping);
  if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
  if (is_empty) refuse_empty(path);
  if (data_ == nullptr)
    throw Error(ErrorCode::kModelNotFound,
                "Put a readable weights file here (Windows error " + std::to_string(error) + ").",
                path);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
}

// Windows takes unused pages of a mapped file back by itself.
void MappedFile::release(const void*, size_t) noexcept {}

#else

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // Without waiting: a pipe under this name would wait for its writer.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  void* data = MAP_FAILED;
  int error = errno;
  bool is_empty = false;
  if (file >= 0 && fstat(file, &info) == 0) {
    error = EINVAL;
    is_empty = S_ISREG(info.st_mode) && info.st_size == 0;
    if (S_ISREG(info.st_mode) && info.st_size > 0) {
      size_ = static_cast<size_t>(info.st_size);
      data = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      error = errno;
    }
  }
  if (file >= 0) close(file);
  if (is_empty) refuse_empty(path);
  if (data == MAP_FAILED && error == ENOMEM)
    throw Error(ErrorCode::kOutOfMemory,
                "No address space for the " + std::to_string(size_ >> 20) +
                    " MiB of this file; raise the process's memory limit.",
                path);
  if (data == MAP_FAILED)
    throw Error(ErrorCode::kModelNotFound,
                "Put a readable weights file here (" + std::string(std::strerror(error)) + ").",
                path);
  data_ = static_cast<const char*>(data);
  guard_ = ShrinkGuard(data_, size_);
}

MappedFile::~MappedFile() {
  guard_ = {};
  if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

void MappedFile::release(const void* begin, size_t size) noexcept {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const uintptr_t last = (reinterpret_cast<uintptr_t>(begin) + size) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

#endif

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      guard_(std::move(other.guard_)) {}

}  // namespace bge::encoder
