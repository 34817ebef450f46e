#pragma once

#include <cstring>

#include "kernels/attention_scratch.h"
#include "kernels/linear.h"
#include "kernels/softmax.h"

// Attention of one head over one sequence: keys and values are packed like weights, then both
// products run on the same block kernels as the linear layers, with the softmax between them.
//
// int8: queries and keys have one scale a row. A value's scale is folded into its softmax weight,
// and the product is kept in 16 bits, multiplied as two unsigned bytes: a weight of 1/500 still
// counts, and all sums are exact integers.
namespace bge::kernels {
namespace {

// The symmetric int8 form of one row: value = scale * byte. NaN or infinity makes the scale NaN.
template <class V>
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

template <class V, class Rows, class Tile>
class Attention {
 public:
  explicit Attention(const AttentionArgs& args)
      : args_(args),
        scratch_(args.scratch, Rows::kDtype, args.length,
                 static_cast<int>(round_up(args.head_dim, Tile::kDepth))) {}

  void run() {
    pack_keys();
    pack_values();
    for (int first = 0; first < args_.queries; first += kQueryBlock) {
      const int left = args_.queries - first;
      const int count = left < kQueryBlock ? left : kQueryBlock;
      encode_queries(first, count);
      score(count);
      for (int i = 0; i < count; ++i) softmax(i);
      weigh(first, count);
    }
  }

 private:
  using F = typename V::F;
  using I = typename V::I;
  using A = typename Tile::A;
  static constexpr bool kInt8 = Rows::kDtype == Dtype::kInt8;
  static constexpr int kGroup = 4 / sizeof(A);  // elements that a panel keeps together
  static constexpr int kParts = softmax_parts(Rows::kDtype);
  static_assert(Tile::kRows % kParts == 0);
  static constexpr float kLog2E = 1.44269504f;

  // Scatters an encoded row into column `key` of the panels: dwords, 16 apart.
  void scatter_key(const A* row, int key) {
    const int dwords = scratch_.depth / kGroup;
    auto* to = static_cast<int32_t*>(scratch_.key_panels) +
               static_cast<size_t>(key / kPanel) * dwords * kPanel + key % kPanel;
    for (int d = 0; d < dwords; ++d)
      std::memcpy(to + d * kPanel, row + d * kGroup, sizeof(int32_t));
  }

  void encode(const float* x, A* row) {
    for (int i = 0; i < args_.head_dim; i += kPanel) {
      if constexpr (Rows::kDtype == Dtype::kBf16)
        V::store_low_half(row + i, to_bf16<V>(V::load(x + i)));
      else if constexpr (Rows::kDtype == Dtype::kFp32)
        V::store(row + i, V::load(x + i));
    }
  }

  void pack_keys() {
    alignas(64) A row[kMaxHeadDim] = {};
    for (int key = 0; key < args_.length; ++key) {
      const float* x = args_.k + key * args_.kv_stride;
      if constexpr (kInt8)
        encode_key(x, key, row);
      else
        encode(x, row);
      scatter_key(row, key);
      scratch_.key_mask[key] = 0.0f;
    }
    std::memset(row, 0, sizeof row);
    for (int key = args_.length; key < scratch_.scored; ++key) {
      scatter_key(row, key);
      scratch_.key_scale[key] = scratch_.key_offset[key] = 0.0f;
      scratch_.key_mask[key] = -__builtin_inff();
    }
  }

  // Queries go in as byte + 128, so every key's own sum is taken off again.
  void encode_key(const float* x, int key, A* row) {
    const SymmetricRow<V> symmetric(x, args_.head_dim);
    I sum = V::set1_i32(0);
    for (int i = 0; i < args_.head_dim; i += kPanel) {
      const I bytes = symmetric.bytes(x + i);
      sum = V::add_i32(sum, bytes);
      V::store_low_byte(row + i, bytes);
    }
    scratch_.key_scale[key] = symmetric.scale;
    scratch_.key_offset[key] = -128.0f * V::reduce_add(V::to_f32(sum)) * symmetric.scale;
  }

  void pack_values() {
    float largest = 0.0f;
    float poison = 0.0f;
    for (int place = 0; place < scratch_.keys; place += kGroup) {
      float inverse[kGroup] = {};
      if constexpr (kInt8) {
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
      }
      for (int panel = 0; panel < args_.head_dim / kPanel; ++panel)
        store_value_group(place, panel, inverse);
    }
    if constexpr (kInt8) scale_values(largest, poison);
  }

  // The key whose value takes this place, so that weights meet their values.
  static int key_at(int place) {
    if constexpr (kInt8)
      return place / kSoftmaxStep * kSoftmaxStep + V::word_at(place % kSoftmaxStep);
    else
      return place;
  }

  const float* value_row(int key) const { return args_.v + key * args_.kv_stride; }

  void store_value_group(int place, int panel, const float (&inverse)[kGroup]) {
    I group = V::set1_i32(0);
    unroll<kGroup>([&](auto j) {
      const int key = key_at(place + j);
      if (key >= args_.length) return;
      const F x = V::load(value_row(key) + panel * kPanel);
      if constexpr (kInt8) {
        const I byte = V::and_i32(V::to_i32(V::mul(x, V::set1(inverse[j]))), V::set1_i32(0xFF));
        group = V::add_i32(group, V::template shift_left<8 * j()>(byte));
      } else if constexpr (Rows::kDtype == Dtype::kBf16) {
        group = V::add_i32(group, V::template shift_left<16 * j()>(to_bf16<V>(x)));
      } else {
        group = V::as_i32(x);
      }
    });
    V::store_i32(static_cast<int32_t*>(scratch_.value_panels) +
                     (static_cast<size_t>(panel) * scratch_.keys + place) / kGroup * kPanel,
                 group);
  }

