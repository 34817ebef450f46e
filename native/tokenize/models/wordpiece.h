#pragma once

#include <string>
#include <vector>

#include "tokenize/models/double_array.h"
#include "tokenize/models/model.h"

namespace bge::tokenize {

struct WordPieceVocabulary {
  std::vector<DoubleArray::Entry> tokens;  // valid UTF-8; need not outlive the constructor
  int32_t unknown_id;
  std::string continuing_prefix;  // "##"
  size_t max_scalars;             // a longer word is unknown
};

// BERT's WordPiece: the longest token from the left, again and again; a word that cannot be covered
// is one unknown token.
class WordPieceModel final : public Model {
 public:
  explicit WordPieceModel(const WordPieceVocabulary& vocabulary);

  size_t encode(const PreTokenized& stretch, bool is_last, size_t token_cap, OpenPiece& open,
                std::vector<int32_t>& ids) const override;
  std::optional<int32_t> token_to_id(std::string_view token) const override {
    return trie_.find(token);
  }
  size_t vocabulary_size() const override { return trie_.size(); }
  void leave_out(const std::vector<std::string>& names) override;
  size_t id_bound() const override { return id_bound_; }

 private:
  size_t encode_open(std::string_view word, size_t begin, OpenPiece& open,
                     std::vector<int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const;
  bool is_too_long(std::string_view word) const;

  DoubleArray trie_;
  size_t id_bound_ = 0;
  int32_t unknown_id_;
  size_t max_scalars_;
  bool has_continuing_ = true;                     // some token starts with the prefix
  uint32_t continuing_root_ = DoubleArray::kRoot;  // where the prefix leads
};

}  // namespace bge::tokenize
