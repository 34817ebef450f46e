#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bge::tokenize {

// The pair template of the file's "post_processor" section: special tokens around query and
// passage.
class PairTemplate {
 public:
  enum class Part { kQuery, kPassage, kSpecial };
  struct Item {
    Part part;
    int32_t type_id;
    std::vector<int32_t> ids;  // of kSpecial
  };

  // `items` holds kQuery and kPassage exactly once each.
  explicit PairTemplate(std::vector<Item> items);

  size_t special_tokens() const { return special_tokens_; }
  int32_t highest_id() const { return highest_id_; }  // of the special tokens; 0 without any
  void apply(std::span<const int32_t> query, std::span<const int32_t> passage,
             std::vector<int32_t>& ids, std::vector<int32_t>& type_ids) const;

 private:
  std::vector<Item> items_;
  size_t special_tokens_ = 0;
  int32_t highest_id_ = 0;
};

}  // namespace bge::tokenize
