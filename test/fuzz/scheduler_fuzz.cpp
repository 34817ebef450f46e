// The scheduler step by step, in any order that callers and workers could bring about: requests,
// cancels, work taken, handed back done or failed, shared runs, close and stop. A request is settled
// once, with the answer that its texts have; nothing is queued at the end.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/team.h"
#include "input.h"
#include "require.h"
#include "schedule/scheduler.h"

namespace {

using namespace bge::schedule;
using bge::Error;
using bge::ErrorCode;
using bge::Team;
using bge::fuzz::Input;
using bge::fuzz::require;

constexpr size_t kMaxLength = 128;

// A text's number of tokens says what becomes of it too.
bool fails_in_tokenizing(size_t tokens) { return tokens % 16 == 7; }
bool fails_in_scoring(size_t tokens) { return tokens % 16 == 6; }
bool fails(size_t tokens) { return fails_in_tokenizing(tokens) || fails_in_scoring(tokens); }

class Play {
 public:
  explicit Play(Input& input)
      : input_(input),
        scheduler_({.max_queued_tokens = 1 + 50 * input.pick(256),
                    .max_length = kMaxLength,
                    .batch_limits = {.max_rows = 1 + input.pick(8),
                                     .max_tokens = 1 + input.pick(300),
                                     .padded = input.pick(2) == 0},
                    .workers = 1 + input.pick(4)}) {}

  void run() {
    while (!input_.empty() && !stopped_) step();
    scheduler_.close();
    // Whoever holds work gives it back, then what is left is done by one worker.
    while (!stopped_ && (!held_.empty() || scheduler_.has_work())) {
      if (held_.empty()) take();
      give_back(0, false);
    }
    for (Team& team : teams_) scheduler_.unshare(team);
    require(!scheduler_.next(), "no work after the end");
    const Statistics end = scheduler_.statistics();
    require(stopped_ || end.queued_tokens == 0, "no tokens queued at the end");
    require(end.queued_pairs == 0 && end.active_requests == 0, "nothing queued at the end");
    for (const auto& [id, request] : requests_) {
      require(stopped_ ? request.settled <= 1 : request.settled == 1, "settled once");
    }
    require(stopped_ || end.completed + end.failed + end.aborted + end.timed_out == end.admitted,
            "every request is counted once");
  }

 private:
  struct Known {
    std::vector<size_t> tokens;  // of each context
    size_t top_k = 0;
    bool skips_failed = false;
    int settled = 0;
  };

  void step() {
    switch (input_.pick(12)) {
      case 0:
      case 1:
      case 2: submit(); break;
      case 3: scheduler_.cancel(input_.pick(next_id_ + 1), ErrorCode::kAborted); break;
      case 4: scheduler_.cancel(input_.pick(next_id_ + 1), ErrorCode::kTimeout); break;
      case 5:
      case 6:
      case 7: take(); break;
      case 8:
      case 9: give_back(input_.pick(8), input_.pick(16) == 0); break;
      case 10: share_or_unshare(); break;
      case 11: end(); break;
    }
  }

  void submit() {
    const uint64_t id = next_id_++;
    Known& known = requests_[id];
    RequestInput request{id, "q", {}, 0, true, input_.pick(2) == 0, input_.pick(2) == 0};
    known.skips_failed = request.skip_failed;
    for (size_t count = input_.pick(14); count > 0; --count) {
      known.tokens.push_back(1 + input_.pick(kMaxLength));
      // The length is what an estimate rests on; equal texts become one pair.
      request.texts.push_back(std::to_string(known.tokens.back()) + ":" +
                              std::string(8 * input_.pick(40), 'x'));
    }
    request.top_k = known.top_k = input_.pick(6);
    try {
      scheduler_.submit(std::move(request), [this, id](Outcome outcome) { settle(id, outcome); });
    } catch (const Error& error) {
      require(error.code() == (closed_ ? ErrorCode::kClosed : ErrorCode::kOverloaded),
              "refused for a reason");
      requests_.erase(id);
    }
  }

