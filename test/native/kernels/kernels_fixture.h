#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/panels.h"

namespace bge::kernels {

// Memory on a cache line, as the kernels want their operands.
class Aligned {
 public:
  explicit Aligned(size_t bytes) : data_(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) {
    std::fill_n(static_cast<char*>(data_.get()), (bytes + 63) / 64 * 64, 0);
  }
  void* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> data_;
};

// The kinds of numbers that rows are filled with.
enum class Fill { kNormal, kOutliers, kZeros, kSubnormal, kHuge, kNan, kInfinity };
constexpr Fill kFiniteFills[] = {Fill::kNormal, Fill::kOutliers, Fill::kZeros, Fill::kSubnormal};
constexpr Fill kAllFills[] = {Fill::kNormal, Fill::kOutliers, Fill::kZeros,   Fill::kSubnormal,
                              Fill::kHuge,   Fill::kNan,      Fill::kInfinity};

// One of the fills per row; special values stand in one place of every third row.
inline std::vector<float> make_rows(int rows, int width, Fill fill, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(rows) * width);
  for (size_t i = 0; i < x.size(); ++i) {
    const bool special = (i / width) % 3 == 0 && i % width == 5;
    x[i] = fill == Fill::kZeros       ? 0.0f
           : fill == Fill::kSubnormal ? normal(random) * 1e-40f
           : fill == Fill::kHuge      ? normal(random) * 1e30f
                                      : normal(random);
    if (special && fill == Fill::kOutliers) x[i] = 300.0f;
    if (special && fill == Fill::kNan) x[i] = std::numeric_limits<float>::quiet_NaN();
    if (special && fill == Fill::kInfinity) x[i] = -std::numeric_limits<float>::infinity();
  }
  return x;
}

// The same bits, where any NaN equals any other.
inline bool same_bits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

inline void expect_same_bits(const std::vector<float>& actual, const std::vector<float>& expected,
                             const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_TRUE(same_bits(actual[i], expected[i]))
        << what << ": [" << i << "] " << actual[i] << " instead of " << expected[i];
}

// Rows in the form of a dtype.
struct Operand {
  Operand(const Kernels& kernels, Dtype dtype, const std::vector<float>& x, int rows, int width)
      : data(element_size(dtype) * (rows + kRowMultiple) * width), scales(rows + kRowMultiple) {
    kernels.convert[static_cast<int>(dtype)](x.data(), width, rows, width, view(width));
  }
  Activations view(int width) { return {data.get(), static_cast<size_t>(width), scales.data()}; }
  Aligned data;
  std::vector<RowScale> scales;
};

// A layer in panels with its memory.
struct Layer {
  Layer(Dtype dtype, const std::vector<float>& weights, const std::vector<float>& bias, int k)
      : panels(panel_bytes(dtype, static_cast<int>(bias.size()), k)),
        scale(bias.size()),
        scaled_sum(bias.size()),
        layer_bias(bias.size()) {
    std::vector<Column> columns;
    for (size_t n = 0; n < bias.size(); ++n) columns.push_back({&weights[n * k], 1, bias[n]});
    convert_to_panels(dtype, columns, k,
                      {panels.get(), scale.data(), scaled_sum.data(), layer_bias.data()});
    matrix = {dtype,
              static_cast<int>(bias.size()),
              k,
              panels.get(),
              scale.data(),
              scaled_sum.data(),
              layer_bias.data()};
  }
  Aligned panels;
  std::vector<float> scale, scaled_sum, layer_bias;
  PanelMatrix matrix;
};

inline std::string name_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32: return "fp32";
    case Dtype::kBf16: return "bf16";
    case Dtype::kInt8: return "int8";
    case Dtype::kFixed24: return "fixed24";
    case Dtype::kInt8Quads: return "int8 quads";
  }
  return "unknown";
}

// float32, whatever the kernels make of it.
inline bool is_float(Dtype dtype) { return plain_form(dtype) == Dtype::kFp32; }

// Whether the instruction set promises for this dtype the bits of the portable code's plain_form().
inline bool is_exact(Isa isa, Dtype dtype) {
  if (dtype == Dtype::kFixed24) return false;
  return dtype != Dtype::kBf16 || !has_bf16(isa);
}

inline std::vector<Dtype> dtypes_of(const Kernels& kernels) {
  std::vector<Dtype> dtypes = {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8};
  if (kernels.fp32_form != Dtype::kFp32) dtypes.push_back(kernels.fp32_form);
  if (kernels.int8_form != Dtype::kInt8) dtypes.push_back(kernels.int8_form);
  return dtypes;
}

// Each test runs once per instruction set of this processor.
class KernelsTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
  const Kernels& portable() const { return kernels_for(Isa::kPortable); }
};

inline std::string isa_test_name(const testing::TestParamInfo<Isa>& info) {
  std::string name(isa_name(info.param));
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

#define BGE_FOR_EVERY_ISA(suite) \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, testing::ValuesIn(supported_isas()), isa_test_name)

}  // namespace bge::kernels
