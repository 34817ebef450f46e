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

// Of what requests in progress share; beyond it their pairs are run whole.
constexpr size_t kPrefixBytes = size_t{512} << 20;

// The tokens of a row that a run goes over.
size_t own_tokens(const backend::Row& row) {
  return row.ids.size() - (row.prefix == nullptr ? 0 : row.prefix->tokens());
}

// Bytes of the prefixes that are alive, of all Runners of a model.
class PrefixBudget {
 public:
  bool take(size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= kPrefixBytes) return true;
    give_back(bytes);
    return false;
  }
  void give_back(size_t bytes) { used_.fetch_sub(bytes); }

 private:
  std::atomic<size_t> used_ = 0;
};

// A prefix within the budget.
class BudgetedPrefix : public KeyValues {
 public:
  // Once the budget has given these bytes.
  BudgetedPrefix(const Shape& shape, size_t tokens, std::shared_ptr<PrefixBudget> budget)
      : KeyValues(shape, tokens), bytes_(shape.bytes_of(tokens)), budget_(std::move(budget)) {}
  ~BudgetedPrefix() override { budget_->give_back(bytes_); }

 private:
  size_t bytes_;
  std::shared_ptr<PrefixBudget> budget_;
};

class EncoderRunner : public backend::Runner, private ScratchOwner {
 public:
  EncoderRunner(std::shared_ptr<const StoredModel> stored, const kernels::Kernels& kernels,
                std::shared_ptr<PrefixBudget> budget)
      : stored_(std::move(stored)), kernels_(kernels), budget_(std::move(budget)) {}

  void run(std::span<const backend::Row> rows, std::span<float> logits) override {
    Team alone;
    run_shared(rows, logits, alone);
  }

  size_t helpers_wanted(std::span<const backend::Row> rows) const noexcept override {
    size_t tokens = 0;
    for (const backend::Row& row : rows) tokens += own_tokens(row);
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

  std::shared_ptr<const backend::Prefix> make_prefix(std::span<const int32_t> ids,
                                                     Team& team) override {
    const std::optional<KeyValues::Shape> shape = stored_->model().key_values();
    if (!shape || ids.empty()) return nullptr;
    const size_t bytes = shape->bytes_of(ids.size());
    if (!budget_->take(bytes)) return nullptr;
    std::shared_ptr<BudgetedPrefix> prefix;
    try {
      prefix = std::make_shared<BudgetedPrefix>(*shape, ids.size(), budget_);
    } catch (const std::exception&) {
      budget_->give_back(bytes);
      return nullptr;
    }
    const std::vector<int32_t> types(ids.size(), 0);
    const backend::Row row{ids, types};
    run_pass({&row, 1}, team, [&](Pass& pass) {
      pass.kept = prefix.get();
      stored_->model().keep(pass);
    });
    return prefix;
  }

  bool help(Team& team, const std::function<bool()>& wanted_elsewhere) override {
    const kernels::KernelScope scope(kernels_);
    return team.take_part(*this, wanted_elsewhere);
  }

  void cancel() noexcept override { stop_.store(true, std::memory_order_relaxed); }

 private:
  static size_t pack_size(std::span<const backend::Row> rows) {
    size_t tokens = own_tokens(rows.front());
    size_t count = 1;
    while (count < std::min(rows.size(), kPackRows) &&
           tokens + own_tokens(rows[count]) <= kPackTokens)
      tokens += own_tokens(rows[count++]);
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
    run_pass(rows, team, [&](Pass& pass) { stored_->model().run(pass, logits); });
  }

  template <class Body>
  void run_pass(std::span<const backend::Row> rows, Team& team, Body&& body) {
    stored_->model().gather(rows, sequences_);
    // Attention goes over the keys of a row's prefix too.
    size_t size = sequences_.tokens();
    for (const backend::Row& row : rows) size = std::max(size, row.ids.size());
    reserve(size);
    Pass pass{kernels_, stored_->dtype(), stop_, sequences_, workspace_->shared, *this, team};
    const kernels::KernelScope scope(kernels_);
    body(pass);
    stored_->require_whole();
  }

  std::shared_ptr<const StoredModel> stored_;
  const kernels::Kernels& kernels_;
  std::shared_ptr<PrefixBudget> budget_;
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
    return std::make_unique<EncoderRunner>(stored_, kernels_, budget_);
  }
  backend::BatchLimits batch_limits() const override { return {kPackRows, kPackTokens, false}; }
  const backend::BackendInfo& info() const override { return info_; }
  int max_tokens() const override { return stored_->model().max_tokens(); }

 private:
  const kernels::Kernels& kernels_;
  std::shared_ptr<const StoredModel> stored_;
  backend::BackendInfo info_;
  std::shared_ptr<PrefixBudget> budget_ = std::make_shared<PrefixBudget>();
};

}  // namespace

std::unique_ptr<const EncoderBackend> load_encoder_backend(const EncoderOptions& options) {
  return std::make_unique<LoadedEncoder>(options);
}

}  // namespace bge::encoder
