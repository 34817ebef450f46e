// Sound and unsound tokenizer.json files.
#include <gtest/gtest.h>

#include "base/error.h"
#include "fixtures.h"

namespace bge::tokenize {
namespace {

using fixtures::replaced;

// "CODE path" of the error that loading gives; "loaded" without one.
std::string load(const std::string& json) {
  try {
    Tokenizer::from_json(json);
    return "loaded";
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + " " + error.path();
  }
}

std::string load_with(const char* model, std::string_view from, std::string_view to) {
  return load(replaced(fixtures::read(model), from, to));
}

TEST(Load, ReadsWhatTheFilesSay) {
  const auto unigram = Tokenizer::from_json(fixtures::read("unigram.json"));
  EXPECT_EQ(unigram->special_tokens_in_pair(), 4u);
  EXPECT_EQ(unigram->file_max_length(), std::nullopt);
  const auto wordpiece = Tokenizer::from_json(fixtures::read("wordpiece.json"));
  EXPECT_EQ(wordpiece->special_tokens_in_pair(), 3u);
  EXPECT_EQ(wordpiece->file_max_length(), 512u);
}

TEST(Load, AddedTokensOutsideTheVocabularyGetTheNextIds) {
  const std::string json = fixtures::read("wordpiece.json");
  const size_t size = Tokenizer::from_json(json)->vocabulary_size();
  const auto more = Tokenizer::from_json(replaced(
      json, R"(}], "normalizer")",
      R"(}, {"id": 7, "content": "<new>", "single_word": false, "lstrip": false, "rstrip": false, )"
      R"("normalized": false, "special": false}], "normalizer")"));
  EXPECT_EQ(more->vocabulary_size(), size + 1);
  EXPECT_EQ(more->encode("<new>").ids, std::vector<int32_t>{static_cast<int32_t>(size)});
}

TEST(Load, MissingFile) {
  for (const char* path : {"/nonexistent/tokenizer.json", "/", ""}) {
    try {
      Tokenizer::from_file(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kModelNotFound);
      EXPECT_EQ(error.path(), path);
    }
  }
}

TEST(Load, NotJson) {
  for (const char* json : {"", " ", "{", "null", "[]", "7", "\"x\"", "{}", "{} {}", "<html>",
                           "{\"model\": null}", "{\"model\": {\"vocab\": 7}}", "\xFF\xFE{"}) {
    EXPECT_EQ(load(json).substr(0, 17), "TOKENIZER_INVALID") << json;
  }
}

TEST(Load, TruncatedAnywhere) {
  for (const char* model : {"unigram.json", "wordpiece.json"}) {
    const std::string json = fixtures::read(model);
    for (size_t size = 0; size < json.size(); size += 1 + size / 40) {
      EXPECT_EQ(load(json.substr(0, size)).substr(0, 17), "TOKENIZER_INVALID")
          << model << " " << size;
    }
  }
}

TEST(Load, UnsupportedComponentsAreNamedWithTheirPlace) {
  EXPECT_EQ(load_with("unigram.json", R"("type": "Precompiled")", R"("type": "NFKD")"),
            "TOKENIZER_UNSUPPORTED /normalizer/normalizers/0");
  EXPECT_EQ(load_with("unigram.json", R"("Regex": " {2,}")", R"("Regex": "\\w+")"),
            "TOKENIZER_UNSUPPORTED /normalizer/normalizers/1/pattern/Regex");
  EXPECT_EQ(load_with("unigram.json", R"("type": "Unigram")", R"("type": "WordLevel")"),
            "TOKENIZER_UNSUPPORTED /model");
  EXPECT_EQ(load_with("wordpiece.json", R"("type": "WordPiece", )", R"("merges": [], )"),
            "TOKENIZER_UNSUPPORTED /model");
  EXPECT_EQ(load_with("wordpiece.json", R"("BertPreTokenizer")", R"("ByteLevel")"),
            "TOKENIZER_UNSUPPORTED /pre_tokenizer");
  EXPECT_EQ(load_with("wordpiece.json", R"({"type": "BertPreTokenizer"})", "null"),
            "TOKENIZER_UNSUPPORTED /pre_tokenizer");
  EXPECT_EQ(load_with("wordpiece.json", R"("TemplateProcessing")", R"("Unknown")"),
            "TOKENIZER_UNSUPPORTED /post_processor");
  EXPECT_EQ(
      load_with("wordpiece.json", R"("direction": "Right", "max)", R"("direction": "Left", "max)"),
      "TOKENIZER_UNSUPPORTED /truncation/direction");
  EXPECT_EQ(load_with("unigram.json", R"("replacement": "▁")", R"("replacement": "_")"),
            "TOKENIZER_UNSUPPORTED /pre_tokenizer/replacement");
  EXPECT_EQ(load_with("unigram.json",
                      R"({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true})",
                      R"({"type": "BertPreTokenizer"})"),
            "TOKENIZER_UNSUPPORTED /pre_tokenizer");
}

TEST(Load, TheMessageNamesTheComponent) {
  try {
    Tokenizer::from_json(
        replaced(fixtures::read("wordpiece.json"), R"("BertNormalizer")", R"("NFKC")"));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("NFKC"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("\"/normalizer\""), std::string::npos) << error.what();
  }
}

TEST(Load, UnsoundValues) {
  EXPECT_EQ(load_with("wordpiece.json", R"("[UNK]": 1,)", R"("[UNK]": 4294967296,)"),
            "TOKENIZER_INVALID /model/vocab/[UNK]");
  EXPECT_EQ(load_with("wordpiece.json", R"("[UNK]": 1,)", R"("[UNK]": -1,)"),
            "TOKENIZER_INVALID /model/vocab/[UNK]");
  EXPECT_EQ(load_with("wordpiece.json", R"("[UNK]": 1,)", ""),
            "TOKENIZER_INVALID /model/unk_token");
  EXPECT_EQ(load_with("wordpiece.json", R"("ids": [2])", R"("ids": [99999999999])"),
            "TOKENIZER_INVALID /post_processor/special_tokens/[CLS]/ids/0");
  EXPECT_EQ(load_with("unigram.json", R"("unk_id": 3)", R"("unk_id": 100000)"),
            "TOKENIZER_INVALID /model/unk_id");
  EXPECT_EQ(load_with("unigram.json", R"(["<unk>", 0.0])", R"(["<unk>", "x"])"),
            "TOKENIZER_INVALID /model/vocab/3/1");
  EXPECT_EQ(load_with("unigram.json", R"(["<unk>", 0.0])", R"(["<unk>"])"),
            "TOKENIZER_INVALID /model/vocab/3");
  EXPECT_EQ(load_with("unigram.json", R"(["<unk>", 0.0])", R"(["<unk>", 1e999])"),
            "TOKENIZER_INVALID /model/vocab/3/1");
  EXPECT_EQ(
      load_with("unigram.json", R"("precompiled_charsmap": ")", R"("precompiled_charsmap": "AAAA)"),
      "TOKENIZER_INVALID /normalizer/normalizers/0/precompiled_charsmap");
}

}  // namespace
}  // namespace bge::tokenize
