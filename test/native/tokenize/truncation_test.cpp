#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "tokenize/truncation.h"

namespace bge::tokenize {
namespace {

constexpr Truncation kAll[] = {Truncation::kLongestFirst, Truncation::kOnlySecond,
                               Truncation::kOnlyFirst, Truncation::kNone};

std::string outcome(size_t query, size_t passage, size_t max_length, Truncation truncation) {
  try {
    const auto kept = truncated_lengths({query, passage}, max_length, 4, truncation);
    return std::to_string(kept.query) + "+" + std::to_string(kept.passage);
  } catch (const Error& error) {
    return std::string(code_name(error.code()));
  }
}

// Values of the reference, see tokenizer-spec section 6.
TEST(Truncation, LongestFirst) {
  const auto kept = [](size_t query, size_t passage, size_t max_length) {
    return outcome(query, passage, max_length, Truncation::kLongestFirst);
  };
  EXPECT_EQ(kept(3, 5, 12), "3+5");
  EXPECT_EQ(kept(3, 50, 13), "3+6");
  EXPECT_EQ(kept(50, 3, 13), "6+3");
  EXPECT_EQ(kept(50, 50, 13), "4+5");
  EXPECT_EQ(kept(51, 50, 13), "5+4");
  EXPECT_EQ(kept(50, 51, 13), "4+5");
  EXPECT_EQ(kept(9, 9, 4), "0+0");
}

TEST(Truncation, OneSideOnly) {
  EXPECT_EQ(outcome(3, 50, 13, Truncation::kOnlySecond), "3+6");
  EXPECT_EQ(outcome(50, 3, 13, Truncation::kOnlyFirst), "6+3");
  EXPECT_EQ(outcome(9, 5, 13, Truncation::kOnlySecond), "TOO_LONG");
  EXPECT_EQ(outcome(5, 9, 13, Truncation::kOnlyFirst), "TOO_LONG");
  EXPECT_EQ(outcome(5, 9, 4, Truncation::kOnlyFirst), "0+0");
}

TEST(Truncation, NoneRefusesWhatDoesNotFit) {
  EXPECT_EQ(outcome(4, 5, 13, Truncation::kNone), "4+5");
  EXPECT_EQ(outcome(4, 6, 13, Truncation::kNone), "TOO_LONG");
}

TEST(Truncation, RefusesMaxLengthBelowTheSpecialTokens) {
  for (const Truncation truncation : kAll) {
    EXPECT_EQ(outcome(0, 0, 3, truncation), "INVALID_OPTION");
    EXPECT_EQ(outcome(0, 0, 4, truncation), "0+0");
  }
}

TEST(PassageCap, ThatManyTokensGiveTheSameOutcomeAsAll) {
  for (const Truncation truncation : kAll) {
    for (size_t max_length = 4; max_length < 24; ++max_length) {
      for (size_t query = 0; query < 26; ++query) {
        const size_t cap = passage_cap(query, max_length, 4, truncation);
        ASSERT_GE(cap, 1u);
        for (size_t passage = cap; passage < 60; ++passage) {
          for (size_t known = cap; known <= passage; known += 3) {
            ASSERT_EQ(outcome(query, known, max_length, truncation),
                      outcome(query, passage, max_length, truncation))
                << query << " " << passage << " " << max_length << " cap " << cap;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace bge::tokenize
