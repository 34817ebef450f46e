#pragma once

#include <string>

#include "tokenize/tokenizer_parts.h"

namespace bge::tokenize {

// What a tokenizer.json describes. Throws as Tokenizer::from_json() does.
TokenizerParts read_tokenizer_json(const std::string& json);

}  // namespace bge::tokenize
