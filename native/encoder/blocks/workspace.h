#pragma once

#include <algorithm>

#include "encoder/weights/aligned_buffer.h"
#include "kernels/kernels.h"

namespace bge::encoder {

// Activations with their own memory, rounded up to whole tiles of rows.
class ActivationBuffer {
 public:
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

// The widths that a model's blocks work with.
struct WorkspaceShape {
  int hidden;
  int head_row;  // what one head has of a token between its product and its attention
  int slice;     // of the intermediate width
  int head_dim;
  int max_tokens;     // of a sequence
  int distances = 0;  // what scores of distances need of a token
};

// What all tokens of a run have between two blocks.
struct SharedBuffers {
  SharedBuffers(const WorkspaceShape& shape, kernels::Dtype dtype, size_t rows)
      : x(rows * shape.hidden * sizeof(float)),
        context(rows * shape.hidden * sizeof(float)),
        first_x(rows * shape.hidden * sizeof(float)),
        hidden(dtype, rows, shape.hidden),
        first_hidden(dtype, rows, shape.hidden),
        pooled(kernels::Dtype::kFp32, rows, shape.hidden) {}

  AlignedBuffer x;        // [rows][hidden]
  AlignedBuffer context;  // [rows][hidden], what attention gives
  AlignedBuffer first_x;  // [sequences][hidden], the last layer
  ActivationBuffer hidden;
  ActivationBuffer first_hidden;
  ActivationBuffer pooled;
};

// What one thread needs for itself inside a block.
struct Scratch {
  Scratch(const WorkspaceShape& shape, kernels::Dtype dtype, size_t rows)
      : head(rows * shape.head_row * sizeof(float)),
        intermediate(rows * std::max(shape.slice, shape.head_dim) * sizeof(float)),
        slice(dtype, rows, shape.slice),
        attention(kernels::attention_scratch_bytes(
            dtype, std::min(static_cast<int>(rows), shape.max_tokens), shape.head_dim)),
        distances(std::max<size_t>(
            1, std::min<size_t>(rows, shape.max_tokens) * shape.distances * sizeof(float))) {}

  AlignedBuffer head;          // [rows][head_row]
  AlignedBuffer intermediate;  // [rows][slice], or queries [rows][head_dim]
  ActivationBuffer slice;
  AlignedBuffer attention;
  AlignedBuffer distances;  // of a sequence, [tokens][distances]
};

// For runs of up to `rows` tokens.
struct Workspace {
  Workspace(const WorkspaceShape& shape, kernels::Dtype dtype, size_t tokens)
      : rows((tokens + kernels::kRowMultiple - 1) / kernels::kRowMultiple * kernels::kRowMultiple),
        shared(shape, dtype, rows),
        scratch(shape, dtype, rows) {}

  size_t rows;
  SharedBuffers shared;
  Scratch scratch;
};

}  // namespace bge::encoder
