#include "kernels/strips_generic.h"
#include "kernels/strips_neon.h"
#include "kernels/table.h"
#include "kernels/vec_neon.h"

namespace bge::kernels {
namespace {

// bfmmla: four bf16 products into each of 2 by 2 float sums, in an order and with a rounding of its
// own, which the architecture fixes.
struct Bf16SquareStep {
  using A = uint16_t;
  using B = uint16_t;
  using Acc = float;
  using Sums = float32x4_t;
  static Sums zero() { return vdupq_n_f32(0.0f); }
  static Sums multiply_add(Sums sums, uint8x16_t rows, int32x4_t columns) {
    return vbfmmlaq_f32(sums, vreinterpretq_bf16_u8(rows), vreinterpretq_bf16_s32(columns));
  }
  static int64x2_t as_rows(Sums sums) { return vreinterpretq_s64_f32(sums); }
  static void store(Acc* to, int64x2_t sums) { vst1q_f32(to, vreinterpretq_f32_s64(sums)); }
};

}  // namespace

extern const Kernels kNeonBf16Kernels;
const Kernels kNeonBf16Kernels =
    make_kernels<Neon, StripTile<FloatStrip<Neon, 6, 1>>, StripTile<SquareStrip<Bf16SquareStep>>,
                 StripTile<SquareStrip<I8mmStep>>>(Isa::kNeonBf16, enter_nothing, leave_nothing);

}  // namespace bge::kernels
