#pragma once

#include <onnxruntime_c_api.h>

#include <span>

#include "backend/backend.h"
#include "onnxruntime/model_signature.h"
#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {

// What a run puts into the model: rows padded to the longest.
struct PaddedRows {
  explicit PaddedRows(std::span<const backend::Row> given);

  std::span<const backend::Row> rows;
  size_t longest;

  size_t count() const noexcept { return rows.size() * longest; }
};

// Bytes of the tensor of one input.
size_t tensor_bytes(const ModelInput& input, const PaddedRows& rows) noexcept;

// Fills `memory` (of tensor_bytes(), described by `info`) and makes a tensor over it: the memory
// must stay as it is until the run is over.
Handle<OrtValue> make_input(const OrtApi& api, const ModelInput& input, const PaddedRows& rows,
                            const OrtMemoryInfo* info, void* memory);

}  // namespace bge::onnxruntime
