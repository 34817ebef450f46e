#include <cstring>

#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_neon.h"

namespace bge::kernels {
namespace {

// sdot: four signed by four signed bytes into each of four int32 sums. Activations are unsigned, so
// they go in less 128, and 128 times the sum of the weights is added again.
struct DotprodByteStrip : ByteOperands {
  static constexpr int kHeight = 5;  // 20 sums, 4 sums of weights, 4 weights, 2 of 32 registers
  static constexpr int kPanels = 1;
  static constexpr int kRows = 30;

  static int8x16_t broadcast_less_128(const uint8_t* p) {
    uint32_t word;
    std::memcpy(&word, p, sizeof word);
    return vreinterpretq_s8_u32(vdupq_n_u32(word ^ 0x80808080u));
  }

  template <int kRowCount, int kWidth>
  static void strip(const uint8_t* a, size_t a_stride, const int8_t* b, int k, int32_t* out) {
    int32x4_t acc[kRowCount][4];
    int32x4_t weights[4];
    unroll<4>([&](auto q) {
      weights[q] = vdupq_n_s32(0);
      unroll<kRowCount>([&](auto r) { acc[r][q] = vdupq_n_s32(0); });
    });
    const int8x16_t ones = vdupq_n_s8(1);
    for (int i = 0; i < k; i += 4) {
      int8x16_t w[4];
      unroll<4>([&](auto q) {
        w[q] = vld1q_s8(b + static_cast<size_t>(i) * kPanel + q * 16);
        weights[q] = vdotq_s32(weights[q], w[q], ones);
      });
      unroll<kRowCount>([&](auto r) {
        const int8x16_t x = broadcast_less_128(a + r * a_stride + i);
        unroll<4>([&](auto q) { acc[r][q] = vdotq_s32(acc[r][q], w[q], x); });
      });
    }
    unroll_grid<kRowCount, 4>([&](auto r, auto q) {
      vst1q_s32(out + r * kPanel + q * 4, vaddq_s32(acc[r][q], vshlq_n_s32(weights[q], 7)));
    });
  }
};

}  // namespace

extern const Kernels kNeonDotprodKernels;
const Kernels kNeonDotprodKernels =
    make_kernels<Neon, StripTile<FloatStrip<Neon, 6, 1>>, StripTile<WidenedBf16Strip<Neon, 6, 1>>,
                 StripTile<DotprodByteStrip>>(Isa::kNeonDotprod, enter_nothing, leave_nothing);

}  // namespace bge::kernels
