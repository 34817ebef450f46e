#include <immintrin.h>

#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/tiles_amx.h"
#include "kernels/tiles_amx_fixed.h"
#include "kernels/vec_avx512.h"

namespace bge::kernels {
namespace {

// Eight tiles of 16 rows by 64 bytes: 0 to 3 hold sums, 4 and 5 activations, 6 and 7 weights.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileShapes kTileShapes;

void load_tile_shapes() { _tile_loadconfig(&kTileShapes); }

void release_tiles() { _tile_release(); }

using Fp32Tile = StripTile<FloatStrip<Avx512, 6, 4>>;

// float32 layers in fixed point. Attention's products are small and stay in float.
constexpr Kernels with_fixed(Kernels kernels) {
  constexpr int kFixed24 = static_cast<int>(Dtype::kFixed24);
  kernels.fp32_form = Dtype::kFixed24;
  kernels.linear[kFixed24] = linear<Avx512, FixedRows, AmxFixedTile>;
  kernels.layer_norm[kFixed24] = layer_norm<Avx512, FixedRows>;
  kernels.convert[kFixed24] = convert<Avx512, FixedRows>;
  kernels.embed[kFixed24] = embed<Avx512, FloatRows>;
  kernels.attention[kFixed24] = attention<FloatAttention<Avx512, FloatRows, Fp32Tile>>;
  return kernels;
}

}  // namespace

extern const Kernels kAmxKernels;
const Kernels kAmxKernels =
    with_fixed(make_kernels<Avx512, Fp32Tile, AmxTile<Bf16Tiles, false>, AmxTile<ByteTiles, false>,
                            AmxTile<Bf16Tiles, true>, AmxTile<ByteTiles, true>>(
        Isa::kAmx, load_tile_shapes, release_tiles));

}  // namespace bge::kernels
