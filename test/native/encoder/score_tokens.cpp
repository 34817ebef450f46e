// Answers lines of token ids with logits, for scripts/models/check-families.py:
//   bge_score_tokens FOLDER WEIGHTS fp32|bf16|int8 < lines of ids
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "encoder/encoder_backend.h"

namespace {

using bge::kernels::Dtype;

Dtype dtype_of(const std::string& name) {
  if (name == "bf16") return Dtype::kBf16;
  return name == "int8" ? Dtype::kInt8 : Dtype::kFp32;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    const auto backend =
        bge::encoder::load_encoder_backend({argv[1], argv[2], dtype_of(argv[3]), ""});
    const auto runner = backend->make_runner();
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream in(line);
      std::vector<int32_t> ids;
      for (int32_t id; in >> id;) ids.push_back(id);
      const std::vector<int32_t> types(ids.size(), 0);
      const bge::backend::Row row{ids, types};
      float logit;
      runner->run({&row, 1}, {&logit, 1});
      std::printf("%.9g\n", logit);
    }
  } catch (const bge::Error& error) {
    std::fprintf(stderr, "%s (%s)\n", error.what(), error.path().c_str());
    return 1;
  }
  return 0;
}
