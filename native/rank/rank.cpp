#include "rank/rank.h"

#include <algorithm>
#include <cmath>

namespace bge::rank {

double sigmoid(double x) noexcept {
  if (x >= 0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

std::vector<RankedContext> rank(std::span<const float> logits, size_t top_k, bool raw_scores) {
  std::vector<RankedContext> ranked;
  ranked.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    const double logit = logits[i];
    ranked.push_back({static_cast<uint32_t>(i), raw_scores ? logit : sigmoid(logit)});
  }
  const size_t kept = top_k == 0 ? ranked.size() : std::min(top_k, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(kept), ranked.end(),
                    [](const RankedContext& a, const RankedContext& b) {
                      return a.score != b.score ? a.score > b.score : a.id < b.id;
                    });
  ranked.resize(kept);
  return ranked;
}

}  // namespace bge::rank
