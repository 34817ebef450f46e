#include "kernels/registers_avx2.h"
#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_avx2.h"

namespace bge::kernels {
namespace {

// vpdpbusd on 256-bit registers.
struct AvxVnniByteStrip : ByteOperands {
  static constexpr int kHeight = 6;
  static constexpr int kPanels = 1;
  static constexpr int kRows = 30;

  template <int kRowCount, int kWidth>
  static void strip(const uint8_t* a, size_t a_stride, const int8_t* b, int k, int32_t* out) {
    __m256i low[kRowCount];
    __m256i high[kRowCount];
    unroll<kRowCount>([&](auto r) { low[r] = high[r] = _mm256_setzero_si256(); });
    for (int i = 0; i < k; i += 4) {
      const auto* w = reinterpret_cast<const __m256i*>(b + static_cast<size_t>(i) * kPanel);
      const __m256i w_low = _mm256_load_si256(w);
      const __m256i w_high = _mm256_load_si256(w + 1);
      unroll<kRowCount>([&](auto r) {
        const __m256i x = broadcast_four_bytes(a + r * a_stride + i);
        low[r] = _mm256_dpbusd_avx_epi32(low[r], x, w_low);
        high[r] = _mm256_dpbusd_avx_epi32(high[r], x, w_high);
      });
    }
    unroll<kRowCount>([&](auto r) {
      auto* to = reinterpret_cast<__m256i*>(out + r * kPanel);
      _mm256_storeu_si256(to, low[r]);
      _mm256_storeu_si256(to + 1, high[r]);
    });
  }
};

}  // namespace

extern const Kernels kAvxVnniKernels;
const Kernels kAvxVnniKernels =
    make_kernels<Avx2, StripTile<FloatStrip<Avx2, 6, 1>>,
                 StripTile<WidenedBf16Strip<Avx2, 4, 1, Broadcast::kInPairs>>,
                 StripTile<AvxVnniByteStrip>>(Isa::kAvxVnni, enter_nothing, leave_nothing);

}  // namespace bge::kernels
