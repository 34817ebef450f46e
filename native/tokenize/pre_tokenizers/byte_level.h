#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// GPT-2's byte alphabet: vocabularies write each byte as one printable scalar. The bytes that a
// token of such a vocabulary stands for; empty where it has another scalar.
std::optional<std::string> bytes_of_token(std::string_view token);

// The `ByteLevel` pre-tokenizer: GPT-2's expression
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// The text stays as it is; the model's keys are bytes. All of the text is in some piece. Text that
// follows can change a piece only where its end is less than kSettledBytes before the text's.
class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  static constexpr size_t kSettledBytes = 4;

  explicit ByteLevelPreTokenizer(bool add_prefix_space) : add_prefix_space_(add_prefix_space) {}
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  bool add_prefix_space_;
};

}  // namespace bge::tokenize
