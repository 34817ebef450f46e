#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/prompt.h"
#include "tokenize/tokenizer.h"

namespace bge::tokenize {

// What a request's pairs have in common.
struct EncodedQuery {
  // Of the query alone; with a prompt, of all that stands before the passage as far as no passage
  // can change it.
  std::vector<int32_t> ids;
  // With a prompt: the text that the passage goes on, from its last added token on, and how many of
  // `ids` stand before that text.
  std::string open;
  size_t closed = 0;
};

// How a model gets its pairs: by the template of its tokenizer.json, or by a prompt. Immutable: any
// number of threads may use one at the same time.
class PairEncoder {
 public:
  // The tokenizer must outlive it, and with a prompt must parse special tokens. Throws
  // kTokenizerUnsupported for a prompt with which this tokenizer cannot keep texts and template
  // apart.
  PairEncoder(const Tokenizer& tokenizer, std::optional<Prompt> prompt);

  // Throws kInvalidOption for an instruction that the model has no place for.
  EncodedQuery query(std::string_view query, const std::optional<std::string>& instruction) const;

  // The pair within `max_length` tokens. With a prompt only the passage is ever cut. Throws
  // kTooLong where the pair does not fit and may not be cut to, and kInvalidOption. `exact_count`:
  // all tokens that are cut off are counted; else counting stops early.
  EncodedPair pair(const EncodedQuery& query, std::string_view passage, size_t max_length,
                   Truncation truncation, bool exact_count) const;

  // Tokens of a pair of empty texts.
  size_t special_tokens() const { return special_tokens_; }

 private:
  EncodedPair prompted_pair(const EncodedQuery& query, std::string_view passage, size_t max_length,
                            Truncation truncation, bool exact_count) const;

  const Tokenizer& tokenizer_;
  const std::optional<Prompt> prompt_;
  std::vector<int32_t> end_;  // of the prompt
  size_t special_tokens_;
};

}  // namespace bge::tokenize
