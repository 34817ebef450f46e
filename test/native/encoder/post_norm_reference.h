#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "encoder_fixture.h"
#include "formulas.h"

namespace bge::encoder {

// A post-norm transformer by its formulas, in double, one token after another: the oracle. What a
// family does otherwise than BERT is given from outside.
class PostNormReference {
 public:
  using Row = formulas::Row;
  using Rows = formulas::Rows;

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

  Row linear(const std::string& name, const Row& x) const {
    return formulas::linear(at(name + ".weight"), find(name + ".bias"), x);
  }

  Row norm(const std::string& name, const Row& x) const {
    return formulas::norm(at(name + ".weight"), &at(name + ".bias"), epsilon, x);
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
      formulas::add(x[t], linear(layer + names.attention_output, context[t]));
      x[t] = norm(layer + names.attention_norm, x[t]);
      formulas::add(x[t], linear(layer + names.down, inner(linear(layer + names.up, x[t]))));
      x[t] = norm(layer + names.output_norm, x[t]);
    }
  }

 private:
  const std::vector<float>* find(const std::string& name) const {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second.data;
  }

  Row inner(Row up) const {
    if (gate == Gate::kNone) {
      for (double& v : up) v = formulas::gelu(v);
      return up;
    }
    const size_t half = up.size() / 2;
    Row out(half);
    for (size_t i = 0; i < half; ++i)
      out[i] = gate == Gate::kFirst ? formulas::gelu(up[i]) * up[half + i]
                                    : formulas::gelu(up[half + i]) * up[i];
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
                    : formulas::dot(&queries[t][first], &keys[s][first], width) / std::sqrt(width);
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
