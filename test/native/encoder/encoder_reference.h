#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "encoder_fixture.h"
#include "post_norm_reference.h"

namespace bge::encoder {

// BERT and RoBERTa by their published formulas: the oracle. (The real models are checked against
// ONNX Runtime by scripts/models/fidelity.py.)
class ReferenceEncoder {
 public:
  explicit ReferenceEncoder(const TestModel& model)
      : model_(model),
        prefix_(model.bert ? "bert." : "roberta."),
        formulas_{model.tensors,
                  model.heads,
                  1e-5,
                  {"attention.self.query", "attention.self.key", "attention.self.value",
                   "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
                   "output.dense", "output.LayerNorm"}} {}

  double logit(const std::vector<int32_t>& ids, const std::vector<int32_t>& types) const {
    formulas::Rows x = embed(ids, types);
    for (int i = 0; i < model_.layers; ++i)
      formulas_.run_layer(prefix_ + "encoder.layer." + std::to_string(i) + ".", x);
    const std::string dense = model_.bert ? prefix_ + "pooler.dense" : "classifier.dense";
    formulas::Row pooled = formulas_.linear(dense, x[0]);
    for (double& v : pooled) v = std::tanh(v);
    return formulas_.linear(model_.bert ? "classifier" : "classifier.out_proj", pooled)[0];
  }

 private:
  formulas::Rows embed(const std::vector<int32_t>& ids, const std::vector<int32_t>& types) const {
    const std::string tables = prefix_ + "embeddings.";
    formulas::Rows x;
    size_t position = model_.bert ? 0 : model_.pad_id + 1;
    for (size_t t = 0; t < ids.size(); ++t) {
      const bool pad = !model_.bert && ids[t] == model_.pad_id;
      const formulas::Row sum = formulas_.embed(
          {{tables + "word_embeddings.weight", ids[t]},
           {tables + "position_embeddings.weight", pad ? model_.pad_id : position++},
           {tables + "token_type_embeddings.weight", types[t]}});
      x.push_back(formulas_.norm(tables + "LayerNorm", sum));
    }
    return x;
  }

  const TestModel& model_;
  std::string prefix_;
  PostNormReference formulas_;
};

}  // namespace bge::encoder
