#include "encoder/blocks/rotary.h"

#include <cmath>
#include <string>

namespace bge::encoder {
namespace {

// In float32 up to the angle, as the models were trained: at position 8,000 a frequency that is
// exact turns by another 0.0005.
float angle_of(double theta, double stretch, int head_dim, int position, int pair) {
  const float exponent = static_cast<float>(2 * pair) / static_cast<float>(head_dim);
  const float frequency = 1.0f / static_cast<float>(std::pow(theta, double{exponent}));
  return static_cast<float>(position) * (frequency / static_cast<float>(stretch));
}

}  // namespace

Rotary make_rotary(WeightBinder& weights, double theta, int head_dim, int positions,
                   double stretch) {
  const int half = head_dim / 2;
  const std::string base =
      std::to_string(theta) + (stretch == 1.0 ? "" : " / " + std::to_string(stretch));
  const auto table = [&](const char* name, double (*of)(double)) {
    return weights.computed(name + base, static_cast<size_t>(positions) * half, [=](float* to) {
      for (int position = 0; position < positions; ++position)
        for (int pair = 0; pair < half; ++pair)
          *to++ = static_cast<float>(of(angle_of(theta, stretch, head_dim, position, pair)));
    });
  };
  const float* cosines = table("cosines ", [](double x) { return std::cos(x); });
  return {cosines, table("sines ", [](double x) { return std::sin(x); })};
}

}  // namespace bge::encoder
