#include "tokenize/json/node.h"

#include <limits>

#include "base/error.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

// What a file says can be as long as the file; a message shows the beginning.
std::string excerpt(const std::string& text) {
  constexpr size_t kShownBytes = 200;
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (is_continuation(text[end])) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

void throw_invalid(const std::string& all_of_what, const std::string& all_of_pointer) {
  const std::string what = excerpt(all_of_what), pointer = excerpt(all_of_pointer);
  throw Error(ErrorCode::kTokenizerInvalid,
              "The tokenizer.json is not sound (" + what + " at \"" + pointer +
                  "\"): get the model's file anew.",
              pointer);
}

void throw_unsupported(const std::string& all_of_what, const std::string& all_of_pointer) {
  const std::string what = excerpt(all_of_what), pointer = excerpt(all_of_pointer);
  throw Error(ErrorCode::kTokenizerUnsupported,
              "The tokenizer.json uses " + what + " at \"" + pointer +
                  "\", which is not supported: choose a model with a Unigram (XLM-RoBERTa), "
                  "WordPiece (BERT) or byte-level BPE (RoBERTa) tokenizer.",
              pointer);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  return out.append(text).append("\"");
}

void throw_too_long(const std::string& pointer) {
  throw_unsupported("a token of more than " + std::to_string(kMaxTokenBytes) + " bytes", pointer);
}

JsonNode JsonNode::at(std::string_view key) const {
  simdjson::dom::element member;
  if (element_.at_key(key).get(member) != simdjson::SUCCESS) {
    throw_invalid("no \"" + std::string(key) + "\"", pointer_);
  }
  return {member, pointer_ + "/" + std::string(key)};
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  simdjson::dom::element member;
  if (element_.at_key(key).get(member) != simdjson::SUCCESS || member.is_null()) return {};
  return JsonNode(member, pointer_ + "/" + std::string(key));
}

std::vector<JsonNode> JsonNode::items() const {
  simdjson::dom::array array;
  if (element_.get(array) != simdjson::SUCCESS) throw_invalid("no array", pointer_);
  std::vector<JsonNode> out;
  for (const auto item : array) {
    out.emplace_back(item, pointer_ + "/" + std::to_string(out.size()));
  }
  return out;
}

std::string_view JsonNode::string() const {
  std::string_view value;
  if (element_.get(value) != simdjson::SUCCESS) throw_invalid("no string", pointer_);
  return value;
}

bool JsonNode::boolean() const {
  bool value = false;
  if (element_.get(value) != simdjson::SUCCESS) throw_invalid("no boolean", pointer_);
  return value;
}

int32_t JsonNode::id() const {
  uint64_t value = 0;
  if (element_.get(value) != simdjson::SUCCESS || value > std::numeric_limits<int32_t>::max()) {
    throw_invalid("no integer from 0 to 2147483647", pointer_);
  }
  return static_cast<int32_t>(value);
}

}  // namespace bge::tokenize
