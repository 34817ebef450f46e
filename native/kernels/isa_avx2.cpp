#include "kernels/quads_avx2.h"
#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_avx2.h"
#include "kernels/widened_avx2.h"

namespace bge::kernels {
namespace {

using ByteTile = WidenedByteTile<4>;

// int8 layers in quads. Attention's operands live too briefly for that.
constexpr Kernels with_quads(Kernels kernels) {
  constexpr int kQuads = static_cast<int>(Dtype::kInt8Quads);
  kernels.int8_form = Dtype::kInt8Quads;
  kernels.linear[kQuads] = linear<Avx2, QuadRows, QuadTile>;
  kernels.layer_norm[kQuads] = layer_norm<Avx2, QuadRows>;
  kernels.convert[kQuads] = convert<Avx2, QuadRows>;
  kernels.embed[kQuads] = embed<Avx2, Int8Rows>;
  kernels.attention[kQuads] = attention<ByteAttention<Avx2, ByteTile>>;
  return kernels;
}

}  // namespace

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels =
    with_quads(make_kernels<Avx2, StripTile<FloatStrip<Avx2, 6, 1>>,
                            StripTile<WidenedBf16Strip<Avx2, 4, 1, Broadcast::kInPairs>>, ByteTile>(
        Isa::kAvx2, enter_nothing, leave_nothing));

}  // namespace bge::kernels
