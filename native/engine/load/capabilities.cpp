#include "engine/load/capabilities.h"

#include "base/error.h"
#include "encoder/families/registry.h"
#include "kernels/kernels.h"

namespace bge::engine {

Capabilities capabilities() {
  Capabilities found;
  found.dtypes = {"fp32", "bf16", "int8"};
  for (const kernels::Isa isa : kernels::supported_isas())
    found.instruction_sets.emplace_back(kernels::isa_name(isa));
  try {
    const kernels::Kernels& kernels = kernels::kernels_for(kernels::choose_isa());
    found.instruction_set = kernels::isa_name(kernels.isa);
    found.has_fast_fp32 = kernels.isa != kernels::Isa::kPortable;
    found.has_fast_bf16 = kernels::has_bf16(kernels.isa);
  } catch (const Error&) {
    // BGE_RERANKER_ISA is wrong.
  }
  for (const encoder::Family& family : encoder::families())
    found.families.push_back({std::string(family.name),
                              {family.model_types.begin(), family.model_types.end()},
                              {family.architectures.begin(), family.architectures.end()},
                              {family.bare_architectures.begin(), family.bare_architectures.end()},
                              {family.code_classes.begin(), family.code_classes.end()}});
  return found;
}

}  // namespace bge::engine
