#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokenize/pre_tokenizers/pre_tokenizer.h"
#include "tokenize/pre_tokenizers/splitters.h"
#include "tokenize/pre_tokenizers/word_pattern.h"

namespace bge::tokenize {

// GPT-2's byte alphabet: vocabularies write each byte as one printable scalar. The bytes that a
// token of such a vocabulary stands for; empty where it has another scalar.
std::optional<std::string> bytes_of_token(std::string_view token);

// `ByteLevel`, with what stands before it in a Sequence. The text stays as it is; the model's keys
// are bytes.
class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  // `add_prefix_space` not with splitters. Without a pattern a stretch is one piece.
  ByteLevelPreTokenizer(bool add_prefix_space, Splitters splitters,
                        std::optional<WordPattern> pattern)
      : add_prefix_space_(add_prefix_space), splitters_(std::move(splitters)), pattern_(pattern) {}
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  void split_words(Piece range, PreTokenized& out) const;

  bool add_prefix_space_;
  Splitters splitters_;
  std::optional<WordPattern> pattern_;
};

}  // namespace bge::tokenize
