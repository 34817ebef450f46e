#include <algorithm>

#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

class KernelsLinear : public KernelsTest {};

struct Shape {
  int rows, n, k;
};
// One row, heights around every block and tile edge, panel counts that leave a rest.
constexpr Shape kShapes[] = {{1, 16, 64},   {2, 48, 64},  {5, 80, 128},  {16, 32, 64},
                             {17, 16, 192}, {31, 64, 64}, {33, 112, 64}, {49, 96, 128}};

std::vector<float> run_linear(const Kernels& kernels, const Layer& layer, Operand& a, int rows,
                              Epilogue epilogue, int panel_begin = 0) {
  const int columns = layer.matrix.n - panel_begin * kPanel;
  std::vector<float> out(static_cast<size_t>(rows) * columns, 0.25f);
  const KernelScope scope(kernels);
  kernels.linear[static_cast<int>(layer.matrix.dtype)](
      {a.view(layer.matrix.k), rows, &layer.matrix, panel_begin, layer.matrix.n / kPanel, epilogue,
       out.data(), static_cast<size_t>(columns)});
  return out;
}

struct Problem {
  Problem(const Kernels& kernels, Dtype dtype, const Shape& shape, Fill fill)
      : x(make_rows(shape.rows, shape.k, fill, 1)),
        weights(make_rows(shape.n, shape.k, Fill::kNormal, 2)),
        bias(make_rows(1, shape.n, Fill::kNormal, 3)),
        layer(dtype, weights, bias, shape.k),
        a(kernels, dtype, x, shape.rows, shape.k) {}
  std::vector<float> x, weights, bias;
  Layer layer;
  Operand a;
};

struct Exact {
  double value;
  double bound;  // no rounding of the operands and sums can be farther off
};

// One element of the product in double. bf16 keeps 8 bits of either operand; int8 keeps half a step
// of the row's range over 255 and of the column's magnitude over 127.
Exact exact_product(const Problem& p, Dtype dtype, const Shape& shape, int row, int n) {
  const float* x = &p.x[static_cast<size_t>(row) * shape.k];
  const float* w = &p.weights[static_cast<size_t>(n) * shape.k];
  const auto [low, high] = std::minmax_element(x, x + shape.k);
  const double x_step = (*high - *low) / 255.0 / 2;
  double w_step = 0;
  for (int i = 0; i < shape.k; ++i) w_step = std::max(w_step, std::abs(w[i]) / 127.0 / 2);
  const double x_unit = std::max(std::abs(*low), std::abs(*high)) * 0x1p-23;
  const double w_unit = w_step * 0x1p-15;
  Exact exact{p.bias[n], 1e-6};
  for (int i = 0; i < shape.k; ++i) {
    const double product = double{x[i]} * w[i];
    exact.value += product;
    exact.bound += std::abs(product) * shape.k * 0x1p-24;
    if (dtype == Dtype::kBf16) exact.bound += std::abs(product) * 0x1.02p-8;
    // Half a unit of either operand, and the products that are left out: less than two units.
    if (dtype == Dtype::kFixed24) exact.bound += std::abs(w[i]) * x_unit + std::abs(x[i]) * w_unit;
    if (is_int8(dtype))
      exact.bound += std::abs(w[i]) * x_step + std::abs(x[i]) * w_step + x_step * w_step;
  }
  return exact;
}

TEST_P(KernelsLinear, GivesThePortableBits) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (!is_exact(GetParam(), dtype)) continue;
    for (const Shape& shape : kShapes)
      for (const Fill fill : kAllFills) {
        Problem own(kernels(), dtype, shape, fill);
        Problem reference(portable(), plain_form(dtype), shape, fill);
        for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kStoreGelu,
                                        Epilogue::kStoreSilu, Epilogue::kAdd, Epilogue::kMultiply})
          expect_same_bits(
              run_linear(kernels(), own.layer, own.a, shape.rows, epilogue),
              run_linear(portable(), reference.layer, reference.a, shape.rows, epilogue),
              name_of(dtype) + " rows " + std::to_string(shape.rows) + " fill " +
                  std::to_string(static_cast<int>(fill)));
      }
  }
}

TEST_P(KernelsLinear, ApproximatesTheExactProduct) {
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Shape& shape : kShapes) {
      Problem p(kernels(), dtype, shape, Fill::kNormal);
      const std::vector<float> out =
          run_linear(kernels(), p.layer, p.a, shape.rows, Epilogue::kStore);
      for (int row = 0; row < shape.rows; ++row)
        for (int n = 0; n < shape.n; ++n) {
          const Exact exact = exact_product(p, dtype, shape, row, n);
          ASSERT_NEAR(out[row * shape.n + n], exact.value, exact.bound) << name_of(dtype);
        }
    }
}

TEST_P(KernelsLinear, ARowScoresTheSameAloneAndInAnyCompany) {
  constexpr Shape kShape{70, 80, 128};
  for (const Dtype dtype : dtypes_of(kernels())) {
    Problem p(kernels(), dtype, kShape, Fill::kOutliers);
    const std::vector<float> all =
        run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStoreGelu);
    for (int row = 0; row < kShape.rows; ++row) {
      const auto x = p.x.begin() + row * kShape.k;
      Operand alone(kernels(), dtype, {x, x + kShape.k}, 1, kShape.k);
      expect_same_bits(run_linear(kernels(), p.layer, alone, 1, Epilogue::kStoreGelu),
                       {all.begin() + row * kShape.n, all.begin() + (row + 1) * kShape.n},
                       name_of(dtype));
    }
  }
}

