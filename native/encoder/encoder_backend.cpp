#include "encoder/encoder_backend.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "base/error.h"
#include "encoder/model_store.h"

namespace bge::encoder {
namespace {

// Enough rows to read every weight from memory once for many products, few enough that the
// activations stay in the second-level cache.
constexpr size_t kPackTokens = 512;
constexpr size_t kPackRows = 64;
// Two tiles of rows: with fewer, a thread reads weights rather than multiplies.
constexpr size_t kTokensPerThread = 32;

class EncoderRunner : public backend::Runner, private ScratchOwner {
 public:
  EncoderRunner(std::shared_ptr<const StoredModel> stored, const kernels::Kernels& kernels)
      : stored_(std::move(stored)), kernels_(kernels) {}

  void run(std::span<const backend::Row> rows, std::span<float> logits) override {
    Team alone;
    run_shared(rows, logits, alone);
  }

  size_t helpers_wanted(std::span<const backend::Row> rows) const noexcept override {
    size_t tokens = 0;
    for (const backend::Row& row : rows) tokens += row.ids.size();
    return tokens < kTokensPerThread ? 0 : tokens / kTokensPerThread - 1;
  }

  void run_shared(std::span<const backend::Row> rows, std::span<float> logits,
                  Team& team) override {
    for (size_t first = 0; first < rows.size();) {
      const size_t count = pack_size(rows.subspan(first));
      run_packed(rows.subspan(first, count), logits.subspan(first, count), team);
      first += count;
    }
  }

  bool help(Team& team, const std::function<bool()>& wanted_elsewhere) override {
    const kernels::KernelScope scope(kernels_);
    return team.take_part(*this, wanted_elsewhere);
  }

  void cancel() noexcept override { stop_.store(true, std::memory_order_relaxed); }

 private:
  static size_t pack_size(std::span<const backend::Row> rows) {
    size_t tokens = rows.front().ids.size();
    size_t count = 1;
    while (count < std::min(rows.size(), kPackRows) &&
           tokens + rows[count].ids.size() <= kPackTokens)
      tokens += rows[count++].ids.size();
    return count;
  }

  Scratch& scratch() override { return workspace_->scratch; }

  bool prepare(size_t tokens) noexcept override {
    try {
      reserve(tokens);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  void reserve(size_t tokens) {
    if (!workspace_ || workspace_->rows < tokens)
      workspace_.emplace(stored_->model().workspace(), stored_->dtype(), tokens);
  }

  void run_packed(std::span<const backend::Row> rows, std::span<float> logits, Team& team) {
    const Model& model = stored_->model();
    model.gather(rows, sequences_);
    reserve(sequences_.tokens());
    Pass pass{kernels_, stored_->dtype(), stop_, sequences_, workspace_->shared, *this, team};
    const kernels::KernelScope scope(kernels_);
    model.run(pass, logits);
    stored_->require_whole();
  }

  std::shared_ptr<const StoredModel> stored_;
  const kernels::Kernels& kernels_;
  std::atomic<bool> stop_{false};
  Sequences sequences_;
  std::optional<Workspace> workspace_;
};

EncoderOptions in_fastest_form(EncoderOptions options, const kernels::Kernels& kernels) {
  options.dtype = kernels::fastest_form(kernels, options.dtype);
  return options;
}

class LoadedEncoder : public EncoderBackend {
 public:
  explicit LoadedEncoder(const EncoderOptions& options)
      : kernels_(kernels::kernels_for(kernels::choose_isa())),
        stored_(StoredModel::load(in_fastest_form(options, kernels_))),
        info_{backend::ExecutionProvider::kCpu,
              "our own kernels run this model on the cpu",
              {},
              std::string(kernels::isa_name(kernels_.isa)),
              stored_->bytes(),
              {},
              stored_->cache_use(),
              stored_->cache_reason()} {}

  std::unique_ptr<backend::Runner> make_runner() const override {
    return std::make_unique<EncoderRunner>(stored_, kernels_);
  }
  backend::BatchLimits batch_limits() const override { return {kPackRows, kPackTokens, false}; }
  const backend::BackendInfo& info() const override { return info_; }
  int max_tokens() const override { return stored_->model().max_tokens(); }

 private:
  const kernels::Kernels& kernels_;
  std::shared_ptr<const StoredModel> stored_;
  backend::BackendInfo info_;
};

}  // namespace

std::unique_ptr<const EncoderBackend> load_encoder_backend(const EncoderOptions& options) {
  return std::make_unique<LoadedEncoder>(options);
}

}  // namespace bge::encoder
