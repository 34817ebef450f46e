#pragma once

#include <algorithm>

#include "kernels/attention.h"
#include "kernels/operand_rows.h"
#include "kernels/softmax.h"

namespace bge::kernels {
namespace {

// The symmetric int8 form of one row: value = scale * byte. NaN or infinity makes the scale NaN.
template <SixteenLanes V>
struct SymmetricRow {
  SymmetricRow(const float* x, int width) {
    // Magnitudes compare like their bits, and NaN is the largest of them.
    typename V::I high = V::set1_i32(0);
    for (int i = 0; i < width; i += kPanel)
      high = V::max_i32(V::as_i32(V::abs(V::load(x + i))), high);
    const float largest = __builtin_bit_cast(float, V::reduce_max_i32(high));
    const bool varies = largest > kSmallestRange;
    inverse = varies ? 127.0f / largest : 0.0f;
    scale = (varies ? largest * (1.0f / 127.0f) : 0.0f) + largest * 0.0f;
  }
  typename V::I bytes(const float* x) const {
    return V::to_i32(V::mul(V::load(x), V::set1(inverse)));
  }
  float scale;
  float inverse;
};

// Attention in int8. Queries and keys have one scale a row. A value's scale is folded into its
// softmax weight, and the product is kept in 16 bits, multiplied as two unsigned bytes: a weight of
// 1/500 still counts, and all sums are exact integers.
template <SixteenLanes V, BlockProduct Tile>
class ByteAttention {
 public:
  explicit ByteAttention(const AttentionArgs& args)
      : args_(args),
        scratch_(args.scratch, Dtype::kInt8, args.length,
                 static_cast<int>(round_up(args.head_dim, Tile::kDepth))) {}

  // Queries go in as byte + 128, so every key's own sum is taken off again.
  void write_keys() {
    alignas(64) A row[kMaxHeadDim] = {};
    for (int key = 0; key < args_.length; ++key) {
      const float* x = args_.k + key * args_.kv_stride;
      const SymmetricRow<V> symmetric(x, args_.head_dim);
      I sum = V::set1_i32(0);
      for (int i = 0; i < args_.head_dim; i += kPanel) {
        const I bytes = symmetric.bytes(x + i);
        sum = V::add_i32(sum, bytes);
        V::store_low_byte(row + i, bytes);
      }
      write_key(scratch_, row, key);
      scratch_.key_scale[key] = symmetric.scale;
      scratch_.key_offset[key] = -128.0f * V::reduce_add(V::to_f32(sum)) * symmetric.scale;
      scratch_.key_mask[key] = 0.0f;
    }
    write_missing_keys<A>(scratch_, args_.length);
  }

  void write_values() {
    float largest = 0.0f;
    float poison = 0.0f;
    for (int place = 0; place < scratch_.keys; place += kGroup) {
      float inverse[kGroup] = {};
      for (int j = 0; j < kGroup; ++j) {
        const int key = key_at(place + j);
        scratch_.value_scale[key] = 0.0f;
        if (key >= args_.length) continue;
        const SymmetricRow<V> symmetric(value_row(key), args_.head_dim);
        inverse[j] = symmetric.inverse;
        scratch_.value_scale[key] = symmetric.scale;
        largest = symmetric.scale > largest ? symmetric.scale : largest;
        poison += symmetric.scale * 0.0f;
      }
      for (int panel = 0; panel < args_.head_dim / kPanel; ++panel)
        V::store_i32(value_group<A>(scratch_, place, panel), values_at(place, panel, inverse));
    }
    finish_scales(largest, poison);
  }

  void write_queries(int first, int count) {
    A* rows = static_cast<A*>(scratch_.queries);
    const float factor = score_factor(args_);
    std::memset(rows, 0, static_cast<size_t>(kQueryBlock) * scratch_.depth);
    for (int i = 0; i < count; ++i) {
      const float* x = args_.q + (first + i) * args_.q_stride;
      A* row = rows + i * scratch_.depth;
      const SymmetricRow<V> symmetric(x, args_.head_dim);
      scratch_.query_scale[i] = symmetric.scale * factor;
      for (int d = 0; d < args_.head_dim; d += kPanel)
        V::store_low_byte(row + d, V::add_i32(symmetric.bytes(x + d), V::set1_i32(128)));
    }
  }

  void score(int count) {
    multiply_keys<Tile>(
        scratch_, count, [&](auto width, const auto& block, int panel, int begin, int end) {
          const int key = (block.panel + panel) * kPanel;
          F mask[width()], scale[width()], offset[width()];
          unroll<width()>([&](auto p) {
            mask[p] = V::load(scratch_.key_mask + key + p * kPanel);
            scale[p] = V::load(scratch_.key_scale + key + p * kPanel);
            offset[p] = V::load(scratch_.key_offset + key + p * kPanel);
          });
          for (int i = begin; i < end; ++i) {
            const int row = block.row + i;
            const int32_t* sums = block.sums + i * block.stride + panel * kPanel;
            float* out = scratch_.scores + static_cast<size_t>(row) * scratch_.keys + key;
            const F query_scale = V::set1(scratch_.query_scale[row]);
            unroll<width()>([&](auto p) {
              const F x = V::fma(V::to_f32(V::load_i32(sums + p * kPanel)), scale[p], offset[p]);
              V::store(out + p * kPanel, V::fma(x, query_scale, mask[p]));
            });
          }
        });
  }

