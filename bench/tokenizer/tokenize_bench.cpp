// Times the tokenizer on one thread, one pass for each line on stdin, so that a runner can take turns.
//   bge_tokenize_bench TOKENIZER_JSON TEXTS [CAP]
// TEXTS holds one JSON string a line. Prints {"load_seconds"} first, then {"seconds", "bytes", "tokens"} a pass.
#include <simdjson.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tokenize/tokenizer.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<std::string> read_texts(const std::string& path) {
  simdjson::dom::parser parser;
  std::ifstream file(path);
  std::vector<std::string> texts;
  for (std::string line; std::getline(file, line);) {
    texts.emplace_back(std::string_view(parser.parse(line)));
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: bge_tokenize_bench TOKENIZER_JSON TEXTS [CAP]\n";
    return 2;
  }
  const size_t cap = argc > 3 ? std::stoul(argv[3]) : bge::tokenize::kNoLimit;
  const auto texts = read_texts(argv[2]);
  const auto load_start = Clock::now();
  const auto tokenizer = bge::tokenize::Tokenizer::from_file(argv[1]);
  std::cout << "{\"load_seconds\": " << seconds_since(load_start) << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    size_t bytes = 0, tokens = 0;
    const auto start = Clock::now();
    for (const std::string& text : texts) {
      bytes += text.size();
      tokens += tokenizer->encode(text, cap).ids.size();
    }
    std::cout << "{\"seconds\": " << seconds_since(start) << ", \"bytes\": " << bytes
              << ", \"tokens\": " << tokens << "}" << std::endl;
  }
}
