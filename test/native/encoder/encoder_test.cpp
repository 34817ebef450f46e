#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/team.h"
#include "encoder/encoder_backend.h"
#include "encoder_reference.h"
#include "team_fixture.h"

namespace bge::encoder {
namespace {

using kernels::Dtype;

struct Pair {
  std::vector<int32_t> ids;
  std::vector<int32_t> types;
  backend::Row row() const { return {ids, types}; }
};

std::vector<Pair> make_pairs(int count, int longest) {
  std::mt19937 random(5);
  std::vector<Pair> pairs(count);
  for (Pair& pair : pairs) {
    const int length = 1 + static_cast<int>(random() % longest);
    for (int i = 0; i < length; ++i) {
      pair.ids.push_back(static_cast<int32_t>(random() % 50));
      pair.types.push_back(i > length / 2);
    }
  }
  return pairs;
}

std::vector<float> run(backend::Runner& runner, const std::vector<Pair>& pairs,
                       const std::vector<size_t>& which) {
  std::vector<backend::Row> rows;
  for (const size_t i : which) rows.push_back(pairs[i].row());
  std::vector<float> logits(rows.size());
  runner.run(rows, logits);
  return logits;
}

// Runs of one pair each.
std::vector<float> run_alone(const backend::Backend& backend, const std::vector<Pair>& pairs) {
  const auto runner = backend.make_runner();
  std::vector<float> logits;
  for (size_t i = 0; i < pairs.size(); ++i) logits.push_back(run(*runner, pairs, {i})[0]);
  return logits;
}

class Encoder : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    write_file(folder_.path() / "config.json", model_.config_json());
    write_file(folder_.path() / "model.safetensors", safetensors_bytes(model_.tensors));
  }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  std::unique_ptr<const EncoderBackend> load(Dtype dtype, const std::string& cache = "") const {
    return load_encoder_backend(
        {folder_.path().string(), (folder_.path() / "model.safetensors").string(), dtype, cache});
  }

  TemporaryFolder folder_;
  TestModel model_{GetParam()};
};

TEST_P(Encoder, AgreesWithTheFormulas) {
  const std::vector<Pair> pairs = make_pairs(12, 80);
  const ReferenceEncoder reference(model_);
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const double bound = dtype == Dtype::kFp32 ? 1e-4 : dtype == Dtype::kBf16 ? 0.15 : 0.25;
    const std::vector<float> logits = run_alone(*load(dtype), pairs);
    for (size_t i = 0; i < pairs.size(); ++i)
      EXPECT_NEAR(logits[i], reference.logit(pairs[i].ids, pairs[i].types), bound);
  }
}

TEST_P(Encoder, HalfWeightsScoreTheSameBitsAsTheirValuesInFloat32) {
  const std::vector<Pair> pairs = make_pairs(6, 60);
  const auto weights = folder_.path() / "model.safetensors";
  for (const TestElement& element : {kFloat16, kBfloat16}) {
    TestTensors rounded = model_.tensors;
    for (auto& [name, tensor] : rounded)
      for (float& x : tensor.data) x = element.rounded(x);
    for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
      write_file(weights, safetensors_bytes(rounded));
      const std::vector<float> expected = run_alone(*load(dtype), pairs);
      write_file(weights, safetensors_bytes(rounded, element));
      EXPECT_EQ(run_alone(*load(dtype), pairs), expected) << element.name;
    }
  }
}

TEST_P(Encoder, APairScoresTheSameBitsInAnyOfAThousandBatches) {
  const std::vector<Pair> pairs = make_pairs(40, 60);
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const auto backend = load(dtype);
    const std::vector<float> alone = run_alone(*backend, pairs);
    const auto runner = backend->make_runner();
    std::mt19937 random(9);
    const int batches = dtype == Dtype::kInt8 ? 1000 : 50;
    for (int batch = 0; batch < batches; ++batch) {
      std::vector<size_t> which(1 + random() % 12);
      for (size_t& i : which) i = random() % pairs.size();
      const std::vector<float> logits = run(*runner, pairs, which);
      for (size_t i = 0; i < which.size(); ++i)
        ASSERT_EQ(std::bit_cast<uint32_t>(logits[i]), std::bit_cast<uint32_t>(alone[which[i]]));
    }
  }
}

