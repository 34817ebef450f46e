#pragma once

#include <memory>

#include "tokenize/json/node.h"
#include "tokenize/normalizers/normalizer.h"
#include "tokenize/pair_template.h"
#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// Build the components of a tokenizer.json from their sections. Throw Error with kTokenizerInvalid
// or kTokenizerUnsupported.
std::unique_ptr<const Normalizer> read_normalizer(const JsonNode& section);  // null is "as it is"
PairTemplate read_post_processor(const JsonNode& section);

enum class PreTokenizerKind { kMetaspaced, kWords, kBytes };

struct ReadPreTokenizer {
  PreTokenizerKind kind;
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
};
ReadPreTokenizer read_pre_tokenizer(const JsonNode& section);

}  // namespace bge::tokenize
