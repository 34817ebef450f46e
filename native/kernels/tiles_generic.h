#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/operand_rows.h"
#include "kernels/unroll.h"

// Block products over any vector type. Every tile sums k upwards with one accumulator per output.
namespace bge::kernels {
namespace {

// Calls body with the height as a constant, for heights 1 to kMax.
template <int kMax, class Body>
[[gnu::always_inline]] inline void with_height(int height, Body&& body) {
  if constexpr (kMax == 1) {
    body(std::integral_constant<int, 1>{});
  } else {
    if (height == kMax)
      body(std::integral_constant<int, kMax>{});
    else
      with_height<kMax - 1>(height, body);
  }
}

// Walks a block in strips of kStep rows: strip(constant height, row).
template <int kStep, class Strip>
[[gnu::always_inline]] inline void for_each_strip(int rows, Strip&& strip) {
  for (int row = 0; row < rows; row += kStep)
    with_height<kStep>(rows - row < kStep ? rows - row : kStep,
                       [&](auto height) { strip(height, row); });
}

// The same over blocks of panels as well: strip(constant height, constant width, rows, panels,
// out).
template <int kHeight, int kPanels, class A, class B, class Acc, class Strip>
[[gnu::always_inline]] inline void for_each_tile(const A* a, size_t a_stride, int rows, const B* b,
                                                 int panels, int k, Acc* sums, Strip&& strip) {
  for_each_strip<kHeight>(rows, [&](auto height, int row) {
    with_widths<kPanels>(panels, [&](auto width, int panel) {
      strip(height, width, a + row * a_stride, b + static_cast<size_t>(panel) * k * kPanel,
            sums + (row * kPanels + panel) * kPanel);
    });
  });
}

// Float by float, by fused multiply-add.
template <class V, int kHeight, int kWidth>
struct FloatTile {
  using A = float;
  using B = float;
  using Acc = float;
  static constexpr int kPanels = kWidth;
  static constexpr int kSums = 1;
  static constexpr int kRows = 4 * kHeight;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    for_each_tile<kHeight, kPanels>(
        a, a_stride, rows, b, panels, k, sums,
        [&](auto height, auto width, const A* tile_rows, const B* tile_panels, Acc* out) {
          strip<height(), width()>(tile_rows, a_stride, tile_panels, k, out);
        });
  }

 private:
  template <int kStripHeight, int kStripWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename V::F acc[kStripHeight][kStripWidth];
    unroll<kStripHeight>(
        [&](auto r) { unroll<kStripWidth>([&](auto p) { acc[r][p] = V::set1(0.0f); }); });
    for (int i = 0; i < k; ++i) {
      typename V::F w[kStripWidth];
      unroll<kStripWidth>(
          [&](auto p) { w[p] = V::load(b + (static_cast<size_t>(p) * k + i) * kPanel); });
      unroll<kStripHeight>([&](auto r) {
        const typename V::F x = V::set1(a[r * a_stride + i]);
        unroll<kStripWidth>([&](auto p) { acc[r][p] = V::fma(x, w[p], acc[r][p]); });
      });
    }
    unroll<kStripHeight>([&](auto r) {
      unroll<kStripWidth>([&](auto p) { V::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
    });
  }
};

// bf16 by bf16 where no instruction does it: widened to float, even k before odd k.
template <class V, int kHeight, int kWidth>
struct WidenedBf16Tile {
  using A = uint16_t;
  using B = uint16_t;
  using Acc = float;
  static constexpr int kPanels = kWidth;
  static constexpr int kSums = 1;
  static constexpr int kRows = 4 * kHeight;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    for_each_tile<kHeight, kPanels>(
        a, a_stride, rows, b, panels, k, sums,
        [&](auto height, auto width, const A* tile_rows, const B* tile_panels, Acc* out) {
          strip<height(), width()>(tile_rows, a_stride, tile_panels, k, out);
        });
  }

 private:
  static typename V::F widen(A value) {
    return V::as_f32(V::set1_i32(static_cast<int32_t>(uint32_t{value} << 16)));
  }

  template <int kStripHeight, int kStripWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename V::F acc[kStripHeight][kStripWidth];
    unroll<kStripHeight>(
        [&](auto r) { unroll<kStripWidth>([&](auto p) { acc[r][p] = V::set1(0.0f); }); });
    const typename V::I high = V::set1_i32(static_cast<int32_t>(0xFFFF0000u));
    for (int i = 0; i < k; i += 2) {
      unroll<2>([&](auto odd) {
        typename V::F w[kStripWidth];
        unroll<kStripWidth>([&](auto p) {
          const B* at = b + (static_cast<size_t>(p) * k + i) * kPanel;
          const typename V::I pair = V::load_i32(reinterpret_cast<const int32_t*>(at));
          w[p] = V::as_f32(odd() ? V::and_i32(pair, high) : V::template shift_left<16>(pair));
        });
        unroll<kStripHeight>([&](auto r) {
          const typename V::F x = widen(a[r * a_stride + i + odd]);
          unroll<kStripWidth>([&](auto p) { acc[r][p] = V::fma(x, w[p], acc[r][p]); });
        });
      });
    }
    unroll<kStripHeight>([&](auto r) {
      unroll<kStripWidth>([&](auto p) { V::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
    });
  }
};

// Unsigned by signed bytes, one panel at a time, for registers narrower than a row of a panel.
// Product::strip<height>(a, a_stride, b, k, out) multiplies up to Product::kHeight rows.
template <class Product>
struct OnePanelByteTile {
  using A = uint8_t;
  using B = int8_t;
  using Acc = int32_t;
  static constexpr int kPanels = 1;
  static constexpr int kSums = 1;
  static constexpr int kRows = Product::kRows;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    for_each_strip<Product::kHeight>(rows, [&](auto height, int row) {
      Product::template strip<height()>(a + row * a_stride, a_stride, b, k, sums + row * kPanel);
    });
  }
};

// Unsigned by signed bytes in plain C++. The sums are exact, so every int8 tile gives the same.
struct PortableByteProduct {
  static constexpr int kRows = 16;
  static constexpr int kHeight = 1;

  template <int kStripHeight>
  static void strip(const uint8_t* a, size_t, const int8_t* b, int k, int32_t* out) {
    int32_t acc[kPanel] = {};
    for (int i = 0; i < k; i += 4)
      for (int column = 0; column < kPanel; ++column)
        for (int j = 0; j < 4; ++j)
          acc[column] += int32_t{a[i + j]} * b[static_cast<size_t>(i) * kPanel + column * 4 + j];
    std::memcpy(out, acc, sizeof acc);
  }
};

}  // namespace
}  // namespace bge::kernels
