#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/operand_rows.h"
#include "kernels/tiles_amx.h"

// 24-bit fixed point (Dtype::kFixed24) on the byte tiles, after Ozaki et al., "Error-free
// transformations of matrix multiplication by using fast routines of matrix multiplication and its
// applications" (2012): either operand is three signed bytes, and the products of bytes are summed
// by the power of 256 that they share. The three smallest of the nine products are below the last
// bit that float32 could hold and are left out.
namespace bge::kernels {
namespace {

// Blocks of one tile by two. Tiles 0 to 2 and 3 to 5 hold the sums of the left and right panel by
// power, largest first; 6 is a byte of the rows, 7 one of the weights. The rows (3 KB for every 64
// k) stay in the first-level cache and the weights stream; two tiles of rows would not fit.
struct AmxFixedTile : PlainPanels {
  using A = FixedBytes;
  using B = FixedBytes;
  using Acc = int32_t;
  static constexpr int kPanels = 2;
  static constexpr int kSums = 3;
  static constexpr int kRows = kTileRows;
  static constexpr int kDepth = 64;

  template <class Between>
  static void block(const A* a, size_t a_stride, int, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    if (panels == 2)
      multiply<true>(a, a_stride, b, k, sums, between);
    else
      multiply<false>(a, a_stride, b, k, sums, between);
  }

 private:
  template <bool kWide, class Between>
  static void multiply(const A* a, size_t a_stride, const B* b, int k, Acc* sums,
                       Between& between) {
    const size_t stride = a_stride * sizeof(A);
    const char* rows = reinterpret_cast<const char*>(a);  // row by row: first, second, third bytes
    const char* left = reinterpret_cast<const char*>(b);
    const char* right = left + static_cast<size_t>(k) * kPanel * sizeof(B);
    const int steps = k / kDepth;
    zero<kWide>();
    for (int step = 0; step < steps; ++step) {
      _tile_loadd(6, rows, stride);
      add<kWide, 0>(left, right);
      add<kWide, 1>(left + kTileBytes, right + kTileBytes);
      add<kWide, 2>(left + 2 * kTileBytes, right + 2 * kTileBytes);
      _tile_loadd(6, rows + k, stride);
      add<kWide, 1>(left, right);
      add<kWide, 2>(left + kTileBytes, right + kTileBytes);
      _tile_loadd(6, rows + 2 * k, stride);
      add<kWide, 2>(left, right);
      rows += kDepth;
      left += kSums * kTileBytes;
      right += kSums * kTileBytes;
      between(step, steps);
    }
    store<kWide>(sums);
  }

  // The loaded byte of the rows times a byte of the weights, to the sums of their power.
  template <bool kWide, int kPower>
  static void add(const char* left, const char* right) {
    _tile_loadd(7, left, 64);
    multiply_loaded<kPower>();
    if constexpr (kWide) {
      _tile_loadd(7, right, 64);
      multiply_loaded<3 + kPower>();
    }
  }

  // The intrinsic takes tile numbers as literals only.
  template <int kTile>
  static void multiply_loaded() {
    if constexpr (kTile == 0) _tile_dpbssd(0, 6, 7);
    if constexpr (kTile == 1) _tile_dpbssd(1, 6, 7);
    if constexpr (kTile == 2) _tile_dpbssd(2, 6, 7);
    if constexpr (kTile == 3) _tile_dpbssd(3, 6, 7);
    if constexpr (kTile == 4) _tile_dpbssd(4, 6, 7);
    if constexpr (kTile == 5) _tile_dpbssd(5, 6, 7);
  }

  template <bool kWide>
  static void zero() {
    // g++ does not tell its optimiser that a tile load reads memory.
    __asm__ volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    if constexpr (kWide) {
      _tile_zero(3);
      _tile_zero(4);
      _tile_zero(5);
    }
  }

  template <bool kWide>
  static void store(Acc* sums) {
    constexpr size_t kStride = kPanels * kSums * kPanel * sizeof(Acc);
    _tile_stored(0, sums, kStride);
    _tile_stored(1, sums + kPanel, kStride);
    _tile_stored(2, sums + 2 * kPanel, kStride);
    if constexpr (kWide) {
      Acc* right = sums + kSums * kPanel;
      _tile_stored(3, right, kStride);
      _tile_stored(4, right + kPanel, kStride);
      _tile_stored(5, right + 2 * kPanel, kStride);
    }
  }
};

static_assert(BlockProduct<AmxFixedTile>);

}  // namespace
}  // namespace bge::kernels
