#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bge::tokenize {

// Throw an Error about the place `pointer` (a JSON pointer) of a tokenizer.json.
[[noreturn]] void throw_invalid(const std::string& what, const std::string& pointer);
[[noreturn]] void throw_unsupported(const std::string& what, const std::string& pointer);

// `text` in quotation marks, for the messages.
std::string quoted(std::string_view text);

// The longest piece, word or added token that is taken, in bytes of UTF-8: the search for the
// longest match looks at as many bytes at every place of a text. Real ones stay below a quarter.
inline constexpr size_t kMaxTokenBytes = 1024;
[[noreturn]] void throw_too_long(const std::string& pointer);

// A value of a parsed section of a tokenizer.json with its place. The parser must outlive it.
class JsonNode {
 public:
  JsonNode(simdjson::dom::element element, std::string pointer)
      : element_(element), pointer_(std::move(pointer)) {}

  const std::string& pointer() const { return pointer_; }
  bool is_null() const { return element_.is_null(); }

  // Member `key`; throws where this is no object or has no such member.
  JsonNode at(std::string_view key) const;
  // Member `key`; empty where it is missing or null.
  std::optional<JsonNode> find(std::string_view key) const;
  std::vector<JsonNode> items() const;

  std::string_view string() const;
  bool boolean() const;
  // An integer from 0 to 2^31 - 1.
  int32_t id() const;

  std::string_view type() const { return at("type").string(); }
  bool boolean(std::string_view key) const { return at(key).boolean(); }
  bool boolean(std::string_view key, bool missing) const {
    const auto member = find(key);
    return member ? member->boolean() : missing;
  }

 private:
  simdjson::dom::element element_;
  std::string pointer_;
};

}  // namespace bge::tokenize
