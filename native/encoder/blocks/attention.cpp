#include "encoder/blocks/attention.h"

#include <vector>

#include "encoder/blocks/linear.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Epilogue;

SelfAttention::SelfAttention(WeightBinder& weights, const Names& names, int width, int heads)
    : width_(width), heads_(heads), head_dim_(width / heads) {
  const LinearTensors query = weights.linear(names.query, width, width);
  const LinearTensors key = weights.linear(names.key, width, width);
  const LinearTensors value = weights.linear(names.value, width, width);
  qkv_ = weights.take_panels(weights.dtype(), 3 * width, width);
  if (!weights.fills()) return;
  const LinearValues queries(query);
  const LinearValues keys(key);
  const LinearValues values(value);
  std::vector<Column> columns;
  for (int head = 0; head < heads; ++head) {
    for (const LinearValues* part : {&queries, &keys, &values}) {
      for (int i = 0; i < head_dim_; ++i) {
        columns.push_back(part->column(head * head_dim_ + i));
        // The bias of the keys adds the same amount to every score of a query, which the softmax
        // takes away again: it is left out, and the int8 keys need no range for it.
        if (part == &keys) columns.back().bias = 0.0f;
      }
    }
  }
  weights.fill(qkv_, columns);
}

void SelfAttention::run(Pass& pass, const Stream& in, const Stream& out) const {
  pass.each(heads_, [&](int head, Scratch& scratch) { run_head(pass, in, out, head, scratch); });
}

// A head's queries, keys and values of all tokens stay in the cache between their product and their
// attention.
void SelfAttention::run_head(const Pass& pass, const Stream& in, const Stream& out, int head,
                             Scratch& scratch) const {
  const size_t stride = 3 * head_dim_;
  const int column = head * 3 * head_dim_;
  const bool only_first = in.x != out.x;
  float* rows = scratch.head.as<float>();
  // The queries of the first tokens lie apart.
  float* queries = only_first ? scratch.intermediate.as<float>() : rows;
  const size_t query_stride = only_first ? head_dim_ : stride;
  if (only_first) {
    multiply(pass, qkv_, out.hidden, out.rows, column, head_dim_, Epilogue::kStore, queries,
             query_stride);
    multiply(pass, qkv_, in.hidden, in.rows, column + head_dim_, 2 * head_dim_, Epilogue::kStore,
             rows + head_dim_, stride);
  } else {
    multiply(pass, qkv_, in.hidden, in.rows, column, 3 * head_dim_, Epilogue::kStore, rows, stride);
  }
  const std::vector<int>& offsets = pass.sequences.offsets;
  for (int s = 0; s < pass.sequences.count(); ++s) {
    const size_t first = offsets[s];
    const int length = offsets[s + 1] - offsets[s];
    const size_t query = only_first ? s : first;
    const float* keys = rows + first * stride + head_dim_;
    pass.kernels.attention[static_cast<int>(pass.dtype)](
        {queries + query * query_stride, query_stride, keys, keys + head_dim_, stride,
         only_first ? 1 : length, length, head_dim_,
         pass.shared.context.as<float>() + query * width_ + static_cast<size_t>(head) * head_dim_,
         static_cast<size_t>(width_), scratch.attention.get()});
  }
}

}  // namespace bge::encoder
