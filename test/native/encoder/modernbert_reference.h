#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "modernbert_fixture.h"

namespace bge::encoder {

// ModernBERT by its published formulas, in double, one token after another: the oracle. (Models of
// the real shapes are checked against transformers by scripts/check-families.py.)
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
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

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

  static double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }

  Row linear(const std::string& name, const Row& x) const {
    const std::vector<float>& weight = at(name + ".weight");
    Row out(weight.size() / x.size(), 0.0);
    for (size_t n = 0; n < out.size(); ++n) {
      if (has(name + ".bias")) out[n] = at(name + ".bias")[n];
      for (size_t i = 0; i < x.size(); ++i) out[n] += weight[n * x.size() + i] * x[i];
    }
    return out;
  }

  Row norm(const std::string& name, const Row& x) const {
    double mean = 0;
    double variance = 0;
    for (const double v : x) mean += v / x.size();
    for (const double v : x) variance += (v - mean) * (v - mean) / x.size();
    Row out;
    for (size_t i = 0; i < x.size(); ++i) {
      const double shift = has(name + ".bias") ? at(name + ".bias")[i] : 0.0;
      out.push_back((x[i] - mean) / std::sqrt(variance + 1e-5) * at(name + ".weight")[i] + shift);
    }
    return out;
  }

  void run_layer(int layer, Rows& x) const {
    const std::string name = model_.prefix + "layers." + std::to_string(layer) + ".";
    Rows normed;
    for (const Row& row : x) normed.push_back(layer == 0 ? row : norm(name + "attn_norm", row));
    const Rows context = attention(layer, name + "attn.Wqkv", normed);
    for (size_t t = 0; t < x.size(); ++t) {
      add(x[t], linear(name + "attn.Wo", context[t]));
      const Row both = linear(name + "mlp.Wi", norm(name + "mlp_norm", x[t]));
      Row inner(model_.intermediate);
      for (int i = 0; i < model_.intermediate; ++i)
        inner[i] = gelu(both[i]) * both[model_.intermediate + i];
      add(x[t], linear(name + "mlp.Wo", inner));
    }
  }

  static void add(Row& to, const Row& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
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
      for (size_t t = 1; t < x.size(); ++t) add(pooled, x[t]);
      for (double& v : pooled) v /= x.size();
    }
    pooled = linear(modules ? "2_Dense/linear" : "head.dense", pooled);
    for (double& v : pooled) v = gelu(v);
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
