#include "encoder/blocks/sequences.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace bge::encoder {

void Sequences::gather(std::span<const backend::Row> rows, const TokenLimits& limits) {
  ids.clear();
  type_ids.clear();
  position_ids.clear();
  offsets.assign(1, 0);
  prefixes.clear();
  last_positions.clear();
  for (const backend::Row& row : rows) {
    const size_t past = row.prefix == nullptr ? 0 : row.prefix->tokens();
    if (row.ids.size() <= past || row.ids.size() > static_cast<size_t>(limits.max_tokens))
      throw Error(ErrorCode::kTooLong,
                  "Cut every pair to 1 to " + std::to_string(limits.max_tokens) + " tokens.");
    for (size_t i = past; i < row.ids.size(); ++i) {
      const int32_t id = row.ids[i];
      const int32_t type = std::min(row.type_ids[i], limits.types - 1);
      if (id < 0 || id >= limits.vocabulary || type < 0)
        throw Error(ErrorCode::kInferenceFailed, "Use the tokenizer of this model: token " +
                                                     std::to_string(id) +
                                                     " is outside its vocabulary.");
      ids.push_back(id);
      type_ids.push_back(type);
      position_ids.push_back(static_cast<int32_t>(i));
    }
    offsets.push_back(tokens());
    prefixes.push_back(row.prefix);
    last_positions.push_back(position_ids.back());
  }
}

}  // namespace bge::encoder
