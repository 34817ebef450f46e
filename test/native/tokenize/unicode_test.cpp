#include <gtest/gtest.h>

#include "tokenize/json/base64.h"
#include "tokenize/unicode/grapheme.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

std::string repaired(std::string_view text) {
  std::string storage;
  return std::string(repair_utf8(text, storage));
}

// The expected values are those of Python's bytes.decode('utf-8', 'replace').
TEST(Utf8, EachIllFormedPartBecomesOneReplacementCharacter) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(repaired("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(repaired("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(repaired("\xC0\xAF"), r + r);
  EXPECT_EQ(repaired("\xED\xA0\x80"), r + r + r);  // a lone surrogate
  EXPECT_EQ(repaired("\xE2\x82"), r);
  EXPECT_EQ(repaired("\xE2\x82x"), r + "x");
  EXPECT_EQ(repaired("\xF0\x9F\x98\xF0\x9F\x98\x80"), r + "\xF0\x9F\x98\x80");
  EXPECT_EQ(repaired("\xF4\x90\x80\x80"), r + r + r + r);
  EXPECT_EQ(repaired("\xE0\x80\x80"), r + r + r);
  EXPECT_EQ(repaired(std::string("\0\x80\0", 3)), std::string("\0\xEF\xBF\xBD\0", 5));
}

TEST(Utf8, EveryScalarIsReadAsItWasWritten) {
  for (char32_t scalar = 0; scalar < 0x110000; ++scalar) {
    if (scalar >= 0xD800 && scalar < 0xE000) continue;
    std::string bytes;
    append_scalar(bytes, scalar);
    ASSERT_EQ(scalar_length(bytes[0]), bytes.size());
    ASSERT_EQ(scalar_at(bytes, 0), scalar);
    ASSERT_EQ(last_scalar("x" + bytes), scalar);
    ASSERT_EQ(repaired(bytes), bytes);
  }
}

// As tokenizer-spec has them, where each was verified against the reference.
TEST(Unicode, VersionsOfTheReference) {
  EXPECT_FALSE(has_flag(0x8D4, kNonspacingMark));  // newer than Unicode 8.0
  EXPECT_TRUE(has_flag(0x1734, kNonspacingMark));  // Mn in 8.0, Mc today
  EXPECT_FALSE(has_flag(0x61D, kPunctuation));     // newer than 8.0
  EXPECT_TRUE(has_flag(0x166D, kPunctuation));     // punctuation in 8.0, a symbol today
  EXPECT_TRUE(has_flag('$', kPunctuation));
  EXPECT_FALSE(has_flag(0xB0, kPunctuation));
  EXPECT_TRUE(has_flag(0x180E, kOtherCategory));
  EXPECT_FALSE(is_white_space(0x180E));
  EXPECT_TRUE(is_white_space(0x85));
  EXPECT_TRUE(has_flag(0x200D, kWordCharacter));
}

TEST(Unicode, DecompositionAndLowercase) {
  EXPECT_EQ(decomposition(0x37E).front(), uint32_t{';'});
  EXPECT_EQ(decomposition(0x1FEF).front(), uint32_t{'`'});
  EXPECT_TRUE(decomposition(0xFB01).empty());  // a compatibility decomposition only
  const auto vietnamese = decomposition(0x1EBF);
  EXPECT_EQ(std::vector<uint32_t>(vietnamese.begin(), vietnamese.end()),
            (std::vector<uint32_t>{'e', 0x302, 0x301}));
  EXPECT_EQ(lowercase(0x3A3).front(), 0x3C3u);  // never the final sigma
  EXPECT_EQ(lowercase(0x130).size(), 2u);
  EXPECT_TRUE(lowercase(0xDF).empty());
}

std::vector<size_t> cluster_sizes(const std::u32string& scalars) {
  std::string text;
  for (const char32_t scalar : scalars) append_scalar(text, scalar);
  std::vector<size_t> sizes;
  for (size_t at = 0; at < text.size();) {
    const size_t end = grapheme_end(text, at);
    size_t size = 0;
    for (; at < end; at += scalar_length(text[at])) ++size;
    sizes.push_back(size);
  }
  return sizes;
}

using Sizes = std::vector<size_t>;

// Rules of UAX 29, with examples of its GraphemeBreakTest.txt and of tokenizer-spec.
TEST(Grapheme, Rules) {
  EXPECT_EQ(cluster_sizes(U"ab"), (Sizes{1, 1}));
  EXPECT_EQ(cluster_sizes(U"\r\n\r\r"), (Sizes{2, 1, 1}));                        // GB3 to GB5
  EXPECT_EQ(cluster_sizes(U"a\u0001\u0301"), (Sizes{1, 1, 1}));                   // GB4, GB5
  EXPECT_EQ(cluster_sizes(U"\u1100\u1161\u11A8\u1100"), (Sizes{3, 1}));           // GB6, GB7
  EXPECT_EQ(cluster_sizes(U"\uAC00\u11A8\uAC01\u11A8\u1161"), (Sizes{2, 2, 1}));  // GB7, GB8
  EXPECT_EQ(cluster_sizes(U"e\u0301\u0301\u200Dx"), (Sizes{4, 1}));               // GB9
  EXPECT_EQ(cluster_sizes(U"\u0915\u0903x"), (Sizes{2, 1}));                      // GB9a
  EXPECT_EQ(cluster_sizes(U"\u0600e\u0301"), (Sizes{3}));                         // GB9b
  EXPECT_EQ(cluster_sizes(U"\u0915\u094D\u0958\u0301"), (Sizes{4}));              // GB9c
  EXPECT_EQ(cluster_sizes(U"\u0915\u094D\u094D\u200D\u0924"), (Sizes{5}));        // GB9c
  EXPECT_EQ(cluster_sizes(U"\u0915\u0301\u0924"), (Sizes{2, 1}));                 // no linker
  EXPECT_EQ(cluster_sizes(U"a\u094D\u0924"), (Sizes{2, 1}));                      // no consonant
  EXPECT_EQ(cluster_sizes(U"\U0001F468\u200D\U0001F469\u200D\U0001F467"), (Sizes{5}));  // GB11
  EXPECT_EQ(cluster_sizes(U"\U0001F600\u0301\u200D\u2122\u0301"), (Sizes{5}));          // GB11
  EXPECT_EQ(cluster_sizes(U"a\u200D\u2122"), (Sizes{2, 1}));  // GB11 needs a pictograph
  EXPECT_EQ(cluster_sizes(U"\U0001F600\u200D\u200D\u2122"), (Sizes{3, 1}));  // and Extend only
  EXPECT_EQ(cluster_sizes(U"\U0001F1E6\U0001F1E7\U0001F1E8\U0001F1E9\U0001F1EA"),
            (Sizes{2, 2, 1}));  // GB12, GB13
}

TEST(Base64, DecodesAndRefuses) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");  // RFC 4648, section 10
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("+/+/"), "\xFB\xFF\xBF");
  for (const char* bad : {"Zg=", "Zg", "Z===", "====", "Zm9*", "Zm=v"}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace bge::tokenize
