// Texts far longer than the parts in which they are encoded.
#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <thread>

#include "fixtures.h"

namespace bge::tokenize {
namespace {

constexpr size_t kMegabyte = 1000000;

std::string repeated(std::string_view unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

const std::vector<std::string>& units() {
  static const std::vector<std::string> all = {"a",          "the quick brown fox ",
                                               "abcdefghij", "naïve",
                                               "中文檢索",   "ภาษาไทย",
                                               "e\u0301",    "\u0301",
                                               "\u0600",     "\u0915\u094D",
                                               "\u200d",     "\U0001F600\u200d",
                                               "\U0001F1E6", "\uAC01",
                                               "\u1100",     " ",
                                               "  a",        "\u3000",
                                               "ﷺ",          "ﬁ",
                                               "<",          "<mask",
                                               "<mask>",     "</s>",
                                               "\U0001D173", std::string(1, '\0'),
                                               "\x01",       "0",
                                               "00 ",        "\xFF",
                                               "aabaaab",    "##",
                                               "don't ",     "\n",
                                               "[",          "ａ",
                                               "\u0378",     "\u0344\u0327"};
  return all;
}

// The fixtures, and the first one without a token that is searched for in normalized text: such a
// one rules out some places to cut.
std::string json_of(const std::string& model) {
  if (model != "unigram.json, raw tokens") return fixtures::read(model);
  return fixtures::replaced(fixtures::read("unigram.json"), R"("normalized": true)",
                            R"("normalized": false)");
}

class LongTextModelTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { tokenizer_ = Tokenizer::from_json(json_of(GetParam())); }
  std::unique_ptr<const Tokenizer> tokenizer_;
};

// A tokenizer with Strip, which does not work in parts, for which reason it is another way to the
// ids.
std::unique_ptr<const Tokenizer> without_parts(const char* model) {
  const std::string json = json_of(model);
  const auto open = json.find(R"("normalizer": {)") + 14, close = json.find(R"(, "pre_tokenizer")");
  const std::string section = json.substr(open, close - open);
  return Tokenizer::from_json(fixtures::replaced(
      json, section,
      R"({"type": "Sequence", "normalizers": [)" + section +
          R"(, {"type": "Strip", "strip_left": false, "strip_right": false}]})"));
}

TEST_P(LongTextModelTest, PartsGiveTheIdsOfTheWhole) {
  const auto whole = without_parts(GetParam());
  std::mt19937 random(5);
  for (int i = 0; i < 150; ++i) {
    std::string text;
    const unsigned kinds = 1 + random() % 4, first = random();
    while (text.size() < 30000) {
      const std::string& unit = units()[(first + random() % kinds) % units().size()];
      text += repeated(unit, 1 + random() % 60);
    }
    ASSERT_EQ(tokenizer_->encode(text).ids, whole->encode(text).ids) << first << " " << kinds;
  }
}

TEST_P(LongTextModelTest, ACapGivesAPrefix) {
  for (const std::string& unit : units()) {
    const std::string text = repeated(unit, 40000);
    const EncodedText all = tokenizer_->encode(text);
    EXPECT_TRUE(all.complete);
    for (const size_t cap : {size_t{1}, size_t{2}, size_t{300}, size_t{5000}}) {
      const EncodedText some = tokenizer_->encode(text, cap);
      if (some.complete) {
        EXPECT_EQ(some.ids, all.ids) << unit;
        continue;
      }
      ASSERT_GE(some.ids.size(), cap) << unit;
      ASSERT_LE(some.ids.size(), all.ids.size()) << unit;
      EXPECT_TRUE(std::equal(some.ids.begin(), some.ids.end(), all.ids.begin())) << unit;
    }
  }
}

TEST(LongTextTest, ACapStopsOneLongWordEarly) {
  const auto tokenizer = Tokenizer::from_json(fixtures::read("unigram.json"));
  for (const char* unit : {"abcdefghij", "中文檢索", "a", "\xCD\xB8z"}) {
    const EncodedText some = tokenizer->encode(repeated(unit, 4 * kMegabyte), 512);
    EXPECT_FALSE(some.complete) << unit;
    EXPECT_LT(some.ids.size(), 20000u) << unit;
  }
}

double cpu_seconds(const Tokenizer& tokenizer, const std::string& text) {
  const std::clock_t start = std::clock();
  tokenizer.encode(text);
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Eight times the text: 8 times the work if linear, 64 times if quadratic. Both are large enough
// for the allocator to treat them alike. The best of three rounds counts; a machine that was slower
// during the large texts gets more of them, which do not make quadratic work linear.
TEST_P(LongTextModelTest, TimeIsLinear) {
  for (const char* unit :
       {"a", "中文檢索", "e\u0301", "\u0301", "\u200d", "\uAC01", " ", "0", "<mask", "\u0378"}) {
    const std::string small_text = repeated(unit, kMegabyte / 2);
    const std::string large_text = repeated(unit, 4 * kMegabyte);
    double small = 1e9;
    double large = 1e9;
    const auto is_linear = [&] { return large < 30 * std::max(small, 5e-3); };
    for (int round = 0; round < 3 || (round < 15 && !is_linear()); ++round) {
      small = std::min(small, cpu_seconds(*tokenizer_, small_text));
      large = std::min(large, cpu_seconds(*tokenizer_, large_text));
    }
    EXPECT_TRUE(is_linear()) << unit << ": " << small << " s and " << large << " s";
  }
}

TEST_P(LongTextModelTest, ThreadsShareATokenizer) {
  std::vector<std::vector<int32_t>> want;
  for (const std::string& unit : units())
    want.push_back(tokenizer_->encode(repeated(unit, 6000)).ids);
  std::vector<std::thread> threads;
  std::vector<int> differences(4, 0);
  for (size_t t = 0; t < differences.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 4 * units().size(); ++i) {
        const size_t k = (i + 7 * t) % units().size();
        differences[t] += tokenizer_->encode(repeated(units()[k], 6000)).ids != want[k];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differences, std::vector<int>(4, 0));
}

INSTANTIATE_TEST_SUITE_P(Models, LongTextModelTest,
                         testing::Values("unigram.json", "unigram.json, raw tokens",
                                         "wordpiece.json"));

}  // namespace
}  // namespace bge::tokenize
