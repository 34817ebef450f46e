#pragma once

#include "kernels/kernels.h"
#include "kernels/lanes.h"

// Rotary positions.
namespace bge::kernels {
namespace {

template <SixteenLanes V>
void rotate(const RotateArgs& args) {
  const int half = args.head_dim / 2;
  for (int row = 0; row < args.rows; ++row) {
    float* x = args.x + row * args.stride;
    const size_t angles = static_cast<size_t>(args.position_ids[row]) * half;
    for (int j = 0; j < half; j += kPanel) {
      const typename V::F cosine = V::load(args.cosines + angles + j);
      const typename V::F sine = V::load(args.sines + angles + j);
      const typename V::F low = V::load(x + j);
      const typename V::F high = V::load(x + half + j);
      const typename V::F minus_sine = V::sub(V::set1(0.0f), sine);
      V::store(x + j, V::fma(high, minus_sine, V::mul(low, cosine)));
      V::store(x + half + j, V::fma(low, sine, V::mul(high, cosine)));
    }
  }
}

}  // namespace
}  // namespace bge::kernels
