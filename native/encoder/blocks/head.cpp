#include "encoder/blocks/head.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "encoder/blocks/linear.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Dtype;

namespace {

float gelu_tanh(float x) {
  constexpr float kScale = 0.7978845608f;  // sqrt(2 / pi)
  return 0.5f * x * (1.0f + std::tanh(kScale * (x + 0.044715f * x * x * x)));
}

float apply(Activation activation, float x) {
  switch (activation) {
    case Activation::kNone: return x;
    case Activation::kGelu: return 0.5f * x * std::erfc(x * -0.70710678f);
    case Activation::kGeluTanh: return gelu_tanh(x);
    case Activation::kRelu: return std::max(x, 0.0f);
    case Activation::kSilu: return x / (1.0f + std::exp(-x));
    case Activation::kSigmoid: return 1.0f / (1.0f + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
  }
  return x;
}

}  // namespace

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

Stream mean_tokens(const Pass& pass) {
  const Stream all = pass.all();
  const size_t width = all.hidden.stride;
  const Stream mean{pass.shared.first_x.as<float>(), pass.shared.first_hidden.view(),
                    pass.sequences.count()};
  std::vector<double> sums(width);
  for (int s = 0; s < mean.rows; ++s) {
    const int begin = pass.sequences.offsets[s];
    const int end = pass.sequences.offsets[s + 1];
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int token = begin; token < end; ++token)
      for (size_t i = 0; i < width; ++i) sums[i] += all.x[token * width + i];
    for (size_t i = 0; i < width; ++i)
      mean.x[s * width + i] = static_cast<float>(sums[i] / (end - begin));
  }
  return mean;
}

void Head::add_dense(WeightBinder& weights, const std::string& name, int out, Activation activation,
                     WeightBinder::Bias bias) {
  if (out > in_width_ || out % kernels::kWidthMultiple != 0)
    throw Error(ErrorCode::kModelUnsupported, "The head's layer " + name + " has " +
                                                  std::to_string(out) +
                                                  " outputs; our own kernels take a multiple of " +
                                                  std::to_string(kernels::kWidthMultiple) +
                                                  " up to " + std::to_string(in_width_) + ".");
  const kernels::PanelMatrix matrix =
      weights.panels(Dtype::kFp32, weights.linear(name, out, width_, bias));
  steps_.emplace_back(Dense{matrix, activation});
  width_ = out;
}

void Head::add_norm(WeightBinder& weights, const std::string& name, float epsilon,
                    WeightBinder::Bias bias) {
  steps_.emplace_back(LayerNorm(weights, name, width_, epsilon, bias));
}

void Head::set_output(WeightBinder& weights, const std::string& name, WeightBinder::Bias bias) {
  const int labels = weights.file().rows(name + ".weight");
  if (labels != 1 && labels != 2)
    throw Error(ErrorCode::kModelUnsupported, "The weights have " + std::to_string(labels) +
                                                  " labels; a reranker has one or two.");
  const LinearTensors tensors = weights.linear(name, labels, width_, bias);
  float* const to = weights.take_floats(width_ + 1);
  output_ = to;
  if (!weights.fills()) return;
  const LinearValues values(tensors);
  const Column relevant = values.column(labels - 1);
  for (int i = 0; i < width_; ++i) to[i] = relevant.weights[i * relevant.stride];
  to[width_] = relevant.bias;
  if (labels == 1) return;
  const Column other = values.column(0);
  for (int i = 0; i < width_; ++i) to[i] -= other.weights[i * other.stride];
  to[width_] -= other.bias;
}

void Head::run_step(const Pass& pass, const Dense& dense, float* x, int rows) const {
  const auto [in, out] = std::pair(dense.matrix.k, dense.matrix.n);
  kernels::Activations operand = pass.shared.pooled.view();
  operand.stride = in;
  convert(pass, Dtype::kFp32, x, in, rows, operand);
  multiply(pass, dense.matrix, operand, rows, 0, out, kernels::Epilogue::kStore, x, out);
  for (size_t i = 0; i < static_cast<size_t>(rows) * out; ++i) x[i] = apply(dense.activation, x[i]);
}

void Head::run_step(const Pass& pass, const LayerNorm& norm, float* x, int rows) const {
  norm.run(pass, x, rows, pass.shared.pooled.view());
}

void Head::run_step(const Pass&, const UnitLength& unit, float* x, int rows) const {
  constexpr double kShortest = 1e-12;
  for (int s = 0; s < rows; ++s, x += unit.width) {
    double squares = 0.0;
    for (int i = 0; i < unit.width; ++i) squares += double{x[i]} * x[i];
    const double length = std::max(std::sqrt(squares), kShortest);
    for (int i = 0; i < unit.width; ++i) x[i] = static_cast<float>(x[i] / length);
  }
}

void Head::run(Pass& pass, const Stream& pooled, std::span<float> logits) const {
  pass.in_steps([&] {
    for (const auto& step : steps_)
      std::visit([&](const auto& each) { run_step(pass, each, pooled.x, pooled.rows); }, step);
  });
  for (int s = 0; s < pooled.rows; ++s) {
    double logit = output_[width_];
    for (int i = 0; i < width_; ++i)
      logit += static_cast<double>(pooled.x[static_cast<size_t>(s) * width_ + i]) * output_[i];
    logits[s] = static_cast<float>(logit);
  }
}

}  // namespace bge::encoder
