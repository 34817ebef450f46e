#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// The regular expressions with which byte-level BPE tokenizers split text. All of a text is in some
// match.
enum class WordPattern : uint8_t {
  // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kGpt2,
  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*
  //   |\s*[\r\n]+|\s+(?!\S)|\s+
  kQwen2,
  // The same with \p{N}{1,3}.
  kLlama3,
};

// Empty for an expression that is none of these.
std::optional<WordPattern> word_pattern_of(std::string_view regex);

// Appends the matches that text[begin..] (not empty) falls into. Returns how many pieces there are
// before the first one that could be another with more text behind.
size_t match_words(WordPattern pattern, std::string_view text, size_t begin,
                   std::vector<Piece>& pieces);

}  // namespace bge::tokenize
