// The engine with its threads, workers that help one another and all: requests, cancels, counts,
// close and stop in fuzzed order and at fuzzed moments, over a model that adds up ids and fails
// where it is told to. Every request is settled once, with the sums of its own pairs. Meant for
// ThreadSanitizer as much as for AddressSanitizer.
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/team.h"
#include "engine/engine.h"
#include "input.h"
#include "require.h"

namespace {

using namespace bge;
using engine::Engine;
using fuzz::Input;
using fuzz::require;

constexpr size_t kMaxLength = 48;

struct Plan {
  size_t threads;
  size_t max_rows;
  int regions;      // of a run
  int yields;       // of a task
  size_t fails_at;  // every so manieth run fails; 0: none
  bool no_memory;   // members cannot prepare
};

// The logit of a row is the sum of its ids.
class SumRunner final : public backend::Runner, TeamMember {
 public:
  explicit SumRunner(const Plan& plan) : plan_(plan) {}

  size_t helpers_wanted(std::span<const backend::Row> rows) const noexcept override {
    return rows.size() - 1;
  }
  void run(std::span<const backend::Row> rows, std::span<float> logits) override {
    Team alone;
    run_shared(rows, logits, alone);
  }
  void run_shared(std::span<const backend::Row> rows, std::span<float> logits,
                  Team& team) override {
    struct Run {
      SumRunner& leader;
      std::span<const backend::Row> rows;
      std::span<float> logits;
    } run{*this, rows, logits};
    std::fill(logits.begin(), logits.end(), 0.0f);
    for (int region = 0; region < plan_.regions; ++region) {
      team.run(static_cast<int>(rows.size()), &add_up<Run>, &run, *this);
      if (canceled_) throw Error(ErrorCode::kAborted, "cancelled");
    }
    if (plan_.fails_at != 0 && ++runs_ % plan_.fails_at == 0) {
      throw Error(ErrorCode::kInferenceFailed, "fuzzed");
    }
  }
  bool help(Team& team, const std::function<bool()>& wanted_elsewhere) override {
    return team.take_part(*this, wanted_elsewhere);
  }
  bool prepare(size_t) noexcept override { return !plan_.no_memory; }
  void cancel() noexcept override { canceled_ = true; }

 private:
  // A region adds its part, which needs those before it to be whole.
  template <typename Run>
  static void add_up(void* context, int task, TeamMember&) {
    Run& run = *static_cast<Run*>(context);
    for (int i = 0; i < run.leader.plan_.yields; ++i) std::this_thread::yield();
    const auto& ids = run.rows[static_cast<size_t>(task)].ids;
    run.logits[static_cast<size_t>(task)] +=
        static_cast<float>(std::accumulate(ids.begin(), ids.end(), int64_t{0}));
  }

  const Plan plan_;
  std::atomic<bool> canceled_ = false;
  size_t runs_ = 0;
};

class SumBackend final : public backend::Backend {
 public:
  explicit SumBackend(const Plan& plan) : plan_(plan) {}
  std::unique_ptr<backend::Runner> make_runner() const override {
    return std::make_unique<SumRunner>(plan_);
  }
  backend::BatchLimits batch_limits() const override { return {.max_rows = plan_.max_rows}; }
  const backend::BackendInfo& info() const override { return info_; }

 private:
  const Plan plan_;
  const backend::BackendInfo info_{backend::ExecutionProvider::kCpu, "a stand-in", {}, {}, 0};
};

const std::string& tokenizer_json() {
  static const std::string json = [] {
    std::stringstream text;
    text << std::ifstream(FIXTURES "wordpiece.json").rdbuf();
    return text.str();
  }();
  return json;
}

class Play {
 public:
  explicit Play(Input& input) : input_(input), plan_(read_plan(input)) {
    const engine::EngineOptions options{
        .tokenizer_path = {},
        .special_tokens = tokenize::SpecialTokens::kParse,
        .threads = plan_.threads,
        .limits = {kMaxLength, tokenize::Truncation::kLongestFirst},
        .max_queued_tokens = input.pick(4) == 0 ? size_t{200} : size_t{1'000'000}};
    engine_ = std::make_unique<Engine>(tokenize::Tokenizer::from_json(tokenizer_json()),
                                       std::make_unique<const SumBackend>(plan_), options);
  }

