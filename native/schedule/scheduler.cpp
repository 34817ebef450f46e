#include "schedule/scheduler.h"

#include <algorithm>
#include <new>

#include "schedule/batch_plan.h"

namespace bge::schedule {
namespace {

// About a millisecond of tokenizing: short against a run, long against a turn through the lock.
constexpr size_t kBytesPerTokenizeWork = 8192;
constexpr size_t kPairsPerTokenizeWork = 64;

// Calls `visit` with (tokens, pair) of the ready pairs, in the order in which they want to run,
// until it says no.
template <typename Visit>
void in_run_order(const Request& request, Visit&& visit) {
  const auto& ready = request.ready;
  if (runs_longest_first(ready.size())) {
    for (auto pair = ready.begin(); pair != ready.end() && visit(*pair); ++pair) {
    }
  } else {
    for (auto pair = ready.rbegin(); pair != ready.rend() && visit(*pair); ++pair) {
    }
  }
}

// The tokens of the pair that this request would run next.
size_t next_tokens(const Request& request) {
  size_t tokens = 0;
  in_run_order(request, [&tokens](const auto& pair) {
    tokens = pair.first;
    return false;
  });
  return request.ready.empty() ? request.pairs[request.next_to_tokenize].tokens : tokens;
}

// What fails here must still reach the caller.
Outcome outcome_of(const Request& request) {
  try {
    return request.ranking();
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory, "memory ran out while the answer was built; send less");
  }
}

}  // namespace

void Scheduler::submit(RequestInput input, Completion completion) {
  auto request =
      std::make_shared<Request>(std::move(input), options_.max_length, std::move(completion));
  Completion completed;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || stopped_) {
      throw Error(ErrorCode::kClosed, "this Reranker was closed; load another one");
    }
    const size_t tokens = request->remaining_tokens;
    if (statistics_.queued_tokens + tokens > options_.max_queued_tokens) {
      ++statistics_.refused;
      throw Error(ErrorCode::kOverloaded,
                  std::to_string(statistics_.queued_tokens) +
                      " tokens are queued and this request "
                      "adds " +
                      std::to_string(tokens) + ", over maxQueuedTokens " +
                      std::to_string(options_.max_queued_tokens) +
                      "; try again later, send fewer contexts or raise maxQueuedTokens");
    }
    ++statistics_.admitted;
    statistics_.queued_tokens += tokens;
    statistics_.queued_pairs += request->unstarted;
    request->sequence = next_sequence_++;
    requests_.emplace(request->id, request);
    if (request->pairs.empty()) {
      completed = settle(*request);
      ++statistics_.completed;
    } else {
      reorder(*request, [] {});
    }
  }
  changed_.notify_all();
  if (completed) completed(Ranking{});
}

bool Scheduler::cancel(uint64_t id, ErrorCode code) {
  Completion completion;
  {
    std::lock_guard lock(mutex_);
    const auto found = requests_.find(id);
    if (found == requests_.end()) return false;
    const RequestPtr request = found->second;
    completion = settle(*request);
    ++(code == ErrorCode::kTimeout ? statistics_.timed_out : statistics_.aborted);
  }
  changed_.notify_all();
  completion(Error(code, code == ErrorCode::kTimeout ? "the request's time ran out"
                                                     : "the request was aborted"));
  return true;
}

void Scheduler::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void Scheduler::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    while (!requests_.empty()) {
      const RequestPtr request = requests_.begin()->second;
      settle(*request);
    }
  }
  changed_.notify_all();
}

Statistics Scheduler::statistics() const {
  std::lock_guard lock(mutex_);
  Statistics copy = statistics_;
  copy.active_requests = requests_.size();
  return copy;
}

std::optional<Work> Scheduler::next() {
  std::unique_lock lock(mutex_);
  SharedRun* shared = nullptr;
  ++waiting_;
  changed_.wait(lock, [&] {
    return stopped_ || !runnable_.empty() || (closed_ && requests_.empty()) ||
           (shared = most_shared()) != nullptr;
  });
  --waiting_;
  if (stopped_) return std::nullopt;
  if (!runnable_.empty()) {
    Request& request = pick();
    if (std::optional<TokenizeWork> work = take_tokenize_work(request)) return *std::move(work);
    return take_run_work(request);
  }
  if (shared == nullptr) return std::nullopt;
  --shared->seats;
  return HelpWork{shared->team};
}

