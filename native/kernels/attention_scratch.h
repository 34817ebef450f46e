#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace bge::kernels {
namespace {

// Queries handled at a time: their scores stay in the first-level cache for usual lengths.
constexpr int kQueryBlock = 32;

constexpr size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// What one AMX instruction sums over, and so the padding of length, and on AMX of head_dim.
constexpr int tile_depth(Dtype dtype) {
  return dtype == Dtype::kInt8 ? 64 : dtype == Dtype::kBf16 ? 32 : 1;
}

// Rows of elements that one row of softmax weights takes.
constexpr int softmax_parts(Dtype dtype) { return dtype == Dtype::kInt8 ? 2 : 1; }

// Where the working set of one head lies in the caller's buffer.
struct AttentionScratch {
  AttentionScratch(void* base, Dtype dtype, int length, int padded_head_dim)
      : depth(padded_head_dim),
        scored(
            static_cast<int>(round_up(length, dtype == Dtype::kBf16 ? tile_depth(dtype) : kPanel))),
        keys(
            static_cast<int>(round_up(length, dtype == Dtype::kFp32 ? kPanel : tile_depth(dtype)))),
        base_(static_cast<char*>(base)) {
    const size_t element = element_size(dtype);
    key_panels = take<void>(element * keys * depth);
    value_panels = take<void>(element * keys * depth);
    queries = take<void>(element * kQueryBlock * depth);
    scores = take<float>(sizeof(float) * kQueryBlock * keys);
    weights = take<void>(element * kQueryBlock * softmax_parts(dtype) * keys);
    key_scale = take<float>(sizeof(float) * keys);
    key_offset = take<float>(sizeof(float) * keys);
    key_mask = take<float>(sizeof(float) * keys);
    value_scale = take<float>(sizeof(float) * keys);
    value_top = take<float>(sizeof(float) * keys);
    row_scale = take<float>(sizeof(float) * keys);
    query_scale = take<float>(sizeof(float) * kQueryBlock);
    out_scale = take<float>(sizeof(float) * kQueryBlock);
  }
  size_t bytes() const { return used_; }

  int depth;   // head_dim, padded
  int scored;  // length, padded to whole panels of scores
  int keys;    // length, padded for the product with the values
  void* key_panels;
  void* value_panels;
  void* queries;
  float* scores;
  void* weights;  // softmax numerators; int8: a row of high bytes, then one of low bytes
  float* key_scale;
  float* key_offset;
  float* key_mask;  // 0, or minus infinity beyond the sequence
  float* value_scale;
  float* value_top;  // largest value_scale up to here
  float* row_scale;  // of one query's softmax weights
  float* query_scale;
  float* out_scale;

 private:
  template <class T>
  T* take(size_t bytes) {
    char* const at = base_ == nullptr ? nullptr : base_ + used_;
    used_ += round_up(bytes, 64);
    return static_cast<T*>(static_cast<void*>(at));
  }
  char* base_;  // null: only counts bytes
  size_t used_ = 0;
};

}  // namespace
}  // namespace bge::kernels
