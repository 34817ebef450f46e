#include "kernels/strips_avx2.h"
#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_avx2.h"

namespace bge::kernels {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels =
    make_kernels<Avx2, StripTile<FloatStrip<Avx2, 6, 1>>, StripTile<WidenedBf16Strip<Avx2, 6, 1>>,
                 StripTile<Avx2ByteStrip>>(Isa::kAvx2, enter_nothing, leave_nothing);

}  // namespace bge::kernels
