#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/strip_tile.h"

// Strips where one instruction multiplies groups of bytes or bf16 pairs into 16 sums.
namespace bge::kernels {
namespace {

// vpdpbusd: four unsigned by four signed bytes into each of 16 int32 sums.
struct VnniStep : ByteOperands {
  using Register = __m512i;
  static constexpr int kGroup = 4;
  static Register zero() { return _mm512_setzero_si512(); }
  static Register multiply_add(Register sums, __m512i x, __m512i w) {
    return _mm512_dpbusd_epi32(sums, x, w);
  }
  static void store(Acc* to, Register sums) { _mm512_storeu_si512(to, sums); }
};

// 6 rows by 4 panels: 24 sums, 4 weights and 1 activation fill 29 of the 32 registers, and 10 loads
// feed 24 multiplications.
template <class Step>
struct WideStrip {
  using A = typename Step::A;
  using B = typename Step::B;
  using Acc = typename Step::Acc;
  static constexpr int kHeight = 6;
  static constexpr int kPanels = 4;
  static constexpr int kRows = 24;

  template <int kRowCount, int kWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename Step::Register acc[kRowCount][kWidth];
    unroll_grid<kRowCount, kWidth>([&](auto r, auto p) { acc[r][p] = Step::zero(); });
    const size_t panel = static_cast<size_t>(k) * kPanel;
    for (int i = 0; i < k; i += Step::kGroup) {
      __m512i w[kWidth];
      unroll<kWidth>([&](auto p) {
        w[p] = _mm512_loadu_si512(b + p * panel + static_cast<size_t>(i) * kPanel);
      });
      unroll<kRowCount>([&](auto r) {
        const __m512i x = broadcast_group(a + r * a_stride + i);
        unroll<kWidth>([&](auto p) { acc[r][p] = Step::multiply_add(acc[r][p], x, w[p]); });
      });
    }
    unroll_grid<kRowCount, kWidth>(
        [&](auto r, auto p) { Step::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
  }

 private:
  static __m512i broadcast_group(const A* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
  }
};

}  // namespace
}  // namespace bge::kernels
