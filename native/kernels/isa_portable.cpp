#include "kernels/table.h"
#include "kernels/tiles_generic.h"
#include "kernels/vec_portable.h"

namespace bge::kernels {

extern const Kernels kPortableKernels;
const Kernels kPortableKernels =
    make_kernels<Portable, FloatTile<Portable, 1, 1>, WidenedBf16Tile<Portable, 1, 1>,
                 OnePanelByteTile<PortableByteProduct>>(Isa::kPortable, enter_nothing,
                                                        leave_nothing);

}  // namespace bge::kernels