  void add_bias(int first, int count) { bge::kernels::add_bias<V>(args_, scratch_, first, count); }

  void softmax(int row) {
    const float* scores = scratch_.scores + static_cast<size_t>(row) * scratch_.keys;
    A* weights = static_cast<A*>(scratch_.weights) + static_cast<size_t>(row) * 2 * scratch_.keys;
    scratch_.out_scale[row] =
        value_unit_ / softmax_row_bytes<V>(scores, scratch_.value_scale, scratch_.scored, weights,
                                           weights + scratch_.keys);
  }

  // The weights of keys that the span holds but the query does not see round to zero. The unit of
  // the others comes from the keys up to the last that it sees, so that nothing behind it counts.
  void softmax(int row, const Sight& sight) {
    const SoftmaxSpan span(sight);
    float* scores = scratch_.scores + static_cast<size_t>(row) * scratch_.keys;
    A* high = static_cast<A*>(scratch_.weights) + static_cast<size_t>(row) * 2 * scratch_.keys;
    A* low = high + scratch_.keys;
    hide_scores(sight, span, scores);
    const float largest = scratch_.value_top[sight.last];
    const F inverse = V::set1(inverse_unit(largest));
    for (int key = span.first; key < span.end; key += kPanel)
      V::store(scratch_.row_scale + key, V::mul(V::load(scratch_.value_scale + key), inverse));
    const float sum =
        softmax_row_bytes<V>(scores + span.first, scratch_.row_scale + span.first,
                             span.end - span.first, high + span.first, low + span.first);
    scratch_.out_scale[row] = (largest * (1.0f / 65535.0f) + poison_) / sum;
    const auto end = static_cast<int>(round_up(span.end, kSoftmaxStep));
    for (A* weights : {high, low}) {
      std::fill(weights, weights + span.first, A{0});
      std::fill(weights + end, weights + scratch_.keys, A{0});
    }
  }

  void weigh(int first, int count) {
    multiply_values<Tile>(
        scratch_, 2 * count, args_.head_dim, [&](const auto& block, int begin, int end) {
          // A query's two rows never lie in two blocks, but perhaps in two slices: the later takes
          // both.
          for (int i = begin / 2; i < end / 2; ++i) {
            const int row = block.row / 2 + i;
            const int32_t* high = block.sums + i * 2 * block.stride;
            float* out = args_.out + (first + row) * args_.out_stride + block.panel * kPanel;
            const F scale = V::set1(scratch_.out_scale[row]);
            for (int p = 0; p < block.panels; ++p, high += kPanel) {
              const F low = V::to_f32(V::load_i32(high + block.stride));
              const F x = V::fma(V::to_f32(V::load_i32(high)), V::set1(256.0f), low);
              V::store(out + p * kPanel, V::mul(x, scale));
            }
          }
        });
  }

 private:
  using F = typename V::F;
  using I = typename V::I;
  using A = typename Tile::A;
  static constexpr int kGroup = 4;  // bytes that a panel keeps together
  static_assert(Tile::kRows % softmax_parts(Dtype::kInt8) == 0);

  // The key whose value takes this place, so that weights meet their values.
  static int key_at(int place) {
    return place / kSoftmaxStep * kSoftmaxStep + V::word_at(place % kSoftmaxStep);
  }

  const float* value_row(int key) const { return args_.v + key * args_.kv_stride; }

  // 16 columns of the values of kGroup keys; keys beyond the sequence have none.
  I values_at(int place, int panel, const float (&inverse)[kGroup]) {
    I group = V::set1_i32(0);
    unroll<kGroup>([&](auto j) {
      const int key = key_at(place + j);
      if (key >= args_.length) return;
      const F x = V::load(value_row(key) + panel * kPanel);
      const I byte = V::and_i32(V::to_i32(V::mul(x, V::set1(inverse[j]))), V::set1_i32(0xFF));
      group = V::add_i32(group, V::template shift_left<8 * j()>(byte));
    });
    return group;
  }

  // For the largest possible softmax weight to be 65535.
  static float inverse_unit(float largest) {
    return largest > kSmallestRange ? 65535.0f / largest : 0.0f;
  }

  // Where every query sees all keys their scales are the same for all queries.
  void finish_scales(float largest, float poison) {
    poison_ = poison;
    value_unit_ = largest * (1.0f / 65535.0f) + poison;
    if (sees_all(args_)) {
      const float inverse = inverse_unit(largest);
      for (int key = 0; key < scratch_.keys; ++key) scratch_.value_scale[key] *= inverse;
      return;
    }
    float top = 0.0f;
    for (int key = 0; key < scratch_.keys; ++key) {
      top = scratch_.value_scale[key] > top ? scratch_.value_scale[key] : top;
      scratch_.value_top[key] = top;
    }
  }

  const AttentionArgs& args_;
  AttentionScratch scratch_;
  float value_unit_ = 1.0f;
  float poison_ = 0.0f;
};

}  // namespace
}  // namespace bge::kernels
