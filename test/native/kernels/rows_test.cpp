#include <algorithm>

#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

class KernelsRows : public KernelsTest {};

constexpr int kRows = 9;
constexpr int kWidths[] = {64, 384, 768};

struct NormResult {
  std::vector<float> x;
  std::vector<float> operand;  // the quantised form, back as floats
};

// Three signed bytes of descending power of 256.
float fixed_value(const Operand& operand, int row, int i, int width) {
  const auto* bytes = static_cast<int8_t*>(operand.data.get()) + size_t{3} * row * width + i;
  const double units = bytes[0] + bytes[width] / 256.0 + bytes[2 * width] / 65536.0;
  return static_cast<float>(units * operand.scales[row].scale);
}

std::vector<float> to_floats(Dtype dtype, Operand& operand, int rows, int width) {
  std::vector<float> out;
  for (int row = 0; row < rows; ++row)
    for (int i = 0; i < width; ++i) {
      const size_t at = static_cast<size_t>(row) * width + i;
      if (dtype == Dtype::kFp32) {
        out.push_back(static_cast<float*>(operand.data.get())[at]);
      } else if (dtype == Dtype::kBf16) {
        const uint32_t bits = uint32_t{static_cast<uint16_t*>(operand.data.get())[at]} << 16;
        out.push_back(std::bit_cast<float>(bits));
      } else if (dtype == Dtype::kFixed24) {
        out.push_back(fixed_value(operand, row, i, width));
      } else {
        // In quads, every kRowMultiple rows are followed by the same bytes by columns.
        const size_t columns =
            dtype == Dtype::kInt8Quads ? row / kRowMultiple * kRowMultiple * width : 0;
        const RowScale& scale = operand.scales[row];
        const int byte = static_cast<uint8_t*>(operand.data.get())[at + columns];
        out.push_back(scale.scale * static_cast<float>(byte) + scale.offset);
      }
    }
  return out;
}

NormResult run_norm(const Kernels& kernels, Dtype dtype, std::vector<float> x, int rows,
                    int width) {
  const std::vector<float> gamma = make_rows(1, width, Fill::kNormal, 5);
  const std::vector<float> beta = make_rows(1, width, Fill::kNormal, 6);
  Operand operand(kernels, dtype, x, rows, width);
  kernels.layer_norm[static_cast<int>(dtype)](
      {x.data(), x.data(), rows, width, gamma.data(), beta.data(), 1e-5f, operand.view(width)});
  return {x, to_floats(dtype, operand, rows, width)};
}

TEST_P(KernelsRows, LayerNormGivesThePortableBits) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (dtype == Dtype::kFixed24) continue;
    for (const int width : kWidths)
      for (const Fill fill : kAllFills) {
        const std::vector<float> x = make_rows(kRows, width, fill, 4);
        const NormResult own = run_norm(kernels(), dtype, x, kRows, width);
        const NormResult reference = run_norm(portable(), plain_form(dtype), x, kRows, width);
        expect_same_bits(own.x, reference.x, name_of(dtype));
        expect_same_bits(own.operand, reference.operand, name_of(dtype));
      }
  }
}

TEST_P(KernelsRows, LayerNormMatchesItsFormulaInDouble) {
  for (const int width : kWidths) {
    const std::vector<float> gamma = make_rows(1, width, Fill::kNormal, 5);
    const std::vector<float> beta = make_rows(1, width, Fill::kNormal, 6);
    const std::vector<float> x = make_rows(kRows, width, Fill::kOutliers, 4);
    const NormResult own = run_norm(kernels(), Dtype::kFp32, x, kRows, width);
    for (int row = 0; row < kRows; ++row) {
      double mean = 0;
      double variance = 0;
      for (int i = 0; i < width; ++i) mean += x[row * width + i] / double(width);
      for (int i = 0; i < width; ++i) {
        const double d = x[row * width + i] - mean;
        variance += d * d / width;
      }
      for (int i = 0; i < width; ++i)
        ASSERT_NEAR(own.x[row * width + i],
                    (x[row * width + i] - mean) / std::sqrt(variance + 1e-5) * gamma[i] + beta[i],
                    2e-5);
    }
  }
}

