#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "formulas.h"
#include "qwen_fixture.h"

namespace bge::encoder {

// Qwen by its published formulas, in double, one token after another: the oracle. (Models of the
// real shapes are checked against transformers by scripts/models/check-families.py.)
class QwenReference {
 public:
  explicit QwenReference(const TestQwen& model) : model_(model) {}

  double logit(const std::vector<int32_t>& ids) const {
    Rows x;
    for (const int32_t id : ids) x.push_back(row_of("model.embed_tokens.weight", id));
    for (int i = 0; i < model_.layers; ++i) run_layer(i, x);
    const Row last = norm("model.norm.weight", x.back());
    if (model_.ending == TestQwen::Ending::kLabel) return dot(last, row_of("score.weight", 0));
    if (model_.ending == TestQwen::Ending::kOneToken)
      return dot(last, row_of("lm_head.weight", model_.yes));
    return dot(last, row_of("model.embed_tokens.weight", model_.yes)) -
           dot(last, row_of("model.embed_tokens.weight", model_.no));
  }

 private:
  using Row = formulas::Row;
  using Rows = formulas::Rows;

  static double dot(const Row& a, const Row& b) { return formulas::dot(&a[0], &b[0], a.size()); }

  Row row_of(const std::string& table, int row) const {
    const auto begin = model_.at(table).begin() + row * model_.hidden;
    return Row(begin, begin + model_.hidden);
  }

  Row linear(const std::string& name, const Row& x) const {
    const auto bias = model_.tensors.find(name + ".bias");
    return formulas::linear(model_.at(name + ".weight"),
                            bias == model_.tensors.end() ? nullptr : &bias->second.data, x);
  }

  // Divided by the root of the mean square.
  Row norm(const std::string& name, const Row& x) const {
    const double mean = dot(x, x) / x.size();
    Row out;
    for (size_t i = 0; i < x.size(); ++i)
      out.push_back(x[i] / std::sqrt(mean + 1e-6) * model_.at(name)[i]);
    return out;
  }

  void run_layer(int layer, Rows& x) const {
    const std::string name = "model.layers." + std::to_string(layer) + ".";
    Rows normed;
    for (const Row& row : x) normed.push_back(norm(name + "input_layernorm.weight", row));
    const Rows context = attention(name + "self_attn.", normed);
    for (size_t t = 0; t < x.size(); ++t) {
      formulas::add(x[t], linear(name + "self_attn.o_proj", context[t]));
      const Row in = norm(name + "post_attention_layernorm.weight", x[t]);
      Row gate = linear(name + "mlp.gate_proj", in);
      const Row up = linear(name + "mlp.up_proj", in);
      for (size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1.0 + std::exp(-gate[i]));
      formulas::add(x[t], linear(name + "mlp.down_proj", gate));
    }
  }

  // A head's part of a row, normalised where there is such a norm and turned: pairs of lanes half a
  // head apart, as complex numbers, by position / theta^(2j/width).
  Row turned(const Row& row, int head, const std::string& gamma, size_t position) const {
    const int width = model_.head_dim;
    Row x(row.begin() + head * width, row.begin() + (head + 1) * width);
    if (model_.qwen3) x = norm(gamma, x);
    for (int j = 0; j < width / 2; ++j) {
      const double angle = position / std::pow(5000.0, 2.0 * j / width);
      const double a = x[j];
      const double b = x[j + width / 2];
      x[j] = a * std::cos(angle) - b * std::sin(angle);
      x[j + width / 2] = b * std::cos(angle) + a * std::sin(angle);
    }
    return x;
  }

  Rows attention(const std::string& name, const Rows& x) const {
    Rows queries, keys, values;
    for (const Row& row : x) {
      queries.push_back(linear(name + "q_proj", row));
      keys.push_back(linear(name + "k_proj", row));
      values.push_back(linear(name + "v_proj", row));
    }
    const int width = model_.head_dim;
    Rows out(x.size(), Row(model_.heads * width, 0.0));
    for (int head = 0; head < model_.heads; ++head) {
      const int key_head = head / (model_.heads / model_.key_heads());
      Rows turned_keys;
      for (size_t t = 0; t < x.size(); ++t) {
        turned_keys.push_back(turned(keys[t], key_head, name + "k_norm.weight", t));
        const Row query = turned(queries[t], head, name + "q_norm.weight", t);
        Row weights;
        double total = 0;
        for (size_t s = 0; s <= t; ++s) {
          weights.push_back(std::exp(dot(query, turned_keys[s]) / std::sqrt(width)));
          total += weights.back();
        }
        for (size_t s = 0; s <= t; ++s)
          for (int i = 0; i < width; ++i)
            out[t][head * width + i] += weights[s] / total * values[s][key_head * width + i];
      }
    }
    return out;
  }

  const TestQwen& model_;
};

}  // namespace bge::encoder
