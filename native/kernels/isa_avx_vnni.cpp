#include "kernels/table.h"
#include "kernels/tiles_avx2.h"
#include "kernels/vec_avx2.h"

namespace bge::kernels {
namespace {

// vpdpbusd on 256-bit registers.
struct AvxVnniByteTile {
  using A = uint8_t;
  using B = int8_t;
  using Acc = int32_t;
  static constexpr int kPanels = 1;
  static constexpr int kSums = 1;
  static constexpr int kRows = 30;
  static constexpr int kDepth = kPanel;  // head_dim needs no padding
  static constexpr int kHeight = 6;

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    for_each_strip<kHeight>(rows, [&](auto height, int row) {
      strip<height()>(a + row * a_stride, a_stride, b, k, sums + row * kPanel);
    });
  }

 private:
  template <int kStripHeight>
  static void strip(const A* a, size_t a_stride, const B* b, int k, Acc* out) {
    __m256i low[kStripHeight];
    __m256i high[kStripHeight];
    unroll<kStripHeight>([&](auto r) { low[r] = high[r] = _mm256_setzero_si256(); });
    for (int i = 0; i < k; i += 4) {
      const auto* w = reinterpret_cast<const __m256i*>(b + static_cast<size_t>(i) * kPanel);
      const __m256i w_low = _mm256_load_si256(w);
      const __m256i w_high = _mm256_load_si256(w + 1);
      unroll<kStripHeight>([&](auto r) {
        const __m256i x = broadcast_four_bytes(a + r * a_stride + i);
        low[r] = _mm256_dpbusd_avx_epi32(low[r], x, w_low);
        high[r] = _mm256_dpbusd_avx_epi32(high[r], x, w_high);
      });
    }
    unroll<kStripHeight>([&](auto r) {
      auto* to = reinterpret_cast<__m256i*>(out + r * kPanel);
      _mm256_storeu_si256(to, low[r]);
      _mm256_storeu_si256(to + 1, high[r]);
    });
  }
};

}  // namespace

extern const Kernels kAvxVnniKernels;
const Kernels kAvxVnniKernels =
    make_kernels<Avx2, FloatTile<Avx2, 6, 1>, WidenedBf16Tile<Avx2, 6, 1>, AvxVnniByteTile>(
        Isa::kAvxVnni, enter_nothing, leave_nothing);

}  // namespace bge::kernels
