#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/backend.h"

// Whose turn it is, and what a turn costs: the Scheduler's decisions, as pure functions.
namespace bge::schedule {

// What a request's place in the queue rests on.
struct Standing {
  size_t remaining_tokens;  // of pairs not handed out
  uint64_t sequence;        // order of admission
};

// Fewest tokens left first, then the oldest.
bool fewest_first(const Standing& a, const Standing& b) noexcept;

// Whether the oldest request goes next, rather than the one with the fewest tokens left.
// `tokens_since_oldest` went to others while it waited; `next_tokens` has the pair that it would
// run.
bool oldest_is_due(size_t tokens_since_oldest, size_t next_tokens) noexcept;

// `tokens_since_oldest` after a pair of this many tokens went to the oldest request or another one.
size_t charge(size_t tokens_since_oldest, size_t tokens, bool to_oldest) noexcept;

// Whether a request with this many pairs ready runs the longest of them first, rather than the
// shortest.
bool runs_longest_first(size_t ready_pairs) noexcept;

// The limits of the next run, when so many tokens are queued or running: where pairs are not
// padded, no more than a worker's share.
backend::BatchLimits run_limits(backend::BatchLimits limits, size_t queued_tokens,
                                size_t workers) noexcept;

}  // namespace bge::schedule
