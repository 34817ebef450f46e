#include "encoder/model_store.h"

#include <sys/mman.h>

namespace bge::encoder {

std::shared_ptr<const StoredModel> StoredModel::load(const PackedBackendOptions& options) {
  const EncoderConfig config = read_config(options.folder + "/config.json");
  Layout count(nullptr);
  lay_out(config, options.dtype, count);

  const std::shared_ptr<StoredModel> stored(new StoredModel);
  stored->bytes_ = count.used();
  constexpr size_t kHugePage = size_t{2} << 20;
  stored->memory_ = AlignedBuffer(count.used(), kHugePage);
  madvise(stored->memory_.get(), count.used(), MADV_HUGEPAGE);
  Layout layout(stored->memory_.get());
  stored->model_ = lay_out(config, options.dtype, layout);
  pack_weights(WeightFile(options.weights_path), stored->model_);
  return stored;
}

}  // namespace bge::encoder
