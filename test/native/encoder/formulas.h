#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// What the oracles of all families share: the published formulas, in double, for one token.
namespace bge::encoder::formulas {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

inline double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }

inline double dot(const double* a, const double* b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

inline void add(Row& to, const Row& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// `weight` is [out][in]; a null bias is none.
inline Row linear(const std::vector<float>& weight, const std::vector<float>* bias, const Row& x) {
  Row out(weight.size() / x.size(), 0.0);
  for (size_t n = 0; n < out.size(); ++n) {
    if (bias != nullptr) out[n] = (*bias)[n];
    for (size_t i = 0; i < x.size(); ++i) out[n] += weight[n * x.size() + i] * x[i];
  }
  return out;
}

// Layer normalisation; a null shift is none.
inline Row norm(const std::vector<float>& scale, const std::vector<float>* shift, double epsilon,
                const Row& x) {
  double mean = 0;
  double variance = 0;
  for (const double v : x) mean += v / x.size();
  for (const double v : x) variance += (v - mean) * (v - mean) / x.size();
  Row out;
  for (size_t i = 0; i < x.size(); ++i)
    out.push_back((x[i] - mean) / std::sqrt(variance + epsilon) * scale[i] +
                  (shift != nullptr ? (*shift)[i] : 0.0));
  return out;
}

}  // namespace bge::encoder::formulas