TEST_P(KernelsLinear, APartOfTheRowsGivesThoseRows) {
  constexpr Shape kShape{100, 48, 128};
  for (const Dtype dtype : dtypes_of(kernels())) {
    Problem p(kernels(), dtype, kShape, Fill::kOutliers);
    const std::vector<float> all =
        run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStore);
    const KernelScope scope(kernels());
    for (int first = 0; first < kShape.rows; first += kRowMultiple) {
      Activations part = p.a.view(kShape.k);
      part.data = static_cast<char*>(part.data) + element_size(dtype) * first * part.stride;
      part.row_scale += first;
      const int rows = kShape.rows - first;
      std::vector<float> out(static_cast<size_t>(rows) * kShape.n);
      kernels().linear[static_cast<int>(dtype)]({part, rows, &p.layer.matrix, 0, kShape.n / kPanel,
                                                 Epilogue::kStore, out.data(),
                                                 static_cast<size_t>(kShape.n)});
      expect_same_bits(out, {all.begin() + first * kShape.n, all.end()}, name_of(dtype));
    }
  }
}

TEST_P(KernelsLinear, AColumnRangeGivesThoseColumns) {
  constexpr Shape kShape{19, 112, 64};
  for (const Dtype dtype : dtypes_of(kernels())) {
    Problem p(kernels(), dtype, kShape, Fill::kNormal);
    const std::vector<float> all =
        run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStore);
    const std::vector<float> part =
        run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStore, 3);
    const int columns = kShape.n - 3 * kPanel;
    for (int row = 0; row < kShape.rows; ++row)
      for (int i = 0; i < columns; ++i)
        ASSERT_TRUE(same_bits(part[row * columns + i], all[row * kShape.n + 3 * kPanel + i]));
  }
}

// x Phi(x) by the C library's erf.
// run_linear() starts from 0.25 everywhere.
TEST_P(KernelsLinear, AddAndMultiplyTakeWhatIsThere) {
  constexpr Shape kShape{7, 80, 128};
  for (const Dtype dtype : dtypes_of(kernels())) {
    Problem p(kernels(), dtype, kShape, Fill::kNormal);
    const std::vector<float> product =
        run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStore);
    std::vector<float> sum, scaled;
    for (const float x : product) {
      sum.push_back(0.25f + x);
      scaled.push_back(0.25f * x);
    }
    expect_same_bits(run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kAdd), sum,
                     name_of(dtype));
    expect_same_bits(run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kMultiply), scaled,
                     name_of(dtype));
  }
}

// out[n] of an epilogue at x, in steps over [-12, 12]: expect(x, out, dtype).
template <class Expect>
void for_each_argument(const Kernels& kernels, Epilogue epilogue, Expect expect) {
  for (const Dtype dtype : dtypes_of(kernels)) {
    // Weights that add nothing, and a bias that carries the argument.
    std::vector<float> weights(16 * 64, 0.0f);
    std::vector<float> bias(16);
    for (float start = -12.0f; start < 12.0f; start += 0.4f) {
      for (int n = 0; n < 16; ++n) bias[n] = start + 0.025f * n;
      const Layer layer(dtype, weights, bias, 64);
      Operand a(kernels, dtype, std::vector<float>(64, 0.0f), 1, 64);
      const std::vector<float> out = run_linear(kernels, layer, a, 1, epilogue);
      for (int n = 0; n < 16; ++n) expect(double{bias[n]}, out[n], dtype);
    }
  }
}

TEST_P(KernelsLinear, GeluIsTheErfForm) {
  for_each_argument(kernels(), Epilogue::kStoreGelu, [](double x, float out, Dtype dtype) {
    const double bound = (is_float(dtype) ? 3e-7 : 6e-5) * std::max(1.0, std::abs(x));
    ASSERT_NEAR(out, x * 0.5 * std::erfc(-x / std::sqrt(2.0)), bound) << x;
  });
}

TEST_P(KernelsLinear, SiluIsXTimesItsSigmoid) {
  for_each_argument(kernels(), Epilogue::kStoreSilu, [](double x, float out, Dtype) {
    ASSERT_NEAR(out, x / (1.0 + std::exp(-x)), 5e-7 * std::max(1.0, std::abs(x))) << x;
  });
}

TEST_P(KernelsLinear, NanAndInfinityStayVisibleInTheirRowOnly) {
  constexpr Shape kShape{7, 32, 64};
  for (const Dtype dtype : dtypes_of(kernels()))
    for (const Fill fill : {Fill::kNan, Fill::kInfinity}) {
      Problem p(kernels(), dtype, kShape, fill);
      const std::vector<float> out =
          run_linear(kernels(), p.layer, p.a, kShape.rows, Epilogue::kStore);
      for (int row = 0; row < kShape.rows; ++row)
        for (int n = 0; n < kShape.n; ++n)
          ASSERT_EQ(std::isfinite(out[row * kShape.n + n]), row % 3 != 0) << name_of(dtype);
    }
}

BGE_FOR_EVERY_ISA(KernelsLinear);

}  // namespace
}  // namespace bge::kernels
