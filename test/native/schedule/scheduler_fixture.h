#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schedule/scheduler.h"

namespace bge::schedule {

// Texts for tests say how many tokens they have: "12:anything". Query tokens count for nothing.
inline size_t tokens_of(const std::string& text) { return std::stoul(text); }

// The worker's part without a model: the tokens are the text's number, the logit minus it.
inline void do_tokenize(Scheduler& scheduler, const TokenizeWork& work) {
  for (size_t i = work.first; i < work.last; ++i) {
    Pair& pair = work.request->pairs[i];
    pair.encoded.ids.assign(tokens_of(pair.text), 7);
  }
  scheduler.tokenized(work, std::chrono::nanoseconds(1000));
}

inline void do_run(Scheduler& scheduler, const RunWork& work) {
  for (const PairRef& ref : work.pairs) {
    ref.pair().logit = -static_cast<float>(ref.pair().tokens);
    ref.pair().encoded = {};
  }
  scheduler.scored(work, std::chrono::nanoseconds(1000));
}

inline RequestInput request(uint64_t id, std::vector<std::string> texts, size_t top_k = 0) {
  return {id, "q", std::move(texts), top_k, true, false, false};
}

inline std::vector<std::string> texts_of(std::initializer_list<size_t> lengths) {
  std::vector<std::string> texts;
  for (const size_t length : lengths) {
    texts.push_back(std::to_string(length) + ":" + std::to_string(texts.size()));
  }
  return texts;
}

}  // namespace bge::schedule
