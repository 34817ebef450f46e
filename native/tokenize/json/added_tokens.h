#pragma once

#include <cstddef>
#include <vector>

#include "tokenize/added_tokens.h"
#include "tokenize/json/node.h"
#include "tokenize/models/model.h"
#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

struct ReadAddedTokens {
  std::vector<AddedToken> raw;         // searched for in the text as it is
  std::vector<AddedToken> normalized;  // in the normalized text, their contents normalized too
  size_t id_bound;                     // above every id, those of the model included
};

// The "added_tokens" section. Throws Error with kTokenizerInvalid or kTokenizerUnsupported.
ReadAddedTokens read_added_tokens(const JsonNode& section, const Model& model,
                                  const Normalizer& normalizer);

}  // namespace bge::tokenize
