#include "kernels/table.h"
#include "kernels/tiles_avx512.h"
#include "kernels/vec_avx512.h"

namespace bge::kernels {

extern const Kernels kAvx512VnniKernels;
const Kernels kAvx512VnniKernels =
    make_kernels<Avx512, FloatTile<Avx512, 6, 4>, WidenedBf16Tile<Avx512, 6, 4>,
                 WideTile<VnniStep>>(Isa::kAvx512Vnni, enter_nothing, leave_nothing);

}  // namespace bge::kernels
