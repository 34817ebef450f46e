#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "encoder_fixture.h"

namespace bge::encoder {

// A post-norm transformer by its formulas, in double, one token after another: the oracle. What a
// family does otherwise than BERT is given from outside.
class PostNormReference {
 public:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

  // Names of a layer, without its number before them.
  struct Names {
    std::string query, key, value;  // or, with an empty key, all three in one
    std::string attention_output, attention_norm, up, down, output_norm;
  };
  enum class Gate { kNone, kFirst, kSecond };

  const TestTensors& tensors;
  int heads;
  double epsilon;
  Names names;
  Gate gate = Gate::kNone;
  // Queries and keys of a token, [hidden] each, before they meet.
  std::function<void(size_t token, Row& query, Row& key)> turn = nullptr;
  // Of one head: what the products are and what is added to them, scaled.
  std::function<double(const std::string& layer, int head, size_t query, size_t key, const Row& q,
                       const Row& k)>
      score = nullptr;

  const std::vector<float>& at(const std::string& name) const { return tensors.at(name).data; }

  static double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }
  static double dot(const double* a, const double* b, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += a[i] * b[i];
    return sum;
  }

  Row linear(const std::string& name, const Row& x) const {
    const std::vector<float>& weight = at(name + ".weight");
    const auto bias = tensors.find(name + ".bias");
    Row out(weight.size() / x.size(), 0.0);
    for (size_t n = 0; n < out.size(); ++n) {
      if (bias != tensors.end()) out[n] = bias->second.data[n];
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
    for (size_t i = 0; i < x.size(); ++i)
      out.push_back((x[i] - mean) / std::sqrt(variance + epsilon) * at(name + ".weight")[i] +
                    at(name + ".bias")[i]);
    return out;
  }

  // Row `row` of each of the tables, added up.
  Row embed(const std::vector<std::pair<std::string, size_t>>& rows) const {
    Row sum;
    for (const auto& [table, row] : rows) {
      const size_t width = tensors.at(table).shape[1];
      sum.resize(width, 0.0);
      for (size_t i = 0; i < width; ++i) sum[i] += at(table)[row * width + i];
    }
    return sum;
  }

  void run_layer(const std::string& layer, Rows& x) const {
    const Rows context = attend(layer, x);
    for (size_t t = 0; t < x.size(); ++t) {
      add(x[t], linear(layer + names.attention_output, context[t]));
      x[t] = norm(layer + names.attention_norm, x[t]);
      add(x[t], linear(layer + names.down, inner(linear(layer + names.up, x[t]))));
      x[t] = norm(layer + names.output_norm, x[t]);
    }
  }

  static void add(Row& to, const Row& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  }

 private:
  Row inner(Row up) const {
    if (gate == Gate::kNone) {
      for (double& v : up) v = gelu(v);
      return up;
    }
    const size_t half = up.size() / 2;
    Row out(half);
    for (size_t i = 0; i < half; ++i)
      out[i] = gate == Gate::kFirst ? gelu(up[i]) * up[half + i] : gelu(up[half + i]) * up[i];
    return out;
  }

  Rows attend(const std::string& layer, const Rows& x) const {
    Rows queries, keys, values;
    for (size_t t = 0; t < x.size(); ++t) {
      if (names.key.empty()) {
        const Row all = linear(layer + names.query, x[t]);
        const auto third = static_cast<std::ptrdiff_t>(all.size() / 3);
        queries.emplace_back(all.begin(), all.begin() + third);
        keys.emplace_back(all.begin() + third, all.begin() + 2 * third);
        values.emplace_back(all.begin() + 2 * third, all.end());
      } else {
        queries.push_back(linear(layer + names.query, x[t]));
        keys.push_back(linear(layer + names.key, x[t]));
        values.push_back(linear(layer + names.value, x[t]));
      }
      if (turn) turn(t, queries.back(), keys.back());
    }
    const int width = static_cast<int>(x[0].size()) / heads;
    Rows out(x.size(), Row(x[0].size(), 0.0));
    for (int head = 0; head < heads; ++head)
      for (size_t t = 0; t < x.size(); ++t) {
        Row weights(x.size());
        double total = 0;
        for (size_t s = 0; s < x.size(); ++s) {
          const int first = head * width;
          const double value =
              score ? score(layer, head, t, s, queries[t], keys[s])
                    : dot(&queries[t][first], &keys[s][first], width) / std::sqrt(width);
          total += weights[s] = std::exp(value);
        }
        for (size_t s = 0; s < x.size(); ++s)
          for (int i = head * width; i < (head + 1) * width; ++i)
            out[t][i] += weights[s] / total * values[s][i];
      }
    return out;
  }
};

}  // namespace bge::encoder
