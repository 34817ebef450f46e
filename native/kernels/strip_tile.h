#pragma once

#include <concepts>
#include <cstddef>

#include "kernels/block_product.h"
#include "kernels/unroll.h"

namespace bge::kernels {
namespace {

// A few rows by a few panels whose sums fit the registers: strip<height, width>() multiplies
// `height` rows, at most kHeight, by `width` panels, at most kPanels, and writes the sums as
// [row][kPanels][16]. It takes k upwards with one accumulator per sum; for floats that order is
// part of the result.
template <class S>
concept Strip = requires(const typename S::A* a, const typename S::B* b, typename S::Acc* out) {
  { S::kHeight } -> std::convertible_to<int>;
  { S::kPanels } -> std::convertible_to<int>;
  { S::kRows } -> std::convertible_to<int>;  // of the tile
  S::template strip<S::kHeight, S::kPanels>(a, /*a_stride=*/size_t{64}, b, /*k=*/64, out);
  S::template strip<1, 1>(a, /*a_stride=*/size_t{64}, b, /*k=*/64, out);
};

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

// The tile that walks a block strip by strip: all panels of its first rows, then of the next.
template <Strip S>
struct StripTile : PlainPanels {
  using A = typename S::A;
  using B = typename S::B;
  using Acc = typename S::Acc;
  static constexpr int kPanels = S::kPanels;
  static constexpr int kSums = 1;
  static constexpr int kRows = S::kRows;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    for (int row = 0; row < rows; row += S::kHeight) {
      const int left = rows - row;
      with_height<S::kHeight>(left < S::kHeight ? left : S::kHeight, [&](auto height) {
        with_widths<kPanels>(panels, [&](auto width, int panel) {
          S::template strip<height(), width()>(a + row * a_stride, a_stride,
                                               b + panel * StripTile::panel_elements(k), k,
                                               sums + (row * kPanels + panel) * kPanel);
        });
      });
    }
  }
};

// Operands of every strip of bytes. The sums are exact, so that all of them give the same.
struct ByteOperands {
  using A = uint8_t;
  using B = int8_t;
  using Acc = int32_t;
};

}  // namespace
}  // namespace bge::kernels
