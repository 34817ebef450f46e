#include "encoder/blocks/alibi.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>

namespace bge::encoder {
namespace {

// Slopes fall as powers of 2^(-8 / heads); of another number of heads than a power of two, the
// heads beyond the last such power have every other slope of twice as many.
double slope_of(int head, int heads) {
  const int power = static_cast<int>(std::bit_floor(static_cast<unsigned>(heads)));
  if (head < power) return std::exp2(-8.0 * (head + 1) / power);
  return slope_of(2 * (head - power), 2 * power);
}

}  // namespace

Alibi make_alibi(WeightBinder& weights, int heads, int head_dim, int positions) {
  const int row = 2 * positions - 1 + kernels::kBiasMultiple;
  // Scores are divided by the root of the width after the bias has been added.
  const double root = std::sqrt(static_cast<double>(head_dim));
  const auto fill = [=](float* to) {
    for (int head = 0; head < heads; ++head)
      for (int i = 0; i < row; ++i)
        *to++ = static_cast<float>(-slope_of(head, heads) * std::abs(i - (positions - 1)) * root);
  };
  const std::string name = "slopes of " + std::to_string(heads) + " heads";
  return {weights.computed(name, static_cast<size_t>(heads) * row, fill), row, positions};
}

}  // namespace bge::encoder
