#include "tokenize/models/wordpiece.h"

#include <algorithm>

#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {

WordPieceModel::WordPieceModel(const WordPieceVocabulary& vocabulary)
    : trie_(DoubleArray::build(vocabulary.tokens)),
      unknown_id_(vocabulary.unknown_id),
      max_scalars_(vocabulary.max_scalars) {
  for (const auto& token : vocabulary.tokens) {
    id_bound_ = std::max(id_bound_, static_cast<size_t>(token.value) + 1);
  }
  for (const char byte : vocabulary.continuing_prefix) {
    has_continuing_ = has_continuing_ && trie_.step(continuing_root_, byte);
  }
}

void WordPieceModel::leave_out(const std::vector<std::string>& names) {
  for (const std::string& name : names) trie_.erase(name);
}

size_t WordPieceModel::encode(const PreTokenized& stretch, bool is_last, size_t, OpenPiece& open,
                              std::vector<int32_t>& ids) const {
  const std::string_view text = stretch.text;
  for (size_t i = 0; i < stretch.pieces.size(); ++i) {
    const auto [begin, end] = stretch.pieces[i];
    const std::string_view word = text.substr(begin, end - begin);
    if (i >= stretch.settled && !is_last) return encode_open(word, begin, open, ids);
    if (!open.skipped) encode_word(word, ids);
    open.skipped = false;
  }
  return text.size();
}

// A word that is too long already is unknown, however it goes on: of it only the last scalar is
// kept, to be the start of what follows.
size_t WordPieceModel::encode_open(std::string_view word, size_t begin, OpenPiece& open,
                                   std::vector<int32_t>& ids) const {
  if (!open.skipped && !is_too_long(word)) return begin;
  if (!open.skipped) ids.push_back(unknown_id_);
  open.skipped = true;
  return begin + previous_scalar(word, word.size());
}

bool WordPieceModel::is_too_long(std::string_view word) const {
  if (word.size() <= max_scalars_) return false;
  const auto continuations = std::count_if(word.begin(), word.end(), is_continuation);
  return word.size() - static_cast<size_t>(continuations) > max_scalars_;
}

void WordPieceModel::encode_word(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t before = ids.size();
  bool covered = !is_too_long(word);
  for (size_t start = 0; covered && start < word.size();) {
    uint32_t node = start == 0 ? DoubleArray::kRoot : continuing_root_;
    int32_t id = DoubleArray::kNone;
    size_t longest = start;
    covered = start == 0 || has_continuing_;
    for (size_t at = start; covered && at < word.size() && trie_.step(node, word[at]);) {
      ++at;
      if (trie_.value(node) == DoubleArray::kNone) continue;
      id = trie_.value(node);
      longest = at;
    }
    covered = id != DoubleArray::kNone;
    ids.push_back(id);
    start = longest;
  }
  if (covered) return;
  ids.resize(before);
  ids.push_back(unknown_id_);
}

}  // namespace bge::tokenize
