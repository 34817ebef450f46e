#include "kernels/quad_panels.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bge::kernels {
namespace {

// 16-bit sums of products with activations up to 255 reach 128 * 255 = 32,640.
constexpr int kLargestSum = 128;

struct Excess {
  int k;
  int value;
};

using Quad = std::array<int, 4>;

bool fits(const Quad& weights) {
  int sum = 0;
  int magnitudes = 0;
  for (const int w : weights) {
    sum += w;
    magnitudes += std::abs(w);
  }
  return magnitudes + std::abs(sum) <= 2 * kLargestSum;  // of either sign
}

// Takes from the largest weights of one sign first, so that few are touched.
void limit(Quad& weights, int sign) {
  for (;;) {
    int sum = 0;
    for (const int w : weights) sum += std::max(sign * w, 0);
    if (sum <= kLargestSum) return;
    int& largest = *std::max_element(weights.begin(), weights.end(),
                                     [&](int a, int b) { return sign * a < sign * b; });
    largest -= sign * std::min(sign * largest, sum - kLargestSum);
  }
}

// Limits one column, whose weights stand in every sixteenth dword of the panel.
std::vector<Excess> take_excess(int8_t* panel, int k, int column) {
  std::vector<Excess> taken;
  for (int first = 0; first < k; first += 8)
    for (const int half : {0, 2}) {
      int8_t* const low = panel + (first / 4 * kPanel + column) * 4 + half;
      int8_t* const high = low + 4 * kPanel;
      int8_t* const places[] = {low, low + 1, high, high + 1};
      const Quad original = {*places[0], *places[1], *places[2], *places[3]};
      if (fits(original)) continue;
      Quad limited = original;
      limit(limited, 1);
      limit(limited, -1);
      for (int j = 0; j < 4; ++j) {
        if (limited[j] == original[j]) continue;
        taken.push_back({first + half + j % 2 + j / 2 * 4, original[j] - limited[j]});
        *places[j] = static_cast<int8_t>(limited[j]);
      }
    }
  return taken;
}

bool fit_together(const Excess& a, const Excess& b) {
  const int positive = std::max(a.value, 0) + std::max(b.value, 0);
  const int negative = std::min(a.value, 0) + std::min(b.value, 0);
  return positive <= kLargestSum && negative >= -kLargestSum;
}

// In pairs that fit together, the smallest with the largest where they do; two pairs make a four.
std::vector<ExcessFour> arrange(std::vector<Excess> all) {
  std::sort(all.begin(), all.end(),
            [](const Excess& a, const Excess& b) { return a.value < b.value; });
  std::vector<ExcessFour> fours;
  int pairs = 0;
  const auto add = [&](const Excess& a, const Excess& b) {
    if (pairs % 2 == 0) fours.push_back({});
    ExcessFour& four = fours.back();
    const int at = pairs++ % 2 * 2;
    four.k[at] = static_cast<uint16_t>(a.k);
    four.k[at + 1] = static_cast<uint16_t>(b.k);
    four.excess[at] = static_cast<int8_t>(a.value);
    four.excess[at + 1] = static_cast<int8_t>(b.value);
  };
  size_t low = 0;
  size_t high = all.size();
  while (low < high) {
    const Excess& smallest = all[low];
    const Excess& largest = all[high - 1];
    if (high - low > 1 && fit_together(smallest, largest)) {
      add(smallest, largest);
      ++low;
      --high;
    } else if (largest.value > -smallest.value) {
      add(largest, {0, 0});
      --high;
    } else {
      add(smallest, {0, 0});
      ++low;
    }
  }
  return fours;
}

}  // namespace

void split_quad_panel(int8_t* panel, int k) {
  const std::vector<int8_t> original(panel, panel + static_cast<size_t>(k) * kPanel);
  ExcessIndex index{};
  std::vector<ExcessFour> list;
  for (int column = 0; column < kPanel; ++column) {
    const std::vector<ExcessFour> fours = arrange(take_excess(panel, k, column));
    list.insert(list.end(), fours.begin(), fours.end());
    index.begin[column + 1] = static_cast<uint16_t>(list.size());
  }
  char* const after = reinterpret_cast<char*>(panel) + original.size();
  if (list.size() > static_cast<size_t>(excess_capacity(k))) {
    std::copy(original.begin(), original.end(), panel);
    index = {{}, 1};
    list.clear();
  }
  std::memset(after, 0, quad_panel_bytes(k) - original.size());
  std::memcpy(after, &index, sizeof index);
  if (!list.empty())
    std::memcpy(after + kExcessIndexBytes, list.data(), list.size() * sizeof(ExcessFour));
}

}  // namespace bge::kernels
