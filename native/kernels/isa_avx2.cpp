#include "kernels/table.h"
#include "kernels/tiles_avx2.h"
#include "kernels/vec_avx2.h"

namespace bge::kernels {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels =
    make_kernels<Avx2, FloatTile<Avx2, 6, 1>, WidenedBf16Tile<Avx2, 6, 1>,
                 OnePanelByteTile<Avx2ByteProduct>>(Isa::kAvx2, enter_nothing, leave_nothing);

}  // namespace bge::kernels
