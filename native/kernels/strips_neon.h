#pragma once

#include <arm_neon.h>

#include <concepts>
#include <cstdint>

#include "kernels/strip_tile.h"

namespace bge::kernels {
namespace {

// An instruction that multiplies two rows by two columns, eight bytes of each, into 2 by 2 sums of
// 32 bits.
template <class S>
concept SquareStep =
    requires(typename S::Sums sums, uint8x16_t rows, int32x4_t columns, typename S::Acc* to) {
      { S::zero() } -> std::same_as<typename S::Sums>;
      { S::multiply_add(sums, rows, columns) } -> std::same_as<typename S::Sums>;
      { S::as_rows(sums) } -> std::same_as<int64x2_t>;
      S::store(to, int64x2_t{});
    };

template <SquareStep Step>
struct SquareStrip {
  using A = typename Step::A;
  using B = typename Step::B;
  using Acc = typename Step::Acc;
  static constexpr int kHeight = 4;  // 16 sums, 2 pairs of rows, 4 weights; with 6 compilers spill
  static constexpr int kPanels = 1;
  static constexpr int kRows = 32;

  template <int kRowCount, int kWidth>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    constexpr int kPairs = (kRowCount + 1) / 2;
    constexpr int kStep = 8 / sizeof(A);  // k of one instruction
    const auto* weights = reinterpret_cast<const int8_t*>(b);
    typename Step::Sums acc[kPairs][8];  // by pairs of columns
    unroll_grid<kPairs, 8>([&](auto r, auto c) { acc[r][c] = Step::zero(); });
    for (int i = 0; i < k; i += kStep, weights += 8 * kPanel) {
      uint8x16_t x[kPairs];
      unroll<kPairs>([&](auto r) {
        // The last of an odd number of rows goes with itself.
        const A* first = a + 2 * r * a_stride + i;
        const A* second = 2 * r() + 1 < kRowCount ? first + a_stride : first;
        x[r] = vcombine_u8(vld1_u8(reinterpret_cast<const uint8_t*>(first)),
                           vld1_u8(reinterpret_cast<const uint8_t*>(second)));
      });
      // A panel keeps four bytes of a column together: the next four lie a row of columns on.
      unroll<4>([&](auto q) {
        const int32x4_t low = vreinterpretq_s32_s8(vld1q_s8(weights + q * 16));
        const int32x4_t high = vreinterpretq_s32_s8(vld1q_s8(weights + 4 * kPanel + q * 16));
        const int32x4_t left = vzip1q_s32(low, high);
        const int32x4_t right = vzip2q_s32(low, high);
        unroll<kPairs>([&](auto r) {
          acc[r][2 * q] = Step::multiply_add(acc[r][2 * q], x[r], left);
          acc[r][2 * q + 1] = Step::multiply_add(acc[r][2 * q + 1], x[r], right);
        });
      });
    }
    unroll_grid<kPairs, 4>([&](auto r, auto q) {
      const int64x2_t left = Step::as_rows(acc[r][2 * q]);
      const int64x2_t right = Step::as_rows(acc[r][2 * q + 1]);
      Acc* to = out + 2 * r * kPanel + q * 4;
      Step::store(to, vzip1q_s64(left, right));
      if constexpr (2 * r() + 1 < kRowCount) Step::store(to + kPanel, vzip2q_s64(left, right));
    });
  }
};

// usmmla: eight unsigned by eight signed bytes into each of 2 by 2 int32 sums.
struct I8mmStep : ByteOperands {
  using Sums = int32x4_t;
  static Sums zero() { return vdupq_n_s32(0); }
  static Sums multiply_add(Sums sums, uint8x16_t rows, int32x4_t columns) {
    return vusmmlaq_s32(sums, rows, vreinterpretq_s8_s32(columns));
  }
  static int64x2_t as_rows(Sums sums) { return vreinterpretq_s64_s32(sums); }
  static void store(Acc* to, int64x2_t sums) { vst1q_s32(to, vreinterpretq_s32_s64(sums)); }
};

}  // namespace
}  // namespace bge::kernels
