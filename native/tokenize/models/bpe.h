#pragma once

#include <array>
#include <vector>

#include "tokenize/models/double_array.h"
#include "tokenize/models/model.h"

namespace bge::tokenize {

struct BpeMerge {  // ids
  int32_t left;
  int32_t right;
  int32_t merged;
};

struct BpeVocabulary {
  DoubleArray names;  // the tokens as the file writes them
  // What a text's bytes can become: byte strings, each id only once. Need not outlive the
  // constructor.
  std::vector<DoubleArray::Entry> tokens;
  std::array<int32_t, 256> byte_ids;
  std::vector<BpeMerge> merges;  // the first one goes first; of a pair listed twice the last counts
  bool ignore_merges;            // a piece that is a token is that token, whatever the merges say
  size_t id_bound;               // above every id
};

// Byte-level BPE: the bytes of a piece, joined pair by pair, the earliest merge first, of equal
// ones the leftmost.
class BpeModel final : public Model {
 public:
  explicit BpeModel(BpeVocabulary vocabulary);

  size_t encode(const PreTokenized& stretch, bool is_last, size_t token_cap, OpenPiece& open,
                std::vector<int32_t>& ids) const override;
  std::optional<int32_t> token_to_id(std::string_view token) const override {
    return names_.find(token);
  }
  size_t vocabulary_size() const override { return names_.size(); }
  void leave_out(const std::vector<std::string>& names) override;
  size_t id_bound() const override { return id_bound_; }

 private:
  struct Merge {
    uint64_t pair;  // the ids, left one high; kNoPair in an empty slot
    uint32_t rank;
    int32_t id;
  };
  struct Symbol {
    int32_t id;
    int32_t previous;  // -1 at the ends
    int32_t next;
    bool is_gone;
  };
  struct Candidate {
    uint32_t rank;
    int32_t position;  // of the left symbol
    int32_t id;        // what the two become
  };
  struct Word;

  void add_merges(const std::vector<BpeMerge>& merges);
  void add_direct_tokens(const BpeVocabulary& vocabulary);
  size_t slot_of(uint64_t pair) const;
  const Merge* find_merge(int32_t left, int32_t right) const;
  void encode_piece(std::string_view piece, std::vector<int32_t>& ids) const;
  void encode_up_to_cap(std::string_view piece, size_t token_cap, std::vector<int32_t>& ids) const;
  size_t encode_settled(std::string_view text, std::vector<int32_t>& ids) const;
  void merge_piece(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge_short_piece(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge(std::string_view piece, Word& word) const;
  void push_candidate(Word& word, int32_t left) const;

  DoubleArray names_;
  size_t id_bound_;
  std::array<int32_t, 256> byte_ids_;
  std::vector<Merge> merges_;  // a hash table with open addressing, its size a power of two
  uint64_t hash_factor_;       // odd and random, so that no file can make its pairs collide
  int hash_shift_ = 0;
  DoubleArray direct_;        // byte strings that become one known token
  size_t longest_token_ = 1;  // bytes, of these
};

}  // namespace bge::tokenize
