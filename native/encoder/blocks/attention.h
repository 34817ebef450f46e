#pragma once

#include <string>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Multi-head self-attention of every sequence over itself, up to the heads' outputs side by side:
// the product that mixes them is the caller's.
class SelfAttention {
 public:
  // Layers of the weight file, each [width][width].
  struct Names {
    std::string query;
    std::string key;
    std::string value;
  };

  SelfAttention(WeightBinder& weights, const Names& names, int width, int heads);

  // Fills `pass.shared.context` for the rows of `out`, which is `in`, or the first token of each
  // sequence apart.
  void run(Pass& pass, const Stream& in, const Stream& out) const;

 private:
  void run_head(const Pass& pass, const Stream& in, const Stream& out, int head,
                Scratch& scratch) const;

  int width_;
  int heads_;
  int head_dim_;
  // Columns ordered head by head: [q | k | v] of head 0, of head 1, ...
  kernels::PanelMatrix qkv_;
};

}  // namespace bge::encoder
