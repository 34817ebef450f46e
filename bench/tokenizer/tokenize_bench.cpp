// Times the tokenizer on one thread, one pass for each line on stdin, so that a runner can take
// turns.
//   bge_tokenize_bench TOKENIZER_JSON TEXTS [CAP]
// TEXTS holds one JSON string a line. Prints {"load_seconds"} first, then {"seconds", "bytes",
// "tokens"} a pass.
#include <simdjson.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tokenize/tokenizer.h"

namespace {

// CPU time of the process, which has one thread: what else the machine does counts less than in
// wall time.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

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
  const double load_start = cpu_seconds();
  const auto tokenizer = bge::tokenize::Tokenizer::from_file(argv[1]);
  std::cout << "{\"load_seconds\": " << cpu_seconds() - load_start << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    uint32_t checksum = 0;
    const double start = cpu_seconds();
    for (const std::string& text : texts) {
      for (const int32_t id : tokenizer->encode(text, cap).ids) {
        checksum = checksum * 31 + static_cast<uint32_t>(id);
      }
    }
    std::cout << "{\"seconds\": " << cpu_seconds() - start << ", \"checksum\": " << checksum << "}"
              << std::endl;
  }
}
