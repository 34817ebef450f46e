#include "schedule/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/team.h"
#include "scheduler_fixture.h"

namespace bge::schedule {
namespace {

constexpr Scheduler::Options kOptions{
    .max_queued_tokens = 100'000, .max_length = 512, .batch_limits = {}, .workers = 1};

// Runs a scheduler on the test's own thread and notes what comes.
class SchedulerTest : public testing::Test {
 protected:
  void submit(Scheduler& scheduler, RequestInput input) {
    const uint64_t id = input.id;
    scheduler.submit(std::move(input), [this, id](Outcome outcome) {
      EXPECT_TRUE(outcomes.emplace(id, std::move(outcome)).second) << "settled twice: " << id;
    });
  }

  // Takes and finishes the next work; for a run, the request and pair that it ran.
  std::optional<std::pair<uint64_t, size_t>> step(Scheduler& scheduler) {
    const std::optional<Work> work = scheduler.next();
    if (const auto* tokenizing = std::get_if<TokenizeWork>(&*work)) {
      do_tokenize(scheduler, *tokenizing);
      return std::nullopt;
    }
    const RunWork& run = std::get<RunWork>(*work);
    const std::pair<uint64_t, size_t> first{run.pairs[0].request->id, run.pairs[0].index};
    do_run(scheduler, run);
    return first;
  }

  std::pair<uint64_t, size_t> next_run(Scheduler& scheduler) {
    while (true) {
      if (const auto ran = step(scheduler)) return *ran;
    }
  }

  RunWork take_run(Scheduler& scheduler) {
    while (true) {
      Work work = *scheduler.next();
      if (auto* run = std::get_if<RunWork>(&work)) return std::move(*run);
      do_tokenize(scheduler, std::get<TokenizeWork>(work));
    }
  }

  ErrorCode code_of(uint64_t id) { return std::get<Error>(outcomes.at(id)).code(); }

  std::map<uint64_t, Outcome> outcomes;
};

using Ran = std::pair<uint64_t, size_t>;

TEST_F(SchedulerTest, LongestPairFirstAndResultBestFirst) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 30, 20})));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 1}));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 2}));
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(next_run(scheduler), (Ran{1, 0}));
  const auto& results = std::get<Ranking>(outcomes.at(1)).results;
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].id, 0u);
  EXPECT_EQ(results[0].score, -10);
  EXPECT_EQ(results[0].tokens, 10u);
  EXPECT_EQ(results[2].id, 1u);
}

TEST_F(SchedulerTest, LargeRequestRunsShortestFirstAndItsLastPairsLongestFirst) {
  Scheduler scheduler(kOptions);
  std::vector<std::string> texts;
  for (size_t i = 0; i < 66; ++i) texts.push_back(std::to_string(100 + i) + ":");
  submit(scheduler, request(1, std::move(texts)));
  while (scheduler.statistics().tokenize.count == 0) {
    Work work = *scheduler.next();
    do_tokenize(scheduler, std::get<TokenizeWork>(work));
  }
  EXPECT_EQ(next_run(scheduler), (Ran{1, 0}));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 1}));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 65})) << "64 are left";
  EXPECT_EQ(next_run(scheduler), (Ran{1, 64}));
}

TEST_F(SchedulerTest, EqualTextsAreScoredOnce) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, {"10:a", "20:b", "10:a", "10:a"}));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 1}));
  EXPECT_EQ(next_run(scheduler), (Ran{1, 0}));
  const auto& results = std::get<Ranking>(outcomes.at(1)).results;
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].id, 0u);
  EXPECT_EQ(results[1].id, 2u);
  EXPECT_EQ(results[2].id, 3u);
  EXPECT_EQ(scheduler.statistics().scored_pairs, 2u);
}

TEST_F(SchedulerTest, SmallRequestOvertakesLargeOne) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({100, 100, 100, 100, 100})));
  EXPECT_EQ(next_run(scheduler).first, 1u);
  submit(scheduler, request(2, texts_of({10, 10})));
  EXPECT_EQ(next_run(scheduler).first, 2u);
  EXPECT_EQ(next_run(scheduler).first, 2u);
  EXPECT_EQ(next_run(scheduler).first, 1u);
}

