#pragma once

#include <memory>

#include "tokenize/json/node.h"
#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// The "normalizer" section; null is "as it is". Throws Error with kTokenizerInvalid or
// kTokenizerUnsupported.
std::unique_ptr<const Normalizer> read_normalizer(const JsonNode& section);

}  // namespace bge::tokenize
