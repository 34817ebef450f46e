#pragma once

#include <string>

#include "tokenize/tokenizer.h"
#include "tokenize/tokenizer_parts.h"

namespace bge::tokenize {

// What a tokenizer.json describes. Throws as Tokenizer::from_json() does.
TokenizerParts read_tokenizer_json(const std::string& json,
                                   SpecialTokens special_tokens = SpecialTokens::kParse);

}  // namespace bge::tokenize
