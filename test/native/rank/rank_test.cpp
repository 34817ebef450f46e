#include "rank/rank.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace bge::rank {
namespace {

std::vector<uint32_t> ids(const std::vector<RankedContext>& ranked) {
  std::vector<uint32_t> result;
  for (const RankedContext& context : ranked) result.push_back(context.id);
  return result;
}

TEST(Rank, BestFirstTiesByLowerId) {
  const std::vector<float> logits{-1, 3, 3, 5, -1};
  EXPECT_EQ(ids(rank(logits, 0, false)), (std::vector<uint32_t>{3, 1, 2, 0, 4}));
}

TEST(Rank, TheOrderIsThatOfTheLogitsWhereTheirSigmoidsSaturate) {
  // sigmoid(40) and sigmoid(50) are both 1.0 in float64, sigmoid(-800) and sigmoid(-900) both 0.
  const std::vector<float> logits{40, -900, 50, -800};
  EXPECT_EQ(ids(rank(logits, 0, false)), (std::vector<uint32_t>{2, 0, 3, 1}));
  EXPECT_EQ(ids(rank(logits, 0, true)), (std::vector<uint32_t>{2, 0, 3, 1}));
  EXPECT_EQ(ids(rank(logits, 1, false)), (std::vector<uint32_t>{2}));
}

TEST(Rank, TopKClampsToTheCount) {
  const std::vector<float> logits{1, 2, 3};
  EXPECT_EQ(ids(rank(logits, 2, false)), (std::vector<uint32_t>{2, 1}));
  EXPECT_EQ(rank(logits, 9, false).size(), 3u);
  EXPECT_EQ(rank(logits, 0, false).size(), 3u);
}

TEST(Rank, RawScoresAreTheLogits) {
  const std::vector<float> logits{-2.5F};
  EXPECT_EQ(rank(logits, 0, true)[0].score, -2.5);
}

TEST(Sigmoid, IsTheLogisticFunctionAtEveryScale) {
  EXPECT_EQ(sigmoid(0), 0.5);
  for (const double x : {-30.0, -5.0, -0.1, 0.1, 5.0, 30.0}) {
    // 1/(1+e^-x) = (1 + tanh(x/2)) / 2, computed another way.
    EXPECT_NEAR(sigmoid(x), (1 + std::tanh(x / 2)) / 2, 1e-15) << x;
    EXPECT_NEAR(sigmoid(x) + sigmoid(-x), 1, 1e-15) << x;
  }
  EXPECT_GT(sigmoid(-700), 0);
  EXPECT_EQ(sigmoid(std::numeric_limits<double>::max()), 1);
  EXPECT_EQ(sigmoid(std::numeric_limits<double>::lowest()), 0);
}

}  // namespace
}  // namespace bge::rank
