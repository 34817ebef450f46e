#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "tokenize/tokenizer.h"

namespace bge::schedule {

using Clock = std::chrono::steady_clock;

// What the caller hands over; owned by the request from then on.
struct RequestInput {
  uint64_t id;  // the caller's name for it, unique among the unfinished
  std::string query;
  std::vector<std::string> texts;
  size_t top_k;  // 0: all
  bool raw_scores;
  bool exact_counts;  // count every token that truncation drops; else tokenizing may stop early
  bool skip_failed;   // a context that cannot be scored leaves the others their scores
};

struct RankedResult {
  uint32_t id;
  double score;
  uint32_t tokens;
  uint32_t truncated_tokens;
};

// A context without a score.
struct SkippedContext {
  uint32_t id;
  Error error;
};

// A request's answer, with where its time went.
struct Ranking {
  std::vector<RankedResult> results;       // best first
  std::vector<SkippedContext> skipped;     // by id
  std::chrono::nanoseconds queued{0};      // submit to first run
  std::chrono::nanoseconds tokenizing{0};  // worker time
  std::chrono::nanoseconds running{0};     // worker time, its share of the runs
};

using Outcome = std::variant<Ranking, Error>;

// Called exactly once, on any thread, without the scheduler's lock. Must not throw.
using Completion = std::function<void(Outcome)>;

// One distinct passage of a request. Between two calls of the Scheduler it belongs to the worker
// that holds it in a Work; the Scheduler's lock hands it on.
struct Pair {
  std::string text;               // until tokenized
  tokenize::EncodedPair encoded;  // from tokenized until scored
  size_t first_context;           // the lowest context index with this text
  size_t tokens;                  // estimated from the text's length until tokenized
  size_t truncated_tokens = 0;
  float logit = 0;
  std::optional<Error> failure;  // in place of the logit; its path is that of the first context
};

// One rerank call on its way through tokenizing and running.
class Request {
 public:
  // Equal texts become one pair. `max_length` bounds the estimate of a pair's tokens.
  Request(RequestInput input, size_t max_length, Completion completion);

  const uint64_t id;
  const size_t top_k;
  const bool raw_scores;
  const bool exact_counts;
  const bool skip_failed;
  const Clock::time_point submitted_at;

  std::string query;               // until encoded
  std::vector<int32_t> query_ids;  // written once by the worker that encodes the query
  std::vector<Pair> pairs;
  std::vector<uint32_t> pair_of_context;

  // Set once the request is settled, so that workers can leave off early. The Scheduler's lock
  // decides; this is a hint that needs no lock.
  std::atomic<bool> settled = false;

  // All below is guarded by the Scheduler's lock.
  Completion completion;  // empty once taken
  uint64_t sequence = 0;  // order of admission
  size_t next_to_tokenize = 0;
  size_t tokenized = 0;  // pairs
  bool query_in_work = false;
  bool query_encoded = false;
  bool started = false;
  // Tokenized and not handed out: (tokens, pair), the longest first.
  std::set<std::pair<size_t, size_t>, std::greater<>> ready;
  size_t unstarted = 0;                    // pairs not handed out for running
  size_t remaining_tokens = 0;             // of those
  size_t unscored = 0;                     // pairs without a logit or failure
  std::chrono::nanoseconds queued{0};      // as in Ranking
  std::chrono::nanoseconds tokenizing{0};  // so far
  std::chrono::nanoseconds running{0};     // so far

  bool has_tokenizing() const {
    return next_to_tokenize < pairs.size() && (query_encoded || !query_in_work);
  }
  bool has_work() const { return has_tokenizing() || !ready.empty(); }

  // The answer, once every pair has its logit or failure.
  Ranking ranking() const;
};

}  // namespace bge::schedule
