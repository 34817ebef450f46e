#pragma once

#include <cstring>

#include "kernels/attention_scratch.h"
#include "kernels/block_product.h"
#include "kernels/lanes.h"
#include "kernels/softmax.h"
#include "kernels/unroll.h"

// Attention of one head over one sequence. Keys and values become panels, as weights are, so that
// both products run on the tiles of the linear layers, with the softmax between them. What the
// operands look like differs: attention_float.h (fp32 and bf16) and attention_bytes.h (int8).
namespace bge::kernels {
namespace {

// Scores are computed in units of log2, so that the softmax needs no factor any more.
inline float score_factor(const AttentionArgs& args) {
  constexpr float kLog2E = 1.44269504f;
  return args.scale * (kLog2E / __builtin_sqrtf(static_cast<float>(args.head_dim)));
}

// The keys that query `i` sees.
struct Sight {
  Sight(const AttentionArgs& args, int i) : last(args.length - 1) {
    const int place = args.first_query + i;
    if (args.before < place) first = place - args.before;
    if (args.after < last - place) last = place + args.after;
  }
  int first = 0;
  int last;
};

// What of a row of scores the softmax of a query goes over: the steps that hold the keys it sees,
// whatever else is in the sequence.
struct SoftmaxSpan {
  explicit SoftmaxSpan(const Sight& sight)
      : first(sight.first / kSoftmaxStep * kSoftmaxStep),
        end(static_cast<int>(round_up(sight.last + 1, kPanel))) {}
  int first;
  int end;
};

inline bool sees_all(const AttentionArgs& args) {
  return args.before == kWholeSequence && args.after == kWholeSequence;
}

// Takes the keys of the span that the query does not see out of its softmax.
inline void hide_scores(const Sight& sight, const SoftmaxSpan& span, float* scores) {
  for (int key = span.first; key < sight.first; ++key) scores[key] = -__builtin_inff();
  for (int key = sight.last + 1; key < span.end; ++key) scores[key] = -__builtin_inff();
}

// Adds the bias of the queries from `first` on to their rows of scores.
template <SixteenLanes V>
inline void add_bias(const AttentionArgs& args, const AttentionScratch& scratch, int first,
                     int count) {
  const typename V::F factor = V::set1(score_factor(args));
  for (int i = 0; i < count; ++i) {
    const float* bias = args.bias + (first + i) * args.bias_stride;
    float* scores = scratch.scores + static_cast<size_t>(i) * scratch.keys;
    for (int key = 0; key < scratch.scored; key += kPanel)
      V::store(scores + key, V::fma(V::load(bias + key), factor, V::load(scores + key)));
  }
}

// Form is the algorithm for one head, made of its args.
template <class Form>
void attention(const AttentionArgs& args) {
  Form form(args);
  form.write_keys();
  form.write_values();
  for (int first = 0; first < args.queries; first += kQueryBlock) {
    const int left = args.queries - first;
    const int count = left < kQueryBlock ? left : kQueryBlock;
    form.write_queries(first, count);
    form.score(count);
    if (args.bias != nullptr) form.add_bias(first, count);
    for (int i = 0; i < count; ++i) {
      if (sees_all(args))
        form.softmax(i);
      else
        form.softmax(i, Sight(args, first + i));
    }
    form.weigh(first, count);
  }
}

// Scatters an encoded key into its column of the panels: dwords, 16 apart.
template <class A>
inline void write_key(const AttentionScratch& scratch, const A* row, int key) {
  constexpr int kGroup = 4 / sizeof(A);
  const int dwords = scratch.depth / kGroup;
  auto* to = static_cast<int32_t*>(scratch.key_panels) +
             static_cast<size_t>(key / kPanel) * dwords * kPanel + key % kPanel;
  for (int d = 0; d < dwords; ++d) std::memcpy(to + d * kPanel, row + d * kGroup, sizeof(int32_t));
}

// Keys of zeros up to whole panels, which the mask takes out of every softmax.
template <class A>
inline void write_missing_keys(const AttentionScratch& scratch, int length) {
  constexpr A kZeros[kMaxHeadDim] = {};
  for (int key = length; key < scratch.scored; ++key) {
    write_key(scratch, kZeros, key);
    scratch.key_scale[key] = scratch.key_offset[key] = 0.0f;
    scratch.key_mask[key] = -__builtin_inff();
  }
}

// Where 16 columns of kGroup neighbouring values stand in the value panels.
template <class A>
inline int32_t* value_group(const AttentionScratch& scratch, int place, int panel) {
  constexpr int kGroup = 4 / sizeof(A);
  return static_cast<int32_t*>(scratch.value_panels) +
         (static_cast<size_t>(panel) * scratch.keys + place) / kGroup * kPanel;
}

// Queries times keys. finish(width, block, panel, begin, end) gets rows `begin` to `end` of a
// block, in `width` (a constant) panels from `panel` on.
template <BlockProduct Tile, class Finish>
inline void multiply_keys(const AttentionScratch& scratch, int count, Finish finish) {
  for_each_block<Tile>(
      static_cast<const typename Tile::A*>(scratch.queries), scratch.depth, count,
      static_cast<const typename Tile::B*>(scratch.key_panels), scratch.scored / kPanel,
      scratch.depth, [&](const auto& block, int begin, int end) {
        with_widths<Tile::kPanels>(
            block.panels, [&](auto width, int panel) { finish(width, block, panel, begin, end); });
      });
}

// Rows of softmax weights times values. finish(block, begin, end) gets rows `begin` to `end`.
template <BlockProduct Tile, class Finish>
inline void multiply_values(const AttentionScratch& scratch, int rows, int head_dim,
                            Finish finish) {
  for_each_block<Tile>(static_cast<const typename Tile::A*>(scratch.weights), scratch.keys, rows,
                       static_cast<const typename Tile::B*>(scratch.value_panels),
                       head_dim / kPanel, scratch.keys, finish);
}

}  // namespace
}  // namespace bge::kernels
