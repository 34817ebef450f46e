#include "base/file.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <filesystem>

namespace bge {

size_t file_bytes(const std::string& path) noexcept {
  std::error_code failed;
  const uintmax_t bytes =
      std::filesystem::file_size(std::u8string(path.begin(), path.end()), failed);
  return failed ? 0 : static_cast<size_t>(bytes);
}

#ifdef _WIN32

bool only_ours(const std::filesystem::path& path) noexcept {
  std::error_code failed;
  return std::filesystem::exists(path, failed);
}

bool flush_to_disk(const std::filesystem::path& path) noexcept {
  // Flags for a folder; a plain file takes them as well.
  const HANDLE file = CreateFileW(path.c_str(), GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                  nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (file == INVALID_HANDLE_VALUE) return false;
  const bool flushed = FlushFileBuffers(file) != 0;
  CloseHandle(file);
  return flushed;
}

#else

bool only_ours(const std::filesystem::path& path) noexcept {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && (info.st_uid == geteuid() || info.st_uid == 0) &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool flush_to_disk(const std::filesystem::path& path) noexcept {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool flushed = fsync(file) == 0;
  close(file);
  return flushed;
}

#endif

}  // namespace bge
