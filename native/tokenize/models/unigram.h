#pragma once

#include <array>
#include <string>
#include <vector>

#include "tokenize/models/double_array.h"
#include "tokenize/models/model.h"

namespace bge::tokenize {

// Beyond it a score is no logarithm of a probability. A text has under 2^32 pieces, so that no sum
// of scores within it can reach the infinity that stands for "unreached" in the lattice.
inline constexpr double kLargestScore = 1e100;

struct UnigramVocabulary {
  std::vector<std::string_view> pieces;  // by id, valid UTF-8; need not outlive the constructor
  std::vector<double> scores;            // of the same length, at most kLargestScore either way
  int32_t unknown_id;                    // within the vocabulary
  bool byte_fallback;
};

// SentencePiece's Unigram as Hugging Face computes it: the best path of each piece, in float64, the
// earliest start winning ties. U+0020 and U+2581 are exchanged in the text.
class UnigramModel final : public Model {
 public:
  explicit UnigramModel(const UnigramVocabulary& vocabulary);

  size_t encode(const PreTokenized& stretch, bool is_last, size_t token_cap, OpenPiece& open,
                std::vector<int32_t>& ids) const override;
  std::optional<int32_t> token_to_id(std::string_view token) const override;
  size_t vocabulary_size() const override { return scores_.size(); }
  void leave_out(const std::vector<std::string>& names) override;
  size_t id_bound() const override { return scores_.size(); }

 private:
  struct Node {  // the last token of the best way to a byte position
    int32_t id;
    uint32_t length;  // bytes
  };
  struct Lattice;

  void search(std::string_view text, size_t limit, double score, Lattice& lattice) const;
  double score_of(int32_t id, std::string_view token) const;
  size_t find_meeting(size_t end, size_t limit, Lattice& lattice) const;
  void encode_closed(std::string_view piece, OpenPiece& open, Lattice& lattice,
                     std::vector<int32_t>& ids) const;
  size_t encode_open(std::string_view piece, OpenPiece& open, Lattice& lattice,
                     std::vector<int32_t>& ids) const;
  void trace_back(size_t end, Lattice& lattice) const;
  void emit(std::string_view text, OpenPiece& open, const Lattice& lattice,
            std::vector<int32_t>& ids) const;
  bool emit_bytes(std::string_view run, std::vector<int32_t>& ids) const;

  DoubleArray trie_;
  std::vector<double> scores_;
  int32_t unknown_id_;
  double unknown_score_;
  size_t longest_piece_ = 4;  // bytes; no less than a scalar has
  bool byte_fallback_;
  std::array<int32_t, 256> byte_ids_;
};

}  // namespace bge::tokenize
