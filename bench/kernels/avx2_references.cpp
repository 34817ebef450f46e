#include "avx2_references.h"

#include <immintrin.h>

#include <cstring>

#include "kernels/unroll.h"

namespace bge::bench {
namespace {

using kernels::unroll;
using kernels::unroll_grid;

constexpr int kHeight = 4;

void strip(const unsigned char* a, const signed char* b, int k, int* out) {
  __m256i acc[kHeight][2];
  unroll_grid<kHeight, 2>([&](auto r, auto q) { acc[r][q] = _mm256_setzero_si256(); });
  const __m256i ones = _mm256_set1_epi16(1);
  for (int i = 0; i < k; i += 4, b += 64) {
    const auto* w = reinterpret_cast<const __m256i*>(b);
    unroll<kHeight>([&](auto r) {
      int four;
      std::memcpy(&four, a + static_cast<size_t>(r) * k + i, sizeof four);
      const __m256i x = _mm256_set1_epi32(four);
      unroll<2>([&](auto q) {
        const __m256i pairs = _mm256_maddubs_epi16(x, _mm256_loadu_si256(w + q));
        acc[r][q] = _mm256_add_epi32(acc[r][q], _mm256_madd_epi16(pairs, ones));
      });
    });
  }
  unroll_grid<kHeight, 2>([&](auto r, auto q) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + r * 16 + q * 8), acc[r][q]);
  });
}

}  // namespace

void multiply_saturating(const unsigned char* a, int rows, const signed char* panels, int n, int k,
                         int* sums) {
  constexpr int kBlock = 64;  // rows that stay in the first-level cache
  for (int first = 0; first < rows; first += kBlock)
    for (int panel = 0; panel < n / 16; ++panel)
      for (int row = first; row < rows && row < first + kBlock; row += kHeight)
        strip(a + static_cast<size_t>(row) * k, panels + static_cast<size_t>(panel) * 16 * k, k,
              sums + row * 16);
}

double multiply_add_in_registers() {
  constexpr int kChains = 12;  // hide a latency of 4 to 6 cycles at two a cycle
  constexpr int kSteps = 100'000;
  __m256 acc[kChains];
  unroll<kChains>([&](auto i) { acc[i] = _mm256_set1_ps(static_cast<float>(i)); });
  const __m256 factor = _mm256_set1_ps(0.999F);
  for (int step = 0; step < kSteps; ++step) {
    unroll<kChains>([&](auto i) { acc[i] = _mm256_fmadd_ps(acc[i], factor, factor); });
    // Keeps the compiler from doing several steps at once.
    unroll<kChains>([&](auto i) { __asm__ volatile("" : "+x"(acc[i])); });
  }
  return 2.0 * 8 * kChains * kSteps;
}

}  // namespace bge::bench
