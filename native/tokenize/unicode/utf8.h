#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bge::tokenize {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

bool is_valid_utf8(std::string_view text);

// The text itself where it is valid UTF-8; otherwise a copy in `storage` in which every maximal
// ill-formed part is U+FFFD (WHATWG's and Python's rule, so each byte of an encoded surrogate
// becomes one).
std::string_view repair_utf8(std::string_view text, std::string& storage);

// The functions below take valid UTF-8 only.

// Bytes of the scalar that starts with `lead`: 1 to 4.
inline size_t scalar_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The scalar at `at`; moves `at` past it.
inline char32_t next_scalar(const char*& at) {
  const auto* byte = reinterpret_cast<const unsigned char*>(at);
  if (byte[0] < 0x80) {
    at += 1;
    return byte[0];
  }
  if (byte[0] < 0xE0) {
    at += 2;
    return char32_t{byte[0] & 0x1Fu} << 6 | (byte[1] & 0x3Fu);
  }
  if (byte[0] < 0xF0) {
    at += 3;
    return char32_t{byte[0] & 0x0Fu} << 12 | (byte[1] & 0x3Fu) << 6 | (byte[2] & 0x3Fu);
  }
  at += 4;
  return char32_t{byte[0] & 0x07u} << 18 | (byte[1] & 0x3Fu) << 12 | (byte[2] & 0x3Fu) << 6 |
         (byte[3] & 0x3Fu);
}

inline char32_t scalar_at(std::string_view text, size_t position) {
  const char* at = text.data() + position;
  return next_scalar(at);
}

// Start of the scalar that ends before `position` (> 0).
inline size_t previous_scalar(std::string_view text, size_t position) {
  do --position;
  while (is_continuation(text[position]));
  return position;
}

inline char32_t last_scalar(std::string_view text) {
  return scalar_at(text, previous_scalar(text, text.size()));
}

void append_scalar(std::string& out, char32_t scalar);

}  // namespace bge::tokenize
