// tokenizer.json files made to hurt: whatever a table says, loading refuses it or encoding stays
// within its memory and time. Run under AddressSanitizer by `npm run test:native -- --sanitize`.
#include <gtest/gtest.h>

#include <ctime>

#include "base/error.h"
#include "fixtures.h"

namespace bge::tokenize {
namespace {

using fixtures::replaced;

constexpr char kCharsmapPath[] = "TOKENIZER_INVALID /normalizer/normalizers/0/precompiled_charsmap";

// "CODE path" of the error that loading gives; "loaded" without one.
std::string load(const std::string& json) {
  try {
    Tokenizer::from_json(json);
    return "loaded";
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + " " + error.path();
  }
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

// A charsmap in the format of darts-clone whose one key is "a"; its leaf, and so its value, is at
// `leaf_distance` from its unit.
std::string charsmap(uint32_t value, std::string_view replacements, uint32_t leaf_distance = 1) {
  std::vector<uint32_t> units(512, 0);
  const uint32_t base = 256, a = base ^ 'a';
  units[0] = base << 10;
  units[a] = leaf_distance << 10 | 1u << 8 | 'a';
  if ((a ^ leaf_distance) < units.size()) units[a ^ leaf_distance] = 0x80000000u | value;
  std::string blob;
  const auto add = [&](uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) blob += static_cast<char>(number >> shift & 0xFF);
  };
  add(static_cast<uint32_t>(4 * units.size()));
  for (const uint32_t unit : units) add(unit);
  return blob.append(replacements);
}

// The tokenizer of the fixture with this charsmap in place of its own.
std::string with_charsmap(std::string_view blob) {
  const std::string json = fixtures::read("unigram.json");
  constexpr std::string_view kName = R"("precompiled_charsmap": ")";
  const size_t begin = json.find(kName) + kName.size();
  return json.substr(0, begin) + base64(blob) + json.substr(json.find('"', begin));
}

TEST(Hostile, ASoundCharsmapIsTaken) {
  const std::string_view replacements("b\0\xC3\xA9\0", 5);
  const auto to_b = Tokenizer::from_json(with_charsmap(charsmap(0, replacements)));
  EXPECT_EQ(to_b->encode("xax").ids, to_b->encode("xbx").ids);
  const auto to_e = Tokenizer::from_json(with_charsmap(charsmap(2, replacements)));
  EXPECT_EQ(to_e->encode("xax").ids, to_e->encode("x\xC3\xA9x").ids);
  const auto to_nothing = Tokenizer::from_json(with_charsmap(charsmap(5, replacements)));
  EXPECT_EQ(to_nothing->encode("xax").ids, to_nothing->encode("xx").ids);
}

TEST(Hostile, ReplacementsThatAreNoUtf8) {
  for (const std::string_view bytes :
       {std::string_view("\xF0\0", 2), std::string_view("\xC3\0", 2), std::string_view("\x80\0", 2),
        std::string_view("\xFF\0", 2), std::string_view("\xED\xA0\x80\0", 4),
        std::string_view("b\0\xE2\x82\0", 5), std::string_view("b\0\xF0\x9F\x98", 5)}) {
    EXPECT_EQ(load(with_charsmap(charsmap(0, bytes))), kCharsmapPath);
  }
}

TEST(Hostile, ReplacementsThatStartInsideACharacterOrOutside) {
  const std::string_view euro("\xE2\x82\xAC\0", 4);
  EXPECT_EQ(load(with_charsmap(charsmap(0, euro))), "loaded");
  for (const uint32_t value : {1u, 2u, 5u, 1000u, 0x7FFFFFFFu}) {
    EXPECT_EQ(load(with_charsmap(charsmap(value, euro))), kCharsmapPath) << value;
  }
}

TEST(Hostile, LeavesOutsideTheTrie) {
  for (const uint32_t distance : {512u, 0x1FFFFFu}) {
    EXPECT_EQ(load(with_charsmap(charsmap(0, "b", distance))), kCharsmapPath) << distance;
  }
}

// The unit of "a" is its own child, so that the trie has no end.
TEST(Hostile, ACharsmapThatGoesInCircles) {
  std::string blob = charsmap(0, std::string_view("b\0", 2));
  const uint32_t a = 256 ^ 'a', unit = uint32_t{'a'} << 10 | 'a';
  for (int i = 0; i < 4; ++i) {
    blob[4 + 4 * a + static_cast<size_t>(i)] = static_cast<char>(unit >> (8 * i) & 0xFF);
  }
  const auto tokenizer = Tokenizer::from_json(with_charsmap(blob));
  EXPECT_FALSE(tokenizer->encode("aaaaaaaa").ids.empty());
}

// One letter that becomes a megabyte would make a part of a text gigabytes long.
TEST(Hostile, ReplacementsOutOfProportion) {
  EXPECT_EQ(load(with_charsmap(charsmap(0, std::string(256, 'b') + '\0'))), "loaded");
  EXPECT_EQ(load(with_charsmap(charsmap(0, std::string(257, 'b') + '\0'))), kCharsmapPath);
}

// Two of the lowest finite score are minus infinity, which the lattice has for "not reached".
TEST(Hostile, ScoresWhoseSumIsInfinite) {
  const std::string json = fixtures::read("unigram.json");
  for (const char* score : {"-1.7e308", "1.7e308", "-1.1e100", "1.1e100"}) {
    EXPECT_EQ(load(replaced(json, R"(["<unk>", 0.0])", std::string(R"(["<unk>", )") + score + "]")),
              "TOKENIZER_INVALID /model/vocab/3/1")
        << score;
  }
}

TEST(Hostile, TheLargestScoresThatAreTakenStayFinite) {
  const auto tokenizer = Tokenizer::from_json(
      replaced(fixtures::read("unigram.json"), R"(["<unk>", 0.0])", R"(["<unk>", -1e100])"));
  // Unknown scalars only: each adds the lowest score.
  EXPECT_EQ(tokenizer->encode(std::string(100000, '\x02')).ids.size(), 2u);
}

TEST(Hostile, StringsThatAreNoUnicode) {
  for (const char* piece : {R"("\ud800")", "\"\xFF\"", "\"\xC3\"", "\"\xED\xA0\x80\""}) {
    EXPECT_EQ(load(replaced(fixtures::read("unigram.json"), R"(["<unk>", 0.0])",
                            std::string("[") + piece + ", 0.0]")),
              "TOKENIZER_INVALID ")
        << piece;
    EXPECT_EQ(load(replaced(fixtures::read("wordpiece.json"), R"("[UNK]": 1,)",
                            std::string(R"("[UNK]": 1, )") + piece + ": 7,")),
              "TOKENIZER_INVALID ")
        << piece;
  }
}

TEST(Hostile, TokensOutOfProportion) {
  const auto with_piece = [](size_t bytes) {
    return load(replaced(fixtures::read("unigram.json"), R"(["<unk>", 0.0])",
                         R"(["<unk>", 0.0], [")" + std::string(bytes, 'a') + R"(", 0.0])"));
  };
  EXPECT_EQ(with_piece(1024), "loaded");
  EXPECT_EQ(with_piece(1025), "TOKENIZER_UNSUPPORTED /model/vocab/4");
  const std::string longer(1025, 'a');
  EXPECT_EQ(load(replaced(fixtures::read("wordpiece.json"), R"("[UNK]": 1,)",
                          R"("[UNK]": 1, ")" + longer + R"(": 7,)")),
            "TOKENIZER_UNSUPPORTED /model/vocab/" + std::string(187, 'a') + "…");
  EXPECT_EQ(load(replaced(fixtures::read("wordpiece.json"), R"("content": "[UNK]")",
                          R"("content": ")" + longer + '"')),
            "TOKENIZER_UNSUPPORTED /added_tokens/1/content");
}

TEST(Hostile, IdsOfNoToken) {
  const std::string json = fixtures::read("wordpiece.json");
  EXPECT_EQ(load(replaced(json, R"("ids": [2])", R"("ids": [2000])")),
            "TOKENIZER_INVALID /post_processor");
  EXPECT_EQ(Tokenizer::from_json(replaced(json, R"("[UNK]": 1,)", R"("[UNK]": 2147483646,)"))
                ->vocabulary_size(),
            2147483647u);
}

TEST(Hostile, WhatMayStandOnceOnly) {
  EXPECT_EQ(load(replaced(fixtures::read("wordpiece.json"), R"("vocab": {)",
                          R"("vocab": {"a": 1}, "vocab": {)")),
            "TOKENIZER_INVALID /model/vocab");
  EXPECT_EQ(
      load(replaced(fixtures::read("roberta.json"), R"("merges":[)", R"("merges":[], "merges":[)")),
      "TOKENIZER_INVALID /model/merges");
  EXPECT_EQ(
      load(replaced(fixtures::read("roberta.json"), R"("<unk>":3,)", R"("<unk>":3,"<other>":3,)"))
          .substr(0, 17),
      "TOKENIZER_INVALID");
}

// As npm `tokenizers` counts: an empty content is no token, one that stands twice has one id.
TEST(Hostile, AddedTokensThatAreEmptyOrStandTwice) {
  const std::string json = fixtures::read("wordpiece.json");
  const auto token = [](const char* content) {
    return std::string(R"(, {"id": 7, "content": ")") + content +
           R"(", "single_word": false, "lstrip": false, "rstrip": false, )"
           R"("normalized": false, "special": false})";
  };
  const size_t size = Tokenizer::from_json(json)->vocabulary_size();
  const auto more = Tokenizer::from_json(replaced(
      json, R"(}], "normalizer")",
      "}" + token("") + token("<new>") + token("<new>") + token("<newer>") + R"(], "normalizer")"));
  EXPECT_EQ(more->vocabulary_size(), size + 2);
  const auto id = static_cast<int32_t>(size);
  EXPECT_EQ(more->encode("<new><newer>").ids, (std::vector<int32_t>{id, id + 1}));
}

double cpu_seconds(const Tokenizer& tokenizer, size_t blanks) {
  const std::string text = std::string(blanks, ' ') + "x";
  const std::clock_t start = std::clock();
  EXPECT_FALSE(tokenizer.encode(text).ids.empty());
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// As npm `tokenizers` has it: each blank is found; where the one before has swallowed it, it is
// still a token, unless it would go left itself.
TEST(Hostile, ABlankThatIsSwallowedAlready) {
  const auto ids_of = [](const char* flags) {
    return Tokenizer::from_json(
               replaced(fixtures::read("wordpiece.json"), R"(}], "normalizer")",
                        std::string(R"(}, {"id": 7, "content": " ", "single_word": false, )") +
                            flags + R"(, "normalized": false, "special": false}], "normalizer")"))
        ->encode("   ")
        .ids.size();
  };
  EXPECT_EQ(ids_of(R"("lstrip": false, "rstrip": true)"), 3u);
  EXPECT_EQ(ids_of(R"("lstrip": true, "rstrip": false)"), 3u);
  EXPECT_EQ(ids_of(R"("lstrip": true, "rstrip": true)"), 1u);
}

// Sixteen times the blanks: 16 times the work if linear, 256 times if quadratic.
TEST(Hostile, ABlankThatSwallowsTheBlanksBehindIt) {
  for (const char* flags :
       {R"("lstrip": false, "rstrip": true)", R"("lstrip": true, "rstrip": true)",
        R"("lstrip": true, "rstrip": false)"}) {
    const auto tokenizer = Tokenizer::from_json(
        replaced(fixtures::read("wordpiece.json"), R"(}], "normalizer")",
                 std::string(R"(}, {"id": 7, "content": " ", "single_word": false, )") + flags +
                     R"(, "normalized": false, "special": false}], "normalizer")"));
    double few = 1e9, many = 1e9;
    const auto is_linear = [&] { return many < 64 * std::max(few, 1e-3); };
    for (int round = 0; round < 3 || (round < 10 && !is_linear()); ++round) {
      few = std::min(few, cpu_seconds(*tokenizer, 10000));
      many = std::min(many, cpu_seconds(*tokenizer, 160000));
    }
    EXPECT_TRUE(is_linear()) << flags << ": " << few << " s and " << many << " s";
  }
}

}  // namespace
}  // namespace bge::tokenize
