#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "encoder/blocks/alibi.h"
#include "encoder/blocks/distance_scores.h"
#include "encoder/blocks/head_rows.h"
#include "encoder/blocks/pass.h"
#include "encoder/blocks/rotary.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Multi-head self-attention of every sequence over itself, up to the heads' outputs side by side:
// the product that mixes them is the caller's.
class SelfAttention {
 public:
  struct Shape {
    int width;
    int heads;
    Rotary rotary{};
    // Tokens that a token sees on either side of itself.
    int window = kernels::kWholeSequence;
    std::optional<DistanceScores> distances{};
    Alibi alibi{};
  };
  // Layers of the weight file, each [width][width].
  struct Names {
    std::string query;
    std::string key;
    std::string value;
  };
  // One layer, [3 * width][width]: the queries of all heads, their keys, their values.
  struct FusedName {
    std::string qkv;
    WeightBinder::Bias bias;
  };

  SelfAttention(WeightBinder& weights, const Names& names, const Shape& shape);
  SelfAttention(WeightBinder& weights, const FusedName& name, const Shape& shape);

  // Fills `pass.shared.context` for the rows of `out`, which is `in`, or the first token of each
  // sequence apart.
  void run(Pass& pass, const Stream& in, const Stream& out) const;

 private:
  // Queries, keys or values: `width` outputs of a layer from `first` on.
  struct Part {
    const LinearValues& layer;
    int first;
  };
  void fill(const WeightBinder& weights, std::initializer_list<Part> parts) const;
  int head_dim() const { return shape_.width / shape_.heads; }
  void run_head(const Pass& pass, const Stream& in, const Stream& out, int head,
                Scratch& scratch) const;
  void attend(const Pass& pass, int head, const HeadRows& rows, Scratch& scratch) const;

  Shape shape_;
  // Columns ordered head by head: [q | k | v] of head 0, of head 1, ...
  kernels::PanelMatrix qkv_;
};

}  // namespace bge::encoder
