#pragma once

#include <cstddef>
#include <string_view>

#include "tokenize/unicode/properties.h"

namespace bge::tokenize {

// End of the extended grapheme cluster (UAX 29, Unicode 17) that starts at `start` < text.size().
// `start` must be a cluster boundary and the text valid UTF-8.
size_t grapheme_end(std::string_view text, size_t start);

// True for the classes between any two of which there is always a boundary, whatever surrounds
// them.
inline bool always_breaks(GraphemeClass grapheme) {
  return grapheme == GraphemeClass::kAny || grapheme == GraphemeClass::kLv ||
         grapheme == GraphemeClass::kLvt || grapheme == GraphemeClass::kConsonant ||
         grapheme == GraphemeClass::kPictographic;
}

}  // namespace bge::tokenize
