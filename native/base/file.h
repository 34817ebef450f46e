#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace bge {

// Size of the file at this UTF-8 path; 0 where there is none.
size_t file_bytes(const std::string& path) noexcept;

// Whether nobody but this user and the system's administrator can change what is there. True where
// the system has no such modes (Windows), false where nothing is there.
bool only_ours(const std::filesystem::path& path) noexcept;

// Waits until what was written to a file, or for a folder its names, would outlive a power cut.
// False where that cannot be told.
bool flush_to_disk(const std::filesystem::path& path) noexcept;

}  // namespace bge