TEST_F(SchedulerTest, OldestRequestGetsOneTokenInEight) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({100, 100, 100, 100, 100, 100})));
  EXPECT_EQ(next_run(scheduler).first, 1u);
  size_t old_tokens = 0;
  size_t young_tokens = 0;
  uint64_t next_id = 2;
  submit(scheduler, request(next_id, texts_of({50})));
  while (old_tokens < 300) {
    if (next_run(scheduler).first == 1) {
      old_tokens += 100;
    } else {
      young_tokens += 50;
      submit(scheduler, request(++next_id, texts_of({50})));
    }
  }
  EXPECT_NEAR(static_cast<double>(young_tokens) / static_cast<double>(old_tokens), 7, 1);
}

TEST_F(SchedulerTest, RefusesWholeRequestBeyondTheBoundAtOnce) {
  Scheduler scheduler(
      {.max_queued_tokens = 20, .max_length = 512, .batch_limits = {}, .workers = 1});
  submit(scheduler, request(1, {"10:aa"}));
  try {
    submit(scheduler, request(2, {"10:aa", "10:bb", "10:cc", "10:dd"}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOverloaded);
    EXPECT_NE(std::string(error.what()).find("maxQueuedTokens 20"), std::string::npos);
  }
  EXPECT_EQ(scheduler.statistics().refused, 1u);
  EXPECT_EQ(scheduler.statistics().active_requests, 1u);
  next_run(scheduler);
  EXPECT_EQ(outcomes.size(), 1u);
  submit(scheduler, request(3, {"10:aa"}));
  next_run(scheduler);
  EXPECT_EQ(outcomes.size(), 2u);
}

TEST_F(SchedulerTest, QueueCountsReturnToZero) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 30, 20})));
  submit(scheduler, request(2, texts_of({40, 5})));
  EXPECT_EQ(scheduler.statistics().queued_pairs, 5u);
  EXPECT_GT(scheduler.statistics().queued_tokens, 0u);
  for (int i = 0; i < 5; ++i) next_run(scheduler);
  const Statistics end = scheduler.statistics();
  EXPECT_EQ(end.queued_pairs, 0u);
  EXPECT_EQ(end.queued_tokens, 0u);
  EXPECT_EQ(end.active_requests, 0u);
  EXPECT_EQ(end.scored_tokens, 105u);
  EXPECT_EQ(end.completed, 2u);
}

TEST_F(SchedulerTest, CancelDropsWhatHasNotStarted) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 30, 20})));
  const RunWork running = take_run(scheduler);
  EXPECT_TRUE(scheduler.cancel(1, ErrorCode::kAborted));
  EXPECT_EQ(code_of(1), ErrorCode::kAborted);
  EXPECT_EQ(scheduler.statistics().queued_pairs, 0u);
  EXPECT_EQ(scheduler.statistics().queued_tokens, 30u) << "the pair that is running";
  do_run(scheduler, running);
  EXPECT_EQ(scheduler.statistics().queued_tokens, 0u);
  EXPECT_FALSE(scheduler.cancel(1, ErrorCode::kAborted));
  EXPECT_EQ(outcomes.size(), 1u);
}

TEST_F(SchedulerTest, CancelWhileTokenizing) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 30})));
  const Work work = *scheduler.next();
  EXPECT_TRUE(scheduler.cancel(1, ErrorCode::kTimeout));
  do_tokenize(scheduler, std::get<TokenizeWork>(work));
  EXPECT_EQ(code_of(1), ErrorCode::kTimeout);
  EXPECT_EQ(scheduler.statistics().queued_tokens, 0u);
  EXPECT_EQ(scheduler.statistics().timed_out, 1u);
}

TEST_F(SchedulerTest, OnlyOneWorkerEncodesTheQuery) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, std::vector<std::string>(1, "10:" + std::string(9000, 'x'))));
  submit(scheduler, request(2, {"500:a", "500:b"}));
  const Work first = *scheduler.next();
  const Work second = *scheduler.next();
  const auto& a = std::get<TokenizeWork>(first);
  const auto& b = std::get<TokenizeWork>(second);
  EXPECT_TRUE(a.with_query);
  EXPECT_TRUE(b.with_query);
  EXPECT_NE(a.request->id, b.request->id);
  do_tokenize(scheduler, a);
  do_tokenize(scheduler, b);
}

TEST_F(SchedulerTest, FailureSettlesTheRequestAlone) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 30})));
  submit(scheduler, request(2, texts_of({200, 200})));
  const RunWork running = take_run(scheduler);
  scheduler.failed(running, Error(ErrorCode::kInferenceFailed, "broken"));
  EXPECT_EQ(code_of(1), ErrorCode::kInferenceFailed);
  next_run(scheduler);
  next_run(scheduler);
  EXPECT_TRUE(std::holds_alternative<Ranking>(outcomes.at(2)));
  EXPECT_EQ(scheduler.statistics().queued_tokens, 0u);
  EXPECT_EQ(scheduler.statistics().failed, 1u);
}

