#include "rank/rank.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bge::rank {

double sigmoid(double x) noexcept {
  if (x >= 0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

std::vector<RankedContext> rank(std::span<const float> logits, size_t top_k, bool raw_scores) {
  std::vector<uint32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0U);
  const size_t kept = top_k == 0 ? ids.size() : std::min(top_k, ids.size());
  // By logit: beyond about 37 its sigmoid is 1 in float64, and what differs would look equal.
  std::partial_sort(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(kept), ids.end(),
                    [&](uint32_t a, uint32_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                    });
  std::vector<RankedContext> ranked;
  ranked.reserve(kept);
  for (size_t i = 0; i < kept; ++i) {
    const double logit = logits[ids[i]];
    ranked.push_back({ids[i], raw_scores ? logit : sigmoid(logit)});
  }
  return ranked;
}

}  // namespace bge::rank