TEST_P(Encoder, ThreadsDoNotChangeABit) {
  const std::vector<Pair> pairs = make_pairs(30, 80);
  const auto backend = load(Dtype::kInt8);
  const std::vector<float> alone = run_alone(*backend, pairs);
  std::vector<size_t> all(pairs.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& result : results)
    threads.emplace_back([&] { result = run(*backend->make_runner(), pairs, all); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& result : results) EXPECT_EQ(result, alone);
}

TEST_P(Encoder, ATeamOfAnySizeGivesTheSameBitsWhileMembersComeAndGo) {
  const std::vector<Pair> pairs = make_pairs(24, 88);
  std::vector<backend::Row> rows;
  for (const Pair& pair : pairs) rows.push_back(pair.row());
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const auto backend = load(dtype);
    const std::vector<float> alone = run_alone(*backend, pairs);
    for (const int members : {1, 2, 5}) {
      Team team;
      // One that stays, others that leave in the middle of a run.
      const HelpingThreads helping(*backend, team, members, [](int thread) {
        thread_local std::mt19937 random(static_cast<unsigned>(thread));
        return thread == 0 ? 1'000'000 : static_cast<int>(random() % 30);
      });
      const auto leader = backend->make_runner();
      std::mt19937 random(3);
      for (int round = 0; round < 30; ++round) {
        const size_t first = random() % rows.size();
        const size_t count = std::min<size_t>(1 + random() % 6, rows.size() - first);
        std::vector<float> logits(count);
        team.open(count * 88);
        leader->run_shared(std::span(rows).subspan(first, count), logits, team);
        team.close();
        EXPECT_EQ(logits, std::vector(alone.begin() + first, alone.begin() + first + count));
      }
    }
  }
}

TEST_P(Encoder, OtherThreadsAreWantedWhereEachGetsTwoTilesOfRows) {
  const auto runner = load(Dtype::kInt8)->make_runner();
  const auto wanted = [&](std::vector<size_t> lengths) {
    std::vector<std::vector<int32_t>> ids;
    for (const size_t length : lengths) ids.emplace_back(length, 3);
    std::vector<backend::Row> rows;
    for (const std::vector<int32_t>& row : ids) rows.push_back({row, row});
    return runner->helpers_wanted(rows);
  };
  EXPECT_EQ(wanted({1}), 0u);
  EXPECT_EQ(wanted({63}), 0u);
  EXPECT_EQ(wanted({64}), 1u);
  EXPECT_EQ(wanted({32, 32, 32}), 2u);
  EXPECT_EQ(wanted({512}), 15u);
}

TEST_P(Encoder, EveryInstructionSetScoresInt8ToTheSameBits) {
  const std::vector<Pair> pairs = make_pairs(6, 80);
  setenv("BGE_RERANKER_ISA", "portable", 1);
  const std::vector<float> portable = run_alone(*load(Dtype::kInt8), pairs);
  for (const kernels::Isa isa : kernels::supported_isas()) {
    const std::string name(kernels::isa_name(isa));
    setenv("BGE_RERANKER_ISA", name.c_str(), 1);
    const auto backend = load(Dtype::kInt8);
    EXPECT_EQ(backend->info().instruction_set, name);
    EXPECT_EQ(run_alone(*backend, pairs), portable) << name;
  }
}

TEST_P(Encoder, TheCacheGivesTheSameBitsAndIsLeftWhenAnythingChanges) {
  const std::vector<Pair> pairs = make_pairs(4, 40);
  const std::string cache = (folder_.path() / "cache").string();
  const auto files = [&] { return std::distance(std::filesystem::directory_iterator(cache), {}); };
  const std::vector<float> converted = run_alone(*load(Dtype::kInt8, cache), pairs);
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), pairs), converted);
  EXPECT_EQ(files(), 1);

  // Another fine-tuned model of the same size and time is told apart by its content.
  const auto weights = folder_.path() / "model.safetensors";
  const auto written = std::filesystem::last_write_time(weights);
  TestTensors other = model_.tensors;
  for (auto& [name, tensor] : other)
    for (float& x : tensor.data) x *= 1.01f;
  write_file(weights, safetensors_bytes(other));
  std::filesystem::last_write_time(weights, written);
  EXPECT_NE(run_alone(*load(Dtype::kInt8, cache), pairs), converted);
  EXPECT_EQ(files(), 2);

  write_file(weights, safetensors_bytes(model_.tensors));
  std::filesystem::last_write_time(weights, written + std::chrono::seconds(1));
  EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), pairs), converted);
  EXPECT_EQ(files(), 3);
  for (const auto& entry : std::filesystem::directory_iterator(cache))
    std::filesystem::resize_file(entry.path(), 5000);
  EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), pairs), converted);
}

