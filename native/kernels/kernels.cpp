#include "kernels/kernels.h"

#include <string>

#include "base/error.h"
#include "kernels/attention_scratch.h"

namespace bge::kernels {

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvxVnniKernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAvx512Bf16Kernels;
extern const Kernels kAmxKernels;
#elif defined(__aarch64__)
extern const Kernels kNeonDotprodKernels;
extern const Kernels kNeonI8mmKernels;
extern const Kernels kNeonBf16Kernels;
#endif

namespace {

// One for every instruction set of the target.
const Kernels* const kBuilt[] = {
    &kPortableKernels,
#if defined(__x86_64__)
    &kAvx2Kernels,     &kAvxVnniKernels, &kAvx512VnniKernels, &kAvx512Bf16Kernels, &kAmxKernels,
#elif defined(__aarch64__)
    &kNeonDotprodKernels,
    &kNeonI8mmKernels,
    &kNeonBf16Kernels,
#endif
};

}  // namespace

const Kernels& kernels_for(Isa isa) {
  for (const Kernels* kernels : kBuilt)
    if (kernels->isa == isa) return *kernels;
  throw Error(ErrorCode::kInternal, "This build has no kernels for " + std::string(isa_name(isa)) +
                                        "; ask only for one of supported_isas().");
}

size_t attention_scratch_bytes(Dtype dtype, int length, int head_dim) {
  dtype = plain_form(dtype);
  const auto depth = static_cast<int>(round_up(head_dim, tile_depth(dtype)));
  return AttentionScratch(nullptr, dtype, length, depth).bytes();
}

}  // namespace bge::kernels