Scheduler::SharedRun* Scheduler::most_shared() {
  const auto most = std::ranges::max_element(shared_, {}, &SharedRun::seats);
  return most == shared_.end() || most->seats == 0 ? nullptr : &*most;
}

void Scheduler::share(Team& team, size_t seats) {
  size_t wanted;
  {
    std::lock_guard lock(mutex_);
    shared_.push_back({&team, seats});
    wanted = std::min(seats, waiting_);
  }
  for (size_t i = 0; i < wanted; ++i) changed_.notify_one();
}

void Scheduler::unshare(Team& team) {
  std::lock_guard lock(mutex_);
  std::erase_if(shared_, [&team](const SharedRun& run) { return run.team == &team; });
}

void Scheduler::helped(const HelpWork& work, bool again) {
  if (!again) return;
  std::lock_guard lock(mutex_);
  for (SharedRun& run : shared_)
    if (run.team == work.team) ++run.seats;
}

void Scheduler::tokenized(const TokenizeWork& work, std::chrono::nanoseconds duration) {
  std::vector<Settled> settled;
  {
    std::lock_guard lock(mutex_);
    Request& request = *work.request;
    if (request.settled) return;
    request.query_encoded = true;
    request.tokenizing += duration;
    request.tokenized += work.last - work.first;
    if (request.tokenized == request.pairs.size()) statistics_.tokenize.record(request.tokenizing);
    reorder(request, [&] {
      for (size_t i = work.first; i < work.last; ++i) {
        Pair& pair = request.pairs[i];
        const size_t estimate = pair.tokens;
        if (pair.failure) {
          drop(request, estimate);
          continue;
        }
        pair.tokens = pair.encoded.ids.size();
        pair.truncated_tokens = pair.encoded.truncated_tokens;
        request.remaining_tokens += pair.tokens - estimate;
        statistics_.queued_tokens += pair.tokens - estimate;
        request.ready.emplace(pair.tokens, i);
      }
    });
    for (size_t i = work.first; i < work.last; ++i) {
      if (request.pairs[i].failure) finish_pair({work.request, i}, settled);
    }
  }
  changed_.notify_all();
  deliver(settled);
}

void Scheduler::scored(const RunWork& work, std::chrono::nanoseconds duration) {
  std::vector<Settled> settled;
  {
    std::lock_guard lock(mutex_);
    ++statistics_.batches;
    statistics_.run.record(duration);
    for (const PairRef& ref : work.pairs) {
      const size_t tokens = ref.pair().tokens;
      statistics_.queued_tokens -= tokens;
      statistics_.scored_tokens += tokens;
      ++statistics_.scored_pairs;
      ref.request->running += duration / work.pairs.size();
      finish_pair(ref, settled);
    }
  }
  if (!settled.empty()) changed_.notify_all();
  deliver(settled);
}

void Scheduler::drop(Request& request, size_t tokens) {
  request.remaining_tokens -= tokens;
  --request.unstarted;
  statistics_.queued_tokens -= tokens;
  --statistics_.queued_pairs;
}

void Scheduler::finish_pair(const PairRef& ref, std::vector<Settled>& settled) {
  Request& request = *ref.request;
  if (request.settled) return;
  const std::optional<Error>& failure = ref.pair().failure;
  const bool fails = failure && !request.skip_failed;
  if (--request.unscored > 0 && !fails) return;
  settled.push_back({ref.request, settle(request), fails ? &*failure : nullptr});
  if (fails) {
    ++statistics_.failed;
  } else {
    ++statistics_.completed;
    statistics_.total.record(Clock::now() - request.submitted_at);
  }
}

void Scheduler::deliver(const std::vector<Settled>& settled) {
  for (const Settled& it : settled) {
    it.completion(it.failure == nullptr ? outcome_of(*it.request) : Outcome(*it.failure));
  }
}

