#include "kernels/panels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/quad_panels.h"

namespace bge::kernels {
namespace {

constexpr float kLargestByte = 127.0f;

// As integers, because magnitudes compare like their bits and compilers can then use vectors. NaN
// is larger than all numbers, so it ends up in the scale and stays visible.
float largest_magnitude(const UnalignedFloat* x, size_t count) {
  int32_t largest = 0;
  for (size_t i = 0; i < count; ++i)
    largest = std::max(largest, std::bit_cast<int32_t>(float{x[i]}) & INT32_MAX);
  return std::bit_cast<float>(largest);
}

// Whether multiples of `step` are bytes of it: half a step is room for the rounding of products.
bool are_bytes_of(float step, const UnalignedFloat* x, size_t count) {
  const float low = -128.5f * step;
  const float high = 127.5f * step;
  return step > 0.0f && std::all_of(x, x + count, [&](float w) { return w > low && w < high; });
}

// The scale of int8 weights. A NaN stays visible.
float scale_of(const UnalignedFloat* x, size_t count, float step) {
  return are_bytes_of(step, x, count) ? step : largest_magnitude(x, count) / kLargestByte;
}

// To the nearest, ties to even: adding 1.5 * 2^23 leaves the integer in the low bits. Within a
// byte: the scale is the largest magnitude over 127, or the step of integers that fit.
int8_t to_byte(float value, float inverse_scale) {
  constexpr float kShift = 12582912.0f;
  return static_cast<int8_t>(std::bit_cast<int32_t>(value * inverse_scale + kShift));
}

// One column's k weights into a panel whose groups hold `kGroup` elements.
template <int kGroup, class Element, class Convert>
void scatter(const float* weights, int k, int lane, Element* panel, Convert convert) {
  for (int i = 0; i < k; ++i)
    panel[(i / kGroup * kPanel + lane) * kGroup + i % kGroup] = convert(weights[i]);
}

void convert_int8_column(const float* weights, int k, float step, int n, const PanelTarget& target,
                         int8_t* panel) {
  const float scale = scale_of(weights, k, step);
  const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
  int32_t sum = 0;
  scatter<4>(weights, k, n % kPanel, panel, [&](float w) {
    const int8_t byte = to_byte(w, inverse);
    sum += byte;
    return byte;
  });
  target.scale[n] = scale;
  target.scaled_sum[n] = scale * static_cast<float>(sum);
}

// [k/64][three bytes][64/4][16][4]: for each byte an AMX tile. See kernels.h for the integers.
void convert_fixed_column(const std::vector<float>& weights, int n, const PanelTarget& target,
                          int8_t* panel) {
  constexpr size_t kStep = 64;
  constexpr size_t kTileBytes = kStep * kPanel;
  const float largest = largest_magnitude(weights.data(), weights.size());
  const double inverse = largest > 0.0f ? kLargestFixed / double{largest} : 0.0;
  target.scale[n] = largest / kLargestByte;
  for (size_t i = 0; i < weights.size(); ++i) {
    int32_t value = static_cast<int32_t>(std::lrint(weights[i] * inverse));
    int8_t* at =
        panel + i / kStep * 3 * kTileBytes + (i % kStep / 4 * kPanel + n % kPanel) * 4 + i % 4;
    for (int byte = 2; byte >= 0; --byte) {
      at[byte * kTileBytes] = static_cast<int8_t>(value);
      value = (value - static_cast<int8_t>(value)) / 256;
    }
  }
}

}  // namespace

uint16_t float_to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

size_t panel_bytes(Dtype dtype, int n, int k) {
  if (dtype == Dtype::kInt8Quads) return n / kPanel * quad_panel_bytes(k);
  return element_size(dtype) * static_cast<size_t>(n) * k;
}

void convert_to_panels(Dtype dtype, std::span<const Column> columns, int k,
                       const PanelTarget& target) {
  std::vector<float> weights(k);
  for (size_t n = 0; n < columns.size(); ++n) {
    const Column& column = columns[n];
    for (int i = 0; i < k; ++i) weights[i] = column.weights[i * column.stride];
    target.bias[n] = column.bias;
    const size_t panel = n / kPanel * kPanel * k;
    const int lane = static_cast<int>(n % kPanel);
    switch (dtype) {
      case Dtype::kFp32:
        scatter<1>(weights.data(), k, lane, static_cast<float*>(target.panels) + panel,
                   [](float w) { return w; });
        break;
      case Dtype::kBf16:
        scatter<2>(weights.data(), k, lane, static_cast<uint16_t*>(target.panels) + panel,
                   float_to_bf16);
        break;
      case Dtype::kInt8:
        convert_int8_column(weights.data(), k, column.step, static_cast<int>(n), target,
                            static_cast<int8_t*>(target.panels) + panel);
        break;
      case Dtype::kInt8Quads: {
        int8_t* const to = static_cast<int8_t*>(target.panels) + n / kPanel * quad_panel_bytes(k);
        convert_int8_column(weights.data(), k, column.step, static_cast<int>(n), target, to);
        if (lane == kPanel - 1) split_quad_panel(to, k);
        break;
      }
      case Dtype::kFixed24:
        convert_fixed_column(weights, static_cast<int>(n), target,
                             static_cast<int8_t*>(target.panels) + 3 * panel);
        break;
    }
  }
}

void convert_embedding_rows(Dtype dtype, const UnalignedFloat* in, size_t rows, size_t width,
                            void* out, float* scale, float step) {
  if (dtype == Dtype::kFp32) {
    std::memcpy(out, in, rows * width * sizeof(float));
    return;
  }
  for (size_t row = 0; row < rows; ++row) {
    const UnalignedFloat* x = in + row * width;
    if (dtype == Dtype::kBf16) {
      uint16_t* to = static_cast<uint16_t*>(out) + row * width;
      for (size_t i = 0; i < width; ++i) to[i] = float_to_bf16(x[i]);
      continue;
    }
    int8_t* to = static_cast<int8_t*>(out) + row * width;
    scale[row] = scale_of(x, width, step);
    const float inverse = scale[row] > 0.0f ? 1.0f / scale[row] : 0.0f;
    for (size_t i = 0; i < width; ++i) to[i] = to_byte(x[i], inverse);
  }
}

}  // namespace bge::kernels
