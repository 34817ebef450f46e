#include "encoder/blocks/causal_attention.h"

#include <algorithm>
#include <vector>

namespace bge::encoder {

using kernels::Column;
using kernels::Epilogue;

CausalAttention::CausalAttention(WeightBinder& weights, const Names& names, const Shape& shape)
    : shape_(shape) {
  const int keys_width = shape.key_heads * shape.head_dim;
  const LinearTensors query =
      weights.linear(names.prefix + "q_proj", shape.context(), shape.width, names.bias);
  const LinearTensors key =
      weights.linear(names.prefix + "k_proj", keys_width, shape.width, names.bias);
  const LinearTensors value =
      weights.linear(names.prefix + "v_proj", keys_width, shape.width, names.bias);
  qkv_ = weights.take_panels(weights.dtype(), shape.context() + 2 * keys_width, shape.width);
  if (weights.fills()) fill(weights, LinearValues(query), LinearValues(key), LinearValues(value));
  if (!names.has_head_norms) return;
  query_gamma_ = weights.floats(names.prefix + "q_norm.weight", shape.head_dim);
  key_gamma_ = weights.floats(names.prefix + "k_norm.weight", shape.head_dim);
}

void CausalAttention::fill(WeightBinder& weights, const LinearValues& queries,
                           const LinearValues& keys, const LinearValues& values) const {
  std::vector<Column> columns;
  const int head_dim = shape_.head_dim;
  const int queries_width = shape_.group() * head_dim;
  for (int head = 0; head < shape_.key_heads; ++head) {
    queries.append_to(columns, head * queries_width, queries_width);
    keys.append_to(columns, head * head_dim, head_dim);
    values.append_to(columns, head * head_dim, head_dim);
  }
  weights.fill(qkv_, columns);
}

void CausalAttention::run(Pass& pass, const Stream& in, const Stream& out) const {
  pass.each(shape_.key_heads,
            [&](int head, Scratch& scratch) { run_group(pass, in, out, head, scratch); });
}

void CausalAttention::keep(Pass& pass, const Stream& in) const {
  const int queries = shape_.group() * shape_.head_dim;
  pass.each(shape_.key_heads, [&](int head, Scratch& scratch) {
    float* keys = scratch.head.as<float>() + queries;
    multiply(pass, qkv_, in.hidden, in.rows, head * shape_.row() + queries, 2 * shape_.head_dim,
             Epilogue::kStore, keys, shape_.row());
    write_keys(pass, in, head, keys);
  });
}

void CausalAttention::turn(const Pass& pass, float* x, size_t stride, int rows,
                           const int32_t* positions, const float* gamma) const {
  pass.kernels.rotate({x, stride, rows, shape_.head_dim, shape_.rotary.cosines, shape_.rotary.sines,
                       positions, gamma, shape_.epsilon});
}

// Turns the keys of a task's rows, and keeps them with their values.
void CausalAttention::write_keys(const Pass& pass, const Stream& in, int key_head,
                                 float* keys) const {
  const size_t stride = shape_.row();
  turn(pass, keys, stride, in.rows, pass.sequences.position_ids.data(), key_gamma_);
  if (pass.kept == nullptr) return;
  const size_t kept = 2 * shape_.head_dim;
  float* to = pass.kept->rows(shape_.layer, key_head);
  for (int row = 0; row < in.rows; ++row, to += kept) std::copy_n(keys + row * stride, kept, to);
}

void CausalAttention::run_group(const Pass& pass, const Stream& in, const Stream& out, int key_head,
                                Scratch& scratch) const {
  const int head_dim = shape_.head_dim;
  const bool only_last = in.x != out.x;
  const QkvRows rows = multiply_qkv(pass, qkv_, in, out, key_head * shape_.row(),
                                    shape_.group() * head_dim, shape_.row(), scratch);
  write_keys(pass, in, key_head, rows.keys);
  const std::vector<int32_t>& positions =
      only_last ? pass.sequences.last_positions : pass.sequences.position_ids;
  for (int i = 0; i < shape_.group(); ++i)
    turn(pass, rows.queries + i * head_dim, rows.query_stride, out.rows, positions.data(),
         query_gamma_);
  for (int s = 0; s < pass.sequences.count(); ++s)
    attend(pass, key_head, s, rows, only_last, scratch);
}

void CausalAttention::attend(const Pass& pass, int key_head, int sequence, const QkvRows& rows,
                             bool only_last, Scratch& scratch) const {
  const Sequences& sequences = pass.sequences;
  const int first = sequences.offsets[sequence];
  const int own = sequences.offsets[sequence + 1] - first;
  const auto* prefix = static_cast<const KeyValues*>(sequences.prefixes[sequence]);
  const int past = prefix == nullptr ? 0 : static_cast<int>(prefix->tokens());
  const float* past_keys = prefix == nullptr ? nullptr : prefix->rows(shape_.layer, key_head);
  const size_t query = only_last ? sequence : first;
  const int head_dim = shape_.head_dim;
  const float* own_keys = rows.keys + first * rows.stride;
  const auto width = static_cast<size_t>(shape_.context());
  for (int i = 0; i < shape_.group(); ++i) {
    const int head = key_head * shape_.group() + i;
    pass.kernels.attention[static_cast<int>(pass.dtype)](
        {.q = rows.queries + query * rows.query_stride + i * head_dim,
         .q_stride = rows.query_stride,
         .k = own_keys,
         .v = own_keys + head_dim,
         .kv_stride = rows.stride,
         .queries = only_last ? 1 : own,
         .length = past + own,
         .head_dim = head_dim,
         .out = pass.shared.context.as<float>() + query * width + head * head_dim,
         .out_stride = width,
         .scratch = scratch.attention.get(),
         .after = 0,
         .first_query = past + (only_last ? own - 1 : 0),
         .past_k = past_keys,
         .past_v = prefix == nullptr ? nullptr : past_keys + head_dim,
         .past_stride = 2 * static_cast<size_t>(head_dim),
         .past = past});
  }
}

}  // namespace bge::encoder
