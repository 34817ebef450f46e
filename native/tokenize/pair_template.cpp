#include "tokenize/pair_template.h"

#include <algorithm>

namespace bge::tokenize {

PairTemplate::PairTemplate(std::vector<Item> items) : items_(std::move(items)) {
  for (const Item& item : items_) {
    special_tokens_ += item.ids.size();
    for (const int32_t id : item.ids) highest_id_ = std::max(highest_id_, id);
  }
}

void PairTemplate::apply(std::span<const int32_t> query, std::span<const int32_t> passage,
                         std::vector<int32_t>& ids, std::vector<int32_t>& type_ids) const {
  const size_t total = query.size() + passage.size() + special_tokens_;
  ids.reserve(total);
  type_ids.reserve(total);
  for (const Item& item : items_) {
    const std::span<const int32_t> part = item.part == Part::kQuery     ? query
                                          : item.part == Part::kPassage ? passage
                                                                        : std::span(item.ids);
    ids.insert(ids.end(), part.begin(), part.end());
    type_ids.insert(type_ids.end(), part.size(), item.type_id);
  }
}

}  // namespace bge::tokenize
