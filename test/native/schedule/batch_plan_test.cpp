#include "schedule/batch_plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bge::schedule {
namespace {

struct Case {
  std::string name;
  std::vector<size_t> lengths;
  backend::BatchLimits limits;
  size_t rows;
};

class BatchPlan : public testing::TestWithParam<Case> {};

TEST_P(BatchPlan, TakesTheLongestPrefixWithinTheLimits) {
  EXPECT_EQ(plan_batch(GetParam().lengths, GetParam().limits), GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BatchPlan,
    testing::Values(
        Case{"nothing", {}, {.max_rows = 4}, 0}, Case{"one_row_by_default", {9, 9, 9}, {}, 1},
        Case{"row_limit", {9, 9, 9}, {.max_rows = 2}, 2},
        Case{"fewer_than_the_limits", {9, 9}, {.max_rows = 8, .max_tokens = 100}, 2},
        Case{"token_limit_met_exactly", {5, 5, 5}, {.max_rows = 8, .max_tokens = 10}, 2},
        Case{"token_limit_just_missed", {5, 5, 5}, {.max_rows = 8, .max_tokens = 9}, 1},
        Case{"too_long_alone_still_runs", {50, 1}, {.max_rows = 8, .max_tokens = 10}, 1},
        Case{"padding_counts", {8, 2, 2}, {.max_rows = 8, .max_tokens = 16, .padded = true}, 2},
        Case{"no_padding_counts_tokens", {8, 2, 2}, {.max_rows = 8, .max_tokens = 16}, 3},
        Case{"a_longer_row_pads_those_before",
             {2, 2, 8},
             {.max_rows = 8, .max_tokens = 16, .padded = true},
             2}),
    [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

}  // namespace
}  // namespace bge::schedule
