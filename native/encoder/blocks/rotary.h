#pragma once

#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Rotary positions (Su et al. 2021): the angles by which a position turns the pairs of lanes of its
// queries and keys, as the kernels read them. Null tables: no rotation.
struct Rotary {
  const float* cosines = nullptr;  // [positions][head_dim / 2]
  const float* sines = nullptr;
};

// `theta` is the base of the frequencies, which are divided by `stretch`. Tables are part of the
// converted weights.
Rotary make_rotary(WeightBinder& weights, double theta, int head_dim, int positions,
                   double stretch = 1.0);

}  // namespace bge::encoder
