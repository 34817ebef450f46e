#pragma once

#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Attention with linear biases (Press et al. 2022), in both directions: every head takes the
// distance of two tokens times a slope of its own off their score. A null table: no biases.
struct Alibi {
  const float* slopes = nullptr;  // [heads][row], by the key's place less the query's
  int row = 0;
  int positions = 0;

  // As AttentionArgs::bias with a stride of -1.
  const float* of(int head) const { return slopes + head * row + positions - 1; }
};

// The table is part of the converted weights.
Alibi make_alibi(WeightBinder& weights, int heads, int head_dim, int positions);

}  // namespace bge::encoder
