#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "tokenize/added_tokens.h"
#include "tokenize/models/model.h"
#include "tokenize/normalizers/normalizer.h"
#include "tokenize/pair_template.h"
#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// What a tokenizer.json describes, in the order in which a text goes through it.
struct TokenizerParts {
  AddedTokens raw_tokens;                        // searched for in the text as it is
  std::unique_ptr<const Normalizer> normalizer;  // never null
  AddedTokens normalized_tokens;                 // searched for in the normalized text
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
  std::unique_ptr<const Model> model;
  PairTemplate pair_template;
  std::optional<size_t> max_length;
  size_t vocabulary_size;  // above every id of the parts
};

}  // namespace bge::tokenize
