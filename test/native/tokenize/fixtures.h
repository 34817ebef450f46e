#pragma once

#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tokenize/tokenizer.h"

// The files of test/native/fixtures/tokenizer, which scripts/tokenizer/make-tokenizer-fixtures.py
// writes: small tokenizers and what Hugging Face tokenizers makes of texts with them.
namespace bge::tokenize::fixtures {

inline std::string read(const std::string& name) {
  const auto folder =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "fixtures" / "tokenizer";
  std::ifstream file(folder / name, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("no fixture " + name);
  return text.str();
}

// `text` with its only `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    throw std::runtime_error("not exactly one " + std::string(from));
  }
  return text.replace(at, from.size(), to);
}

inline std::string joined(const std::vector<int32_t>& ids) {
  std::string out = "[";
  for (const int32_t id : ids) out += (out.size() > 1 ? "," : "") + std::to_string(id);
  return out + "]";
}

}  // namespace bge::tokenize::fixtures
