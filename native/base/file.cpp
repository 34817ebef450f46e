#include "base/file.h"

#include <filesystem>

namespace bge {

size_t file_bytes(const std::string& path) noexcept {
  std::error_code failed;
  const uintmax_t bytes =
      std::filesystem::file_size(std::u8string(path.begin(), path.end()), failed);
  return failed ? 0 : static_cast<size_t>(bytes);
}

}  // namespace bge
