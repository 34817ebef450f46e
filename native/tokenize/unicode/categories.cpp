#include "tokenize/unicode/categories.h"

#include <algorithm>
#include <iterator>

#include "tokenize/unicode/byte_level_tables.h"

namespace bge::tokenize {
namespace {

template <size_t kCount>
bool is_in(const ScalarRange (&ranges)[kCount], char32_t scalar) {
  const auto* after = std::upper_bound(
      std::begin(ranges), std::end(ranges), scalar,
      [](char32_t value, const ScalarRange& range) { return value < range.first; });
  return after != std::begin(ranges) && scalar <= std::prev(after)->last;
}

}  // namespace

bool is_letter(char32_t scalar) { return is_in(kLetterRanges, scalar); }

bool is_number(char32_t scalar) { return is_in(kNumberRanges, scalar); }

bool is_numeric(char32_t scalar) {
  return is_number(scalar) || (scalar >= 0x11DE0 && scalar <= 0x11DE9) ||
         (scalar >= 0x16FF4 && scalar <= 0x16FF6);
}

}  // namespace bge::tokenize
