#include <algorithm>
#include <functional>

#include "kernels/quad_panels.h"
#include "kernels_fixture.h"

namespace bge::kernels {
namespace {

// Weights as bytes: w(random, k).
using Weights = std::function<int(std::mt19937&, int)>;

int gaussian(std::mt19937& random, float deviation) {
  const float w = std::normal_distribution<float>(0.0f, deviation)(random);
  return static_cast<int>(std::clamp(w, -127.0f, 127.0f));
}

struct Named {
  const char* name;
  Weights weight;
  bool is_split;
};

// What breaks 16-bit sums soonest, what just fits, and what real weights look like.
const Named kKinds[] = {
    {"zeros", [](auto&, int) { return 0; }, true},
    {"all largest", [](auto&, int) { return 127; }, false},
    {"all smallest", [](auto&, int) { return -127; }, false},
    {"all the lowest byte", [](auto&, int) { return -128; }, false},
    {"few of the lowest byte", [](auto&, int k) { return k % 64 == 9 ? -128 : -1; }, true},
    {"extremes", [](auto& random, int) { return random() % 2 == 0 ? 127 : -127; }, false},
    {"either sign by pairs", [](auto&, int k) { return k % 4 < 2 ? 127 : -127; }, false},
    {"uniform", [](auto& random, int) { return static_cast<int>(random() % 255) - 127; }, false},
    {"at the bound", [](auto&, int) { return 32; }, true},
    {"at the lower bound", [](auto&, int) { return -32; }, true},
    {"one beyond the bound", [](auto&, int k) { return k == 13 ? 33 : 32; }, true},
    {"a full quad", [](auto&, int k) { return k < 8 ? 127 : 0; }, true},
    {"a full quad, negative", [](auto&, int k) { return k >= 56 && k < 64 ? -127 : 1; }, true},
    {"gaussian", [](auto& random, int) { return gaussian(random, 36); }, true},
    {"few and large", [](auto& random, int) { return random() % 50 == 0 ? 127 : 3; }, true},
};

std::vector<int8_t> make_panel(const Weights& weight, int k) {
  std::mt19937 random(k);
  std::vector<int8_t> panel(quad_panel_bytes(k));
  for (int column = 0; column < kPanel; ++column)
    for (int i = 0; i < k; ++i)
      panel[(i / 4 * kPanel + column) * 4 + i % 4] = static_cast<int8_t>(weight(random, i));
  return panel;
}

// Whether a sum of products with any bytes stays within 16 bits.
bool fits(std::initializer_list<int> weights) {
  int positive = 0;
  int negative = 0;
  for (const int w : weights) (w > 0 ? positive : negative) += w;
  return positive * 255 <= INT16_MAX && negative * 255 >= INT16_MIN;
}

TEST(KernelsQuads, SplitWeightsNeverOverflowAndAddUpToTheOriginals) {
  for (const Named& kind : kKinds)
    for (const int k : {128, 384, 768, 3072}) {
      const std::vector<int8_t> original = make_panel(kind.weight, k);
      std::vector<int8_t> panel = original;
      split_quad_panel(panel.data(), k);
      const ExcessIndex& index = excess_index(panel.data(), k);
      ASSERT_EQ(index.unsplit, !kind.is_split) << kind.name << " " << k;
      ASSERT_EQ(index.begin[0], 0);
      ASSERT_LE(index.begin[kPanel], excess_capacity(k));
      for (int column = 0; column < kPanel; ++column) {
        const auto place = [&](int i) { return (i / 4 * kPanel + column) * 4 + i % 4; };
        std::vector<int> weights(k);
        for (int i = 0; i < k; ++i) weights[i] = panel[place(i)];
        for (int i = 0; i < k && kind.is_split; i += i % 4 == 2 ? 6 : 2)
          ASSERT_TRUE(fits({weights[i], weights[i + 1], weights[i + 4], weights[i + 5]}));
        for (int e = index.begin[column]; e < index.begin[column + 1]; ++e) {
          const ExcessFour& four = excess_list(panel.data(), k)[e];
          ASSERT_TRUE(fits({four.excess[0], four.excess[1]}));
          ASSERT_TRUE(fits({four.excess[2], four.excess[3]}));
          for (int j = 0; j < 4; ++j) weights[four.k[j]] += four.excess[j];
        }
        for (int i = 0; i < k; ++i) ASSERT_EQ(weights[i], original[place(i)]) << kind.name;
      }
    }
}

class KernelsQuadsProduct : public KernelsTest {};

// Rows of bytes of which the first two are the ends of the range, so that all come out as they are.
std::vector<float> make_bytes(int rows, int k, bool extremes) {
  std::mt19937 random(rows);
  std::vector<float> x(static_cast<size_t>(rows) * k);
  for (float& byte : x) {
    byte = static_cast<float>(random() % 256);
    if (extremes) byte = byte < 32.0f ? 0.0f : 255.0f;
  }
  for (int row = 0; row < rows; ++row) {
    x[static_cast<size_t>(row) * k] = 0.0f;
    x[static_cast<size_t>(row) * k + 1] = 255.0f;
  }
  return x;
}

std::vector<float> product(const Kernels& kernels, Dtype dtype, const std::vector<float>& x,
                           const std::vector<float>& weights, int rows, int k) {
  const int n = static_cast<int>(weights.size()) / k;
  Operand a(kernels, dtype, x, rows, k);
  const Layer layer(dtype, weights, std::vector<float>(n, 0.0f), k);
  std::vector<float> out(static_cast<size_t>(rows) * n);
  const KernelScope scope(kernels);
  kernels.linear[static_cast<int>(dtype)]({a.view(k), rows, &layer.matrix, 0, n / kPanel,
                                           Epilogue::kStore, out.data(), static_cast<size_t>(n)});
  return out;
}

// One panel of every kind, for all heights around strips and blocks.
TEST_P(KernelsQuadsProduct, IsExactWhateverTheWeights) {
  for (const int k : {64, 384}) {
    std::vector<float> weights;
    for (const Named& kind : kKinds) {
      std::mt19937 random(k);
      for (int i = 0; i < kPanel * k; ++i)
        weights.push_back(i % k == 2 ? 127.0f : static_cast<float>(kind.weight(random, i % k)));
    }
    for (const bool extremes : {false, true})
      for (const int rows : {1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 97, 130}) {
        const std::vector<float> x = make_bytes(rows, k, extremes);
        expect_same_bits(product(kernels(), kernels().int8_form, x, weights, rows, k),
                         product(portable(), Dtype::kInt8, x, weights, rows, k),
                         "rows " + std::to_string(rows) + " k " + std::to_string(k));
      }
  }
}

BGE_FOR_EVERY_ISA(KernelsQuadsProduct);

}  // namespace
}  // namespace bge::kernels
