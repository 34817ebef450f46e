#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/models/double_array.h"

namespace bge::tokenize {

struct AddedToken {
  std::string content;  // what is searched for: normalized where the token asks for it
  int32_t id = 0;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
};

// Finds added tokens in text: leftmost-longest, not overlapping, case-sensitive. Immutable.
class AddedTokens {
 public:
  // Of equal contents the first one counts; an empty content never matches.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Match {
    size_t begin;  // with the White_Space that lstrip and rstrip swallow
    size_t end;
    int32_t id;
  };
  struct Cursor {
    size_t search = 0;  // where the next search starts
    size_t done = 0;    // end of the previous match, its swallowed White_Space included
  };

  // The next match in `text` (valid UTF-8); false where there is no more.
  bool next(std::string_view text, Cursor& cursor, Match& match) const;

  bool empty() const { return tokens_.empty(); }
  // True where text must not be searched in parts at all.
  bool needs_right_context() const { return needs_right_context_; }
  bool any_lstrip() const { return any_lstrip_; }
  // True where a token has `pair` inside.
  bool contains(std::string_view pair) const;

 private:
  size_t skip_to_first_byte(std::string_view text, size_t position) const;
  const AddedToken* longest_at(std::string_view text, size_t position) const;

  std::vector<AddedToken> tokens_;
  DoubleArray trie_;
  bool is_first_byte_[256] = {};
  int only_first_byte_ = -1;  // where all tokens start with the same byte
  bool needs_right_context_ = false;
  bool any_lstrip_ = false;
};

}  // namespace bge::tokenize
