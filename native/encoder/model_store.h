#pragma once

#include <memory>
#include <optional>
#include <string>

#include "encoder/aligned_buffer.h"
#include "encoder/encoder_backend.h"
#include "encoder/mapped_file.h"
#include "encoder/packed_model.h"
#include "encoder/weight_file.h"

namespace bge::encoder {

// A PackedModel with the memory that it points into: converted by this process, or a cache file,
// mapped, which processes share and of whose word vectors only the used ones become resident.
class StoredModel {
 public:
  static std::shared_ptr<const StoredModel> load(const EncoderOptions& options);

  const PackedModel& model() const { return model_; }
  size_t bytes() const { return bytes_; }

 private:
  explicit StoredModel(MappedFile cached, const EncoderConfig& config, kernels::Dtype dtype);
  StoredModel(const WeightFile& weights, const EncoderOptions& options, const EncoderConfig& config,
              size_t bytes);

  AlignedBuffer memory_;
  std::optional<MappedFile> cached_;
  PackedModel model_;
  size_t bytes_;
};

}  // namespace bge::encoder
