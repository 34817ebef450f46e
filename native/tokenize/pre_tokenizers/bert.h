#pragma once

#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// Words between White_Space, each punctuation scalar on its own.
class BertPreTokenizer final : public PreTokenizer {
 public:
  BertPreTokenizer();
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  enum class Kind : uint8_t { kWord, kSpace, kPunctuation };
  static Kind kind_of(char32_t scalar);

  Kind ascii_[128];
};

}  // namespace bge::tokenize
