#pragma once

#include "kernels/operand_rows.h"
#include "kernels/unroll.h"

// The softmax of one row of scores in units of log2, as the operand of the product with the values.
namespace bge::kernels {
namespace {

// Rows are taken in steps of four vectors, the rest one by one. The order is part of the result.
constexpr int kSoftmaxVectors = 4;
constexpr int kSoftmaxStep = kSoftmaxVectors * kPanel;

template <SixteenLanes V>
inline float row_maximum(const float* scores, int keys) {
  typename V::F high[kSoftmaxVectors];
  unroll<kSoftmaxVectors>([&](auto s) { high[s] = V::set1(-__builtin_inff()); });
  int key = 0;
  for (; key + kSoftmaxStep <= keys; key += kSoftmaxStep)
    unroll<kSoftmaxVectors>(
        [&](auto s) { high[s] = V::max(V::load(scores + key + s * kPanel), high[s]); });
  for (; key < keys; key += kPanel) high[0] = V::max(V::load(scores + key), high[0]);
  return V::reduce_max(V::max(V::max(high[0], high[1]), V::max(high[2], high[3])));
}

// Numerators as float or bf16; returns their sum. keys is a multiple of 16.
template <SixteenLanes V, RowForm<V> Rows, class Weight>
inline float softmax_row(const float* scores, int keys, Weight* weights) {
  const typename V::F top = V::set1(row_maximum<V>(scores, keys));
  typename V::F sum = V::set1(0.0f);
  for (int key = 0; key < keys; key += kPanel) {
    const typename V::F e = exp2_exact<V>(V::sub(V::load(scores + key), top));
    sum = V::add(sum, e);
    if constexpr (Rows::kDtype == Dtype::kBf16)
      V::store_low_half(weights + key, to_bf16<V>(e));
    else
      V::store(weights + key, e);
  }
  return V::reduce_add(sum);
}

// Numerators times `scale`, as 16 bits in two bytes whose places are V::word_at; returns the sum of
// the numerators. keys is a multiple of 16; the words from there up to a multiple of 64 become 0.
template <SixteenLanes V>
inline float softmax_row_bytes(const float* scores, const float* scale, int keys, uint8_t* high,
                               uint8_t* low) {
  const typename V::F top = V::set1(row_maximum<V>(scores, keys));
  typename V::F sums[kSoftmaxVectors];
  unroll<kSoftmaxVectors>([&](auto s) { sums[s] = V::set1(0.0f); });
  const auto word = [&](auto s, int at) {
    const typename V::F e = exp2_fast<V>(V::sub(V::load(scores + at), top));
    sums[s] = V::add(sums[s], e);
    return V::to_i32(V::mul(e, V::load(scale + at)));
  };
  typename V::I words[kSoftmaxVectors];
  int key = 0;
  for (; key + kSoftmaxStep <= keys; key += kSoftmaxStep) {
    unroll<kSoftmaxVectors>([&](auto s) { words[s] = word(s, key + s * kPanel); });
    V::store_word_bytes(high + key, low + key, words);
  }
  if (key < keys) {
    unroll<kSoftmaxVectors>([&](auto s) {
      const int at = key + s * kPanel;
      words[s] = at < keys ? word(s, at) : V::set1_i32(0);
    });
    V::store_word_bytes(high + key, low + key, words);
  }
  return V::reduce_add(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
}

}  // namespace
}  // namespace bge::kernels
