#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/lanes.h"
#include "kernels/strip_tile.h"

// Strips over any vector type.
namespace bge::kernels {
namespace {

// Float by float, by fused multiply-add.
template <SixteenLanes V, int kMostRows, int kMostPanels>
struct FloatStrip {
  using A = float;
  using B = float;
  using Acc = float;
  static constexpr int kHeight = kMostRows;
  static constexpr int kPanels = kMostPanels;
  static constexpr int kRows = 4 * kHeight;

  template <int kRowCount, int kWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename V::F acc[kRowCount][kWidth];
    unroll_grid<kRowCount, kWidth>([&](auto r, auto p) { acc[r][p] = V::set1(0.0f); });
    for (int i = 0; i < k; ++i) {
      typename V::F w[kWidth];
      unroll<kWidth>(
          [&](auto p) { w[p] = V::load(b + (static_cast<size_t>(p) * k + i) * kPanel); });
      unroll<kRowCount>([&](auto r) {
        const typename V::F x = V::set1(a[r * a_stride + i]);
        unroll<kWidth>([&](auto p) { acc[r][p] = V::fma(x, w[p], acc[r][p]); });
      });
    }
    unroll_grid<kRowCount, kWidth>(
        [&](auto r, auto p) { V::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
  }
};

// How a value of a row gets into all lanes: alone, through a general register, or with its
// neighbour by one load that broadcasts, which leaves room for more sums where registers are few.
enum class Broadcast { kAlone, kInPairs };

// bf16 by bf16 where no instruction does it: widened to float, even k before odd k.
template <SixteenLanes V, int kMostRows, int kMostPanels, Broadcast kBroadcast = Broadcast::kAlone>
struct WidenedBf16Strip {
  using A = uint16_t;
  using B = uint16_t;
  using Acc = float;
  static constexpr int kHeight = kMostRows;
  static constexpr int kPanels = kMostPanels;
  static constexpr int kRows = 4 * kHeight;

  template <int kRowCount, int kWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename V::F acc[kRowCount][kWidth];
    unroll_grid<kRowCount, kWidth>([&](auto r, auto p) { acc[r][p] = V::set1(0.0f); });
    for (int i = 0; i < k; i += 2) {
      unroll<2>([&](auto odd) {
        typename V::F w[kWidth];
        unroll<kWidth>([&](auto p) {
          const B* at = b + (static_cast<size_t>(p) * k + i) * kPanel;
          w[p] = widen<odd()>(V::load_i32(reinterpret_cast<const int32_t*>(at)));
        });
        unroll<kRowCount>([&](auto r) {
          const typename V::F x = broadcast<odd()>(a + r * a_stride + i);
          unroll<kWidth>([&](auto p) { acc[r][p] = V::fma(x, w[p], acc[r][p]); });
        });
      });
    }
    unroll_grid<kRowCount, kWidth>(
        [&](auto r, auto p) { V::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
  }

 private:
  template <bool kOdd>
  static typename V::F widen(typename V::I pairs) {
    if constexpr (kOdd)
      return V::as_f32(V::and_i32(pairs, V::set1_i32(static_cast<int32_t>(0xFFFF0000u))));
    else
      return V::as_f32(V::template shift_left<16>(pairs));
  }

  template <bool kOdd>
  static typename V::F broadcast(const A* pair) {
    if constexpr (kBroadcast == Broadcast::kInPairs) {
      int32_t both;
      std::memcpy(&both, pair, sizeof both);
      return widen<kOdd>(V::set1_i32(both));
    } else {
      return V::as_f32(V::set1_i32(static_cast<int32_t>(uint32_t{pair[kOdd]} << 16)));
    }
  }
};

}  // namespace
}  // namespace bge::kernels