TEST_P(KernelsRows, RmsNormMatchesItsFormulaInDouble) {
  const int width = kWidths[1];
  const std::vector<float> gamma = make_rows(1, width, Fill::kNormal, 5);
  const std::vector<float> no_shift(width, 0.0f);
  const std::vector<float> x = make_rows(kRows, width, Fill::kOutliers, 4);
  std::vector<float> out(x.size());
  Operand operand(kernels(), Dtype::kFp32, x, kRows, width);
  kernels().layer_norm[static_cast<int>(Dtype::kFp32)]({x.data(), out.data(), kRows, width,
                                                        gamma.data(), no_shift.data(), 1e-6f,
                                                        operand.view(width), false});
  for (int row = 0; row < kRows; ++row) {
    double squares = 0;
    for (int i = 0; i < width; ++i) squares += double{x[row * width + i]} * x[row * width + i];
    for (int i = 0; i < width; ++i)
      ASSERT_NEAR(out[row * width + i],
                  x[row * width + i] / std::sqrt(squares / width + 1e-6) * gamma[i], 2e-5);
  }
}

TEST_P(KernelsRows, LayerNormLeavesItsInputAloneWhenTheResultGoesElsewhere) {
  const int width = kWidths[0];
  const std::vector<float> x = make_rows(kRows, width, Fill::kNormal, 4);
  const std::vector<float> gamma = make_rows(1, width, Fill::kNormal, 5);
  const std::vector<float> beta = make_rows(1, width, Fill::kNormal, 6);
  for (const Dtype dtype : dtypes_of(kernels())) {
    const NormResult in_place = run_norm(kernels(), dtype, x, kRows, width);
    std::vector<float> input = x;
    std::vector<float> out(x.size());
    Operand operand(kernels(), dtype, x, kRows, width);
    kernels().layer_norm[static_cast<int>(dtype)]({input.data(), out.data(), kRows, width,
                                                   gamma.data(), beta.data(), 1e-5f,
                                                   operand.view(width)});
    expect_same_bits(input, x, name_of(dtype));
    expect_same_bits(out, in_place.x, name_of(dtype));
    expect_same_bits(to_floats(dtype, operand, kRows, width), in_place.operand, name_of(dtype));
  }
}

// Half a step, plus what float arithmetic adds: of the row's own range in 256 steps, or of its
// largest magnitude in 127 * 2^16.
TEST_P(KernelsRows, ConversionStaysWithinHalfAStep) {
  for (const Dtype dtype : dtypes_of(kernels())) {
    if (!is_int8(dtype) && dtype != Dtype::kFixed24) continue;
    for (const int width : kWidths)
      for (const Fill fill : kFiniteFills) {
        const std::vector<float> x = make_rows(kRows, width, fill, 7);
        Operand operand(kernels(), dtype, x, kRows, width);
        const std::vector<float> back = to_floats(dtype, operand, kRows, width);
        for (int row = 0; row < kRows; ++row) {
          const auto begin = x.begin() + row * width;
          const auto [low, high] = std::minmax_element(begin, begin + width);
          const float step =
              is_int8(dtype) ? (*high - *low) / 255.0f : std::max(-*low, *high) * 0x1.8p-22f;
          for (int i = 0; i < width; ++i)
            ASSERT_NEAR(back[row * width + i], x[row * width + i], step * 0.5005f + 1e-30f)
                << name_of(dtype);
        }
      }
  }
}

TEST_P(KernelsRows, EmbeddingAddsTheThreeTables) {
  constexpr int kWidth = 128;
  constexpr int kWords = 12;
  const std::vector<float> words = make_rows(kWords, kWidth, Fill::kNormal, 8);
  const std::vector<float> positions = make_rows(kRows, kWidth, Fill::kNormal, 9);
  const std::vector<float> types = make_rows(2, kWidth, Fill::kNormal, 10);
  const std::vector<int32_t> ids = {0, 11, 3, 3, 7, 1, 2, 10, 5};
  const std::vector<int32_t> position_ids = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<int32_t> type_ids = {0, 0, 0, 1, 1, 1, 1, 0, 1};
  for (const Dtype dtype : dtypes_of(kernels())) {
    const Dtype form = plain_form(dtype);
    const Aligned table(words.size() * sizeof(float));
    std::vector<float> scale(kWords);
    convert_embedding_rows(form, words.data(), kWords, kWidth, table.get(), scale.data());
    std::vector<float> out(kRows * kWidth);
    kernels().embed[static_cast<int>(dtype)]({{form, table.get(), scale.data()},
                                              positions.data(),
                                              types.data(),
                                              ids.data(),
                                              position_ids.data(),
                                              type_ids.data(),
                                              kRows,
                                              kWidth,
                                              out.data()});
    const float step = is_float(dtype) ? 1e-6f : dtype == Dtype::kBf16 ? 0.01f : 0.02f;
    for (int row = 0; row < kRows; ++row)
      for (int i = 0; i < kWidth; ++i)
        ASSERT_NEAR(out[row * kWidth + i],
                    words[ids[row] * kWidth + i] + positions[row * kWidth + i] +
                        types[type_ids[row] * kWidth + i],
                    step);
  }
}

