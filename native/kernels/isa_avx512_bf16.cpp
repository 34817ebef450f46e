#include "kernels/strips_avx512.h"
#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_avx512.h"

namespace bge::kernels {
namespace {

// vdpbf16ps: two bf16 products into each of 16 float sums.
struct Bf16Step {
  using A = uint16_t;
  using B = uint16_t;
  using Acc = float;
  using Register = __m512;
  static constexpr int kGroup = 2;
  static Register zero() { return _mm512_setzero_ps(); }
  static Register multiply_add(Register sums, __m512i x, __m512i w) {
    return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(w));
  }
  static void store(Acc* to, Register sums) { _mm512_storeu_ps(to, sums); }
};

}  // namespace

extern const Kernels kAvx512Bf16Kernels;
const Kernels kAvx512Bf16Kernels =
    make_kernels<Avx512, StripTile<FloatStrip<Avx512, 6, 4>>, StripTile<WideStrip<Bf16Step>>,
                 StripTile<WideStrip<VnniStep>>>(Isa::kAvx512Bf16, enter_nothing, leave_nothing);

}  // namespace bge::kernels
