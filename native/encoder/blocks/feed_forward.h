#pragma once

#include <string>
#include <vector>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// The widths of a feed-forward layer.
struct FeedForwardShape {
  int width;
  int intermediate;
  // Gated: x += down(gelu(a) * b) where up gives a, then b. Else x += down(gelu(up(x))).
  bool gated = false;
  WeightBinder::Bias bias = WeightBinder::Bias::kAdded;
  WeightBinder::Bias up_bias = bias;
  // Gated: up gives b, then a.
  bool gate_last = false;
};

class FeedForward {
 public:
  // `up` and `down` are layers of the weight file.
  FeedForward(WeightBinder& weights, const std::string& up, const std::string& down,
              const FeedForwardShape& shape);

  // Of the rows in `stream.hidden` onto those in `stream.x`.
  void run(const Pass& pass, const Stream& stream, Scratch& scratch) const;

  // Columns of the intermediate width that are worked on at a time.
  static int slice_width(int intermediate);

 private:
  FeedForwardShape shape_;
  kernels::PanelMatrix up_;
  // The intermediate width in slices, each with its own scales: a slice's activations stay in the
  // second-level cache between the two products. Only the first slice carries the bias.
  std::vector<kernels::PanelMatrix> down_;
};

}  // namespace bge::encoder
