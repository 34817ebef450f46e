#include <cmath>

#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

// Attention with something added to every score.
class KernelsBias : public KernelsTest {};

struct Shape {
  int length, head_dim;
};
constexpr Shape kShapes[] = {{1, 16}, {2, 32}, {31, 64}, {64, 64}, {130, 64}, {17, 96}};

constexpr int padded(int keys) {
  return (keys + kBiasMultiple - 1) / kBiasMultiple * kBiasMultiple;
}

constexpr float kScale = 0.75f;

struct Bias {
  const float* rows;
  ptrdiff_t stride;
};

std::vector<float> run(const Kernels& kernels, Dtype dtype, const std::vector<float>& qkv,
                       const Shape& shape, const Bias& bias, int queries) {
  const Aligned scratch(attention_scratch_bytes(dtype, shape.length, shape.head_dim));
  std::vector<float> out(static_cast<size_t>(queries) * shape.head_dim);
  const size_t stride = 3 * shape.head_dim;
  const KernelScope scope(kernels);
  AttentionArgs args{qkv.data(),
                     stride,
                     qkv.data() + shape.head_dim,
                     qkv.data() + 2 * shape.head_dim,
                     stride,
                     queries,
                     shape.length,
                     shape.head_dim,
                     out.data(),
                     static_cast<size_t>(shape.head_dim),
                     scratch.get()};
  args.bias = bias.rows;
  args.bias_stride = bias.stride;
  args.scale = kScale;
  kernels.attention[static_cast<int>(dtype)](args);
  return out;
}

// softmax(scale / sqrt(d) * (q k^T + bias)) v in double.
std::vector<double> exact(const std::vector<float>& qkv, const Shape& shape, const Bias& bias) {
  const auto at = [&](int row, int part, int i) {
    return double{qkv[(static_cast<size_t>(row) * 3 + part) * shape.head_dim + i]};
  };
  std::vector<double> out;
  for (int query = 0; query < shape.length; ++query) {
    std::vector<double> weights;
    double total = 0;
    for (int key = 0; key < shape.length; ++key) {
      double score = bias.rows[query * bias.stride + key];
      for (int i = 0; i < shape.head_dim; ++i) score += at(query, 0, i) * at(key, 1, i);
      weights.push_back(std::exp(kScale * score / std::sqrt(shape.head_dim)));
      total += weights.back();
    }
    for (int i = 0; i < shape.head_dim; ++i) {
      double sum = 0;
      for (int key = 0; key < shape.length; ++key) sum += weights[key] / total * at(key, 2, i);
      out.push_back(sum);
    }
  }
  return out;
}

std::vector<float> matrix_of(const Shape& shape) {
  std::vector<float> bias = make_rows(shape.length, padded(shape.length), Fill::kNormal, 41);
  for (float& x : bias) x *= 8.0f;
  return bias;
}

TEST_P(KernelsBias, GivesThePortableBits) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (!is_exact(GetParam(), dtype)) continue;
    for (const Shape& shape : kShapes) {
      const std::vector<float> qkv = make_rows(shape.length, 3 * shape.head_dim, Fill::kNormal, 42);
      const std::vector<float> matrix = matrix_of(shape);
      const Bias bias{matrix.data(), padded(shape.length)};
      expect_same_bits(run(kernels(), dtype, qkv, shape, bias, shape.length),
                       run(portable(), plain_form(dtype), qkv, shape, bias, shape.length),
                       name_of(dtype) + " length " + std::to_string(shape.length));
    }
  }
}

TEST_P(KernelsBias, ApproximatesTheFormula) {
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Shape& shape : kShapes) {
      const std::vector<float> qkv = make_rows(shape.length, 3 * shape.head_dim, Fill::kNormal, 43);
      const std::vector<float> matrix = matrix_of(shape);
      const Bias bias{matrix.data(), padded(shape.length)};
      const std::vector<float> out = run(kernels(), dtype, qkv, shape, bias, shape.length);
      const std::vector<double> expected = exact(qkv, shape, bias);
      const double bound = is_float(dtype) ? 3e-6 : dtype == Dtype::kBf16 ? 2e-2 : 4e-2;
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out[i], expected[i], bound) << name_of(dtype) << " length " << shape.length;
    }
}

// What a table of distances says is what a matrix says, and one query gets what all get.
TEST_P(KernelsBias, ATableOfDistancesIsAMatrix) {
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Shape& shape : kShapes) {
      const auto [length, head_dim] = shape;
      const std::vector<float> qkv = make_rows(length, 3 * head_dim, Fill::kNormal, 44);
      const std::vector<float> table = make_rows(1, length + padded(length), Fill::kNormal, 45);
      const float* const zero = table.data() + length - 1;
      std::vector<float> matrix;
      for (int query = 0; query < length; ++query)
        matrix.insert(matrix.end(), zero - query, zero - query + padded(length));
      const std::vector<float> expected =
          run(kernels(), dtype, qkv, shape, {matrix.data(), padded(length)}, length);
      expect_same_bits(run(kernels(), dtype, qkv, shape, {zero, -1}, length), expected,
                       name_of(dtype));
      expect_same_bits(run(kernels(), dtype, qkv, shape, {zero, -1}, 1),
                       {expected.begin(), expected.begin() + head_dim}, name_of(dtype));
    }
}

BGE_FOR_EVERY_ISA(KernelsBias);

}  // namespace
}  // namespace bge::kernels
