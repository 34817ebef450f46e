// Texts on the fixtures' tokenizers: capped and not, in parts and as a whole, special tokens parsed
// or text.
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "input.h"
#include "tokenize/json/tokenizer_json.h"
#include "tokenizer_checks.h"

namespace {

using namespace bge::tokenize;

// A normalizer that does not work in parts: another way to the same ids.
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

struct Subject {
  std::unique_ptr<const Tokenizer> in_parts;
  std::unique_ptr<const Tokenizer> as_a_whole;
};

Subject load(const std::string& json, SpecialTokens special_tokens) {
  TokenizerParts parts = read_tokenizer_json(json, special_tokens);
  parts.normalizer = std::make_unique<WholeNormalizer>(std::move(parts.normalizer));
  return {Tokenizer::from_json(json, special_tokens),
          std::make_unique<const Tokenizer>(std::move(parts))};
}

const std::vector<Subject>& subjects() {
  static const auto all = [] {
    std::vector<Subject> out;
    for (const char* name : {"unigram", "wordpiece", "roberta", "modernbert", "deberta"}) {
      std::stringstream json;
      json << std::ifstream(FIXTURES + std::string(name) + ".json").rdbuf();
      for (const auto special_tokens : {SpecialTokens::kParse, SpecialTokens::kText}) {
        out.push_back(load(json.str(), special_tokens));
      }
    }
    return out;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bge::fuzz::Input input(data, size);
  const Subject& subject = subjects()[input.pick(subjects().size())];
  const size_t cap = 1 + input.pick(600);
  std::string text;
  while (!input.empty()) {
    const std::string part = input.bytes(64);
    const size_t times = input.pick(400);
    for (size_t i = 0; i <= times && text.size() < 20000; ++i) text += part;
  }
  bge::fuzz::check_text(*subject.in_parts, text, cap);
  bge::fuzz::require(subject.in_parts->encode(text).ids == subject.as_a_whole->encode(text).ids,
                     "parts give the ids of the whole");
  return 0;
}
