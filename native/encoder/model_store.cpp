#include "encoder/model_store.h"

#ifndef _WIN32
#include <sys/mman.h>
#endif

#include "base/memory.h"
#include "encoder/weight_cache.h"

namespace bge::encoder {

StoredModel::StoredModel(MappedFile cached, const EncoderConfig& config, kernels::Dtype dtype)
    : cached_(std::move(cached)) {
  Layout layout(cached_->data() + WeightCache::kHeaderBytes);
  model_ = lay_out(config, dtype, layout);
  bytes_ = layout.used();
}

StoredModel::StoredModel(const WeightFile& weights, const EncoderOptions& options,
                         const EncoderConfig& config, size_t bytes)
    : bytes_(bytes) {
  constexpr size_t kHugePage = size_t{2} << 20;
  memory_ = AlignedBuffer(bytes, kHugePage);
#if defined(MADV_HUGEPAGE)
  madvise(memory_.get(), bytes, MADV_HUGEPAGE);
#endif
  Layout layout(memory_.get());
  model_ = lay_out(config, options.dtype, layout);
  pack_weights(weights, model_, options.stop);
  // The allocator would keep what the last float copies took.
  give_memory_back();
}

std::shared_ptr<const StoredModel> StoredModel::load(const EncoderOptions& options) {
  const EncoderConfig config = read_config(options.folder + "/config.json");
  Layout count(nullptr);
  lay_out(config, options.dtype, count);
  const WeightFile weights(options.weights_path);
  const auto convert = [&] {
    return std::shared_ptr<const StoredModel>(
        new StoredModel(weights, options, config, count.used()));
  };
  if (options.cache_folder.empty()) return convert();

  const WeightCache cache(options.cache_folder, weights, config, options.dtype, count.used());
  if (std::optional<MappedFile> file = cache.open())
    return std::shared_ptr<const StoredModel>(
        new StoredModel(std::move(*file), config, options.dtype));
  std::shared_ptr<const StoredModel> stored = convert();
  cache.write(stored->memory_.get());
  return stored;
}

}  // namespace bge::encoder
