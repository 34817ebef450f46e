#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/block_product.h"

// Products of AMX tiles: 16 rows of 64 bytes by 16 columns.
namespace bge::kernels {
namespace {

constexpr int kTileRows = 16;
constexpr int kTileBytes = 1024;

struct ByteTiles {
  using A = uint8_t;
  using B = int8_t;
  using Acc = int32_t;
  static constexpr int kDepth = 64;
};

struct Bf16Tiles {
  using A = uint16_t;
  using B = uint16_t;
  using Acc = float;
  static constexpr int kDepth = 32;
};

// The intrinsics take tile numbers as literals only.
#define BGE_TILE_MULTIPLY(sums, x, w) \
  do {                                \
    if constexpr (sizeof(A) == 1)     \
      _tile_dpbusd(sums, x, w);       \
    else                              \
      _tile_dpbf16ps(sums, x, w);     \
  } while (false)

#define BGE_TILE_LOAD_WEIGHTS(tile, from) \
  do {                                    \
    if constexpr (kStream)                \
      _tile_stream_loadd(tile, from, 64); \
    else                                  \
      _tile_loadd(tile, from, 64);        \
  } while (false)

// Blocks of two by two tiles: four loads feed four multiplications. A block of fewer than 17 rows
// or of one panel uses the tiles that it needs; rows beyond the block are computed and dropped.
// kStream: weights that come from the second-level cache and go past the first, which then keeps
// the rows; without, for what is small enough to stay in the first.
template <class Form, bool kStream>
struct AmxTile : PlainPanels {
  using A = typename Form::A;
  using B = typename Form::B;
  using Acc = typename Form::Acc;
  static constexpr int kPanels = 2;
  static constexpr int kSums = 1;
  static constexpr int kRows = 32;
  static constexpr int kDepth = Form::kDepth;

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    if (rows > kTileRows && panels == 2)
      multiply<true, true>(a, a_stride, b, k, sums, between);
    else if (rows > kTileRows)
      multiply<true, false>(a, a_stride, b, k, sums, between);
    else if (panels == 2)
      multiply<false, true>(a, a_stride, b, k, sums, between);
    else
      multiply<false, false>(a, a_stride, b, k, sums, between);
  }

 private:
  template <bool kTall, bool kWide, class Between>
  static void multiply(const A* a, size_t a_stride, const B* b, int k, Acc* sums,
                       Between& between) {
    const size_t stride = a_stride * sizeof(A);
    const A* a_low = a + kTileRows * a_stride;
    const char* w = reinterpret_cast<const char*>(b);
    const char* w_right = w + static_cast<size_t>(k) * kPanel * sizeof(B);
    const int steps = k / kDepth;
    // g++ does not tell its optimiser that a tile load reads memory.
    __asm__ volatile("" ::: "memory");
    _tile_zero(0);
    if constexpr (kWide) _tile_zero(1);
    if constexpr (kTall) _tile_zero(2);
    if constexpr (kTall && kWide) _tile_zero(3);
    for (int step = 0; step < steps; ++step) {
      BGE_TILE_LOAD_WEIGHTS(6, w + step * kTileBytes);
      _tile_loadd(4, a + step * kDepth, stride);
      BGE_TILE_MULTIPLY(0, 4, 6);
      if constexpr (kWide) {
        BGE_TILE_LOAD_WEIGHTS(7, w_right + step * kTileBytes);
        BGE_TILE_MULTIPLY(1, 4, 7);
      }
      if constexpr (kTall) {
        _tile_loadd(5, a_low + step * kDepth, stride);
        BGE_TILE_MULTIPLY(2, 5, 6);
        if constexpr (kWide) BGE_TILE_MULTIPLY(3, 5, 7);
      }
      between(step, steps);
    }
    constexpr size_t kStride = kPanels * kPanel * sizeof(Acc);
    _tile_stored(0, sums, kStride);
    if constexpr (kWide) _tile_stored(1, sums + kPanel, kStride);
    Acc* low = sums + kTileRows * kPanels * kPanel;
    if constexpr (kTall) _tile_stored(2, low, kStride);
    if constexpr (kTall && kWide) _tile_stored(3, low + kPanel, kStride);
  }
};

#undef BGE_TILE_LOAD_WEIGHTS
#undef BGE_TILE_MULTIPLY

static_assert(BlockProduct<AmxTile<ByteTiles, true>> && BlockProduct<AmxTile<Bf16Tiles, true>>);

}  // namespace
}  // namespace bge::kernels
