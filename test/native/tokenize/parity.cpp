// Runs parity lines through the tokenizer.
//   bge_tokenize_parity TOKENIZER_JSON [JSONL] [TOK]   compare: exit 1 and a message for each line
//   that differs bge_tokenize_parity --encode TOKENIZER_JSON        for each JSON string on stdin,
//   print its ids as JSON
// A line is {"tok", "q", "p", "max_length", "strategy", "ids", "type_ids"}; ids null means refused.
// Without JSONL, or with "-", lines come from stdin. With TOK, only lines of that name count.
#include <simdjson.h>

#include <fstream>
#include <iostream>
#include <string>

#include "base/error.h"
#include "tokenize/tokenizer.h"

namespace {

using bge::tokenize::EncodedPair;
using bge::tokenize::Tokenizer;
using bge::tokenize::Truncation;
namespace dom = simdjson::dom;

Truncation truncation_of(std::string_view strategy) {
  if (strategy == "longest_first") return Truncation::kLongestFirst;
  if (strategy == "only_second") return Truncation::kOnlySecond;
  if (strategy == "only_first") return Truncation::kOnlyFirst;
  throw std::runtime_error("unknown strategy " + std::string(strategy));
}

std::string joined(const std::vector<int32_t>& values) {
  std::string out = "[";
  for (const int32_t value : values) {
    if (out.size() > 1) out += ',';
    out += std::to_string(value);
  }
  return out + "]";
}

std::string outcome(const Tokenizer& tokenizer, dom::element line, bool capped) {
  const auto max_length = static_cast<size_t>(uint64_t(line["max_length"]));
  const Truncation truncation = truncation_of(line["strategy"]);
  const auto query = tokenizer.encode(line["q"]);
  const size_t cap =
      capped ? bge::tokenize::passage_cap(query.ids.size(), max_length,
                                          tokenizer.special_tokens_in_pair(), truncation)
             : bge::tokenize::kNoLimit;
  const auto passage = tokenizer.encode(line["p"], cap);
  try {
    const EncodedPair pair = tokenizer.pair(query.ids, passage.ids, max_length, truncation);
    return joined(pair.ids) + joined(pair.type_ids);
  } catch (const bge::Error& error) {
    if (error.code() != bge::ErrorCode::kTooLong) throw;
    return "null";
  }
}

std::string expected(dom::element line) {
  if (line["ids"].is_null()) return "null";
  return simdjson::minify(line["ids"]) + simdjson::minify(line["type_ids"]);
}

int compare(const Tokenizer& tokenizer, std::istream& in, const std::string& only) {
  dom::parser parser;
  std::string text;
  size_t number = 0, compared = 0, different = 0;
  while (std::getline(in, text)) {
    ++number;
    dom::element line = parser.parse(text);
    if (!only.empty() && std::string_view(line["tok"]) != only) continue;
    ++compared;
    const std::string want = expected(line);
    for (const bool capped : {false, true}) {
      const std::string got = outcome(tokenizer, line, capped);
      if (got == want) continue;
      ++different;
      std::cout << "line " << number << " (" << std::string_view(line["kind"])
                << (capped ? ", capped" : "") << ")\n  want " << want.substr(0, 2000) << "\n  got  "
                << got.substr(0, 2000) << "\n";
    }
  }
  std::cout << compared << " lines, " << different << " differences\n";
  return different == 0 && compared > 0 ? 0 : 1;
}

int encode(const Tokenizer& tokenizer) {
  dom::parser parser;
  std::string text;
  while (std::getline(std::cin, text)) {
    std::cout << joined(tokenizer.encode(parser.parse(text)).ids) << "\n" << std::flush;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    std::cerr << "usage: bge_tokenize_parity [--encode] TOKENIZER_JSON [JSONL] [TOK]\n";
    return 2;
  }
  try {
    if (arguments[0] == "--encode") return encode(*Tokenizer::from_file(arguments.at(1)));
    const auto tokenizer = Tokenizer::from_file(arguments[0]);
    const std::string only = arguments.size() > 2 ? arguments[2] : "";
    if (arguments.size() < 2 || arguments[1] == "-") return compare(*tokenizer, std::cin, only);
    std::ifstream file(arguments[1]);
    return compare(*tokenizer, file, only);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
