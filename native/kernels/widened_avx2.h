#pragma once

#include <immintrin.h>

#include "kernels/registers_avx2.h"
#include "kernels/strip_tile.h"

namespace bge::kernels {
namespace {

// Bytes by way of 16-bit products, for operands that are no longer-lived weights: attention's keys
// and values. The usual vpmaddubsw saturates its 16-bit sums, which is why other engines score
// differently on processors without VNNI; vpmaddwd on widened bytes cannot overflow.
//
// Both operands are widened once a block. The two 16-bit values that vpmaddwd adds are those of k
// and k + 2: the even bytes of a dword, then the odd ones, are widened by a mask or two shifts.
template <int kMostPanels>
struct WidenedByteTile : ByteOperands, PlainPanels {
  static constexpr int kPanels = kMostPanels;
  static constexpr int kSums = 1;
  static constexpr int kRows = 64;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int panels, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    alignas(64) int16_t wide_rows[kRows * kStep];
    alignas(64) int16_t wide_panel[kPanel * kStep];
    for (int first = 0; first < k; first += kStep) {
      const int depth = k - first < kStep ? k - first : kStep;
      for (int row = 0; row < rows; ++row)
        widen_row(a + row * a_stride + first, depth, wide_rows + row * kStep);
      for (int panel = 0; panel < panels; ++panel) {
        const size_t from = panel * panel_elements(k) + static_cast<size_t>(first) * kPanel;
        widen_panel(b + from, depth, wide_panel);
        Acc* const out = sums + panel * kPanel;
        if (first == 0)
          multiply<false>(wide_rows, rows, wide_panel, depth, out);
        else
          multiply<true>(wide_rows, rows, wide_panel, depth, out);
      }
    }
  }

 private:
  static constexpr int kStep = 256;
  static constexpr int kHeight = 4;

  static void widen_row(const uint8_t* from, int depth, int16_t* to) {
    const __m256i low = _mm256_set1_epi16(0xFF);
    for (int i = 0; i < depth; i += 16) {
      const __m256i bytes =
          _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
      const __m256i even = _mm256_and_si256(bytes, low);
      const __m256i odd = _mm256_srli_epi16(bytes, 8);
      store_256(to + i, _mm256_permute2x128_si256(_mm256_unpacklo_epi32(even, odd),
                                                  _mm256_unpackhi_epi32(even, odd), 0x20));
    }
  }

  static void widen_panel(const int8_t* from, int depth, int16_t* to) {
    for (int i = 0; i < depth; i += 4, from += 4 * kPanel, to += 4 * kPanel)
      unroll<2>([&](auto half) {
        const __m256i bytes = load_256(from + half * 32);
        store_256(to + half * 16, _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8));
        store_256(to + 32 + half * 16, _mm256_srai_epi16(bytes, 8));
      });
  }

  template <bool kAdd>
  static void multiply(const int16_t* rows, int count, const int16_t* panel, int depth, Acc* out) {
    for (int row = 0; row < count; row += kHeight)
      with_height<kHeight>(count - row < kHeight ? count - row : kHeight, [&](auto height) {
        strip<height(), kAdd>(rows + row * kStep, panel, depth, out + row * kPanels * kPanel);
      });
  }

  template <int kRowCount, bool kAdd>
  static void strip(const int16_t* a, const int16_t* b, int depth, Acc* out) {
    __m256i acc[kRowCount][2];
    unroll_grid<kRowCount, 2>([&](auto r, auto q) {
      acc[r][q] = kAdd ? load_256(out + r * kPanels * kPanel + q * 8) : _mm256_setzero_si256();
    });
    for (int i = 0; i < depth; i += 2, b += 2 * kPanel) {
      const __m256i w[2] = {load_256(b), load_256(b + 16)};
      unroll<kRowCount>([&](auto r) {
        const __m256i x = broadcast_four_bytes(a + r * kStep + i);
        unroll<2>(
            [&](auto q) { acc[r][q] = _mm256_add_epi32(acc[r][q], _mm256_madd_epi16(x, w[q])); });
      });
    }
    unroll_grid<kRowCount, 2>(
        [&](auto r, auto q) { store_256(out + r * kPanels * kPanel + q * 8, acc[r][q]); });
  }
};

static_assert(BlockProduct<WidenedByteTile<4>>);

}  // namespace
}  // namespace bge::kernels
