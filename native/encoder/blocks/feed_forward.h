#pragma once

#include <string>
#include <vector>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// x += down(gelu(up(x))).
class FeedForward {
 public:
  FeedForward(WeightBinder& weights, const std::string& up, const std::string& down, int width,
              int intermediate);

  void run(const Pass& pass, const Stream& stream, Scratch& scratch) const;

  // Columns of the intermediate width that are worked on at a time.
  static int slice_width(int intermediate);

 private:
  int width_;
  kernels::PanelMatrix up_;
  // The intermediate width in slices, each with its own scales: a slice's activations stay in the
  // second-level cache between the two products. Only the first slice carries the bias.
  std::vector<kernels::PanelMatrix> down_;
};

}  // namespace bge::encoder
