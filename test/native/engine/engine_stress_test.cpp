#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <numeric>
#include <random>
#include <thread>

#include "base/team.h"
#include "engine/engine.h"
#include "tokenize/fixtures.h"

namespace bge::engine {
namespace {

// Stands for a model: the logit is the sum of the ids. A run can be cancelled in its middle, and
// is shared: a task for each row.
class SumRunner final : public backend::Runner, TeamMember {
 public:
  size_t helpers_wanted(std::span<const backend::Row> rows) const noexcept override {
    return rows.size();
  }
  void run_shared(std::span<const backend::Row> rows, std::span<float> logits,
                  Team& team) override {
    struct Run {
      SumRunner& leader;
      std::span<const backend::Row> rows;
      std::span<float> logits;
    } run{*this, rows, logits};
    for (int region = 0; region < 3; ++region)
      team.run(
          static_cast<int>(rows.size()),
          [](void* context, int task, TeamMember&) {
            Run& all = *static_cast<Run*>(context);
            for (int spin = 0; spin < 5 && !all.leader.canceled_; ++spin) std::this_thread::yield();
            all.logits[task] = static_cast<float>(
                std::accumulate(all.rows[task].ids.begin(), all.rows[task].ids.end(), int64_t{0}));
          },
          &run, *this);
    if (canceled_) throw Error(ErrorCode::kAborted, "cancelled");
  }
  bool help(Team& team, const std::function<bool()>& wanted_elsewhere) override {
    return team.take_part(*this, wanted_elsewhere);
  }
  bool prepare(size_t) noexcept override { return true; }

  void run(std::span<const backend::Row> rows, std::span<float> logits) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      for (int spin = 0; spin < 20 && !canceled_; ++spin) std::this_thread::yield();
      if (canceled_) throw Error(ErrorCode::kAborted, "cancelled");
      logits[i] =
          static_cast<float>(std::accumulate(rows[i].ids.begin(), rows[i].ids.end(), int64_t{0}));
    }
  }
  void cancel() noexcept override { canceled_ = true; }

 private:
  std::atomic<bool> canceled_ = false;
};

class SumBackend final : public backend::Backend {
 public:
  std::unique_ptr<backend::Runner> make_runner() const override {
    return std::make_unique<SumRunner>();
  }
  backend::BatchLimits batch_limits() const override { return {.max_rows = 4}; }
  const backend::BackendInfo& info() const override { return info_; }

 private:
  backend::BackendInfo info_{backend::ExecutionProvider::kCpu, "a stand-in", "0", {}, 0};
};

std::unique_ptr<Engine> make_engine(size_t threads) {
  const EngineOptions options{.tokenizer_path = {},
                              .special_tokens = tokenize::SpecialTokens::kParse,
                              .threads = threads,
                              .limits = {64, tokenize::Truncation::kLongestFirst},
                              .max_queued_tokens = 1'000'000};
  return std::make_unique<Engine>(
      tokenize::Tokenizer::from_json(tokenize::fixtures::read("wordpiece.json")),
      std::make_unique<const SumBackend>(), options);
}

schedule::RequestInput request(uint64_t id, std::mt19937& random) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 1 + random() % 20; ++i) {
    std::string text;
    for (unsigned w = 0; w < 1 + random() % 30; ++w)
      text += "the word " + std::to_string(random() % 50);
    texts.push_back(std::move(text));
  }
  return {id, "a query", std::move(texts), 0, true, random() % 2 == 0, random() % 2 == 0};
}

TEST(EngineStress, EveryRequestIsSettledOnceAcrossCancelAndClose) {
  constexpr uint64_t kRequests = 300;
  const std::unique_ptr<Engine> engine = make_engine(3);
  std::vector<std::atomic<int>> settled(kRequests);
  std::mt19937 random(1);
  for (uint64_t id = 0; id < kRequests; ++id) {
    engine->submit(request(id, random), [&settled, id](schedule::Outcome) { ++settled[id]; });
    if (random() % 3 == 0) engine->cancel(random() % (id + 1), ErrorCode::kAborted);
  }
  std::promise<void> closed;
  engine->close([&closed] { closed.set_value(); });
  EXPECT_THROW(engine->submit(request(kRequests, random), [](schedule::Outcome) {}), Error);
  EXPECT_THROW(engine->encode("a", "b", {64, tokenize::Truncation::kLongestFirst}), Error);
  closed.get_future().wait();
  for (const std::atomic<int>& count : settled) EXPECT_EQ(count, 1);
  const schedule::Statistics end = engine->statistics();
  EXPECT_EQ(end.queued_tokens, 0u);
  EXPECT_EQ(end.completed + end.aborted, kRequests);
  EXPECT_EQ(end.failed, 0u);
}

TEST(EngineStress, StopInEveryState) {
  std::mt19937 random(2);
  for (uint64_t round = 0; round < 60; ++round) {
    const std::unique_ptr<Engine> engine = make_engine(1 + round % 3);
    std::atomic<bool> stopped = false;
    for (uint64_t id = 0; id < round % 8; ++id) {
      engine->submit(request(id, random), [&stopped](schedule::Outcome) { EXPECT_FALSE(stopped); });
    }
    if (round % 4 == 1) engine->close([] {});
    if (round % 4 == 2) std::this_thread::yield();
    engine->stop();
    stopped = true;
  }
}

TEST(EngineStress, TheAnswerDoesNotDependOnThreadsOrNeighbours) {
  std::vector<float> reference;
  for (const size_t threads : {1, 2, 4}) {
    const std::unique_ptr<Engine> engine = make_engine(threads);
    std::vector<std::promise<std::vector<schedule::RankedResult>>> answers(20);
    for (uint64_t id = 0; id < answers.size(); ++id) {
      std::mt19937 same(7);
      engine->submit(request(id, same), [&answers, id](schedule::Outcome outcome) {
        answers[id].set_value(std::get<schedule::Ranking>(std::move(outcome)).results);
      });
    }
    for (auto& answer : answers) {
      std::vector<float> scores;
      for (const schedule::RankedResult& result : answer.get_future().get()) {
        scores.push_back(static_cast<float>(result.score));
      }
      if (reference.empty()) reference = scores;
      EXPECT_EQ(scores, reference);
    }
  }
}

}  // namespace
}  // namespace bge::engine
