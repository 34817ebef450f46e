#pragma once

#include <cstdint>
#include <span>

#include "tokenize/unicode/unicode_tables.h"

namespace bge::tokenize {

// Unicode facts exactly as the Rust crates of Hugging Face tokenizers 0.23.3 have them; their
// Unicode versions differ from each other (8.0, 9.0, 17.0), which is why no library's tables will
// do.
inline const ScalarProperties& properties(char32_t scalar) {
  const unsigned in_block = scalar & ((1u << kPropertyShift) - 1);
  const unsigned block = kPropertyBlocks[scalar >> kPropertyShift];
  return kProperties[kPropertyRecords[(block << kPropertyShift) | in_block]];
}

inline bool has_flag(char32_t scalar, ScalarFlag flag) {
  return (properties(scalar).flags & flag) != 0;
}

// White_Space, which is Rust's char::is_whitespace.
inline bool is_white_space(char32_t scalar) { return has_flag(scalar, kWhiteSpace); }

// Full canonical decomposition without Hangul; empty where the scalar decomposes to itself.
std::span<const uint32_t> decomposition(char32_t scalar);

// Rust's char::to_lowercase; empty where it is the scalar itself.
std::span<const uint32_t> lowercase(char32_t scalar);

}  // namespace bge::tokenize
