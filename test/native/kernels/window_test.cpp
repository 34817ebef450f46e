#include <limits>

#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

// Attention where a query sees only keys near its own place.
class KernelsWindow : public KernelsTest {};

struct Window {
  int before, after;
};
struct Case {
  int length, head_dim, first_query, queries;
  Window window;
};
constexpr Case kCases[] = {
    {1, 32, 0, 1, {4, 4}},     {20, 64, 0, 20, {0, 0}},      {70, 64, 0, 70, {3, 3}},
    {200, 64, 64, 96, {8, 8}}, {257, 32, 0, 257, {64, 64}},  {130, 64, 129, 1, {64, 64}},
    {90, 96, 10, 40, {64, 1}}, {150, 64, 0, 150, {1000, 0}}, {90, 64, 0, 90, {kWholeSequence, 0}},
};

struct Heads {
  Heads(const Case& c, unsigned seed)
      : q(make_rows(c.queries, c.head_dim, Fill::kNormal, seed)),
        k(make_rows(c.length, c.head_dim, Fill::kNormal, seed + 1)),
        v(make_rows(c.length, c.head_dim, Fill::kNormal, seed + 2)) {}
  std::vector<float> q, k, v;
};

std::vector<float> run(const Kernels& kernels, Dtype dtype, const Heads& heads, const Case& c) {
  const Aligned scratch(attention_scratch_bytes(dtype, c.length, c.head_dim));
  std::vector<float> out(heads.q.size());
  const size_t stride = c.head_dim;
  const KernelScope scope(kernels);
  kernels.attention[static_cast<int>(dtype)]({heads.q.data(), stride, heads.k.data(),
                                              heads.v.data(), stride, c.queries, c.length,
                                              c.head_dim, out.data(), stride, scratch.get(),
                                              c.window.before, c.window.after, c.first_query});
  return out;
}

bool sees(const Case& c, int query, int key) {
  const int place = c.first_query + query;
  return (key >= place || place - key <= c.window.before) &&
         (key <= place || key - place <= c.window.after);
}

// The softmax over the visible keys alone, in double.
std::vector<double> exact(const Heads& heads, const Case& c) {
  std::vector<double> out;
  for (int query = 0; query < c.queries; ++query) {
    std::vector<double> weights(c.length, 0.0);
    double total = 0;
    for (int key = 0; key < c.length; ++key) {
      if (!sees(c, query, key)) continue;
      double score = 0;
      for (int i = 0; i < c.head_dim; ++i)
        score += double{heads.q[query * c.head_dim + i]} * heads.k[key * c.head_dim + i];
      total += weights[key] = std::exp(score / std::sqrt(c.head_dim));
    }
    for (int i = 0; i < c.head_dim; ++i) {
      double sum = 0;
      for (int key = 0; key < c.length; ++key)
        sum += weights[key] / total * heads.v[key * c.head_dim + i];
      out.push_back(sum);
    }
  }
  return out;
}

TEST_P(KernelsWindow, GivesThePortableBits) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (!is_exact(GetParam(), dtype)) continue;
    for (const Case& c : kCases) {
      const Heads heads(c, 31);
      expect_same_bits(run(kernels(), dtype, heads, c),
                       run(portable(), plain_form(dtype), heads, c),
                       name_of(dtype) + " length " + std::to_string(c.length));
    }
  }
}

TEST_P(KernelsWindow, ApproximatesTheSoftmaxOfTheVisibleKeys) {
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Case& c : kCases) {
      const Heads heads(c, 32);
      const std::vector<float> out = run(kernels(), dtype, heads, c);
      const std::vector<double> expected = exact(heads, c);
      const double bound = is_float(dtype) ? 3e-6 : dtype == Dtype::kBf16 ? 2e-2 : 4e-2;
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out[i], expected[i], bound) << name_of(dtype) << " length " << c.length;
    }
}

// Keys and values of other magnitudes outside the window, those behind it far larger. Before it the
// largest value is left alone, which sets the unit of int8.
TEST_P(KernelsWindow, WhatAQueryDoesNotSeeDoesNotTouchABit) {
  constexpr Case kCase{200, 64, 100, 1, {20, 10}};
  for (const Dtype dtype : dtypes_of(kernels())) {
    Heads heads(kCase, 33);
    heads.v[100 * kCase.head_dim] = 90.0f;
    const std::vector<float> before = run(kernels(), dtype, heads, kCase);
    for (int key = 0; key < kCase.length; ++key) {
      if (sees(kCase, 0, key)) continue;
      for (int i = 0; i < kCase.head_dim; ++i) {
        heads.k[key * kCase.head_dim + i] *= -40.0f;
        heads.v[key * kCase.head_dim + i] = key < 100 ? 13.0f : 1300.0f;
      }
    }
    expect_same_bits(run(kernels(), dtype, heads, kCase), before, name_of(dtype));
  }
}

TEST_P(KernelsWindow, OneQueryGivesTheSameAsAll) {
  constexpr Case kAll{150, 64, 0, 150, {64, 64}};
  const Heads heads(kAll, 34);
  for (const Dtype dtype : dtypes_of(kernels())) {
    const std::vector<float> all = run(kernels(), dtype, heads, kAll);
    for (const int query : {0, 1, 77, 149}) {
      Heads one = heads;
      one.q.assign(heads.q.begin() + query * kAll.head_dim,
                   heads.q.begin() + (query + 1) * kAll.head_dim);
      expect_same_bits(
          run(kernels(), dtype, one, {kAll.length, kAll.head_dim, query, 1, kAll.window}),
          {all.begin() + query * kAll.head_dim, all.begin() + (query + 1) * kAll.head_dim},
          name_of(dtype));
    }
  }
}

BGE_FOR_EVERY_ISA(KernelsWindow);

}  // namespace
}  // namespace bge::kernels
