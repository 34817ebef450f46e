#pragma once

#include <cstdint>

namespace bge::tokenize {

// Scalars [first, last].
struct ScalarRange {
  uint32_t first;
  uint32_t last;
};

// A primary composite and the two scalars that compose to it.
struct Composition {
  uint32_t first;
  uint32_t second;
  uint32_t composed;
};

// Ascending. General categories L and N as the reference's regular expressions have them, and its
// NFC's compositions but for Hangul: scripts/tokenizer/generate-byte-level-tables.py.
extern const ScalarRange kLetterRanges[677];
extern const ScalarRange kNumberRanges[144];
extern const Composition kCompositions[940];

}  // namespace bge::tokenize
