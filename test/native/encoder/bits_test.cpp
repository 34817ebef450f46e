#include <gtest/gtest.h>

#include <random>
#include <set>

#include "encoder_reference.h"
#include "onnx_fixture.h"
#include "team_fixture.h"

// Whole models on every instruction set and by teams of every size, from the weights that are
// hardest to multiply: int8 as files hold it, -128 among it, whose sums saturate wherever a kernel
// lets them.
namespace bge::encoder {
namespace {

using kernels::Dtype;
using kernels::Isa;

constexpr int kInt8 = 3;
constexpr float kStep = 0.004f;

// What an instruction set multiplies by instructions that round in an order of their own.
bool agrees_with_portable(Isa isa, Dtype dtype) {
  if (dtype == Dtype::kInt8) return true;
  if (dtype == Dtype::kFp32) return isa != Isa::kAmx;
  return !kernels::has_bf16(isa);
}

int8_t hard_weight(int column, std::mt19937& random) {
  const int any = static_cast<int>(random() % 256) - 128;
  switch (column % 6) {
    case 0: return -128;
    case 1: return 127;
    case 2: return random() % 2 == 0 ? -128 : 127;
    case 3: return random() % 16 == 0 ? -128 : 0;
    case 4: return static_cast<int8_t>(any / 16);
    default: return static_cast<int8_t>(any);
  }
}

// The model's linear layers as integers, in `model` as the values that these stand for.
std::string quantised_graph(TestModel& model) {
  std::mt19937 random(11);
  std::string graph;
  for (auto& [name, tensor] : model.tensors) {
    const std::string::size_type ending = name.rfind(".weight");
    const bool is_linear = tensor.shape.size() == 2 && ending != std::string::npos &&
                           model.tensors.contains(name.substr(0, ending) + ".bias");
    if (!is_linear) {
      graph += initializer(name, tensor.shape, field(9, float_bytes(tensor.data)));
      continue;
    }
    const auto inputs = static_cast<size_t>(tensor.shape[1]);
    std::string bytes;
    for (size_t i = 0; i < tensor.data.size(); ++i) {
      const int8_t weight = hard_weight(static_cast<int>(i / inputs), random);
      bytes += static_cast<char>(weight);
      tensor.data[i] = weight * kStep;
    }
    const std::string layer = name.substr(0, ending);
    graph += node("DequantizeLinear", {layer + ".W", layer + ".s"}, layer + ".float") +
             node("Gemm", {"x", layer + ".float", layer + ".bias"}, layer + ".y",
                  field(5, field(1, std::string("transB")) + field(3, 1))) +
             initializer(layer + ".W", tensor.shape, field(9, bytes), kInt8) +
             initializer(layer + ".s", {}, field(9, float_bytes({kStep})));
  }
  return field(7, graph);
}

class Bits : public testing::Test {
 protected:
  Bits() {
    write_file(folder_.path() / "model.onnx", quantised_graph(model_));
    write_file(folder_.path() / "config.json", model_.config_json());
    std::mt19937 random(5);
    for (const int length : {90, 1, 17, 90})
      for (ids_.emplace_back(); static_cast<int>(ids_.back().size()) < length;)
        ids_.back().push_back(static_cast<int32_t>(random() % 50));
    for (const auto& ids : ids_) types_.emplace_back(ids.size(), 0);
    for (size_t i = 0; i < ids_.size(); ++i) rows_.push_back({ids_[i], types_[i]});
  }
  void TearDown() override { unsetenv("BGE_RERANKER_ISA"); }

  std::unique_ptr<const EncoderBackend> load(Isa isa, Dtype dtype) const {
    setenv("BGE_RERANKER_ISA", std::string(kernels::isa_name(isa)).c_str(), 1);
    return load_encoder_backend(
        {folder_.path().string(), (folder_.path() / "model.onnx").string(), dtype, ""});
  }

  // One run for each of the first rows, then one of all.
  std::vector<float> logits(backend::Runner& runner, Team& team, int members) const {
    std::vector<float> all;
    for (size_t i = 0; i <= rows_.size(); ++i) {
      const bool last = i == rows_.size();
      const std::span rows = std::span(rows_).subspan(last ? 0 : i, last ? i : 1);
      std::vector<float> some(rows.size());
      team.open(512);
      // A leader that was held up goes on alone for some runs.
      while (team.is_open() && team.members() < members) std::this_thread::yield();
      runner.run_shared(rows, some, team);
      team.close();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  std::vector<float> logits_alone(const EncoderBackend& backend) const {
    Team alone;
    return logits(*backend.make_runner(), alone, 0);
  }

  TemporaryFolder folder_;
  TestModel model_{/*is_bert=*/true, /*times=*/3};
  std::vector<std::vector<int32_t>> ids_;
  std::vector<std::vector<int32_t>> types_;
  std::vector<backend::Row> rows_;
};

TEST_F(Bits, AreThoseOfThePortableKernelsOnEveryInstructionSet) {
  const ReferenceEncoder reference(model_);
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
    const std::vector<float> portable = logits_alone(*load(Isa::kPortable, dtype));
    EXPECT_GT(std::set(portable.begin(), portable.end()).size(), 3u) << "each row its own logit";
    const double bound = dtype == Dtype::kFp32 ? 1e-4 : dtype == Dtype::kBf16 ? 0.15 : 0.25;
    for (size_t i = 0; i < rows_.size(); ++i)
      EXPECT_NEAR(portable[i], reference.logit(ids_[i], types_[i]), bound);
    for (const Isa isa : kernels::supported_isas()) {
      if (!agrees_with_portable(isa, dtype)) continue;
      EXPECT_EQ(logits_alone(*load(isa, dtype)), portable) << kernels::isa_name(isa);
    }
  }
}

TEST_F(Bits, AreThoseOfOneThreadInATeamOfAnySize) {
  for (const Isa isa : kernels::supported_isas())
    for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8}) {
      const auto backend = load(isa, dtype);
      const std::vector<float> alone = logits_alone(*backend);
      for (const int members : {1, 6}) {
        Team team;
        const HelpingThreads helping(*backend, team, members);
        EXPECT_EQ(logits(*backend->make_runner(), team, members), alone)
            << kernels::isa_name(isa) << ", " << members << " beside the leader";
      }
    }
}

}  // namespace
}  // namespace bge::encoder
