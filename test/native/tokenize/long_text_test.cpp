// Texts far longer than the parts in which they are encoded.
#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <thread>

#include "fixtures.h"
#include "tokenize/json/tokenizer_json.h"

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

// The fixtures, and some changed: without a token that is searched for in normalized text, which
// rules out some places to cut; with tokens of other flags there; with other components.
std::string json_of(const std::string& model) {
  if (model == "unigram.json, raw tokens") {
    return fixtures::replaced(fixtures::read("unigram.json"), R"("normalized": true)",
                              R"("normalized": false)");
  }
  if (model == "wordpiece.json, normalized tokens") {
    return fixtures::replaced(
        fixtures::read("wordpiece.json"), R"(}], "normalizer")",
        R"(}, {"content": "fox", "single_word": true, "lstrip": false, "rstrip": false},)"
        R"( {"content": "a", "single_word": true, "lstrip": false, "rstrip": true},)"
        R"( {"content": "\u00e9a", "single_word": false, "lstrip": true, "rstrip": true}],)"
        R"( "normalizer")");
  }
  if (model == "unigram.json, as transformers 5 writes DeBERTa's") {
    return fixtures::replaced(
        fixtures::read("unigram.json"), R"({"type": "Replace", "pattern": {"Regex": " {2,}"})",
        R"({"type": "Lowercase"}, {"type": "NFC"}, )"
        R"({"type": "Strip", "strip_left": true, "strip_right": true}, )"
        R"({"type": "Replace", "pattern": {"String": "00"}, "content": "0a"}, )"
        R"({"type": "Replace", "pattern": {"Regex": "\\s{2,}|[\\n\\r\\t]"})");
  }
  if (model == "roberta.json, as Qwen's") {
    return fixtures::replaced(
        fixtures::read("roberta.json"),
        R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})",
        R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": )"
        R"("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},)"
        R"( "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", )"
        R"("add_prefix_space": false, "use_regex": false}]})");
  }
  return fixtures::read(model);
}

class LongTextModelTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { tokenizer_ = Tokenizer::from_json(json_of(GetParam())); }
  static bool is_any_of(std::initializer_list<std::string_view> models) {
    return std::any_of(models.begin(), models.end(), [](std::string_view model) {
      return std::string_view(GetParam()).starts_with(model);
    });
  }
  std::unique_ptr<const Tokenizer> tokenizer_;
};

// A normalizer that does not work in parts.
class WholeNormalizer final : public Normalizer {
 public:
  explicit WholeNormalizer(std::unique_ptr<const Normalizer> other) : other_(std::move(other)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override {
    other_->normalize(text, ends, out);
  }
  bool may_cut(char32_t, char32_t) const override { return false; }
  size_t growth() const override { return other_->growth(); }

 private:
  std::unique_ptr<const Normalizer> other_;
};

// The same tokenizer, another way to the ids.
std::unique_ptr<const Tokenizer> without_parts(const char* model) {
  TokenizerParts parts = read_tokenizer_json(json_of(model));
  parts.normalizer = std::make_unique<WholeNormalizer>(std::move(parts.normalizer));
  return std::make_unique<const Tokenizer>(std::move(parts));
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
    // BPE takes longer, its fixtures' tokens being up to 2,048 bytes long.
    const bool is_bpe = !is_any_of({"unigram", "wordpiece", "deberta"});
    const size_t bytes = is_bpe ? kMegabyte / 32 : kMegabyte / 2;
    const std::string small_text = repeated(unit, bytes);
    const std::string large_text = repeated(unit, 8 * bytes);
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
                                         "unigram.json, as transformers 5 writes DeBERTa's",
                                         "wordpiece.json", "wordpiece.json, normalized tokens",
                                         "roberta.json", "roberta.json, as Qwen's",
                                         "modernbert.json", "deberta.json"));

}  // namespace
}  // namespace bge::tokenize
