#include "onnxruntime/input_tensor.h"

#include <algorithm>
#include <array>

namespace bge::onnxruntime {
namespace {

// Padding positions hold 0 in every input; attention_mask 0 keeps them out of the scores.
int64_t value_at(InputRole role, const backend::Row& row, size_t position) {
  switch (role) {
    case InputRole::kInputIds: return row.ids[position];
    case InputRole::kAttentionMask: return 1;
    case InputRole::kTokenTypeIds: return row.type_ids[position];
  }
  return 0;
}

template <typename Integer>
void fill(Integer* out, InputRole role, const PaddedRows& padded) {
  for (size_t r = 0; r < padded.rows.size(); ++r) {
    Integer* const line = out + r * padded.longest;
    const backend::Row& row = padded.rows[r];
    const size_t length = row.ids.size();
    for (size_t t = 0; t < length; ++t) line[t] = static_cast<Integer>(value_at(role, row, t));
    std::fill(line + length, line + padded.longest, Integer{0});
  }
}

}  // namespace

PaddedRows::PaddedRows(std::span<const backend::Row> given) : rows(given), longest(0) {
  for (const backend::Row& row : given) longest = std::max(longest, row.ids.size());
}

size_t tensor_bytes(const ModelInput& input, const PaddedRows& rows) noexcept {
  return rows.count() * (input.is_int64 ? sizeof(int64_t) : sizeof(int32_t));
}

Handle<OrtValue> make_input(const OrtApi& api, const ModelInput& input, const PaddedRows& rows,
                            const OrtMemoryInfo* info, void* memory) {
  if (input.is_int64) {
    fill(static_cast<int64_t*>(memory), input.role, rows);
  } else {
    fill(static_cast<int32_t*>(memory), input.role, rows);
  }
  const std::array<int64_t, 2> shape{static_cast<int64_t>(rows.rows.size()),
                                     static_cast<int64_t>(rows.longest)};
  Handle<OrtValue> tensor(api.ReleaseValue);
  check(api,
        api.CreateTensorWithDataAsOrtValue(info, memory, tensor_bytes(input, rows), shape.data(),
                                           shape.size(),
                                           input.is_int64 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64
                                                          : ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
                                           tensor.out()),
        ErrorCode::kInternal, "input tensor");
  return tensor;
}

}  // namespace bge::onnxruntime