TEST_P(Encoder, ACacheFileThatIsShortenedWhileInUseFailsTheRunAndNotTheProcess) {
  const std::string cache = (folder_.path() / "shortened").string();
  const std::vector<Pair> pairs = make_pairs(4, 40);
  const std::vector<float> converted = run_alone(*load(Dtype::kInt8, cache), pairs);
  const auto mapped = load(Dtype::kInt8, cache);
  EXPECT_EQ(run_alone(*mapped, pairs), converted);
  for (const auto& entry : std::filesystem::directory_iterator(cache))
    std::filesystem::resize_file(entry.path(), 4096);
  try {
    run_alone(*mapped, pairs);
    ADD_FAILURE() << "zeros were taken for weights";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInferenceFailed);
  }
  EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), pairs), converted);
}

TEST_P(Encoder, TheCacheKeepsEveryLayoutOfTheWeightsApart) {
  const std::vector<Pair> pairs = make_pairs(4, 40);
  const std::string cache = (folder_.path() / "layouts").string();
  const std::vector<float> converted = run_alone(*load(Dtype::kInt8), pairs);
  std::set<Dtype> layouts;
  for (const int round : {1, 2})
    for (const kernels::Isa isa : kernels::supported_isas()) {
      setenv("BGE_RERANKER_ISA", std::string(kernels::isa_name(isa)).c_str(), 1);
      EXPECT_EQ(run_alone(*load(Dtype::kInt8, cache), pairs), converted) << round;
      layouts.insert(kernels::kernels_for(isa).int8_form);
    }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(cache), {}), layouts.size());
}

// The weights of such a shape would take two terabytes.
TEST_P(Encoder, AShapeThatTheWeightsDoNotHaveIsRefusedBeforeAnyMemoryIsTaken) {
  std::string config = model_.config_json();
  const auto enlarge = [&config](const std::string& name, int from, int to) {
    const std::string entry = "\"" + name + "\": " + std::to_string(from);
    config.replace(config.find(entry), entry.size(), "\"" + name + "\": " + std::to_string(to));
  };
  enlarge("vocab_size", model_.vocabulary, 1 << 24);
  enlarge("hidden_size", model_.hidden, 1 << 15);
  enlarge("num_attention_heads", model_.heads, 128);
  write_file(folder_.path() / "config.json", config);
  try {
    load(Dtype::kFp32);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelInvalid) << error.what();
  }
}

TEST_P(Encoder, AnUnknownInstructionSetIsRefused) {
  setenv("BGE_RERANKER_ISA", "sse9", 1);
  EXPECT_THROW(load(Dtype::kInt8), Error);
}

TEST_P(Encoder, TokensAndLengthsThatDoNotFitAreRefused) {
  const auto backend = load(Dtype::kInt8);
  const auto runner = backend->make_runner();
  const auto code = [&](std::vector<int32_t> ids) {
    const Pair pair{ids, std::vector<int32_t>(ids.size(), 0)};
    std::vector<float> logit(1);
    try {
      runner->run(std::vector{pair.row()}, logit);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code({50}), ErrorCode::kInferenceFailed);
  EXPECT_EQ(code({-1}), ErrorCode::kInferenceFailed);
  EXPECT_EQ(code(std::vector<int32_t>(backend->max_tokens() + 1, 3)), ErrorCode::kTooLong);
  EXPECT_EQ(code({}), ErrorCode::kTooLong);
}

TEST_P(Encoder, ACancelledLoadStops) {
  const std::atomic<bool> stop{true};
  const EncoderOptions options{folder_.path().string(),
                               (folder_.path() / "model.safetensors").string(), Dtype::kInt8, "",
                               &stop};
  try {
    load_encoder_backend(options);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kAborted);
  }
}

TEST_P(Encoder, ACancelledRunnerStops) {
  const std::vector<Pair> pairs = make_pairs(1, 20);
  const auto backend = load(Dtype::kInt8);
  const auto runner = backend->make_runner();
  runner->cancel();
  EXPECT_THROW(run(*runner, pairs, {0}), Error);
}

INSTANTIATE_TEST_SUITE_P(Family, Encoder, testing::Bool(),
                         [](const auto& info) { return info.param ? "bert" : "roberta"; });

}  // namespace
}  // namespace bge::encoder
