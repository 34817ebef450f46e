#pragma once

#include <cstddef>

namespace bge::tokenize {

// What is shortened where a pair is too long; always at the right end. kNone: nothing, it is an
// error.
enum class Truncation { kLongestFirst, kOnlySecond, kOnlyFirst, kNone };

struct PairLengths {
  size_t query;
  size_t passage;
};

// The lengths, in tokens, that the two sides keep. Throws kInvalidOption where max_length has no
// room for the special tokens, and kTooLong where the pair does not fit and the strategy may not
// shorten it.
PairLengths truncated_lengths(PairLengths lengths, size_t max_length, size_t special_tokens,
                              Truncation truncation);

// How many tokens of the passage must be known (1 or more) for the same outcome, lengths kept or
// error, as with all of them.
size_t passage_cap(size_t query_tokens, size_t max_length, size_t special_tokens,
                   Truncation truncation);

}  // namespace bge::tokenize
