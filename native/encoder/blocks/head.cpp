#include "encoder/blocks/head.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "encoder/blocks/linear.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Dtype;

Stream first_tokens(const Pass& pass) {
  const Stream all = pass.all();
  const size_t width = all.hidden.stride;
  const Stream first{pass.shared.first_x.as<float>(), pass.shared.first_hidden.view(),
                     pass.sequences.count()};
  for (int s = 0; s < first.rows; ++s) {
    const size_t from = pass.sequences.offsets[s];
    std::copy_n(all.x + from * width, width, first.x + s * width);
  }
  convert(pass, pass.dtype, first.x, width, first.rows, first.hidden);
  return first;
}

ClassificationHead::ClassificationHead(WeightBinder& weights, const std::string& dense,
                                       const std::string& output, int width)
    : width_(width), dense_(weights.panels(Dtype::kFp32, weights.linear(dense, width, width))) {
  const int labels = weights.file().rows(output + ".weight");
  if (labels != 1 && labels != 2)
    throw Error(ErrorCode::kModelUnsupported, "The weights have " + std::to_string(labels) +
                                                  " labels; a reranker has one or two.");
  const LinearTensors tensors = weights.linear(output, labels, width);
  float* const to = weights.take_floats(width + 1);
  if (weights.fills()) fill_output(weights, tensors, to);
  output_ = to;
}

void ClassificationHead::fill_output(const WeightBinder&, const LinearTensors& tensors,
                                     float* to) const {
  const LinearValues values(tensors);
  const Column relevant = values.column(tensors.out - 1);
  for (int i = 0; i < width_; ++i) to[i] = relevant.weights[i * relevant.stride];
  to[width_] = relevant.bias;
  if (tensors.out == 1) return;
  const Column other = values.column(0);
  for (int i = 0; i < width_; ++i) to[i] -= other.weights[i * other.stride];
  to[width_] -= other.bias;
}

void ClassificationHead::run(const Pass& pass, const Stream& first, std::span<float> logits) const {
  const kernels::Activations rows = pass.shared.pooled.view();
  convert(pass, Dtype::kFp32, first.x, width_, first.rows, rows);
  float* dense = pass.shared.context.as<float>();
  multiply(pass, dense_, rows, first.rows, 0, width_, kernels::Epilogue::kStore, dense, width_);
  for (int s = 0; s < first.rows; ++s) {
    double logit = output_[width_];
    for (int i = 0; i < width_; ++i)
      logit +=
          static_cast<double>(std::tanh(dense[static_cast<size_t>(s) * width_ + i])) * output_[i];
    logits[s] = static_cast<float>(logit);
  }
}

}  // namespace bge::encoder
