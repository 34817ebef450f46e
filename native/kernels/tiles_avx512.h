#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/tiles_generic.h"

// Products where one instruction multiplies groups of bytes or bf16 pairs into 16 sums.
namespace bge::kernels {
namespace {

// vpdpbusd: four unsigned by four signed bytes into each of 16 int32 sums.
struct VnniStep {
  using A = uint8_t;
  using B = int8_t;
  using Acc = int32_t;
  using Register = __m512i;
  static constexpr int kGroup = 4;
  static Register zero() { return _mm512_setzero_si512(); }
  static Register multiply_add(Register sums, __m512i x, __m512i w) {
    return _mm512_dpbusd_epi32(sums, x, w);
  }
  static void store(Acc* to, Register sums) { _mm512_storeu_si512(to, sums); }
};

// Strips of 6 rows by 4 panels: 24 sums, 4 weights and 1 activation fill 29 of the 32 registers,
// and 10 loads feed 24 multiplications.
template <class Step>
struct WideTile {
  using A = typename Step::A;
  using B = typename Step::B;
  using Acc = typename Step::Acc;
  static constexpr int kPanels = 4;
  static constexpr int kSums = 1;
  static constexpr int kHeight = 6;
  static constexpr int kRows = 24;
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
  static __m512i broadcast_group(const A* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
  }

  template <int kStripHeight, int kStripWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    typename Step::Register acc[kStripHeight][kStripWidth];
    unroll<kStripHeight>(
        [&](auto r) { unroll<kStripWidth>([&](auto p) { acc[r][p] = Step::zero(); }); });
    const size_t panel = static_cast<size_t>(k) * kPanel;
    for (int i = 0; i < k; i += Step::kGroup) {
      __m512i w[kStripWidth];
      unroll<kStripWidth>([&](auto p) {
        w[p] = _mm512_loadu_si512(b + p * panel + static_cast<size_t>(i) * kPanel);
      });
      unroll<kStripHeight>([&](auto r) {
        const __m512i x = broadcast_group(a + r * a_stride + i);
        unroll<kStripWidth>([&](auto p) { acc[r][p] = Step::multiply_add(acc[r][p], x, w[p]); });
      });
    }
    unroll<kStripHeight>([&](auto r) {
      unroll<kStripWidth>(
          [&](auto p) { Step::store(out + (r * kPanels + p) * kPanel, acc[r][p]); });
    });
  }
};

}  // namespace
}  // namespace bge::kernels
