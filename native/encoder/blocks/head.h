#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "encoder/blocks/norm.h"
#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// The first token of each sequence, apart from the others: where a head reads no other, a model's
// last layer computes no other beyond their keys and values.
Stream first_tokens(const Pass& pass);

// The mean of each sequence's tokens, in `x` alone.
Stream mean_tokens(const Pass& pass);

enum class Activation { kNone, kGelu, kGeluTanh, kRelu, kSilu, kSigmoid, kTanh };

// From one vector a sequence to its logit: steps, then the layer of one or two labels. Float32 in
// every dtype.
class Head {
 public:
  // `width` of the vectors that it gets.
  explicit Head(int width) : in_width_(width), width_(width) {}

  // Steps in their order. Names are those of layers in the weight file. Throw Error
  // kModelInvalid; no step may be wider than what the head gets.
  void add_dense(WeightBinder& weights, const std::string& name, int out, Activation activation,
                 WeightBinder::Bias bias = WeightBinder::Bias::kAdded);
  void add_norm(WeightBinder& weights, const std::string& name, float epsilon,
                WeightBinder::Bias bias = WeightBinder::Bias::kAdded);
  // To length 1.
  void add_unit_length() { steps_.emplace_back(UnitLength{width_}); }

  // Last. Of two labels the logit is the second's beyond the first's, as ONNX Runtime's side has it
  // (onnxruntime/logits.h). Throws Error kModelUnsupported for another number of labels.
  void set_output(WeightBinder& weights, const std::string& name,
                  WeightBinder::Bias bias = WeightBinder::Bias::kAdded);

  // What the steps so far give.
  int width() const { return width_; }

  // One logit for each row of `pooled`, whose x is overwritten.
  void run(Pass& pass, const Stream& pooled, std::span<float> logits) const;

 private:
  struct Dense {
    kernels::PanelMatrix matrix;
    Activation activation;
  };
  struct UnitLength {
    int width;
  };

  void run_step(const Pass& pass, const Dense& dense, float* x, int rows) const;
  void run_step(const Pass& pass, const LayerNorm& norm, float* x, int rows) const;
  void run_step(const Pass&, const UnitLength& unit, float* x, int rows) const;

  int in_width_;
  int width_;
  std::vector<std::variant<Dense, LayerNorm, UnitLength>> steps_;
  const float* output_ = nullptr;  // [width], then the bias
};

}  // namespace bge::encoder
