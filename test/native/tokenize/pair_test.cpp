#include <gtest/gtest.h>

#include "base/error.h"
#include "fixtures.h"

namespace bge::tokenize {
namespace {

using Ids = std::vector<int32_t>;

std::string refusal(const Tokenizer& tokenizer, const Ids& query, const Ids& passage,
                    size_t max_length, Truncation truncation) {
  try {
    tokenizer.pair(query, passage, max_length, truncation);
    return "none";
  } catch (const Error& error) {
    return std::string(code_name(error.code()));
  }
}

TEST(Pair, TemplatesOfBothKinds) {
  const auto unigram = Tokenizer::from_json(fixtures::read("unigram.json"));
  const EncodedPair xlmr = unigram->pair(Ids{10, 11}, Ids{12}, 512, Truncation::kLongestFirst);
  EXPECT_EQ(xlmr.ids, (Ids{0, 10, 11, 2, 2, 12, 2}));
  EXPECT_EQ(xlmr.type_ids, (Ids{0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(xlmr.truncated_tokens, 0u);
  const auto wordpiece = Tokenizer::from_json(fixtures::read("wordpiece.json"));
  const EncodedPair bert = wordpiece->pair(Ids{10, 11}, Ids{12}, 512, Truncation::kLongestFirst);
  EXPECT_EQ(bert.ids, (Ids{2, 10, 11, 3, 12, 3}));
  EXPECT_EQ(bert.type_ids, (Ids{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(wordpiece->pair({}, {}, 3, Truncation::kNone).ids, (Ids{2, 3, 3}));
}

TEST(Pair, CountsWhatItCutsOff) {
  const auto tokenizer = Tokenizer::from_json(fixtures::read("wordpiece.json"));
  const EncodedPair pair =
      tokenizer->pair(Ids{9, 8}, Ids{1, 2, 3, 4, 5}, 8, Truncation::kLongestFirst);
  EXPECT_EQ(pair.ids, (Ids{2, 9, 8, 3, 1, 2, 3, 3}));
  EXPECT_EQ(pair.truncated_tokens, 2u);
}

TEST(Pair, Refusals) {
  const auto tokenizer = Tokenizer::from_json(fixtures::read("wordpiece.json"));
  const Ids two{9, 8}, six{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(refusal(*tokenizer, two, six, 11, Truncation::kNone), "none");
  EXPECT_EQ(refusal(*tokenizer, two, six, 10, Truncation::kNone), "TOO_LONG");
  EXPECT_EQ(refusal(*tokenizer, six, two, 9, Truncation::kOnlySecond), "TOO_LONG");
  EXPECT_EQ(refusal(*tokenizer, two, six, 9, Truncation::kOnlyFirst), "TOO_LONG");
  EXPECT_EQ(refusal(*tokenizer, two, six, 2, Truncation::kLongestFirst), "INVALID_OPTION");
}

TEST(Encode, IllFormedTextCountsAsReplacementCharacters) {
  const std::string cased = fixtures::replaced(fixtures::read("wordpiece.json"),
                                               R"("clean_text": true)", R"("clean_text": false)");
  for (const std::string& json : {fixtures::read("unigram.json"), cased}) {
    const auto tokenizer = Tokenizer::from_json(json);
    EXPECT_EQ(tokenizer->encode("a\xED\xA0\x80z").ids,
              tokenizer->encode("a\uFFFD\uFFFD\uFFFDz").ids);
    EXPECT_EQ(tokenizer->encode("a\xE2\x82").ids, tokenizer->encode("a\uFFFD").ids);
    EXPECT_NE(tokenizer->encode("a\xFFz").ids, tokenizer->encode("az").ids);
  }
}

TEST(Encode, EmptyTextHasNoIds) {
  for (const char* model : {"unigram.json", "wordpiece.json"}) {
    const EncodedText empty = Tokenizer::from_json(fixtures::read(model))->encode("");
    EXPECT_TRUE(empty.ids.empty());
    EXPECT_TRUE(empty.complete);
  }
}

}  // namespace
}  // namespace bge::tokenize
