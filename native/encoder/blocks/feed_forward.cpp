#include "encoder/blocks/feed_forward.h"

#include "encoder/blocks/linear.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Epilogue;
using kernels::PanelMatrix;

FeedForward::FeedForward(WeightBinder& weights, const std::string& up, const std::string& down,
                         const FeedForwardShape& shape)
    : shape_(shape),
      up_(weights.panels(weights.linear(up, (shape.gated ? 2 : 1) * shape.intermediate, shape.width,
                                        shape.up_bias))) {
  bind_down(weights, down);
}

FeedForward::FeedForward(WeightBinder& weights, const GatedNames& names,
                         const FeedForwardShape& shape)
    : shape_(shape) {
  const LinearTensors gate =
      weights.linear(names.gate, shape.intermediate, shape.width, shape.up_bias);
  const LinearTensors up = weights.linear(names.up, shape.intermediate, shape.width, shape.up_bias);
  up_ = weights.take_panels(weights.dtype(), 2 * shape.intermediate, shape.width);
  if (weights.fills()) {
    const LinearValues gates(gate);
    const LinearValues ups(up);
    std::vector<Column> columns;
    gates.append_to(columns, 0, shape.intermediate);
    ups.append_to(columns, 0, shape.intermediate);
    weights.fill(up_, columns);
  }
  bind_down(weights, names.down);
}

void FeedForward::bind_down(WeightBinder& weights, const std::string& down) {
  const int width = shape_.width;
  const LinearTensors tensors = weights.linear(down, width, shape_.intermediate, shape_.bias);
  const int slice = slice_width(shape_.intermediate);
  for (int at = 0; at < shape_.intermediate; at += slice)
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
  const int gate = shape_.gate_last ? shape_.intermediate : 0;
  const int other = shape_.gate_last ? 0 : shape_.intermediate;
  int column = 0;
  for (const PanelMatrix& down : down_) {
    multiply(pass, up_, stream.hidden, stream.rows, gate + column, down.k, shape_.activation,
             intermediate, down.k);
    if (shape_.gated)
      multiply(pass, up_, stream.hidden, stream.rows, other + column, down.k, Epilogue::kMultiply,
               intermediate, down.k);
    convert(pass, pass.dtype, intermediate, down.k, stream.rows, slice);
    multiply(pass, down, slice, stream.rows, 0, shape_.width, Epilogue::kAdd, stream.x,
             shape_.width);
    column += down.k;
  }
}

}  // namespace bge::encoder
