#include "schedule/policy.h"

#include <gtest/gtest.h>

namespace bge::schedule {
namespace {

TEST(SchedulePolicy, FewestTokensFirstThenTheOldest) {
  struct Case {
    Standing a, b;
    bool a_first;
  };
  for (const auto& [a, b, a_first] : {Case{{10, 2}, {11, 1}, true}, Case{{11, 1}, {10, 2}, false},
                                      Case{{10, 1}, {10, 2}, true}, Case{{10, 2}, {10, 1}, false}})
    EXPECT_EQ(fewest_first(a, b), a_first);
}

TEST(SchedulePolicy, TheOldestIsDueAfterSevenTimesItsNextPair) {
  struct Case {
    size_t since, next;
    bool due;
  };
  for (const auto& [since, next, due] :
       {Case{0, 1, false}, Case{6, 1, false}, Case{7, 1, true}, Case{699, 100, false},
        Case{700, 100, true}, Case{9000, 100, true}, Case{0, 0, true}})
    EXPECT_EQ(oldest_is_due(since, next), due) << since << " " << next;
}

TEST(SchedulePolicy, OthersAreChargedByTheTokenAndTheOldestPaysSevenfold) {
  struct Case {
    size_t since, tokens;
    bool to_oldest;
    size_t after;
  };
  for (const auto& [since, tokens, to_oldest, after] :
       {Case{0, 50, false, 50}, Case{650, 50, false, 700}, Case{700, 100, true, 0},
        Case{800, 100, true, 100}, Case{10, 100, true, 0}, Case{0, 0, true, 0}})
    EXPECT_EQ(charge(since, tokens, to_oldest), after) << since << " " << tokens;
}

TEST(SchedulePolicy, TheLastSixtyFourPairsRunLongestFirst) {
  EXPECT_FALSE(runs_longest_first(65));
  EXPECT_TRUE(runs_longest_first(64));
  EXPECT_TRUE(runs_longest_first(1));
}

TEST(SchedulePolicy, AnUnpaddedRunTakesAWorkersShare) {
  struct Case {
    size_t queued, workers;
    bool padded;
    size_t max_tokens;
  };
  for (const auto& [queued, workers, padded, max_tokens] :
       {Case{240, 2, false, 120}, Case{241, 2, false, 121}, Case{5000, 2, false, 512},
        Case{240, 1, false, 240}, Case{240, 2, true, 512}, Case{0, 4, false, 0}}) {
    const backend::BatchLimits limits{.max_rows = 64, .max_tokens = 512, .padded = padded};
    EXPECT_EQ(run_limits(limits, queued, workers).max_tokens, max_tokens);
    EXPECT_EQ(run_limits(limits, queued, workers).max_rows, 64u);
  }
}

}  // namespace
}  // namespace bge::schedule
