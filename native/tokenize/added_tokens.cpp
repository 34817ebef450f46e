#include "tokenize/added_tokens.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

bool is_inside_word(std::string_view text, size_t begin, size_t end) {
  return (begin > 0 && has_flag(last_scalar(text.substr(0, begin)), kWordCharacter)) ||
         (end < text.size() && has_flag(scalar_at(text, end), kWordCharacter));
}

uint64_t pair_of(char32_t left, char32_t right) { return uint64_t{left} << 32 | right; }

size_t strip_left(std::string_view text, size_t begin, size_t limit) {
  while (begin > limit) {
    const size_t before = previous_scalar(text, begin);
    if (!is_white_space(scalar_at(text, before))) break;
    begin = before;
  }
  return begin;
}

size_t strip_right(std::string_view text, size_t end) {
  while (end < text.size() && is_white_space(scalar_at(text, end))) end += scalar_length(text[end]);
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) {
  for (auto& token : tokens) {
    if (!token.content.empty()) tokens_.push_back(std::move(token));
  }
  std::vector<DoubleArray::Entry> entries;
  for (size_t i = tokens_.size(); i-- > 0;) {  // the trie keeps the last of equals
    const AddedToken& token = tokens_[i];
    entries.push_back({token.content, static_cast<int32_t>(i)});
    is_first_byte_[static_cast<unsigned char>(token.content[0])] = true;
    note_neighbours(token);
  }
  std::sort(pairs_.begin(), pairs_.end());
  trie_ = DoubleArray::build(entries);
  if (std::count(std::begin(is_first_byte_), std::end(is_first_byte_), true) == 1) {
    only_first_byte_ = static_cast<unsigned char>(tokens_[0].content[0]);
  }
}

void AddedTokens::note_neighbours(const AddedToken& token) {
  const char* at = token.content.data();
  const char* const end = at + token.content.size();
  char32_t last = next_scalar(at);
  if (token.single_word) word_firsts_.push_back(last);
  while (at != end) {
    const char32_t scalar = next_scalar(at);
    pairs_.push_back(pair_of(last, scalar));
    last = scalar;
  }
  if (token.single_word) word_lasts_.push_back(last);
  any_lstrip_ |= token.lstrip;
  any_rstrip_ |= token.rstrip;
}

bool AddedTokens::may_cut(char32_t left, char32_t right) const {
  if (tokens_.empty()) return true;
  if (std::binary_search(pairs_.begin(), pairs_.end(), pair_of(left, right))) return false;
  if (any_lstrip_ && is_white_space(left)) return false;
  if (any_rstrip_ && is_white_space(right)) return false;
  // A token that ends or starts just here asks what stands on the other side.
  return (word_lasts_.find(left) == word_lasts_.npos || !has_flag(right, kWordCharacter)) &&
         (word_firsts_.find(right) == word_firsts_.npos || !has_flag(left, kWordCharacter));
}

size_t AddedTokens::skip_to_first_byte(std::string_view text, size_t position) const {
  if (only_first_byte_ >= 0) {
    const void* found =
        std::memchr(text.data() + position, only_first_byte_, text.size() - position);
    return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.size();
  }
  while (position < text.size() && !is_first_byte_[static_cast<unsigned char>(text[position])]) {
    ++position;
  }
  return position;
}

const AddedToken* AddedTokens::longest_at(std::string_view text, size_t position) const {
  int32_t best = DoubleArray::kNone;
  uint32_t node = DoubleArray::kRoot;
  while (position < text.size() && trie_.step(node, text[position++])) {
    if (trie_.value(node) != DoubleArray::kNone) best = trie_.value(node);
  }
  return best == DoubleArray::kNone ? nullptr : &tokens_[static_cast<size_t>(best)];
}

bool AddedTokens::next(std::string_view text, Cursor& cursor, Match& match) const {
  if (tokens_.empty()) return false;
  while ((cursor.search = skip_to_first_byte(text, cursor.search)) < text.size()) {
    const AddedToken* token = longest_at(text, cursor.search);
    if (token == nullptr) {
      ++cursor.search;
      continue;
    }
    size_t begin = cursor.search;
    size_t end = begin + token->content.size();
    cursor.search = end;  // a match that its flags refuse is consumed all the same
    if (token->is_text || (token->single_word && is_inside_word(text, begin, end))) continue;
    if (token->lstrip) begin = std::max(strip_left(text, begin, cursor.done), cursor.done);
    // What the match before has swallowed is White_Space up to its end: no need to look again.
    if (token->rstrip) end = strip_right(text, std::max(end, cursor.done));
    if (begin >= end) continue;  // the match before has swallowed it
    match = {begin, end, token->id};
    return true;
  }
  return false;
}

}  // namespace bge::tokenize
