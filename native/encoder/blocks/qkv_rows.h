#pragma once

#include "encoder/blocks/linear.h"

namespace bge::encoder {

// What one task of attention works on, of all tokens of a pass.
struct QkvRows {
  float* queries;
  size_t query_stride;
  float* keys;  // of a token its key, then its value
  size_t stride;
};

// A task's columns of `qkv` from `column` on: `queries` of queries, then key and value, `row` in
// all. They stay in the cache between this product and their attention. Where `out` is not `in`,
// the queries are those of its rows alone, and lie apart.
inline QkvRows multiply_qkv(const Pass& pass, const kernels::PanelMatrix& qkv, const Stream& in,
                            const Stream& out, int column, int queries, int row, Scratch& scratch) {
  using kernels::Epilogue;
  float* rows = scratch.head.as<float>();
  const auto stride = static_cast<size_t>(row);
  if (in.x == out.x) {
    multiply(pass, qkv, in.hidden, in.rows, column, row, Epilogue::kStore, rows, stride);
    return {rows, stride, rows + queries, stride};
  }
  float* apart = scratch.intermediate.as<float>();
  const auto query_stride = static_cast<size_t>(queries);
  multiply(pass, qkv, out.hidden, out.rows, column, queries, Epilogue::kStore, apart, query_stride);
  multiply(pass, qkv, in.hidden, in.rows, column + queries, row - queries, Epilogue::kStore,
           rows + queries, stride);
  return {apart, query_stride, rows + queries, stride};
}

}  // namespace bge::encoder