  void run() {
    for (int steps = 0; steps < 60 && !input_.empty(); ++steps) step();
    if (input_.pick(3) == 0) {
      engine_->stop();
      stopped_ = true;
    }
    std::promise<void> closed;
    const bool waits = !closing_;
    if (waits) engine_->close([&closed] { closed.set_value(); });
    if (waits) closed.get_future().wait();
    if (closing_) closed_.get_future().wait();
    const auto end = engine_->statistics();
    engine_.reset();
    for (const auto& [id, request] : requests_) {
      require(stopped_ ? request->settled <= 1 : request->settled == 1, "settled once");
    }
    require(stopped_ || (end.queued_tokens == 0 && end.queued_pairs == 0), "nothing queued");
  }

 private:
  struct Known {
    std::vector<float> logits;
    std::atomic<int> settled = 0;
  };

  static Plan read_plan(Input& input) {
    Plan plan{};
    plan.threads = 1 + input.pick(4);
    plan.max_rows = 1 + input.pick(6);
    plan.regions = 1 + static_cast<int>(input.pick(4));
    plan.yields = static_cast<int>(input.pick(6));
    plan.fails_at = input.pick(4) == 0 ? 1 + input.pick(5) : 0;
    plan.no_memory = input.pick(8) == 0;
    return plan;
  }

  void step() {
    switch (input_.pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3: submit(); break;
      case 4: engine_->cancel(input_.pick(requests_.size() + 1), ErrorCode::kAborted); break;
      case 5: engine_->cancel(input_.pick(requests_.size() + 1), ErrorCode::kTimeout); break;
      case 6: std::this_thread::yield(); break;
      case 7: std::this_thread::sleep_for(std::chrono::microseconds(input_.pick(200))); break;
      case 8: count(); break;
      case 9: engine_->statistics(); break;
      case 10: encode(); break;
      case 11: close(); break;
    }
  }

  std::string text() {
    static const char* const kWords[] = {"the", "word", "a ", "query", "##s", "of", "[SEP]", "zz"};
    std::string out;
    for (size_t words = input_.pick(30); words > 0; --words) {
      out += kWords[input_.pick(8)];
      out += ' ';
    }
    return out;
  }

  void submit() {
    const uint64_t id = requests_.size();
    schedule::RequestInput request{id, text(), {}, 0, true, input_.pick(2) == 0, input_.pick(2) == 0};
    for (size_t texts = input_.pick(9); texts > 0; --texts) request.texts.push_back(text());
    auto known = std::make_shared<Known>();
    for (const std::string& each : request.texts) known->logits.push_back(expected(request.query, each));
    try {
      engine_->submit(std::move(request), [known](schedule::Outcome outcome) {
        require(++known->settled == 1, "settled once");
        const auto* ranking = std::get_if<schedule::Ranking>(&outcome);
        if (ranking == nullptr) return;
        require(ranking->results.size() == known->logits.size(), "a result for each context");
        for (const auto& result : ranking->results) {
          require(static_cast<float>(result.score) == known->logits.at(result.id), "its own score");
        }
      });
      requests_.emplace(id, std::move(known));
    } catch (const Error& error) {
      require(error.code() == (closing_ ? ErrorCode::kClosed : ErrorCode::kOverloaded),
              "refused for a reason");
    }
  }

  float expected(const std::string& query, const std::string& text) const {
    static const auto tokenizer = tokenize::Tokenizer::from_json(tokenizer_json());
    const auto pair =
        tokenizer->pair(tokenizer->encode(query).ids, tokenizer->encode(text).ids, kMaxLength,
                        tokenize::Truncation::kLongestFirst);
    return static_cast<float>(plan_.regions *
                              std::accumulate(pair.ids.begin(), pair.ids.end(), int64_t{0}));
  }

  void count() {
    try {
      engine_->count_tokens(text(), [](auto&&...) {});
    } catch (const Error& error) {
      require(closing_ && error.code() == ErrorCode::kClosed, "counts until it is closed");
    }
  }

  void encode() {
    try {
      engine_->encode(text(), text(), {kMaxLength, tokenize::Truncation::kLongestFirst});
    } catch (const Error& error) {
      require(closing_ && error.code() == ErrorCode::kClosed, "encodes until it is closed");
    }
  }

  void close() {
    if (closing_ || input_.pick(4) != 0) return;
    closing_ = true;
    engine_->close([this] { closed_.set_value(); });
  }

  Input& input_;
  const Plan plan_;
  std::map<uint64_t, std::shared_ptr<Known>> requests_;
  std::promise<void> closed_;
  bool closing_ = false;
  bool stopped_ = false;
  std::unique_ptr<Engine> engine_;  // last: its threads end before what they use
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Play(input).run();
  return 0;
}
