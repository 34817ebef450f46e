#pragma once

#include <algorithm>

#include "kernels/attention.h"
#include "kernels/operand_rows.h"
#include "kernels/softmax.h"

namespace bge::kernels {
namespace {

// Attention in fp32 or bf16, as FloatRows or Bf16Rows says: operands and softmax weights are values
// of that type, sums are floats.
template <SixteenLanes V, RowForm<V> Rows, BlockProduct Tile>
class FloatAttention {
 public:
  explicit FloatAttention(const AttentionArgs& args)
      : args_(args),
        scratch_(args.scratch, Rows::kDtype, args.length,
                 static_cast<int>(round_up(args.head_dim, Tile::kDepth))) {}

  void write_keys() {
    alignas(64) A row[kMaxHeadDim] = {};
    for (int key = 0; key < args_.length; ++key) {
      encode(args_.k + key * args_.kv_stride, row);
      write_key(scratch_, row, key);
      scratch_.key_mask[key] = 0.0f;
    }
    write_missing_keys<A>(scratch_, args_.length);
  }

  void write_values() {
    for (int place = 0; place < scratch_.keys; place += kGroup)
      for (int panel = 0; panel < args_.head_dim / kPanel; ++panel)
        V::store_i32(value_group<A>(scratch_, place, panel), values_at(place, panel));
  }

  void write_queries(int first, int count) {
    A* rows = static_cast<A*>(scratch_.queries);
    std::memset(rows, 0, sizeof(A) * kQueryBlock * scratch_.depth);
    for (int i = 0; i < count; ++i)
      encode(args_.q + (first + i) * args_.q_stride, rows + i * scratch_.depth);
  }

  void score(int count) {
    const F factor = V::set1(score_factor(args_));
    multiply_keys<Tile>(
        scratch_, count, [&](auto width, const auto& block, int panel, int begin, int end) {
          const int key = (block.panel + panel) * kPanel;
          F mask[width()];
          unroll<width()>([&](auto p) { mask[p] = V::load(scratch_.key_mask + key + p * kPanel); });
          for (int i = begin; i < end; ++i) {
            const float* sums = block.sums + i * block.stride + panel * kPanel;
            float* out = scratch_.scores + static_cast<size_t>(block.row + i) * scratch_.keys + key;
            unroll<width()>([&](auto p) {
              V::store(out + p * kPanel, V::fma(V::load(sums + p * kPanel), factor, mask[p]));
            });
          }
        });
  }

  void add_bias(int first, int count) { bge::kernels::add_bias<V>(args_, scratch_, first, count); }

  void softmax(int row) {
    const float* scores = scratch_.scores + static_cast<size_t>(row) * scratch_.keys;
    A* weights = static_cast<A*>(scratch_.weights) + static_cast<size_t>(row) * scratch_.keys;
    scratch_.out_scale[row] = 1.0f / softmax_row<V, Rows>(scores, scratch_.keys, weights);
  }

  // Weights of the other keys are zero, which adds nothing to a sum, rather than very small.
  void softmax(int row, const Sight& sight) {
    const SoftmaxSpan span(sight);
    float* scores = scratch_.scores + static_cast<size_t>(row) * scratch_.keys;
    A* weights = static_cast<A*>(scratch_.weights) + static_cast<size_t>(row) * scratch_.keys;
    hide_scores(sight, span, scores);
    const float sum =
        softmax_row<V, Rows>(scores + span.first, span.end - span.first, weights + span.first);
    scratch_.out_scale[row] = 1.0f / sum;
    std::fill(weights, weights + sight.first, A{0});
    std::fill(weights + sight.last + 1, weights + scratch_.keys, A{0});
  }

  void weigh(int first, int count) {
    multiply_values<Tile>(
        scratch_, count, args_.head_dim, [&](const auto& block, int begin, int end) {
          for (int i = begin; i < end; ++i) {
            const int row = block.row + i;
            const float* sums = block.sums + i * block.stride;
            float* out = args_.out + (first + row) * args_.out_stride + block.panel * kPanel;
            const F scale = V::set1(scratch_.out_scale[row]);
            for (int p = 0; p < block.panels; ++p)
              V::store(out + p * kPanel, V::mul(V::load(sums + p * kPanel), scale));
          }
        });
  }

 private:
  using F = typename V::F;
  using I = typename V::I;
  using A = typename Tile::A;
  static constexpr bool kBf16 = Rows::kDtype == Dtype::kBf16;
  static constexpr int kGroup = 4 / sizeof(A);  // elements that a panel keeps together

  void encode(const float* x, A* row) {
    for (int i = 0; i < args_.head_dim; i += kPanel) {
      if constexpr (kBf16)
        V::store_low_half(row + i, to_bf16<V>(V::load(x + i)));
      else
        V::store(row + i, V::load(x + i));
    }
  }

  // 16 columns of the values of kGroup keys; keys beyond the sequence have none.
  I values_at(int place, int panel) {
    I group = V::set1_i32(0);
    unroll<kGroup>([&](auto j) {
      if (place + j >= args_.length) return;
      const F x = V::load(args_.v + (place + j) * args_.kv_stride + panel * kPanel);
      if constexpr (kBf16)
        group = V::add_i32(group, V::template shift_left<16 * j()>(to_bf16<V>(x)));
      else
        group = V::as_i32(x);
    });
    return group;
  }

  const AttentionArgs& args_;
  AttentionScratch scratch_;
};

}  // namespace
}  // namespace bge::kernels
