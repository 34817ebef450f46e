#pragma once

#include <cstddef>
#include <string>

namespace bge {

// Size of the file at this UTF-8 path; 0 where there is none.
size_t file_bytes(const std::string& path) noexcept;

}  // namespace bge
