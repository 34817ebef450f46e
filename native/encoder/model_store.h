#pragma once

#include <memory>
#include <optional>

#include "encoder/aligned_buffer.h"
#include "encoder/mapped_file.h"
#include "encoder/packed_backend.h"
#include "encoder/packed_model.h"

namespace bge::encoder {

// A PackedModel with the memory that it points into: converted here, or mapped from the cache.
class StoredModel {
 public:
  static std::shared_ptr<const StoredModel> load(const PackedBackendOptions& options);

  const PackedModel& model() const { return model_; }
  size_t bytes() const { return bytes_; }

 private:
  StoredModel() = default;

  AlignedBuffer memory_;
  PackedModel model_;
  size_t bytes_ = 0;
};

}  // namespace bge::encoder
