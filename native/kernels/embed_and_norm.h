#pragma once

#include "kernels/operand_rows.h"

// The row-wise kernels: embedding look-up and layer normalisation.
namespace bge::kernels {
namespace {

// Four running sums hide the latency of the addition; their order is part of the result.
constexpr int kSums = 4;

template <SixteenLanes V>
inline float total(const typename V::F (&sums)[kSums]) {
  return V::reduce_add(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
}

// width is a multiple of 64, so every round of four vectors is whole.
template <SixteenLanes V, class Term>
inline float sum_over(const float* x, int width, Term term) {
  typename V::F sums[kSums] = {V::set1(0.0f), V::set1(0.0f), V::set1(0.0f), V::set1(0.0f)};
  for (int i = 0; i < width; i += kSums * kPanel)
    for (int s = 0; s < kSums; ++s) sums[s] = term(sums[s], V::load(x + i + s * kPanel));
  return total<V>(sums);
}

template <SixteenLanes V, RowForm<V> Rows>
void layer_norm(const LayerNormArgs& args) {
  using F = typename V::F;
  const float count = static_cast<float>(args.width);
  write_rows<Rows>(args.out, args.width, args.rows, [&](int row) {
    const float* x = args.x + static_cast<size_t>(row) * args.width;
    float* y = args.y + static_cast<size_t>(row) * args.width;
    const auto add = [](F sum, F v) { return V::add(sum, v); };
    const float mean = args.centered ? sum_over<V>(x, args.width, add) / count : 0.0f;
    const F center = V::set1(mean);
    const float variance = sum_over<V>(x, args.width,
                                       [&](F sum, F v) {
                                         const F d = V::sub(v, center);
                                         return V::fma(d, d, sum);
                                       }) /
                           count;
    const F factor = V::set1(1.0f / __builtin_sqrtf(variance + args.epsilon));
    RowRange<V> range;
    for (int i = 0; i < args.width; i += kPanel) {
      const F normal = V::mul(V::sub(V::load(x + i), center), factor);
      const F value = V::fma(normal, V::load(args.gamma + i), V::load(args.beta + i));
      if constexpr (Rows::kNeedsRange) range.add(value);
      V::store(y + i, value);
    }
    Rows::template convert_row<V>(y, args.width, &range, args.out, row);
  });
}

template <SixteenLanes V, RowForm<V> Rows>
inline typename V::F word_lanes(const EmbeddingTable& words, size_t element, float scale) {
  if constexpr (Rows::kDtype == Dtype::kFp32) {
    return V::load(static_cast<const float*>(words.rows) + element);
  } else if constexpr (Rows::kDtype == Dtype::kBf16) {
    return load_bf16<V>(static_cast<const uint16_t*>(words.rows) + element);
  } else {
    const typename V::I bytes = V::load_s8(static_cast<const int8_t*>(words.rows) + element);
    return V::mul(V::to_f32(bytes), V::set1(scale));
  }
}

// The row of a table that may be null.
inline const float* table_row(const float* table, const int32_t* ids, int row, size_t width) {
  return table == nullptr ? nullptr : table + static_cast<size_t>(ids[row]) * width;
}

template <SixteenLanes V, RowForm<V> Rows>
void embed(const EmbedArgs& args) {
  const size_t width = args.width;
  for (int row = 0; row < args.rows; ++row) {
    const size_t word = static_cast<size_t>(args.ids[row]) * width;
    const float scale = Rows::kDtype == Dtype::kInt8 ? args.words.scale[args.ids[row]] : 1.0f;
    const float* position = table_row(args.positions, args.position_ids, row, width);
    const float* type = table_row(args.types, args.type_ids, row, width);
    float* out = args.out + static_cast<size_t>(row) * width;
    for (size_t i = 0; i < width; i += kPanel) {
      typename V::F sum = word_lanes<V, Rows>(args.words, word + i, scale);
      if (type != nullptr) sum = V::add(sum, V::load(type + i));
      if (position != nullptr) sum = V::add(sum, V::load(position + i));
      V::store(out + i, sum);
    }
  }
}

}  // namespace
}  // namespace bge::kernels
