#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/tiles_amx.h"

// 24-bit fixed point (Dtype::kFixed24) on the byte tiles, after Ozaki et al., "Error-free
// transformations of matrix multiplication by using fast routines of matrix multiplication and its
// applications" (2012): either operand is three signed bytes, and the products of bytes are summed
// by the power of 256 that they share. The three smallest of the nine products are below the last
// bit that float32 could hold and are left out.
namespace bge::kernels {
namespace {

// Blocks of two tiles by one. Tiles 0 to 2 and 3 to 5 hold the sums of the upper and lower rows by
// power, largest first; 6 a byte of the rows, 7 a byte of the weights, each loaded weight being
// used by both.
struct AmxFixedTile {
  using A = FixedBytes;
  using B = FixedBytes;
  using Acc = int32_t;
  static constexpr int kPanels = 1;
  static constexpr int kSums = 3;
  static constexpr int kRows = 32;
  static constexpr int kDepth = 64;

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int, int k, Acc* sums,
                    Between between) {
    if (rows > kTileRows)
      multiply<true>(a, a_stride, b, k, sums, between);
    else
      multiply<false>(a, a_stride, b, k, sums, between);
  }

 private:
  template <bool kTall, class Between>
  static void multiply(const A* a, size_t a_stride, const B* b, int k, Acc* sums,
                       Between& between) {
    const Rows rows{reinterpret_cast<const char*>(a), a_stride * sizeof(A), k};
    const char* w = reinterpret_cast<const char*>(b);
    const int steps = k / kDepth;
    zero<kTall>();
    for (int step = 0; step < steps; ++step) {
      _tile_loadd(7, w, 64);
      add<kTall, 0>(rows, step, 0);
      add<kTall, 1>(rows, step, 1);
      add<kTall, 2>(rows, step, 2);
      _tile_loadd(7, w + kTileBytes, 64);
      add<kTall, 1>(rows, step, 0);
      add<kTall, 2>(rows, step, 1);
      _tile_loadd(7, w + 2 * kTileBytes, 64);
      add<kTall, 2>(rows, step, 0);
      w += kSums * kTileBytes;
      between(step, steps);
    }
    store<kTall>(sums);
  }

  struct Rows {
    const char* data;  // row by row: all first bytes, all second ones, all third ones
    size_t stride;
    int k;
  };

  // One byte of the rows times the loaded byte of the weights, to the sums of their power.
  template <bool kTall, int kPower>
  static void add(const Rows& rows, int step, int byte) {
    const char* upper = rows.data + byte * rows.k + step * kDepth;
    _tile_loadd(6, upper, rows.stride);
    multiply_loaded<kPower>();
    if constexpr (kTall) {
      _tile_loadd(6, upper + kTileRows * rows.stride, rows.stride);
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

  template <bool kTall>
  static void zero() {
    // g++ does not tell its optimiser that a tile load reads memory.
    __asm__ volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    if constexpr (kTall) {
      _tile_zero(3);
      _tile_zero(4);
      _tile_zero(5);
    }
  }

  template <bool kTall>
  static void store(Acc* sums) {
    constexpr size_t kStride = kSums * kPanel * sizeof(Acc);
    _tile_stored(0, sums, kStride);
    _tile_stored(1, sums + kPanel, kStride);
    _tile_stored(2, sums + 2 * kPanel, kStride);
    if constexpr (kTall) {
      Acc* lower = sums + kTileRows * kSums * kPanel;
      _tile_stored(3, lower, kStride);
      _tile_stored(4, lower + kPanel, kStride);
      _tile_stored(5, lower + 2 * kPanel, kStride);
    }
  }
};

}  // namespace
}  // namespace bge::kernels
