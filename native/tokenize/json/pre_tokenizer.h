#pragma once

#include <memory>

#include "tokenize/json/node.h"
#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// The alphabet in which a pre-tokenizer writes, and for which a model's keys are written.
enum class Alphabet {
  kMetaspaces,  // U+0020 and U+2581 exchanged
  kText,        // as it is, in words
  kBytes,       // as it is, any bytes
};

// The "pre_tokenizer" section of a file whose model wants this alphabet. Throws Error with
// kTokenizerInvalid or kTokenizerUnsupported.
std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const JsonNode& section, Alphabet alphabet);

}  // namespace bge::tokenize
