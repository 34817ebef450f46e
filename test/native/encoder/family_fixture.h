#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "encoder/encoder_backend.h"
#include "encoder_fixture.h"

// What every family promises, over a folder and a reference in double.
namespace bge::encoder {

using Ids = std::vector<int32_t>;

// Weights whose products keep the size of what they multiply.
struct FamilyTensors : RandomTensors {
  FamilyTensors() : RandomTensors(29) {}

  void add_linear(const std::string& name, int out, int in, bool bias = true) {
    add(name + ".weight", {out, in}, 1.4f / std::sqrt(static_cast<float>(in)));
    if (bias) add(name + ".bias", {out}, 0.3f);
  }
  void add_norm(const std::string& name, int width) {
    add(name + ".weight", {width}, 0.2f, 1.0f);
    add(name + ".bias", {width}, 0.2f);
  }
};

inline std::vector<Ids> random_sequences(const std::vector<int>& lengths, int vocabulary) {
  std::mt19937 random(6);
  std::vector<Ids> all;
  for (const int length : lengths) {
    Ids ids(length);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % vocabulary);
    all.push_back(ids);
  }
  return all;
}

inline std::vector<float> run(backend::Runner& runner, const std::vector<Ids>& sequences) {
  std::vector<backend::Row> rows;
  const Ids types(1 << 12, 0);
  for (const Ids& ids : sequences) rows.push_back({ids, std::span(types).first(ids.size())});
  std::vector<float> logits(rows.size());
  runner.run(rows, logits);
  return logits;
}

inline std::vector<float> run_alone(const backend::Backend& backend,
                                    const std::vector<Ids>& sequences) {
  const auto runner = backend.make_runner();
  std::vector<float> logits;
  for (const Ids& ids : sequences) logits.push_back(run(*runner, {ids})[0]);
  return logits;
}

inline std::unique_ptr<const EncoderBackend> load_folder(const std::filesystem::path& folder,
                                                         kernels::Dtype dtype,
                                                         const std::string& cache = "") {
  return load_encoder_backend(
      {folder.string(), (folder / "model.safetensors").string(), dtype, cache});
}

constexpr kernels::Dtype kDtypesOfModels[] = {kernels::Dtype::kFp32, kernels::Dtype::kBf16,
                                              kernels::Dtype::kInt8};

inline void expect_the_formulas(const std::filesystem::path& folder,
                                const std::vector<Ids>& sequences,
                                const std::function<double(const Ids&)>& logit,
                                double int8_bound = 0.4) {
  for (const kernels::Dtype dtype : kDtypesOfModels) {
    const double bound = dtype == kernels::Dtype::kFp32   ? 1e-4
                         : dtype == kernels::Dtype::kBf16 ? 0.15
                                                          : int8_bound;
    const std::vector<float> logits = run_alone(*load_folder(folder, dtype), sequences);
    for (size_t i = 0; i < sequences.size(); ++i)
      EXPECT_NEAR(logits[i], logit(sequences[i]), bound)
          << sequences[i].size() << " tokens, dtype " << static_cast<int>(dtype);
  }
}

inline void expect_the_same_bits_in_any_company(const std::filesystem::path& folder,
                                                const std::vector<Ids>& sequences) {
  for (const kernels::Dtype dtype : kDtypesOfModels) {
    const auto backend = load_folder(folder, dtype);
    const std::vector<float> alone = run_alone(*backend, sequences);
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 3; ++seed)
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        const auto runner = backend->make_runner();
        for (int batch = 0; batch < 20; ++batch) {
          std::vector<size_t> which(1 + random() % 8);
          std::vector<Ids> company;
          for (size_t& i : which) company.push_back(sequences[i = random() % sequences.size()]);
          const std::vector<float> logits = run(*runner, company);
          for (size_t i = 0; i < which.size(); ++i)
            ASSERT_EQ(std::bit_cast<uint32_t>(logits[i]), std::bit_cast<uint32_t>(alone[which[i]]));
        }
      });
    for (std::thread& thread : threads) thread.join();
  }
}

inline void expect_int8_to_be_the_same_everywhere(const std::filesystem::path& folder,
                                                  const std::vector<Ids>& sequences) {
  setenv("BGE_RERANKER_ISA", "portable", 1);
  const std::vector<float> portable =
      run_alone(*load_folder(folder, kernels::Dtype::kInt8), sequences);
  for (const kernels::Isa isa : kernels::supported_isas()) {
    const std::string name(kernels::isa_name(isa));
    setenv("BGE_RERANKER_ISA", name.c_str(), 1);
    EXPECT_EQ(run_alone(*load_folder(folder, kernels::Dtype::kInt8), sequences), portable) << name;
  }
  unsetenv("BGE_RERANKER_ISA");
}

// What a load says of a folder that is not to be run.
struct Refusal {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

inline Refusal refusal_of(const std::filesystem::path& folder) {
  try {
    load_folder(folder, kernels::Dtype::kInt8);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

// config.json with entries over others; an empty one takes an entry out.
inline std::string json_of(std::map<std::string, std::string> entries,
                           const std::map<std::string, std::string>& more = {}) {
  for (const auto& [key, value] : more) entries[key] = value;
  std::string json;
  for (const auto& [key, value] : entries)
    if (!value.empty()) json += (json.empty() ? "\"" : ", \"") + key + "\": " + value;
  return "{" + json + "}";
}

struct UnknownEntry {
  const char* key;
  const char* value;
  const char* named;
};

// Each of the entries is refused with its name, before any weight is read.
inline void expect_to_be_named(const std::filesystem::path& folder,
                               const std::map<std::string, std::string>& config,
                               const std::vector<UnknownEntry>& entries) {
  for (const UnknownEntry& entry : entries) {
    write_file(folder / "config.json", json_of(config, {{entry.key, entry.value}}));
    const Refusal refusal = refusal_of(folder);
    EXPECT_EQ(refusal.code, ErrorCode::kModelUnsupported) << entry.named;
    EXPECT_NE(refusal.message.find(entry.named), std::string::npos) << refusal.message;
  }
}

struct Contradiction {
  const char* key;
  const char* value;
  const char* tensor;
};

inline void expect_to_be_contradicted(const std::filesystem::path& folder,
                                      const std::map<std::string, std::string>& config,
                                      const std::vector<Contradiction>& entries) {
  for (const Contradiction& entry : entries) {
    write_file(folder / "config.json", json_of(config, {{entry.key, entry.value}}));
    const Refusal refusal = refusal_of(folder);
    EXPECT_EQ(refusal.code, ErrorCode::kModelInvalid) << entry.key << ": " << refusal.message;
    EXPECT_NE(refusal.message.find(entry.tensor), std::string::npos) << refusal.message;
  }
}

}  // namespace bge::encoder
