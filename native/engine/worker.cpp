#include "engine/worker.h"

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

Worker::Worker(schedule::Scheduler& scheduler, const tokenize::Tokenizer& tokenizer,
               std::unique_ptr<backend::Runner> runner, PairLimits limits)
    : scheduler_(scheduler), tokenizer_(tokenizer), runner_(std::move(runner)), limits_(limits) {}

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
    request.query_ids = tokenizer_.encode(request.query).ids;
    request.query = {};
  }
  for (size_t i = work.first; i < work.last && !request.settled; ++i) {
    encode(request, request.pairs[i]);
  }
  scheduler_.tokenized(work, schedule::Clock::now() - start);
}

void Worker::help(const schedule::HelpWork& work) {
  const bool again = runner_->help(*work.team, [this] { return scheduler_.has_work(); });
  scheduler_.helped(work, again && work.team->is_open());
}

void Worker::encode(schedule::Request& request, schedule::Pair& pair) const {
  const size_t cap =
      request.exact_counts
          ? tokenize::kNoLimit
          : tokenize::passage_cap(request.query_ids.size(), limits_.max_length,
                                  tokenizer_.special_tokens_in_pair(), limits_.truncation);
  const std::vector<int32_t> passage = tokenizer_.encode(pair.text, cap).ids;
  pair.text = {};
  try {
    pair.encoded =
        tokenizer_.pair(request.query_ids, passage, limits_.max_length, limits_.truncation);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kTooLong) throw;
    pair.failure = failure_of(pair, error.code(), error.what());
  }
}

void Worker::score(const schedule::RunWork& work) {
  const auto start = schedule::Clock::now();
  std::vector<backend::Row> rows;
  size_t tokens = 0;
  for (const schedule::PairRef& ref : work.pairs) {
    const tokenize::EncodedPair& encoded = ref.pair().encoded;
    rows.push_back({encoded.ids, encoded.type_ids});
    tokens += encoded.ids.size();
  }
  std::vector<float> logits(rows.size());
  {
    const SharedRun shared(scheduler_, team_, runner_->helpers_wanted(rows), tokens);
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
