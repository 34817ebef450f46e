#include <gtest/gtest.h>

#include "schedule/scheduler.h"
#include "scheduler_fixture.h"

namespace bge::schedule {
namespace {

constexpr Scheduler::Options kOptions{
    .max_queued_tokens = 100'000, .max_length = 512, .batch_limits = {.max_rows = 8}, .workers = 1};

Error failure_of(const Pair& pair, ErrorCode code) {
  return Error(code, "no score", "/contexts/" + std::to_string(pair.first_context) + "/text");
}

// Where pairs fail that have this many tokens.
struct Failing {
  size_t in_tokenizing = 0;
  size_t in_run = 0;
};

void do_work(Scheduler& scheduler, const Failing& failing) {
  const std::optional<Work> work = scheduler.next();
  if (const auto* run = std::get_if<RunWork>(&*work)) {
    for (const PairRef& ref : run->pairs) {
      Pair& pair = ref.pair();
      if (pair.tokens == failing.in_run)
        pair.failure = failure_of(pair, ErrorCode::kInferenceFailed);
    }
    do_run(scheduler, *run);
    return;
  }
  const TokenizeWork& tokenizing = std::get<TokenizeWork>(*work);
  for (size_t i = tokenizing.first; i < tokenizing.last; ++i) {
    Pair& pair = tokenizing.request->pairs[i];
    if (tokens_of(pair.text) == failing.in_tokenizing)
      pair.failure = failure_of(pair, ErrorCode::kTooLong);
  }
  do_tokenize(scheduler, tokenizing);
}

class FailedPairsTest : public testing::Test {
 protected:
  void submit(RequestInput input, bool skip_failed) {
    input.skip_failed = skip_failed;
    const uint64_t id = input.id;
    scheduler.submit(std::move(input), [this, id](Outcome outcome) {
      EXPECT_TRUE(outcomes.emplace(id, std::move(outcome)).second) << "settled twice: " << id;
    });
  }

  void finish(const Failing& failing) {
    while (scheduler.statistics().active_requests > 0) do_work(scheduler, failing);
    EXPECT_EQ(scheduler.statistics().queued_tokens, 0u);
    EXPECT_EQ(scheduler.statistics().queued_pairs, 0u);
  }

  std::vector<uint32_t> ids(uint64_t request) {
    std::vector<uint32_t> found;
    for (const RankedResult& it : std::get<Ranking>(outcomes.at(request)).results)
      found.push_back(it.id);
    return found;
  }

  std::vector<std::pair<uint32_t, ErrorCode>> skipped(uint64_t request) {
    std::vector<std::pair<uint32_t, ErrorCode>> found;
    for (const SkippedContext& it : std::get<Ranking>(outcomes.at(request)).skipped)
      found.emplace_back(it.id, it.error.code());
    return found;
  }

  Scheduler scheduler{kOptions};
  std::map<uint64_t, Outcome> outcomes;
};

using Skipped = std::vector<std::pair<uint32_t, ErrorCode>>;

TEST_F(FailedPairsTest, ARunFailsOnlyTheRequestOfTheFailedPair) {
  submit(request(1, {"20:a", "13:bad"}), false);
  submit(request(2, {"20:b", "30:c"}), false);
  finish({.in_run = 13});
  EXPECT_EQ(std::get<Error>(outcomes.at(1)).path(), "/contexts/1/text");
  EXPECT_EQ(ids(2), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(scheduler.statistics().failed, 1u);
  EXPECT_EQ(scheduler.statistics().completed, 1u);
}

TEST_F(FailedPairsTest, SkippedPairsLeaveTheOthersTheirScores) {
  submit(request(1, {"20:a", "13:bad", "17:long", "10:b", "13:bad"}), true);
  finish({.in_tokenizing = 17, .in_run = 13});
  EXPECT_EQ(ids(1), (std::vector<uint32_t>{3, 0}));
  EXPECT_EQ(skipped(1), (Skipped{{1, ErrorCode::kInferenceFailed},
                                 {2, ErrorCode::kTooLong},
                                 {4, ErrorCode::kInferenceFailed}}));
}

TEST_F(FailedPairsTest, TopKCountsScoresOnly) {
  submit(request(1, {"13:bad", "20:a", "10:b", "30:c"}, 2), true);
  finish({.in_run = 13});
  EXPECT_EQ(ids(1), (std::vector<uint32_t>{2, 1}));
  EXPECT_EQ(skipped(1).size(), 1u);
}

TEST_F(FailedPairsTest, ARequestOfFailedPairsAloneIsAnswered) {
  submit(request(1, {"17:a", "17:b"}), true);
  finish({.in_tokenizing = 17});
  EXPECT_TRUE(ids(1).empty());
  EXPECT_EQ(skipped(1).size(), 2u);
  EXPECT_EQ(scheduler.statistics().completed, 1u);
}

TEST_F(FailedPairsTest, APairThatFailsInTokenizingFailsTheRequestAtOnce) {
  submit(request(1, {"17:a", "20:b"}), false);
  finish({.in_tokenizing = 17});
  EXPECT_EQ(std::get<Error>(outcomes.at(1)).code(), ErrorCode::kTooLong);
  EXPECT_EQ(scheduler.statistics().batches, 0u);
}

}  // namespace
}  // namespace bge::schedule
