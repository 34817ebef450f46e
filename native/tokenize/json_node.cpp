#include "tokenize/json_node.h"

#include <limits>

#include "base/error.h"

namespace bge::tokenize {

void throw_invalid(const std::string& what, const std::string& pointer) {
  throw Error(ErrorCode::kTokenizerInvalid,
              "The tokenizer.json is not sound (" + what + " at \"" + pointer +
                  "\"): get the model's file anew.",
              pointer);
}

void throw_unsupported(const std::string& what, const std::string& pointer) {
  throw Error(ErrorCode::kTokenizerUnsupported,
              "The tokenizer.json uses " + what + " at \"" + pointer +
                  "\", which is not supported: choose a model with an XLM-RoBERTa (Unigram) or "
                  "BERT (WordPiece) tokenizer.",
              pointer);
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
