#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_neon.h"

namespace bge::kernels {
namespace {

// usmmla: two rows of eight unsigned bytes by two columns of eight signed ones into 2 by 2 sums.
struct I8mmByteStrip : ByteOperands {
  static constexpr int kHeight = 4;  // 16 sums, 2 pairs of rows, 4 weights; with 6 compilers spill
  static constexpr int kPanels = 1;
  static constexpr int kRows = 32;

  template <int kRowCount, int kWidth>
  static void strip(const uint8_t* a, size_t a_stride, const int8_t* b, int k, int32_t* out) {
    constexpr int kPairs = (kRowCount + 1) / 2;
    int32x4_t acc[kPairs][8];  // by pairs of columns
    unroll_grid<kPairs, 8>([&](auto r, auto c) { acc[r][c] = vdupq_n_s32(0); });
    for (int i = 0; i < k; i += 8, b += 8 * kPanel) {
      uint8x16_t x[kPairs];
      unroll<kPairs>([&](auto r) {
        // The last of an odd number of rows goes with itself.
        const uint8_t* first = a + 2 * r * a_stride + i;
        const uint8_t* second = 2 * r() + 1 < kRowCount ? first + a_stride : first;
        x[r] = vcombine_u8(vld1_u8(first), vld1_u8(second));
      });
      // A panel keeps four k of a column together: four columns of the next four k lie a row on.
      unroll<4>([&](auto q) {
        const int32x4_t low = vreinterpretq_s32_s8(vld1q_s8(b + q * 16));
        const int32x4_t high = vreinterpretq_s32_s8(vld1q_s8(b + 4 * kPanel + q * 16));
        const int8x16_t left = vreinterpretq_s8_s32(vzip1q_s32(low, high));
        const int8x16_t right = vreinterpretq_s8_s32(vzip2q_s32(low, high));
        unroll<kPairs>([&](auto r) {
          acc[r][2 * q] = vusmmlaq_s32(acc[r][2 * q], x[r], left);
          acc[r][2 * q + 1] = vusmmlaq_s32(acc[r][2 * q + 1], x[r], right);
        });
      });
    }
    unroll_grid<kPairs, 4>([&](auto r, auto q) {
      const int64x2_t left = vreinterpretq_s64_s32(acc[r][2 * q]);
      const int64x2_t right = vreinterpretq_s64_s32(acc[r][2 * q + 1]);
      int32_t* to = out + 2 * r * kPanel + q * 4;
      vst1q_s32(to, vreinterpretq_s32_s64(vzip1q_s64(left, right)));
      if constexpr (2 * r() + 1 < kRowCount)
        vst1q_s32(to + kPanel, vreinterpretq_s32_s64(vzip2q_s64(left, right)));
    });
  }
};

}  // namespace

extern const Kernels kNeonI8mmKernels;
const Kernels kNeonI8mmKernels =
    make_kernels<Neon, StripTile<FloatStrip<Neon, 6, 1>>, StripTile<WidenedBf16Strip<Neon, 6, 1>>,
                 StripTile<I8mmByteStrip>>(Isa::kNeonI8mm, enter_nothing, leave_nothing);

}  // namespace bge::kernels
