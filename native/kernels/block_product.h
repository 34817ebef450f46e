#pragma once

#include <concepts>
#include <cstddef>

#include "kernels/kernels.h"

// Matrix products in blocks of a few rows by a few panels.
namespace bge::kernels {
namespace {

// A tile, the product that an instruction set is good at: up to kRows rows of elements A by up to
// kPanels panels of elements B, panel_elements(k) apart, summed as Acc.
//
// block() writes the sums as [row][kPanels][kSums][16]; k is a multiple of kDepth. While it works
// it calls between(step, steps) for every step from 0 to steps - 1, in order.
template <class Tile>
concept BlockProduct =
    requires(const typename Tile::A* a, const typename Tile::B* b, typename Tile::Acc* sums) {
      { Tile::kRows } -> std::convertible_to<int>;
      { Tile::kPanels } -> std::convertible_to<int>;
      { Tile::kSums } -> std::convertible_to<int>;
      { Tile::kDepth } -> std::convertible_to<int>;
      { Tile::panel_elements(/*k=*/64) } -> std::same_as<size_t>;
      Tile::block(a, /*a_stride=*/size_t{64}, /*rows=*/1, b, /*panels=*/1, /*k=*/64, sums,
                  /*between=*/[](int, int) {});
    };

// Panels of k rows of 16 elements and nothing else.
struct PlainPanels {
  static constexpr size_t panel_elements(int k) { return static_cast<size_t>(k) * kPanel; }
};

// A finished block of raw sums that still waits for its epilogue.
template <class Acc>
struct Block {
  const Acc* sums;  // [rows][stride]
  int stride;
  int row;
  int rows;
  int panel;  // counted from the first panel of the call
  int panels;
};

// Panels that stay in the second-level cache (1 to 2 MB where wide tiles are found) beside the rows
// while every block of rows goes past them.
template <BlockProduct Tile>
inline int panels_in_cache(int k) {
  constexpr size_t kBytes = size_t{640} << 10;
  const auto panels =
      static_cast<int>(kBytes / (Tile::panel_elements(k) * sizeof(typename Tile::B)));
  return panels < Tile::kPanels ? Tile::kPanels : panels / Tile::kPanels * Tile::kPanels;
}

// Computes a[rows][k] * panels and hands every block to finish(block, first_row, last_row), in one
// or more slices of rows. A tile may spread the slices of one block over its work on the next (the
// AMX unit runs beside the vector unit); the other tiles finish a block before they start the next.
//
// The panels that fit the second-level cache are taken at a time, and within them rows are the
// outer loop: a block of rows stays in the first-level cache while those panels stream past it in
// the order of their addresses, as hardware prefetchers expect.
template <BlockProduct Tile, class Finish>
inline void for_each_block(const typename Tile::A* a, size_t a_stride, int rows,
                           const typename Tile::B* panels, int panel_count, int k, Finish finish) {
  using Acc = typename Tile::Acc;
  constexpr int kStride = Tile::kPanels * Tile::kSums * kPanel;
  alignas(64) Acc sums[2][Tile::kRows * kStride];
  const size_t panel_elements = Tile::panel_elements(k);
  const int chunk = panels_in_cache<Tile>(k);
  Block<Acc> pending{sums[1], kStride, 0, 0, 0, 0};
  int slot = 0;
  for (int begin = 0; begin < panel_count; begin += chunk) {
    const int end = panel_count - begin < chunk ? panel_count : begin + chunk;
    for (int row = 0; row < rows; row += Tile::kRows) {
      const int height = rows - row < Tile::kRows ? rows - row : Tile::kRows;
      for (int panel = begin; panel < end; panel += Tile::kPanels) {
        const int width = end - panel < Tile::kPanels ? end - panel : Tile::kPanels;
        Tile::block(a + row * a_stride, a_stride, height, panels + panel * panel_elements, width, k,
                    sums[slot], [&](int step, int steps) {
                      finish(pending, pending.rows * step / steps,
                             pending.rows * (step + 1) / steps);
                    });
        pending = {sums[slot], kStride, row, height, panel, width};
        slot ^= 1;
      }
    }
  }
  finish(pending, 0, pending.rows);
}

}  // namespace
}  // namespace bge::kernels
