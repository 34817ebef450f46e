#include <cstring>

#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_portable.h"

namespace bge::kernels {
namespace {

struct PortableByteStrip : ByteOperands {
  static constexpr int kHeight = 1;
  static constexpr int kPanels = 1;
  static constexpr int kRows = 16;

  template <int kRowCount, int kWidth>
  static void strip(const uint8_t* a, size_t, const int8_t* b, int k, int32_t* out) {
    int32_t acc[kPanel] = {};
    for (int i = 0; i < k; i += 4)
      for (int column = 0; column < kPanel; ++column)
        for (int j = 0; j < 4; ++j)
          acc[column] += int32_t{a[i + j]} * b[static_cast<size_t>(i) * kPanel + column * 4 + j];
    std::memcpy(out, acc, sizeof acc);
  }
};

}  // namespace

extern const Kernels kPortableKernels;
const Kernels kPortableKernels =
    make_kernels<Portable, StripTile<FloatStrip<Portable, 1, 1>>,
                 StripTile<WidenedBf16Strip<Portable, 1, 1>>, StripTile<PortableByteStrip>>(
        Isa::kPortable, enter_nothing, leave_nothing);

}  // namespace bge::kernels
