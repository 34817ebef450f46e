#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tokenize/added_tokens.h"
#include "tokenize/json/node.h"
#include "tokenize/models/model.h"
#include "tokenize/normalizers/normalizer.h"
#include "tokenize/tokenizer.h"

namespace bge::tokenize {

struct ReadAddedTokens {
  std::vector<AddedToken> raw;         // searched for in the text as it is
  std::vector<AddedToken> normalized;  // in the normalized text, their contents normalized too
  size_t id_bound;                     // above every id, those of the model included
  std::vector<std::string> left_out;   // contents that are text, of which no id must come out
};

// The "added_tokens" section. Throws Error with kTokenizerInvalid or kTokenizerUnsupported.
ReadAddedTokens read_added_tokens(const JsonNode& section, const Model& model,
                                  const Normalizer& normalizer, SpecialTokens special_tokens);

}  // namespace bge::tokenize
