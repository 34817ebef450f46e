#include "schedule/policy.h"

#include <algorithm>

namespace bge::schedule {
namespace {

// For every token that goes to the oldest request, this many may go to smaller, younger ones.
constexpr size_t kTokensPerOldestToken = 7;

// A request's last pairs run longest first. What comes before them runs shortest first: while a
// large request has far to go, nobody who overtakes it should wait for its longest pairs.
constexpr size_t kPairsLongestFirst = 64;

}  // namespace

bool fewest_first(const Standing& a, const Standing& b) noexcept {
  return a.remaining_tokens != b.remaining_tokens ? a.remaining_tokens < b.remaining_tokens
                                                  : a.sequence < b.sequence;
}

bool oldest_is_due(size_t tokens_since_oldest, size_t next_tokens) noexcept {
  return tokens_since_oldest >= kTokensPerOldestToken * next_tokens;
}

size_t charge(size_t tokens_since_oldest, size_t tokens, bool to_oldest) noexcept {
  if (!to_oldest) return tokens_since_oldest + tokens;
  return tokens_since_oldest - std::min(tokens_since_oldest, kTokensPerOldestToken * tokens);
}

bool runs_longest_first(size_t ready_pairs) noexcept { return ready_pairs <= kPairsLongestFirst; }

backend::BatchLimits run_limits(backend::BatchLimits limits, size_t queued_tokens,
                                size_t workers) noexcept {
  const size_t share = (queued_tokens + workers - 1) / workers;
  if (!limits.padded) limits.max_tokens = std::min(limits.max_tokens, share);
  return limits;
}

}  // namespace bge::schedule