  void settle(uint64_t id, const Outcome& outcome) {
    Known& known = requests_.at(id);
    require(++known.settled == 1 && !stopped_, "settled once, and not after stop()");
    const auto* ranking = std::get_if<Ranking>(&outcome);
    if (ranking == nullptr) return;
    std::vector<size_t> best;
    for (const size_t tokens : known.tokens) {
      if (!fails(tokens)) best.push_back(tokens);
    }
    std::sort(best.begin(), best.end());
    require(known.skips_failed || best.size() == known.tokens.size(), "no failure is kept quiet");
    require(ranking->skipped.size() == known.tokens.size() - best.size(), "all failures are told");
    for (const SkippedContext& skipped : ranking->skipped) {
      require(fails(known.tokens.at(skipped.id)), "what was skipped had failed");
    }
    const size_t wanted = known.top_k == 0 ? best.size() : std::min(best.size(), known.top_k);
    require(ranking->results.size() == wanted, "as many results as asked for");
    for (size_t i = 0; i < wanted; ++i) {
      const RankedResult& result = ranking->results[i];
      require(result.tokens == known.tokens.at(result.id), "its own tokens");
      require(result.score == -static_cast<double>(best[i]), "its own score, best first");
    }
  }

  void take() {
    if (!scheduler_.has_work() && seats_[0] + seats_[1] == 0) return;  // next() would wait
    std::optional<Work> work = scheduler_.next();
    require(work.has_value() || closed_, "work where there is some");
    if (!work) return;
    if (const auto* helping = std::get_if<HelpWork>(&*work)) {
      require(seats_[number_of(*helping)]-- > 0, "a seat is given once");
    }
    held_.push_back(*std::move(work));
  }

  void give_back(size_t which, bool fails) {
    if (held_.empty()) return;
    const auto at = held_.begin() + static_cast<ptrdiff_t>(which % held_.size());
    const Work work = std::move(*at);
    held_.erase(at);
    if (const auto* helping = std::get_if<HelpWork>(&work)) {
      const bool again = input_.pick(2) == 0;
      if (again && shared_[number_of(*helping)]) ++seats_[number_of(*helping)];
      scheduler_.helped(*helping, again);
    } else if (fails) {
      scheduler_.failed(work, Error(ErrorCode::kInferenceFailed, "fuzzed"));
    } else if (const auto* tokenizing = std::get_if<TokenizeWork>(&work)) {
      for (size_t i = tokenizing->first; i < tokenizing->last; ++i) {
        Pair& pair = tokenizing->request->pairs[i];
        const size_t tokens = std::stoul(pair.text);
        if (fails_in_tokenizing(tokens)) {
          pair.failure = Error(ErrorCode::kTooLong, "fuzzed");
        } else {
          pair.encoded.ids.assign(tokens, 7);
        }
      }
      scheduler_.tokenized(*tokenizing, std::chrono::nanoseconds(1));
    } else {
      const RunWork& run = std::get<RunWork>(work);
      require(!run.pairs.empty(), "a run has pairs");
      for (const PairRef& ref : run.pairs) {
        require(ref.pair().encoded.ids.size() == ref.pair().tokens, "tokenized, and run once");
        if (fails_in_scoring(ref.pair().tokens)) {
          ref.pair().failure = Error(ErrorCode::kInferenceFailed, "fuzzed");
        }
        ref.pair().logit = -static_cast<float>(ref.pair().tokens);
        ref.pair().encoded = {};
      }
      scheduler_.scored(run, std::chrono::nanoseconds(1));
    }
  }

  void share_or_unshare() {
    const size_t team = input_.pick(2);
    if (shared_[team]) {
      scheduler_.unshare(teams_[team]);
      shared_[team] = false;
      seats_[team] = 0;
      return;
    }
    seats_[team] = input_.pick(3);
    scheduler_.share(teams_[team], seats_[team]);
    shared_[team] = true;
  }

  size_t number_of(const HelpWork& work) const { return work.team == &teams_[1] ? 1 : 0; }

  void end() {
    if (input_.pick(4) != 0) return;
    if (input_.pick(2) == 0) {
      scheduler_.close();
    } else {
      scheduler_.stop();
      stopped_ = true;
    }
    closed_ = true;
  }

  Input& input_;
  Scheduler scheduler_;
  Team teams_[2];
  bool shared_[2] = {};
  size_t seats_[2] = {};  // free
  std::map<uint64_t, Known> requests_;
  std::vector<Work> held_;
  uint64_t next_id_ = 0;
  bool closed_ = false;
  bool stopped_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Play(input).run();
  return 0;
}
