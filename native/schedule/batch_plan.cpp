#include "schedule/batch_plan.h"

#include <algorithm>

namespace bge::schedule {

size_t plan_batch(std::span<const size_t> lengths, const backend::BatchLimits& limits) noexcept {
  size_t longest = 0;
  size_t total = 0;
  size_t rows = 0;
  for (const size_t length : lengths) {
    longest = std::max(longest, length);
    total += length;
    const size_t cost = limits.padded ? longest * (rows + 1) : total;
    if (rows > 0 && (rows == limits.max_rows || cost > limits.max_tokens)) break;
    ++rows;
  }
  return rows;
}

}  // namespace bge::schedule