void Scheduler::failed(const Work& work, const Error& error) {
  std::vector<Completion> completions;
  {
    std::lock_guard lock(mutex_);
    const auto fail = [&](Request& request) {
      if (request.settled) return;
      completions.push_back(settle(request));
      ++statistics_.failed;
    };
    if (const auto* tokenizing = std::get_if<TokenizeWork>(&work)) {
      fail(*tokenizing->request);
    } else if (const auto* running = std::get_if<RunWork>(&work)) {
      for (const PairRef& ref : running->pairs) {
        statistics_.queued_tokens -= ref.pair().tokens;
        fail(*ref.request);
      }
    }
  }
  changed_.notify_all();
  for (const Completion& completion : completions) completion(error);
}

Request& Scheduler::pick() const {
  Request* const fewest = *runnable_.begin();
  Request* const oldest = *runnable_by_age_.begin();
  return oldest_is_due(tokens_since_oldest_, next_tokens(*oldest)) ? *oldest : *fewest;
}

std::optional<TokenizeWork> Scheduler::take_tokenize_work(Request& request) {
  if (!request.has_tokenizing()) return std::nullopt;
  const RequestPtr shared = requests_.at(request.id);
  TokenizeWork work{shared, request.next_to_tokenize, request.next_to_tokenize,
                    !request.query_encoded};
  charge_for(request, request.pairs[work.first].tokens);
  size_t bytes = 0;
  while (work.last < request.pairs.size() && bytes < kBytesPerTokenizeWork &&
         work.last - work.first < kPairsPerTokenizeWork) {
    bytes += request.pairs[work.last].text.size();
    ++work.last;
  }
  reorder(request, [&] {
    request.next_to_tokenize = work.last;
    request.query_in_work = true;
  });
  return work;
}

RunWork Scheduler::take_run_work(Request& first) {
  struct Offer {
    Request* request;
    size_t pair;
  };
  std::vector<Offer> offers;
  std::vector<size_t> lengths;
  const backend::BatchLimits limits =
      run_limits(options_.batch_limits, statistics_.queued_tokens, options_.workers);
  const auto offer = [&](Request& request) {
    in_run_order(request, [&](const auto& pair) {
      if (lengths.size() == limits.max_rows) return false;
      offers.push_back({&request, pair.second});
      lengths.push_back(pair.first);
      return true;
    });
  };
  offer(first);
  for (auto other = runnable_.begin(); other != runnable_.end() && lengths.size() < limits.max_rows;
       ++other) {
    if (*other != &first) offer(**other);
  }
  RunWork work;
  const size_t rows = plan_batch(lengths, limits);
  for (size_t i = 0; i < rows; ++i) hand_out(*offers[i].request, offers[i].pair, work);
  return work;
}

void Scheduler::hand_out(Request& request, size_t index, RunWork& work) {
  const size_t tokens = request.pairs[index].tokens;
  charge_for(request, tokens);
  work.pairs.push_back({requests_.at(request.id), index});
  if (!request.started) {
    request.started = true;
    request.queued = Clock::now() - request.submitted_at;
    statistics_.queue.record(request.queued);
  }
  --statistics_.queued_pairs;
  reorder(request, [&request, tokens, index] {
    request.ready.erase({tokens, index});
    request.remaining_tokens -= tokens;
    --request.unstarted;
  });
}

void Scheduler::charge_for(const Request& request, size_t tokens) {
  tokens_since_oldest_ =
      charge(tokens_since_oldest_, tokens, &request == *runnable_by_age_.begin());
}

template <typename Change>
void Scheduler::reorder(Request& request, Change&& change) {
  runnable_.erase(&request);
  runnable_by_age_.erase(&request);
  change();
  if (!request.settled && request.has_work()) {
    runnable_.insert(&request);
    runnable_by_age_.insert(&request);
  }
  runnable_count_.store(runnable_.size(), std::memory_order_relaxed);
}

Completion Scheduler::settle(Request& request) {
  reorder(request, [&request] { request.settled = true; });
  statistics_.queued_pairs -= request.unstarted;
  statistics_.queued_tokens -= request.remaining_tokens;
  Completion completion = std::exchange(request.completion, nullptr);
  requests_.erase(request.id);
  return completion;
}

}  // namespace bge::schedule
