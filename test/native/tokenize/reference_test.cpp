// The whole tokenizer against recorded answers of Hugging Face tokenizers.
#include <gtest/gtest.h>

#include "base/error.h"
#include "fixtures.h"

namespace bge::tokenize {
namespace {

using fixtures::joined;
namespace dom = simdjson::dom;

std::string edited(std::string text, dom::element edits) {
  for (dom::element edit : dom::array(edits)) {
    text = fixtures::replaced(std::move(text), edit.at(0), edit.at(1));
  }
  return text;
}

Truncation truncation_of(std::string_view name) {
  if (name == "only_first") return Truncation::kOnlyFirst;
  return name == "only_second" ? Truncation::kOnlySecond : Truncation::kLongestFirst;
}

std::string pair_outcome(const Tokenizer& tokenizer, dom::element row, bool capped) {
  const auto max_length = static_cast<size_t>(uint64_t(row.at(2)));
  const Truncation truncation = truncation_of(row.at(3));
  const auto query = tokenizer.encode(row.at(0)).ids;
  const size_t cap =
      capped ? passage_cap(query.size(), max_length, tokenizer.special_tokens_in_pair(), truncation)
             : kNoLimit;
  const auto passage = tokenizer.encode(row.at(1), cap).ids;
  try {
    const EncodedPair pair = tokenizer.pair(query, passage, max_length, truncation);
    return joined(pair.ids) + joined(pair.type_ids);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kTooLong);
    return "nullnull";
  }
}

std::string all_cases() {
  return fixtures::read("cases.jsonl") + fixtures::read("kin-cases.jsonl") +
         fixtures::read("component-cases.jsonl");
}

class ReferenceTest : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    std::stringstream cases(all_cases());
    std::string line;
    for (size_t i = 0; i <= GetParam(); ++i) ASSERT_TRUE(std::getline(cases, line));
    case_ = parser_.parse(line);
    const std::string model = std::string(std::string_view(case_["model"])) + ".json";
    tokenizer_ = Tokenizer::from_json(edited(fixtures::read(model), case_["edits"]));
  }

  dom::parser parser_;
  dom::element case_;
  std::unique_ptr<const Tokenizer> tokenizer_;
};

TEST_P(ReferenceTest, IdsOfTexts) {
  for (dom::element row : dom::array(case_["texts"])) {
    EXPECT_EQ(joined(tokenizer_->encode(row.at(0)).ids), simdjson::minify(row.at(1)))
        << simdjson::minify(row.at(0));
  }
}

TEST_P(ReferenceTest, PairsWithAllPassageTokensAndWithThoseOfTheCap) {
  for (dom::element row : dom::array(case_["pairs"])) {
    const std::string want = simdjson::minify(row.at(4)) + simdjson::minify(row.at(5));
    EXPECT_EQ(pair_outcome(*tokenizer_, row, false), want) << simdjson::minify(row);
    EXPECT_EQ(pair_outcome(*tokenizer_, row, true), want) << simdjson::minify(row);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, ReferenceTest, testing::Range(size_t{0}, size_t{50}));

TEST(ReferenceTest, EveryCaseIsTested) {
  const std::string cases = all_cases();
  EXPECT_EQ(std::count(cases.begin(), cases.end(), '\n'), 50);
}

TEST(SpecialTokensAsText, IdsOfTheReferenceAndNeverASpecialOne) {
  std::stringstream cases(fixtures::read("special-text-cases.jsonl"));
  std::string line;
  size_t models = 0;
  for (; std::getline(cases, line); ++models) {
    dom::parser parser;
    const dom::element row = parser.parse(line);
    const std::string json = fixtures::read(std::string(std::string_view(row["model"])) + ".json");
    const auto tokenizer = Tokenizer::from_json(json, SpecialTokens::kText);
    for (dom::element text : dom::array(row["texts"])) {
      EXPECT_EQ(joined(tokenizer->encode(text.at(0)).ids), simdjson::minify(text.at(1)))
          << simdjson::minify(text.at(0));
    }
    // The template's own are there all the same.
    EXPECT_EQ(tokenizer->pair({}, {}, 512, Truncation::kNone).ids,
              Tokenizer::from_json(json)->pair({}, {}, 512, Truncation::kNone).ids);
  }
  EXPECT_EQ(models, 3u);
}

}  // namespace
}  // namespace bge::tokenize