TEST_P(KernelsRows, EmbeddingWithoutPositionsAndTypesIsTheWords) {
  constexpr int kWidth = 64;
  const std::vector<float> words = make_rows(3, kWidth, Fill::kNormal, 8);
  const std::vector<int32_t> ids = {2, 0};
  std::vector<float> out(2 * kWidth);
  kernels().embed[static_cast<int>(Dtype::kFp32)]({{Dtype::kFp32, words.data(), nullptr},
                                                   nullptr,
                                                   nullptr,
                                                   ids.data(),
                                                   nullptr,
                                                   nullptr,
                                                   2,
                                                   kWidth,
                                                   out.data()});
  std::vector<float> expected(words.begin() + 2 * kWidth, words.end());
  expected.insert(expected.end(), words.begin(), words.begin() + kWidth);
  expect_same_bits(out, expected, "words");
}

TEST_P(KernelsRows, RotateNormalisesFirstWhereThereIsAGamma) {
  constexpr int kHeadDim = 128;
  const std::vector<int32_t> position_ids = {0};
  const std::vector<float> ones(kHeadDim / 2, 1.0f);
  const std::vector<float> zeros(kHeadDim / 2, 0.0f);
  const std::vector<float> gamma = make_rows(1, kHeadDim, Fill::kNormal, 23);
  const std::vector<float> x = make_rows(1, kHeadDim, Fill::kNormal, 22);
  const auto turn = [&](const Kernels& kernels) {
    std::vector<float> out = x;
    kernels.rotate({out.data(), kHeadDim, 1, kHeadDim, ones.data(), zeros.data(),
                    position_ids.data(), gamma.data(), 1e-6f});
    return out;
  };
  const std::vector<float> out = turn(kernels());
  expect_same_bits(out, turn(portable()), "rotate");
  double squares = 0;
  for (const float v : x) squares += double{v} * v;
  for (int i = 0; i < kHeadDim; ++i)
    ASSERT_NEAR(out[i], x[i] / std::sqrt(squares / kHeadDim + 1e-6) * gamma[i], 1e-5);
}

// A pair of lanes is a complex number, which a position multiplies by cos + i sin of its angle.
TEST_P(KernelsRows, RotateTurnsEveryPairByItsAngle) {
  constexpr int kHeadDim = 64;
  constexpr int kStride = 96;
  constexpr int kHalf = kHeadDim / 2;
  const std::vector<int32_t> position_ids = {0, 5, 1, 5};
  std::vector<float> cosines, sines;
  for (int position = 0; position < 6; ++position)
    for (int j = 0; j < kHalf; ++j) {
      cosines.push_back(static_cast<float>(std::cos(position * 0.7 / (1 + j))));
      sines.push_back(static_cast<float>(std::sin(position * 0.7 / (1 + j))));
    }
  const std::vector<float> x = make_rows(4, kStride, Fill::kNormal, 21);
  const auto turn = [&](const Kernels& kernels) {
    std::vector<float> out = x;
    kernels.rotate(
        {out.data(), kStride, 4, kHeadDim, cosines.data(), sines.data(), position_ids.data()});
    return out;
  };
  const std::vector<float> out = turn(kernels());
  expect_same_bits(out, turn(portable()), "rotate");
  for (int row = 0; row < 4; ++row)
    for (int j = 0; j < kStride; ++j) {
      const float* from = &x[row * kStride];
      const double angle = position_ids[row] * 0.7 / (1 + j % kHalf);
      double expected = from[j];
      if (j < kHalf) expected = from[j] * std::cos(angle) - from[j + kHalf] * std::sin(angle);
      if (j >= kHalf && j < kHeadDim)
        expected = from[j] * std::cos(angle) + from[j - kHalf] * std::sin(angle);
      ASSERT_NEAR(out[row * kStride + j], expected, 1e-6);
    }
}

BGE_FOR_EVERY_ISA(KernelsRows);

}  // namespace
}  // namespace bge::kernels
