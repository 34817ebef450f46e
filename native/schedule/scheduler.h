#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "backend/backend.h"
#include "schedule/policy.h"
#include "schedule/request.h"
#include "schedule/statistics.h"

namespace bge {
class Team;
}

namespace bge::schedule {

using RequestPtr = std::shared_ptr<Request>;

// Pairs [first, last) of a request that want tokenizing; the query too, when `with_query`.
struct TokenizeWork {
  RequestPtr request;
  size_t first;
  size_t last;
  bool with_query;
};

struct PairRef {
  RequestPtr request;
  size_t index;

  Pair& pair() const { return request->pairs[index]; }
};

// Pairs that make one run of the model, the longest first.
struct RunWork {
  std::vector<PairRef> pairs;
};

// A part in another worker's run, which nobody has to take back.
struct HelpWork {
  Team* team;
};

using Work = std::variant<TokenizeWork, RunWork, HelpWork>;

// The bounded queue between callers and workers. Safe from any number of threads; one lock, held
// for microseconds.
//
// A request is admitted whole or refused at once. The request with the fewest tokens left goes
// first, which keeps small requests quick beside large ones, and one token in eight goes to the
// oldest request, which keeps large ones from starving. Inside a request the last pairs run longest
// first, so that the workers finish together, and those before them shortest first; for the same
// reason a run that packs pairs without padding takes no more than a worker's share of what is
// queued. A worker that finds nothing to do helps in a run in progress where that is shared, and
// leaves it for any other work.
class Scheduler {
 public:
  struct Options {
    size_t max_queued_tokens;
    size_t max_length;  // tokens a pair
    backend::BatchLimits batch_limits;
    size_t workers;
  };

  explicit Scheduler(Options options) : options_(options) {}

  // Callers' side. Throws kOverloaded or kClosed; `completion` is then never called.
  void submit(RequestInput input, Completion completion);
  // Settles the request with this code and drops what has not started. False: no such request.
  bool cancel(uint64_t id, ErrorCode code);
  // No new requests; next() gives nothing once the admitted ones are done.
  void close();
  // Drops everything, calls no completion; next() gives nothing from now on.
  void stop();
  Statistics statistics() const;

  // Workers' side. Blocks until there is work; nothing means: end the worker. Every Work goes back
  // through exactly one of the three calls below.
  std::optional<Work> next();
  void tokenized(const TokenizeWork& work, std::chrono::nanoseconds duration);
  void scored(const RunWork& work, std::chrono::nanoseconds duration);
  // What became of a HelpWork; `again`: the worker could take part again.
  void helped(const HelpWork& work, bool again);
  // Settles the requests of this work with an error.
  void failed(const Work& work, const Error& error);

  // Around a run: offers `seats` parts in it to workers that find nothing else to do.
  void share(Team& team, size_t seats);
  void unshare(Team& team);
  // Without the lock: whether there is work that is not helping. Those who help ask.
  bool has_work() const noexcept { return runnable_count_.load(std::memory_order_relaxed) > 0; }

 private:
  struct FewestFirst {
    bool operator()(const Request* a, const Request* b) const {
      return fewest_first({a->remaining_tokens, a->sequence}, {b->remaining_tokens, b->sequence});
    }
  };
  struct Oldest {
    bool operator()(const Request* a, const Request* b) const { return a->sequence < b->sequence; }
  };

  // A run in progress and the parts in it that nobody has.
  struct SharedRun {
    Team* team;
    size_t seats;
  };

  // A request that is to be told of: of its scores, or of the failure of one of its pairs.
  struct Settled {
    RequestPtr request;
    Completion completion;
    const Error* failure;
  };

  // All below want mutex_ held, unless they say otherwise.
  // The run with the most free seats, or null.
  SharedRun* most_shared();
  Request& pick() const;
  std::optional<TokenizeWork> take_tokenize_work(Request& request);
  RunWork take_run_work(Request& first);
  void hand_out(Request& request, size_t index, RunWork& work);
  void charge_for(const Request& request, size_t tokens);
  // Applies a change to what the request's place among the runnable ones rests on.
  template <typename Change>
  void reorder(Request& request, Change&& change);
  // Takes the request out; the caller calls the completion without the lock.
  Completion settle(Request& request);
  // A pair that has a failure before it was handed out: it was counted with these tokens.
  void drop(Request& request, size_t tokens);
  // A pair has its logit or failure: settles its request where that decides it.
  void finish_pair(const PairRef& ref, std::vector<Settled>& settled);
  // Without the lock.
  static void deliver(const std::vector<Settled>& settled);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool stopped_ = false;
  uint64_t next_sequence_ = 0;
  size_t tokens_since_oldest_ = 0;  // run for others while the oldest request waited
  std::unordered_map<uint64_t, RequestPtr> requests_;  // admitted, not settled
  std::set<Request*, FewestFirst> runnable_;           // of them, those with work to hand out
  std::set<Request*, Oldest> runnable_by_age_;         // the same
  std::atomic<size_t> runnable_count_ = 0;             // their number
  std::vector<SharedRun> shared_;
  size_t waiting_ = 0;  // workers in next()
  Statistics statistics_;
};

}  // namespace bge::schedule
