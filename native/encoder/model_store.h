#pragma once

#include <memory>
#include <optional>
#include <string>

#include "encoder/encoder_backend.h"
#include "encoder/families/model.h"
#include "encoder/weights/aligned_buffer.h"
#include "encoder/weights/mapped_file.h"
#include "encoder/weights/weight_cache.h"
#include "encoder/weights/weight_file.h"

namespace bge::encoder {

// A Model with the memory that its weights lie in: converted by this process, or a cache file,
// mapped, which processes share and of whose word vectors only the used ones become resident.
class StoredModel {
 public:
  static std::shared_ptr<const StoredModel> load(const EncoderOptions& options);

  const Model& model() const { return *model_; }
  kernels::Dtype dtype() const { return dtype_; }
  size_t bytes() const { return bytes_; }
  // Throws Error kInferenceFailed once the cache file was shortened: what has been computed since
  // is of no use.
  void require_whole() const;
  // As backend::BackendInfo has them.
  const std::string& cache_use() const { return cache_use_; }
  const std::string& cache_reason() const { return cache_reason_; }

 private:
  StoredModel(kernels::Dtype dtype, size_t bytes) : dtype_(dtype), bytes_(bytes) {}
  void map(MappedFile cached, const WeightFile& file, const ModelBinding& bind);
  // Maps the converted weights where the cache has them, else converts and keeps them.
  void load_cached(const WeightCache& cache, const WeightFile& file, const ModelBinding& bind,
                   const std::atomic<bool>* stop);
  void convert(const WeightFile& file, const ModelBinding& bind, const std::atomic<bool>* stop);

  kernels::Dtype dtype_;
  size_t bytes_;
  AlignedBuffer memory_;
  std::optional<MappedFile> cached_;
  std::string cache_use_;
  std::string cache_reason_;
  std::unique_ptr<const Model> model_;
};

}  // namespace bge::encoder
