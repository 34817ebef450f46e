#pragma once

#include "kernels/embed_and_norm.h"

// Rotary positions, and the normalisation of a head's queries and keys before them.
namespace bge::kernels {
namespace {

template <SixteenLanes V>
inline void scale_to_unit(float* x, const RotateArgs& args) {
  using F = typename V::F;
  const float squares = sum_over<V>(x, args.head_dim, [](F sum, F v) { return V::fma(v, v, sum); });
  const float mean = squares / static_cast<float>(args.head_dim);
  const F factor = V::set1(1.0f / __builtin_sqrtf(mean + args.epsilon));
  for (int i = 0; i < args.head_dim; i += kPanel)
    V::store(x + i, V::mul(V::mul(V::load(x + i), factor), V::load(args.gamma + i)));
}

template <SixteenLanes V>
void rotate(const RotateArgs& args) {
  const int half = args.head_dim / 2;
  for (int row = 0; row < args.rows; ++row) {
    float* x = args.x + row * args.stride;
    if (args.gamma != nullptr) scale_to_unit<V>(x, args);
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
