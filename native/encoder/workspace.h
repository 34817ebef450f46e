#pragma once

#include <algorithm>
#include <vector>

#include "encoder/aligned_buffer.h"
#include "encoder/packed_model.h"

namespace bge::encoder {

// Activations with their own memory, rounded up to whole tiles of rows.
class ActivationBuffer {
 public:
  ActivationBuffer() = default;
  ActivationBuffer(kernels::Dtype dtype, size_t rows, size_t width)
      : data_(rows * width * kernels::element_size(dtype)),
        scales_(rows * sizeof(kernels::RowScale)),
        stride_(width) {
    // Rows that only fill up a tile are multiplied too.
    std::fill_n(data_.as<char>(), rows * width * kernels::element_size(dtype), 0);
    std::fill_n(scales_.as<kernels::RowScale>(), rows, kernels::RowScale{0.0f, 0.0f});
  }
  kernels::Activations view() const {
    return {data_.get(), stride_, scales_.as<kernels::RowScale>()};
  }

 private:
  AlignedBuffer data_;
  AlignedBuffer scales_;
  size_t stride_ = 0;
};

// What one thread needs to run packs of up to `rows` tokens.
struct Workspace {
  Workspace(const EncoderConfig& config, kernels::Dtype dtype, size_t tokens)
      : rows((tokens + kernels::kRowMultiple - 1) / kernels::kRowMultiple * kernels::kRowMultiple),
        x(rows * config.hidden * sizeof(float)),
        context(rows * config.hidden * sizeof(float)),
        head(rows * 3 * config.head_dim() * sizeof(float)),
        intermediate(rows * slice_width(config.intermediate) * sizeof(float)),
        first_rows(rows * config.hidden * sizeof(float)),
        hidden(dtype, rows, config.hidden),
        first_hidden(dtype, rows, config.hidden),
        slice(dtype, rows, slice_width(config.intermediate)),
        pooled(kernels::Dtype::kFp32, rows, config.hidden),
        attention(kernels::attention_scratch_bytes(
            dtype, std::min<int>(static_cast<int>(rows), config.max_tokens()), config.head_dim())) {
  }

  size_t rows;
  AlignedBuffer x;             // [rows][hidden]
  AlignedBuffer context;       // [rows][hidden], what attention gives
  AlignedBuffer head;          // [rows][q | k | v] of one head
  AlignedBuffer intermediate;  // [rows][slice]
  AlignedBuffer first_rows;    // [sequences][hidden], the last layer
  ActivationBuffer hidden;
  ActivationBuffer first_hidden;
  ActivationBuffer slice;
  ActivationBuffer pooled;
  AlignedBuffer attention;
};

}  // namespace bge::encoder
