#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/strip_tile.h"

namespace bge::kernels {
namespace {

inline __m256i broadcast_four_bytes(const uint8_t* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return _mm256_set1_epi32(word);
}

// Bytes by way of 16-bit products. The usual vpmaddubsw saturates its 16-bit pair sums, which is
// why other engines score differently on processors without VNNI; vpmaddwd over widened bytes
// cannot overflow.
struct Avx2ByteStrip : ByteOperands {
  static constexpr int kHeight = 2;
  static constexpr int kPanels = 1;
  static constexpr int kRows = 32;

  // Each accumulator holds four columns, two partial sums a column.
  template <int kRowCount, int kWidth>
  static void strip(const uint8_t* a, size_t a_stride, const int8_t* b, int k, int32_t* out) {
    __m256i acc[kRowCount][4];
    unroll_grid<kRowCount, 4>([&](auto r, auto q) { acc[r][q] = _mm256_setzero_si256(); });
    for (int i = 0; i < k; i += 4) {
      __m256i w[4];
      unroll<4>([&](auto q) {
        w[q] = _mm256_cvtepi8_epi16(_mm_load_si128(
            reinterpret_cast<const __m128i*>(b + static_cast<size_t>(i) * kPanel + q * 16)));
      });
      unroll<kRowCount>([&](auto r) {
        const __m256i x = _mm256_cvtepu8_epi16(
            _mm256_castsi256_si128(broadcast_four_bytes(a + r * a_stride + i)));
        unroll<4>(
            [&](auto q) { acc[r][q] = _mm256_add_epi32(acc[r][q], _mm256_madd_epi16(x, w[q])); });
      });
    }
    unroll_grid<kRowCount, 2>([&](auto r, auto half) {
      const __m256i pairs = _mm256_hadd_epi32(acc[r][2 * half], acc[r][2 * half + 1]);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + r * kPanel + half * 8),
                          _mm256_permute4x64_epi64(pairs, _MM_SHUFFLE(3, 1, 2, 0)));
    });
  }
};

}  // namespace
}  // namespace bge::kernels
