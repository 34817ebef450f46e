#pragma once

#include <algorithm>
#include <string_view>

#include "require.h"
#include "tokenize/tokenizer.h"

namespace bge::fuzz {

// What is true of every text on every tokenizer.
inline void check_text(const tokenize::Tokenizer& tokenizer, std::string_view text, size_t cap) {
  const tokenize::EncodedText all = tokenizer.encode(text);
  require(all.complete, "a run without a cap is complete");
  for (const int32_t id : all.ids) {
    require(id >= 0 && static_cast<size_t>(id) < tokenizer.vocabulary_size(), "ids in range");
  }
  const tokenize::EncodedText some = tokenizer.encode(text, cap);
  require(some.complete ? some.ids == all.ids : some.ids.size() >= cap, "a cap stops at the cap");
  require(some.ids.size() <= all.ids.size() &&
              std::equal(some.ids.begin(), some.ids.end(), all.ids.begin()),
          "a capped run is a prefix of the one without a cap");
}

}  // namespace bge::fuzz
