#include "kernels/strips_avx512.h"
#include "kernels/strips_generic.h"
#include "kernels/table.h"
#include "kernels/vec_avx512.h"

namespace bge::kernels {

extern const Kernels kAvx512VnniKernels;
const Kernels kAvx512VnniKernels =
    make_kernels<Avx512, StripTile<FloatStrip<Avx512, 6, 4>>,
                 StripTile<WidenedBf16Strip<Avx512, 6, 4>>, StripTile<WideStrip<VnniStep>>>(
        Isa::kAvx512Vnni, enter_nothing, leave_nothing);

}  // namespace bge::kernels
