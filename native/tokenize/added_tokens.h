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
  bool is_text = false;  // it is found, and left in the text
};

// Finds added tokens in text: leftmost-longest, not overlapping, case-sensitive. Immutable.
class AddedTokens {
 public:
  // Of equal contents the first one counts; an empty content never matches.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }

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

  // Whether text may be cut between these two scalars and searched in parts.
  bool may_cut(char32_t left, char32_t right) const;

 private:
  void note_neighbours(const AddedToken& token);
  size_t skip_to_first_byte(std::string_view text, size_t position) const;
  const AddedToken* longest_at(std::string_view text, size_t position) const;

  std::vector<AddedToken> tokens_;
  DoubleArray trie_;
  bool is_first_byte_[256] = {};
  int only_first_byte_ = -1;  // where all tokens start with the same byte
  // For may_cut().
  std::vector<uint64_t> pairs_;  // scalars side by side in some token, ascending
  std::u32string word_firsts_;   // of the tokens with single_word
  std::u32string word_lasts_;
  bool any_lstrip_ = false;
  bool any_rstrip_ = false;
};

}  // namespace bge::tokenize
