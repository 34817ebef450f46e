#pragma once

#include <string_view>
#include <vector>

#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// What becomes of the scalars at which a text is split.
enum class SplitBehavior { kRemoved, kIsolated, kContiguous, kMergedWithPrevious, kMergedWithNext };

// A pre-tokenizer that looks at one scalar at a time. Text that follows can only make its last
// piece longer.
struct Splitter {
  enum class At {
    kWhiteSpace,   // WhitespaceSplit
    kPunctuation,  // Punctuation
    kDigit,        // Digits
    kScalar,       // CharDelimiterSplit
    kWordChange,   // Whitespace: \w+|[^\w\s]+
  };
  At at;
  SplitBehavior behavior;  // not looked at with kWordChange
  char32_t scalar = 0;     // of kScalar
};

using Splitters = std::vector<Splitter>;

// The pieces of text[begin..] (valid UTF-8) after each splitter has split those of the one before.
void split_by(const Splitters& splitters, std::string_view text, size_t begin,
              std::vector<Piece>& out);

// Nothing but splitters; the text stays as it is.
class SplitPreTokenizer final : public PreTokenizer {
 public:
  explicit SplitPreTokenizer(Splitters splitters) : splitters_(std::move(splitters)) {}
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  Splitters splitters_;
};

}  // namespace bge::tokenize
