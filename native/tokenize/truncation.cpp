#include "tokenize/truncation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace bge::tokenize {
namespace {

[[noreturn]] void too_long(PairLengths lengths, size_t max_length, size_t special_tokens,
                           const char* advice) {
  const size_t total = lengths.query + lengths.passage + special_tokens;
  throw Error(ErrorCode::kTooLong, "The pair has at least " + std::to_string(total) +
                                       " tokens but maxLength is " + std::to_string(max_length) +
                                       ": " + advice + ".");
}

// The longer side gives way first; of an odd room the longer side has one more, at equal lengths
// the passage.
PairLengths longest_first(PairLengths lengths, size_t room) {
  size_t shorter = lengths.query, longer = lengths.passage;
  const bool swapped = shorter > longer;
  if (swapped) std::swap(shorter, longer);
  longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? PairLengths{longer, shorter} : PairLengths{shorter, longer};
}

}  // namespace

PairLengths truncated_lengths(PairLengths lengths, size_t max_length, size_t special_tokens,
                              Truncation truncation) {
  if (max_length < special_tokens) {
    throw Error(ErrorCode::kInvalidOption, "maxLength must be at least " +
                                               std::to_string(special_tokens) +
                                               ", the number of special tokens of a pair, but is " +
                                               std::to_string(max_length) + ".");
  }
  const size_t room = max_length - special_tokens;
  if (lengths.query + lengths.passage <= room) return lengths;
  if (truncation == Truncation::kNone) {
    too_long(lengths, max_length, special_tokens, "shorten it or choose a truncation");
  }
  if (room == 0) return {0, 0};
  const size_t excess = lengths.query + lengths.passage - room;
  if (truncation == Truncation::kLongestFirst) return longest_first(lengths, room);
  size_t& side = truncation == Truncation::kOnlyFirst ? lengths.query : lengths.passage;
  if (side <= excess) {
    too_long(lengths, max_length, special_tokens,
             truncation == Truncation::kOnlyFirst ? "shorten the passage, since only_first may not"
                                                  : "shorten the query, since only_second may not");
  }
  side -= excess;
  return lengths;
}

size_t passage_cap(size_t query_tokens, size_t max_length, size_t special_tokens,
                   Truncation truncation) {
  const size_t room = max_length > special_tokens ? max_length - special_tokens : 0;
  // One token more than what fits beside the query shows that the pair is too long.
  const size_t beside_query = room > query_tokens ? room - query_tokens + 1 : 1;
  switch (truncation) {
    case Truncation::kLongestFirst: return std::max(query_tokens, beside_query);
    case Truncation::kOnlyFirst: return room + 1;
    case Truncation::kOnlySecond:
    case Truncation::kNone: break;
  }
  return beside_query;
}

}  // namespace bge::tokenize
