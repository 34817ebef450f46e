#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/execution_provider.h"

namespace bge {
class Team;
}

namespace bge::backend {

// One tokenized pair, special tokens included. `type_ids` is as long as `ids`.
struct Row {
  std::span<const int32_t> ids;
  std::span<const int32_t> type_ids;
};

// Scores pairs on one thread at a time. A Runner belongs to one worker, with its buffers; what it
// shares with other Runners of the same Backend is read-only.
class Runner {
 public:
  virtual ~Runner() = default;

  // Writes one relevance logit for each row; `logits` is as long as `rows`. Blocks for the whole
  // run. A row's logit does not depend on the other rows. Throws Error (kInferenceFailed,
  // kOutOfMemory, kAborted).
  virtual void run(std::span<const Row> rows, std::span<float> logits) = 0;

  // How many other threads would make the run of these rows end sooner.
  virtual size_t helpers_wanted(std::span<const Row>) const noexcept { return 0; }
  // run(), sharing its work with whoever takes part in the team. The logits are the same bits,
  // however many do.
  virtual void run_shared(std::span<const Row> rows, std::span<float> logits, Team&) {
    run(rows, logits);
  }
  // Takes part in such a run of another Runner of the same Backend, until it is over or
  // `wanted_elsewhere()`. False where this one cannot.
  virtual bool help(Team&, const std::function<bool()>& /* wanted_elsewhere */) { return false; }

  // From any thread: a run in progress ends soon with kAborted, and so does every later one.
  virtual void cancel() noexcept = 0;
};

// How many rows a worker may put into one run.
struct BatchLimits {
  size_t max_rows = 1;
  // Counts padding when `padded`: rows times the longest of them.
  size_t max_tokens = SIZE_MAX;
  bool padded = false;
};

// How a model was loaded.
struct BackendInfo {
  ExecutionProvider provider;
  // One sentence: why this one.
  std::string provider_reason;
  // Of ONNX Runtime; empty where our own kernels run the model.
  std::string runtime_version;
  // The instruction set of our own kernels, as isa_name() spells it; empty for ONNX Runtime.
  std::string instruction_set;
  // Bytes of the weights, or of the file that holds them.
  size_t weight_bytes;
  // Of CUDA; empty elsewhere.
  std::vector<int32_t> device_ids{};
  // What became of the cache of converted weights: `mapped`, `written` or `failed`; empty where
  // none was asked for.
  std::string weight_cache{};
  // One sentence: which file, or why it failed.
  std::string weight_cache_reason{};
};

// A loaded model. Immutable, safe from any number of threads.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const BackendInfo& info() const = 0;
  virtual std::unique_ptr<Runner> make_runner() const = 0;
  virtual BatchLimits batch_limits() const = 0;
};

}  // namespace bge::backend
