#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "encoder_fixture.h"

namespace bge::encoder {

// The same model by its published formulas, in double, one token after another: the oracle. (The
// real models are checked against ONNX Runtime by scripts/models/fidelity.py.)
class ReferenceEncoder {
 public:
  explicit ReferenceEncoder(const TestModel& model)
      : model_(model), prefix_(model.bert ? "bert." : "roberta.") {}

  double logit(const std::vector<int32_t>& ids, const std::vector<int32_t>& types) const {
    Rows x = embed(ids, types);
    for (int i = 0; i < model_.layers; ++i)
      x = layer(prefix_ + "encoder.layer." + std::to_string(i) + ".", x);
    const std::string dense = model_.bert ? prefix_ + "pooler.dense" : "classifier.dense";
    Row pooled = linear(dense, x[0]);
    for (double& v : pooled) v = std::tanh(v);
    return linear(model_.bert ? "classifier" : "classifier.out_proj", pooled)[0];
  }

 private:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

  Rows embed(const std::vector<int32_t>& ids, const std::vector<int32_t>& types) const {
    Rows x;
    int position = model_.bert ? 0 : model_.pad_id + 1;
    for (size_t t = 0; t < ids.size(); ++t) {
      const bool pad = !model_.bert && ids[t] == model_.pad_id;
      Row row = table("word_embeddings", ids[t]);
      add(row, table("position_embeddings", pad ? model_.pad_id : position++));
      add(row, table("token_type_embeddings", types[t]));
      x.push_back(norm(prefix_ + "embeddings.LayerNorm", row));
    }
    return x;
  }

  Row table(const std::string& name, int row) const {
    const std::vector<float>& data = model_.at(prefix_ + "embeddings." + name + ".weight");
    const auto begin = data.begin() + static_cast<ptrdiff_t>(row) * model_.hidden;
    return {begin, begin + model_.hidden};
  }

  static void add(Row& to, const Row& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  }

  Row linear(const std::string& name, const Row& x) const {
    const std::vector<float>& weight = model_.at(name + ".weight");
    const std::vector<float>& bias = model_.at(name + ".bias");
    Row out(bias.begin(), bias.end());
    for (size_t n = 0; n < out.size(); ++n)
      for (size_t i = 0; i < x.size(); ++i) out[n] += weight[n * x.size() + i] * x[i];
    return out;
  }

  Row norm(const std::string& name, const Row& x) const {
    double mean = 0;
    double variance = 0;
    for (const double v : x) mean += v / x.size();
    for (const double v : x) variance += (v - mean) * (v - mean) / x.size();
    Row out;
    for (size_t i = 0; i < x.size(); ++i)
      out.push_back((x[i] - mean) / std::sqrt(variance + 1e-5) * model_.at(name + ".weight")[i] +
                    model_.at(name + ".bias")[i]);
    return out;
  }

  Rows layer(const std::string& name, const Rows& x) const {
    const Rows context = attention(name + "attention.self.", x);
    Rows out;
    for (size_t t = 0; t < x.size(); ++t) {
      Row row = linear(name + "attention.output.dense", context[t]);
      add(row, x[t]);
      row = norm(name + "attention.output.LayerNorm", row);
      Row inner = linear(name + "intermediate.dense", row);
      for (double& v : inner) v = v * 0.5 * std::erfc(-v / std::sqrt(2.0));
      inner = linear(name + "output.dense", inner);
      add(inner, row);
      out.push_back(norm(name + "output.LayerNorm", inner));
    }
    return out;
  }

  Rows attention(const std::string& name, const Rows& x) const {
    Rows q, k, v;
    for (const Row& row : x) {
      q.push_back(linear(name + "query", row));
      k.push_back(linear(name + "key", row));
      v.push_back(linear(name + "value", row));
    }
    const int width = model_.hidden / model_.heads;
    Rows out(x.size(), Row(model_.hidden, 0.0));
    for (int head = 0; head < model_.heads; ++head)
      for (size_t t = 0; t < x.size(); ++t) {
        Row weights(x.size());
        double total = 0;
        for (size_t s = 0; s < x.size(); ++s) {
          double score = 0;
          for (int i = head * width; i < (head + 1) * width; ++i) score += q[t][i] * k[s][i];
          total += weights[s] = std::exp(score / std::sqrt(width));
        }
        for (size_t s = 0; s < x.size(); ++s)
          for (int i = head * width; i < (head + 1) * width; ++i)
            out[t][i] += weights[s] / total * v[s][i];
      }
    return out;
  }

  const TestModel& model_;
  std::string prefix_;
};

}  // namespace bge::encoder
