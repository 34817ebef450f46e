#include "encoder/blocks/feed_forward.h"

#include "encoder/blocks/linear.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Epilogue;
using kernels::PanelMatrix;

FeedForward::FeedForward(WeightBinder& weights, const std::string& up, const std::string& down,
                         int width, int intermediate)
    : width_(width), up_(weights.panels(weights.linear(up, intermediate, width))) {
  const LinearTensors tensors = weights.linear(down, width, intermediate);
  const int slice = slice_width(intermediate);
  for (int at = 0; at < intermediate; at += slice)
    down_.push_back(weights.take_panels(weights.dtype(), width, slice));
  if (!weights.fills()) return;
  const LinearValues values(tensors);
  int first_input = 0;
  for (const PanelMatrix& part : down_) {
    std::vector<Column> columns;
    for (int n = 0; n < width; ++n) {
      columns.push_back(values.column(n, first_input));
      if (first_input > 0) columns.back().bias = 0.0f;
    }
    weights.fill(part, columns);
    first_input += part.k;
  }
}

int FeedForward::slice_width(int intermediate) {
  constexpr int kLargest = 768;
  int width = kLargest;
  while (intermediate % width != 0) width -= kernels::kWidthMultiple;
  return width;
}

void FeedForward::run(const Pass& pass, const Stream& stream, Scratch& scratch) const {
  float* intermediate = scratch.intermediate.as<float>();
  const kernels::Activations slice = scratch.slice.view();
  int column = 0;
  for (const PanelMatrix& down : down_) {
    multiply(pass, up_, stream.hidden, stream.rows, column, down.k, Epilogue::kStoreGelu,
             intermediate, down.k);
    pass.kernels.convert[static_cast<int>(pass.dtype)](intermediate, down.k, stream.rows, down.k,
                                                       slice);
    multiply(pass, down, slice, stream.rows, 0, width_, Epilogue::kAdd, stream.x, width_);
    column += down.k;
  }
}

}  // namespace bge::encoder