  // Scales so that the largest possible softmax weight is 65535.
  void scale_values(float largest, float poison) {
    const float inverse = largest > kSmallestRange ? 65535.0f / largest : 0.0f;
    value_unit_ = largest * (1.0f / 65535.0f) + poison;
    for (int key = 0; key < scratch_.keys; ++key) scratch_.value_scale[key] *= inverse;
  }

  void encode_queries(int first, int count) {
    A* rows = static_cast<A*>(scratch_.queries);
    const float factor = kLog2E / __builtin_sqrtf(static_cast<float>(args_.head_dim));
    std::memset(rows, 0, sizeof(A) * kQueryBlock * scratch_.depth);
    for (int i = 0; i < count; ++i) {
      const float* x = args_.q + (first + i) * args_.q_stride;
      A* row = rows + i * scratch_.depth;
      scratch_.query_scale[i] = factor;
      if constexpr (kInt8) {
        const SymmetricRow<V> symmetric(x, args_.head_dim);
        scratch_.query_scale[i] = symmetric.scale * factor;
        for (int d = 0; d < args_.head_dim; d += kPanel)
          V::store_low_byte(row + d, V::add_i32(symmetric.bytes(x + d), V::set1_i32(128)));
      } else {
        encode(x, row);
      }
    }
  }

  // Scores in units of log2, so that the softmax needs no factor any more.
  void score(int count) {
    for_each_block<Tile>(static_cast<const A*>(scratch_.queries), scratch_.depth, count,
                         static_cast<const typename Tile::B*>(scratch_.key_panels),
                         scratch_.scored / kPanel, scratch_.depth,
                         [&](const auto& block, int begin, int end) {
                           with_widths<Tile::kPanels>(block.panels, [&](auto width, int panel) {
                             score_columns<width()>(block, panel, begin, end);
                           });
                         });
  }

  template <int kWidth>
  void score_columns(const Block<typename Tile::Acc>& block, int panel, int begin, int end) {
    const int key = (block.panel + panel) * kPanel;
    F mask[kWidth], scale[kWidth], offset[kWidth];
    unroll<kWidth>([&](auto p) {
      mask[p] = V::load(scratch_.key_mask + key + p * kPanel);
      if constexpr (kInt8) {
        scale[p] = V::load(scratch_.key_scale + key + p * kPanel);
        offset[p] = V::load(scratch_.key_offset + key + p * kPanel);
      }
    });
    for (int i = begin; i < end; ++i) {
      const int row = block.row + i;
      const auto* sums = block.sums + i * block.stride + panel * kPanel;
      float* out = scratch_.scores + static_cast<size_t>(row) * scratch_.keys + key;
      const F query_scale = V::set1(scratch_.query_scale[row]);
      unroll<kWidth>([&](auto p) {
        F x;
        if constexpr (kInt8)
          x = V::fma(V::to_f32(V::load_i32(sums + p * kPanel)), scale[p], offset[p]);
        else
          x = V::load(sums + p * kPanel);
        V::store(out + p * kPanel, V::fma(x, query_scale, mask[p]));
      });
    }
  }

  void softmax(int row) {
    const float* scores = scratch_.scores + static_cast<size_t>(row) * scratch_.keys;
    A* weights =
        static_cast<A*>(scratch_.weights) + static_cast<size_t>(row) * kParts * scratch_.keys;
    if constexpr (kInt8) {
      scratch_.out_scale[row] =
          value_unit_ / softmax_row_bytes<V>(scores, scratch_.value_scale, scratch_.scored, weights,
                                             weights + scratch_.keys);
    } else {
      scratch_.out_scale[row] = 1.0f / softmax_row<V, Rows>(scores, scratch_.keys, weights);
    }
  }

  void weigh(int first, int count) {
    for_each_block<Tile>(
        static_cast<const A*>(scratch_.weights), scratch_.keys, kParts * count,
        static_cast<const typename Tile::B*>(scratch_.value_panels), args_.head_dim / kPanel,
        scratch_.keys, [&](const auto& block, int begin, int end) {
          // A row's parts never lie in two blocks, but perhaps in two slices: the later takes both.
          for (int i = begin / kParts; i < end / kParts; ++i) {
            const int row = block.row / kParts + i;
            const auto* sums = block.sums + i * kParts * block.stride;
            float* out = args_.out + (first + row) * args_.out_stride + block.panel * kPanel;
            const F scale = V::set1(scratch_.out_scale[row]);
            for (int p = 0; p < block.panels; ++p) {
              const auto* at = sums + p * kPanel;
              F x;
              if constexpr (kInt8)
                x = V::fma(V::to_f32(V::load_i32(at)), V::set1(256.0f),
                           V::to_f32(V::load_i32(at + block.stride)));
              else
                x = V::load(at);
              V::store(out + p * kPanel, V::mul(x, scale));
            }
          }
        });
  }

  const AttentionArgs& args_;
  AttentionScratch scratch_;
  float value_unit_ = 1.0f;
};

template <class V, class Rows, class Tile>
void attention(const AttentionArgs& args) {
  Attention<V, Rows, Tile>(args).run();
}

}  // namespace
}  // namespace bge::kernels
