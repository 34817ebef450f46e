#include "schedule/request.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "rank/rank.h"

namespace bge::schedule {
namespace {

// A token of English or of a CJK text takes about four bytes of UTF-8, and a pair has a few special
// tokens. Only admission and order rest on it, until the exact number is known, and the time after
// which a refused caller is told to try again (tokensAtAdmission in src/reranker.ts).
size_t estimate_tokens(size_t query_bytes, size_t text_bytes, size_t max_length) {
  constexpr size_t kBytesPerToken = 4;
  constexpr size_t kSpecialTokens = 4;
  return std::min(max_length, (query_bytes + text_bytes) / kBytesPerToken + kSpecialTokens);
}

}  // namespace

Request::Request(RequestInput input, size_t max_length, Completion on_settled)
    : id(input.id),
      top_k(input.top_k),
      raw_scores(input.raw_scores),
      exact_counts(input.exact_counts),
      skip_failed(input.skip_failed),
      submitted_at(Clock::now()),
      query(std::move(input.query)),
      completion(std::move(on_settled)) {
  // The views point into `texts`, which the pairs take over only after the map is done with.
  std::unordered_map<std::string_view, uint32_t> pair_of_text;
  pair_of_text.reserve(input.texts.size());
  std::vector<size_t> first_contexts;
  for (size_t i = 0; i < input.texts.size(); ++i) {
    const auto [known, is_new] =
        pair_of_text.try_emplace(input.texts[i], static_cast<uint32_t>(first_contexts.size()));
    if (is_new) first_contexts.push_back(i);
    pair_of_context.push_back(known->second);
  }
  for (const size_t context : first_contexts) {
    const size_t tokens = estimate_tokens(query.size(), input.texts[context].size(), max_length);
    pairs.push_back({std::move(input.texts[context]), {}, context, tokens, 0, 0, std::nullopt});
    remaining_tokens += tokens;
  }
  unstarted = unscored = pairs.size();
}

Ranking Request::ranking() const {
  Ranking answer{
      .results = {}, .skipped = {}, .queued = queued, .tokenizing = tokenizing, .running = running};
  std::vector<uint32_t> contexts;  // that have a logit
  std::vector<float> logits;
  contexts.reserve(pair_of_context.size());
  logits.reserve(pair_of_context.size());
  for (uint32_t context = 0; context < pair_of_context.size(); ++context) {
    const Pair& pair = pairs[pair_of_context[context]];
    if (pair.failure) {
      answer.skipped.push_back({context, *pair.failure});
    } else {
      contexts.push_back(context);
      logits.push_back(pair.logit);
    }
  }
  for (const rank::RankedContext& ranked : rank::rank(logits, top_k, raw_scores)) {
    const uint32_t context = contexts[ranked.id];
    const Pair& pair = pairs[pair_of_context[context]];
    answer.results.push_back({context, ranked.score, static_cast<uint32_t>(pair.tokens),
                              static_cast<uint32_t>(pair.truncated_tokens)});
  }
  return answer;
}

}  // namespace bge::schedule
