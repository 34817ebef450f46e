#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bge::rank {

struct RankedContext {
  uint32_t id;   // index of the context in the request
  double score;  // sigmoid(logit) in [0, 1], or the logit
};

// 1 / (1 + e^-x) in float64, without overflow at either end.
double sigmoid(double x) noexcept;

// Best first by logit, ties by lower id; at most `top_k`, all for 0.
std::vector<RankedContext> rank(std::span<const float> logits, size_t top_k, bool raw_scores);

}  // namespace bge::rank
