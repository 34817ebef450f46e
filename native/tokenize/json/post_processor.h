#pragma once

#include "tokenize/json/node.h"
#include "tokenize/pair_template.h"

namespace bge::tokenize {

// The "post_processor" section; null adds nothing to a pair. Throws Error with kTokenizerInvalid or
// kTokenizerUnsupported.
PairTemplate read_post_processor(const JsonNode& section);

}  // namespace bge::tokenize
