#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

class KernelsAttention : public KernelsTest {};

struct Shape {
  int length, head_dim;
};
constexpr Shape kShapes[] = {{1, 16}, {2, 32}, {31, 64}, {33, 32}, {64, 64}, {130, 64}, {17, 96}};

std::vector<float> run_attention(const Kernels& kernels, Dtype dtype, const std::vector<float>& qkv,
                                 const Shape& shape, int first_query = 0, int queries = -1) {
  const auto [length, head_dim] = shape;
  if (queries < 0) queries = length;
  const Aligned scratch(attention_scratch_bytes(dtype, length, head_dim));
  std::vector<float> out(static_cast<size_t>(queries) * head_dim);
  const size_t stride = 3 * head_dim;
  const KernelScope scope(kernels);
  kernels.attention[static_cast<int>(dtype)]({qkv.data() + first_query * stride, stride,
                                              qkv.data() + head_dim, qkv.data() + 2 * head_dim,
                                              stride, queries, length, head_dim, out.data(),
                                              static_cast<size_t>(head_dim), scratch.get()});
  return out;
}

// softmax(q k^T / sqrt(d)) v in double.
std::vector<double> exact_attention(const std::vector<float>& qkv, const Shape& shape) {
  const auto [length, head_dim] = shape;
  const auto at = [&, d = head_dim](int row, int part, int i) {
    return double{qkv[(static_cast<size_t>(row) * 3 + part) * d + i]};
  };
  std::vector<double> out;
  for (int query = 0; query < length; ++query) {
    std::vector<double> weights(length);
    double total = 0;
    for (int key = 0; key < length; ++key) {
      double score = 0;
      for (int i = 0; i < head_dim; ++i) score += at(query, 0, i) * at(key, 1, i);
      total += weights[key] = std::exp(score / std::sqrt(head_dim));
    }
    for (int i = 0; i < head_dim; ++i) {
      double sum = 0;
      for (int key = 0; key < length; ++key) sum += weights[key] / total * at(key, 2, i);
      out.push_back(sum);
    }
  }
  return out;
}

TEST_P(KernelsAttention, GivesThePortableBits) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (!is_exact(GetParam(), dtype)) continue;
    for (const Shape& shape : kShapes)
      for (const Fill fill : kAllFills) {
        const std::vector<float> qkv = make_rows(shape.length, 3 * shape.head_dim, fill, 11);
        expect_same_bits(run_attention(kernels(), dtype, qkv, shape),
                         run_attention(portable(), plain_form(dtype), qkv, shape),
                         name_of(dtype) + " length " + std::to_string(shape.length) + " fill " +
                             std::to_string(static_cast<int>(fill)));
      }
  }
}

TEST_P(KernelsAttention, ApproximatesTheFormula) {
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Shape& shape : kShapes) {
      const std::vector<float> qkv = make_rows(shape.length, 3 * shape.head_dim, Fill::kNormal, 12);
      const std::vector<float> out = run_attention(kernels(), dtype, qkv, shape);
      const std::vector<double> exact = exact_attention(qkv, shape);
      const double bound = is_float(dtype) ? 3e-6 : dtype == Dtype::kBf16 ? 2e-2 : 4e-2;
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out[i], exact[i], bound) << name_of(dtype) << " length " << shape.length;
    }
}

// A score far above the others: int8 weights must not round the one that counts, nor the rest away.
TEST_P(KernelsAttention, KeepsManySmallWeightsBesideOneLarge) {
  constexpr Shape kShape{257, 64};
  std::vector<float> qkv(kShape.length * 3 * kShape.head_dim, 0.0f);
  for (int row = 0; row < kShape.length; ++row) {
    float* x = &qkv[row * 3 * kShape.head_dim];
    x[0] = 8.0f;                        // q
    x[64] = row == 100 ? 6.0f : 0.0f;   // k: one key gets e^6, the rest 1
    x[128] = row == 100 ? 0.0f : 1.0f;  // v: only the rest carries a value
  }
  const std::vector<double> exact = exact_attention(qkv, kShape);
  for (const Dtype dtype : dtypes_of(kernels())) {
    const std::vector<float> out = run_attention(kernels(), dtype, qkv, kShape);
    EXPECT_NEAR(out[0] / exact[0], 1.0, is_float(dtype) ? 1e-5 : 1e-2) << name_of(dtype);
  }
}

TEST_P(KernelsAttention, OneQueryGivesTheSameAsAll) {
  constexpr Shape kShape{70, 64};
  const std::vector<float> qkv = make_rows(kShape.length, 3 * kShape.head_dim, Fill::kNormal, 13);
  for (const Dtype dtype : dtypes_of(kernels())) {
    const std::vector<float> all = run_attention(kernels(), dtype, qkv, kShape);
    for (const int query : {0, 1, 33, 69})
      expect_same_bits(
          run_attention(kernels(), dtype, qkv, kShape, query, 1),
          {all.begin() + query * kShape.head_dim, all.begin() + (query + 1) * kShape.head_dim},
          name_of(dtype));
  }
}

TEST_P(KernelsAttention, NanIsNeverHidden) {
  constexpr Shape kShape{20, 64};
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const int part : {0, 1, 2}) {
      std::vector<float> qkv = make_rows(kShape.length, 3 * kShape.head_dim, Fill::kNormal, 14);
      qkv[(3 * 3 + part) * kShape.head_dim + 7] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> out = run_attention(kernels(), dtype, qkv, kShape);
      // Query 3 sees it in every part; in bf16 and fp32 a NaN value stays in its own column.
      EXPECT_TRUE(std::isnan(out[3 * kShape.head_dim + 7])) << name_of(dtype) << " part " << part;
    }
}

BGE_FOR_EVERY_ISA(KernelsAttention);

}  // namespace
}  // namespace bge::kernels