TEST_F(SchedulerTest, NoContextsCompletesAtOnce) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, {}));
  EXPECT_TRUE(std::get<Ranking>(outcomes.at(1)).results.empty());
}

TEST_F(SchedulerTest, CloseRefusesNewWorkAndFinishesAcceptedWork) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10})));
  scheduler.close();
  try {
    submit(scheduler, request(2, texts_of({10})));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kClosed);
  }
  next_run(scheduler);
  EXPECT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(scheduler.next().has_value());
}

TEST_F(SchedulerTest, StopDropsEverythingWithoutCompletions) {
  Scheduler scheduler(kOptions);
  submit(scheduler, request(1, texts_of({10, 20})));
  const RunWork running = take_run(scheduler);
  scheduler.stop();
  EXPECT_FALSE(scheduler.next().has_value());
  do_run(scheduler, running);
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(SchedulerTest, PackedRunTakesAWorkersShareOfAShortQueue) {
  Scheduler scheduler({.max_queued_tokens = 100'000,
                       .max_length = 512,
                       .batch_limits = {.max_rows = 64, .max_tokens = 512},
                       .workers = 2});
  submit(scheduler, request(1, texts_of({40, 40, 40, 40, 40, 40})));
  const RunWork first = take_run(scheduler);
  EXPECT_EQ(first.pairs.size(), 3u) << "half of the queue";
  const RunWork second = take_run(scheduler);
  EXPECT_EQ(second.pairs.size(), 3u) << "what runs counts too: the other half";
  do_run(scheduler, first);
  do_run(scheduler, second);
}

TEST_F(SchedulerTest, BatchesAcrossRequestsWithinTheLimits) {
  Scheduler scheduler({.max_queued_tokens = 100'000,
                       .max_length = 512,
                       .batch_limits = {.max_rows = 4, .max_tokens = 60, .padded = true},
                       .workers = 1});
  submit(scheduler, request(1, texts_of({20, 19})));
  submit(scheduler, request(2, texts_of({18, 17, 16})));
  do_tokenize(scheduler, std::get<TokenizeWork>(*scheduler.next()));
  do_tokenize(scheduler, std::get<TokenizeWork>(*scheduler.next()));
  const RunWork first = take_run(scheduler);
  ASSERT_EQ(first.pairs.size(), 3u) << "3 rows padded to 20 tokens are 60";
  EXPECT_EQ(first.pairs[0].request->id, 1u);
  EXPECT_EQ(first.pairs[2].request->id, 2u);
  do_run(scheduler, first);
  EXPECT_EQ(outcomes.size(), 1u);
  const RunWork second = take_run(scheduler);
  EXPECT_EQ(second.pairs.size(), 2u);
  do_run(scheduler, second);
  EXPECT_EQ(outcomes.size(), 2u);
}

TEST_F(SchedulerTest, WhoFindsNothingElseHelpsWhereMostSeatsAreFree) {
  Scheduler scheduler(kOptions);
  Team first;
  Team second;
  const auto helps = [&] {
    const std::optional<Work> work = scheduler.next();
    const auto* help = std::get_if<HelpWork>(&*work);
    return help == nullptr ? nullptr : help->team;
  };
  scheduler.share(first, 2);
  scheduler.share(second, 1);
  EXPECT_EQ(helps(), &first);
  EXPECT_NE(helps(), nullptr) << "one seat is left in each";
  scheduler.unshare(first);
  scheduler.unshare(second);

  scheduler.share(second, 1);
  EXPECT_FALSE(scheduler.has_work());
  submit(scheduler, request(1, texts_of({10})));
  EXPECT_TRUE(scheduler.has_work()) << "who helps leaves for it";
  EXPECT_EQ(next_run(scheduler).first, 1u) << "and it comes before any help";
  EXPECT_FALSE(scheduler.has_work());
  EXPECT_EQ(helps(), &second);

  // A seat comes back when its worker was called away, and with the run it is gone.
  scheduler.helped({&second}, true);
  EXPECT_EQ(helps(), &second);
  scheduler.unshare(second);
  scheduler.helped({&second}, true);
  scheduler.close();
  EXPECT_FALSE(scheduler.next().has_value());
}

}  // namespace
}  // namespace bge::schedule
