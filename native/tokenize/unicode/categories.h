#pragma once

namespace bge::tokenize {

// \p{L} and \p{N} of the reference's regular expressions.
bool is_letter(char32_t scalar);
bool is_number(char32_t scalar);

// Rust's char::is_numeric, whose Unicode is newer.
bool is_numeric(char32_t scalar);

}  // namespace bge::tokenize
