#pragma once

#include <span>
#include <string>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// The first token of each sequence, apart from the others: what heads read, so that a model's last
// layer computes no other beyond their keys and values.
Stream first_tokens(const Pass& pass);

// output(tanh(dense(first token))): the pooler and classifier of BERT, the head of RoBERTa. Float32
// in every dtype. Of two labels the logit is the second's beyond the first's, as ONNX Runtime's
// side has it (onnxruntime/logits.h).
class ClassificationHead {
 public:
  // Names of linear layers. Throws Error kModelUnsupported for another number of labels.
  ClassificationHead(WeightBinder& weights, const std::string& dense, const std::string& output,
                     int width);

  // One logit for each row of `first`.
  void run(const Pass& pass, const Stream& first, std::span<float> logits) const;

 private:
  void fill_output(const WeightBinder& weights, const LinearTensors& tensors, float* to) const;

  int width_;
  kernels::PanelMatrix dense_;
  const float* output_;  // [width], then the bias
};

}  // namespace bge::encoder
