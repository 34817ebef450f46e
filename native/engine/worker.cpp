#include "engine/worker.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <variant>
#include <vector>

namespace bge::engine {
namespace {

Error current_error() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory,
                 "memory ran out; send fewer or shorter contexts at once, or use fewer threads");
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, error.what());
  }
}

// What keeps one passage from its score, and no other.
Error failure_of(const schedule::Pair& pair, ErrorCode code, const std::string& message) {
  return Error(code, message, "/contexts/" + std::to_string(pair.first_context) + "/text");
}

// While it lives, workers without work of their own may take part in a run.
class SharedRun {
 public:
  SharedRun(schedule::Scheduler& scheduler, Team& team, size_t seats, size_t tokens)
      : scheduler_(scheduler), team_(team) {
    if (seats > 0) team_.open(tokens);
    is_shared_ = team_.is_open();
    if (is_shared_) scheduler_.share(team_, seats);
  }
  // In this order: who is sent to a team finds it open, or just closed.
  ~SharedRun() {
    if (!is_shared_) return;
    scheduler_.unshare(team_);
    team_.close();
  }
  SharedRun(const SharedRun&) = delete;
  SharedRun& operator=(const SharedRun&) = delete;

 private:
  schedule::Scheduler& scheduler_;
  Team& team_;
  bool is_shared_;
};

}  // namespace

Worker::Worker(schedule::Scheduler& scheduler, const tokenize::PairEncoder& encoder,
               std::unique_ptr<backend::Runner> runner, PairLimits limits)
    : scheduler_(scheduler), encoder_(encoder), runner_(std::move(runner)), limits_(limits) {}

void Worker::run() noexcept {
  while (const std::optional<schedule::Work> work = scheduler_.next()) {
    try {
      if (const auto* tokenizing = std::get_if<schedule::TokenizeWork>(&*work)) {
        tokenize(*tokenizing);
      } else if (const auto* helping = std::get_if<schedule::HelpWork>(&*work)) {
        help(*helping);
      } else {
        score(std::get<schedule::RunWork>(*work));
      }
    } catch (...) {
      scheduler_.failed(*work, current_error());
    }
  }
}

void Worker::tokenize(const schedule::TokenizeWork& work) {
  const auto start = schedule::Clock::now();
  schedule::Request& request = *work.request;
  if (work.with_query) {
    request.encoded_query = encoder_.query(request.query, request.instruction);
    request.query = {};
  }
  for (size_t i = work.first; i < work.last && !request.settled; ++i) {
    encode(request, request.pairs[i]);
  }
  const auto tokenized = schedule::Clock::now();
  if (work.with_query && !request.settled) make_prefix(request);
  scheduler_.tokenized(work, tokenized - start, schedule::Clock::now() - tokenized);
}

// Here, where all of the request's other work waits for the query's: it is made once, and before
// any pair runs.
void Worker::make_prefix(schedule::Request& request) {
  const std::vector<int32_t>& ids = request.encoded_query.ids;
  const bool shared = request.pairs.size() > 1 &&
                      std::ranges::any_of(request.pairs, [](const schedule::Pair& pair) {
                        return pair.encoded.begins_with_query;
                      });
  if (!shared) return;
  const backend::Row row{ids, ids};
  const SharedRun run(scheduler_, team_, runner_->helpers_wanted({&row, 1}), ids.size());
  request.prefix = runner_->make_prefix(ids, team_);
}

void Worker::help(const schedule::HelpWork& work) {
  const bool again = runner_->help(*work.team, [this] { return scheduler_.has_work(); });
  scheduler_.helped(work, again && work.team->is_open());
}

void Worker::encode(const schedule::Request& request, schedule::Pair& pair) const {
  try {
    pair.encoded = encoder_.pair(request.encoded_query, pair.text, limits_.max_length,
                                 limits_.truncation, request.exact_counts);
    pair.text = {};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kTooLong || !error.path().empty()) throw;
    pair.failure = failure_of(pair, error.code(), error.what());
  }
}

void Worker::score(const schedule::RunWork& work) {
  const auto start = schedule::Clock::now();
  std::vector<backend::Row> rows;
  size_t tokens = 0;
  size_t longest = 0;
  for (const schedule::PairRef& ref : work.pairs) {
    const schedule::Pair& pair = ref.pair();
    const tokenize::EncodedPair& encoded = pair.encoded;
    rows.push_back({encoded.ids, encoded.type_ids,
                    pair.shared_tokens > 0 ? ref.request->prefix.get() : nullptr});
    tokens += pair.tokens;
    longest = std::max(longest, encoded.ids.size());
  }
  std::vector<float> logits(rows.size());
  {
    const SharedRun shared(scheduler_, team_, runner_->helpers_wanted(rows),
                           std::max(tokens, longest));
    runner_->run_shared(rows, logits, team_);
  }
  for (size_t i = 0; i < logits.size(); ++i) {
    schedule::Pair& pair = work.pairs[i].pair();
    if (std::isfinite(logits[i])) {
      pair.logit = logits[i];
    } else {
      pair.failure =
          failure_of(pair, ErrorCode::kInferenceFailed,
                     "the model gave a logit that is not a finite number; check its weights");
    }
    pair.encoded = {};
  }
  scheduler_.scored(work, schedule::Clock::now() - start);
}

}  // namespace bge::engine
