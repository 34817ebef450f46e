#pragma once

#include <optional>

#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"
#include "encoder/families/modules.h"

// ModernBERT (Warner et al. 2024), so Ettin too: pre-norm layers without biases, rotary positions,
// gated GELU, most layers attending in a window only.
namespace bge::encoder {

ModelBinding read_modernbert(const ConfigReader& config, const std::optional<ModuleChain>& modules);

}  // namespace bge::encoder
