// Whole models of our own kernels: config.json and modules.json changed as the input says, or the
// input itself, weights that are changed or cut. Each is refused with an Error, or loads and runs,
// and then gives the same logits from its cache file, whatever became of that.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "encoder/encoder_backend.h"
#include "encoder/encoder_fixture.h"
#include "encoder/modernbert_fixture.h"
#include "folder.h"
#include "input.h"
#include "require.h"

namespace {

using namespace bge::encoder;
using bge::Error;
using bge::fuzz::Folder;
using bge::fuzz::Input;
using bge::fuzz::require;

// Models as they are, to begin with.
struct Subject {
  std::string config;
  std::string weights;
};

const std::vector<Subject>& subjects() {
  static const auto all = [] {
    std::vector<Subject> out;
    for (const bool is_bert : {true, false}) {
      const TestModel model(is_bert);
      out.push_back({model.config_json(), safetensors_bytes(model.tensors)});
    }
    using Variant = TestModernBert::Variant;
    for (const Variant variant : {Variant::kFirst, Variant::kMean}) {
      const TestModernBert model(variant);
      out.push_back({model.config_json(), safetensors_bytes(model.tensors)});
    }
    return out;
  }();
  return all;
}

// Puts another value in the place of some of the config's.
std::string changed(std::string config, Input& input) {
  static const char* const kValues[] = {"0",     "1",    "-1",     "2",   "32",    "64",
                                        "128",   "null", "\"x\"",  "[]",  "{}",    "1e308",
                                        "65536", "true", "4096.5", "1e-5", "32768", "2147483648",
                                        "\"gelu\"", "[1,2]", "18446744073709551616", "90"};
  for (size_t changes = input.pick(4); changes > 0; --changes) {
    const size_t from = input.pick(config.size());
    const size_t colon = config.find(": ", from);
    if (colon == std::string::npos) continue;
    const size_t end = config.find_first_of(",}", colon);
    config.replace(colon + 2, end - colon - 2, kValues[input.pick(std::size(kValues))]);
  }
  return config;
}

void damage(std::string& bytes, Input& input) {
  for (size_t changes = input.pick(4); changes > 0; --changes) {
    bytes[input.number() % bytes.size()] = static_cast<char>(input.pick(256));
  }
  if (input.pick(8) == 0) bytes.resize(input.number() % bytes.size());
}

std::vector<float> logits_of(const EncoderBackend& backend, const std::vector<int32_t>& ids) {
  const std::vector<int32_t> types(ids.size(), 0);
  const bge::backend::Row rows[] = {{ids, types}, {std::span(ids).first(1), std::span(types).first(1)}};
  std::vector<float> logits(2);
  backend.make_runner()->run(rows, logits);
  return logits;
}

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// What a cache file was changed to must not be taken for weights.
void damage_cache(const std::filesystem::path& folder, Input& input) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::stringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    std::string bytes = text.str();
    damage(bytes, input);
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  static const std::filesystem::path cache = folder.path() / "cache";
  std::filesystem::remove_all(cache);
  Input input(data, size);
  const Subject& subject = subjects()[input.pick(subjects().size())];
  const auto dtype = std::initializer_list<bge::kernels::Dtype>{
      bge::kernels::Dtype::kFp32, bge::kernels::Dtype::kBf16,
      bge::kernels::Dtype::kInt8}.begin()[input.pick(3)];
  const bool cached = input.pick(3) == 0;
  std::string weights = subject.weights;
  if (input.pick(4) == 0) damage(weights, input);
  std::vector<int32_t> ids;
  for (size_t count = 1 + input.pick(12); count > 0; --count) {
    ids.push_back(static_cast<int32_t>(input.pick(60)));
  }
  const std::string config = changed(subject.config, input);
  folder.write("config.json", config);
  const EncoderOptions options{.folder = folder.path(),
                               .weights_path = folder.write("model.safetensors", weights),
                               .dtype = dtype,
                               .cache_folder = cached ? cache.string() : std::string()};
  try {
    const auto first = logits_of(*load_encoder_backend(options), ids);
    if (!cached) return 0;
    damage_cache(cache, input);
    const auto second = logits_of(*load_encoder_backend(options), ids);
    require(std::equal(first.begin(), first.end(), second.begin(), same),
            "the same logits from the cache");
  } catch (const Error&) {
  }
  return 0;
}
