#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "formulas.h"
#include "modernbert_fixture.h"

namespace bge::encoder {

// ModernBERT by its published formulas, in double, one token after another: the oracle. (Models of
// the real shapes are checked against transformers by scripts/models/check-families.py.)
class ModernBertReference {
 public:
  explicit ModernBertReference(const TestModernBert& model) : model_(model) {}

  double logit(const std::vector<int32_t>& ids) const {
    const std::string& prefix = model_.prefix;
    Rows x;
    for (const int32_t id : ids) {
      const auto word =
          at(prefix + "embeddings.tok_embeddings.weight").begin() + id * model_.hidden;
      x.push_back(norm(prefix + "embeddings.norm", Row(word, word + model_.hidden)));
    }
    for (int i = 0; i < model_.layers; ++i) run_layer(i, x);
    for (Row& row : x) row = norm(prefix + "final_norm", row);
    return head(x);
  }

 private:
  using Row = formulas::Row;
  using Rows = formulas::Rows;

  const std::vector<float>& at(const std::string& name) const {
    const size_t slash = name.find('/');
    if (slash == std::string::npos) return model_.at(name);
    return model_.module_tensors.at(name.substr(0, slash)).at(name.substr(slash + 1)).data;
  }
  bool has(const std::string& name) const {
    const size_t slash = name.find('/');
    if (slash == std::string::npos) return model_.tensors.contains(name);
    return model_.module_tensors.at(name.substr(0, slash)).contains(name.substr(slash + 1));
  }

  const std::vector<float>* find(const std::string& name) const {
    return has(name) ? &at(name) : nullptr;
  }

  Row linear(const std::string& name, const Row& x) const {
    return formulas::linear(at(name + ".weight"), find(name + ".bias"), x);
  }

  Row norm(const std::string& name, const Row& x) const {
    return formulas::norm(at(name + ".weight"), find(name + ".bias"), 1e-5, x);
  }

  void run_layer(int layer, Rows& x) const {
    const std::string name = model_.prefix + "layers." + std::to_string(layer) + ".";
    Rows normed;
    for (const Row& row : x) normed.push_back(layer == 0 ? row : norm(name + "attn_norm", row));
    const Rows context = attention(layer, name + "attn.Wqkv", normed);
    for (size_t t = 0; t < x.size(); ++t) {
      formulas::add(x[t], linear(name + "attn.Wo", context[t]));
      const Row both = linear(name + "mlp.Wi", norm(name + "mlp_norm", x[t]));
      Row inner(model_.intermediate);
      for (int i = 0; i < model_.intermediate; ++i)
        inner[i] = formulas::gelu(both[i]) * both[model_.intermediate + i];
      formulas::add(x[t], linear(name + "mlp.Wo", inner));
    }
  }

  // Pairs of lanes half a head apart, as complex numbers, turned by position / theta^(2j/width).
  void rotate(Row& row, size_t position, int layer) const {
    const int width = model_.hidden / model_.heads;
    for (int part = 0; part < 2 * model_.heads; ++part)  // queries and keys, head by head
      for (int j = 0; j < width / 2; ++j) {
        const double angle = position / std::pow(model_.theta(layer), 2.0 * j / width);
        double& a = row[part * width + j];
        double& b = row[part * width + j + width / 2];
        const double turned = a * std::cos(angle) - b * std::sin(angle);
        b = b * std::cos(angle) + a * std::sin(angle);
        a = turned;
      }
  }

  Rows attention(int layer, const std::string& name, const Rows& x) const {
    Rows qkv;
    for (size_t t = 0; t < x.size(); ++t) {
      qkv.push_back(linear(name, x[t]));
      rotate(qkv.back(), t, layer);
    }
    const int width = model_.hidden / model_.heads;
    Rows out(x.size(), Row(model_.hidden, 0.0));
    for (int head = 0; head < model_.heads; ++head)
      for (size_t t = 0; t < x.size(); ++t) {
        Row weights(x.size(), 0.0);
        double total = 0;
        for (size_t s = 0; s < x.size(); ++s) {
          const size_t distance = t > s ? t - s : s - t;
          if (model_.windowed(layer) && distance > static_cast<size_t>(model_.window)) continue;
          double score = 0;
          for (int i = head * width; i < (head + 1) * width; ++i)
            score += qkv[t][i] * qkv[s][model_.hidden + i];
          total += weights[s] = std::exp(score / std::sqrt(width));
        }
        for (size_t s = 0; s < x.size(); ++s)
          for (int i = head * width; i < (head + 1) * width; ++i)
            out[t][i] += weights[s] / total * qkv[s][2 * model_.hidden + i];
      }
    return out;
  }

  double head(const Rows& x) const {
    const bool modules = model_.variant == TestModernBert::Variant::kModules;
    Row pooled = x[0];
    if (model_.variant != TestModernBert::Variant::kFirst) {
      for (size_t t = 1; t < x.size(); ++t) formulas::add(pooled, x[t]);
      for (double& v : pooled) v /= x.size();
    }
    pooled = linear(modules ? "2_Dense/linear" : "head.dense", pooled);
    for (double& v : pooled) v = formulas::gelu(v);
    pooled = norm(modules ? "3_LayerNorm/norm" : "head.norm", pooled);
    if (!modules) return linear("classifier", pooled)[0];
    double squares = 0;
    for (const double v : pooled) squares += v * v;
    for (double& v : pooled) v /= std::sqrt(squares);
    return linear("5_Dense/linear", pooled)[0];
  }

  const TestModernBert& model_;
};

}  // namespace bge::encoder
