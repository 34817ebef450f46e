#include "encoder/model_store.h"

#ifndef _WIN32
#include <sys/mman.h>
#endif

#include "base/error.h"
#include "base/memory.h"
#include "encoder/families/registry.h"

namespace bge::encoder {

void StoredModel::map(MappedFile cached, const WeightFile& file, const ModelBinding& bind) {
  cached_.emplace(std::move(cached));
  WeightBinder filled(file, dtype_, cached_->data() + WeightCache::kHeaderBytes);
  model_ = bind(filled);
}

void StoredModel::convert(const WeightFile& file, const ModelBinding& bind,
                          const std::atomic<bool>* stop) {
  constexpr size_t kHugePage = size_t{2} << 20;
  memory_ = AlignedBuffer(bytes_, kHugePage);
#if defined(MADV_HUGEPAGE)
  madvise(memory_.get(), bytes_, MADV_HUGEPAGE);
#endif
  WeightBinder filling(file, dtype_, memory_.get(), stop);
  model_ = bind(filling);
  for (const MappedFile& each : file.files())
    if (each.shrank())
      throw Error(ErrorCode::kModelInvalid,
                  "The file was shortened while it was read; fetch it again.", each.path());
  // The allocator would keep what the last float copies took.
  give_memory_back();
}

void StoredModel::require_whole() const {
  if (cached_ && cached_->shrank())
    throw Error(ErrorCode::kInferenceFailed,
                "The file of converted weights was shortened while in use; remove it and load the "
                "model again.",
                cached_->path());
}

void StoredModel::load_cached(const WeightCache& cache, const WeightFile& file,
                              const ModelBinding& bind, const std::atomic<bool>* stop) {
  if (std::optional<MappedFile> cached = cache.open()) {
    map(std::move(*cached), file, bind);
    cache_use_ = "mapped";
    cache_reason_ = "an earlier load left " + cache.path();
    return;
  }
  convert(file, bind, stop);
  const std::string failure = cache.write(memory_.get());
  cache_use_ = failure.empty() ? "written" : "failed";
  cache_reason_ = failure.empty() ? "later loads map " + cache.path()
                                  : cache.path() + " cannot be written (" + failure +
                                        "); make its folder writable or set BGE_RERANKER_CACHE";
}

std::shared_ptr<const StoredModel> StoredModel::load(const EncoderOptions& options) {
  const auto [bind, module_folders] = read_model(options.folder);
  WeightFile file(options.weights_path);
  for (const std::string& folder : module_folders) file.add_module(options.folder, folder);
  // Nothing of the size of the weights is allocated before all of their shapes fit.
  WeightBinder counting(file, options.dtype);
  bind(counting);
  const std::shared_ptr<StoredModel> stored(new StoredModel(options.dtype, counting.bytes()));
  if (options.cache_folder.empty()) {
    stored->convert(file, bind, options.stop);
    return stored;
  }
  const WeightCache cache(options.cache_folder, file, counting.fingerprint(), options.dtype,
                          counting.bytes());
  stored->load_cached(cache, file, bind, options.stop);
  return stored;
}

}  // namespace bge::encoder
