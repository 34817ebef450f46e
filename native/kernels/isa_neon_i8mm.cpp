#include "kernels/strips_generic.h"
#include "kernels/strips_neon.h"
#include "kernels/table.h"
#include "kernels/vec_neon.h"

namespace bge::kernels {

extern const Kernels kNeonI8mmKernels;
const Kernels kNeonI8mmKernels =
    make_kernels<Neon, StripTile<FloatStrip<Neon, 6, 1>>, StripTile<WidenedBf16Strip<Neon, 6, 1>>,
                 StripTile<SquareStrip<I8mmStep>>>(Isa::kNeonI8mm, enter_nothing, leave_nothing);

}  // namespace bge::kernels
