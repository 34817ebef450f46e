#include "encoder/blocks/attention.h"

#include <algorithm>
#include <vector>

#include "encoder/blocks/qkv_rows.h"

namespace bge::encoder {

using kernels::Column;

SelfAttention::SelfAttention(WeightBinder& weights, const Names& names, const Shape& shape)
    : shape_(shape) {
  const int width = shape.width;
  const LinearTensors query = weights.linear(names.query, width, width);
  const LinearTensors key = weights.linear(names.key, width, width);
  const LinearTensors value = weights.linear(names.value, width, width);
  qkv_ = weights.take_panels(weights.dtype(), 3 * width, width);
  if (!weights.fills()) return;
  const LinearValues queries(query);
  const LinearValues keys(key);
  const LinearValues values(value);
  fill(weights, {{queries, 0}, {keys, 0}, {values, 0}});
}

SelfAttention::SelfAttention(WeightBinder& weights, const FusedName& name, const Shape& shape)
    : shape_(shape) {
  const int width = shape.width;
  const LinearTensors fused = weights.linear(name.qkv, 3 * width, width, name.bias);
  qkv_ = weights.take_panels(weights.dtype(), 3 * width, width);
  if (!weights.fills()) return;
  const LinearValues values(fused);
  fill(weights, {{values, 0}, {values, width}, {values, 2 * width}});
}

void SelfAttention::fill(const WeightBinder& weights, std::initializer_list<Part> parts) const {
  // A bias of the keys adds the same amount to every score of a query, which the softmax takes away
  // again: it is left out, and the int8 keys need no range for it. Keys that are turned, or
  // multiplied by distances too, have no such bias.
  const bool moves = shape_.rotary.cosines != nullptr || shape_.distances;
  const Part* const keys = moves ? nullptr : parts.begin() + 1;
  std::vector<Column> columns;
  for (int head = 0; head < shape_.heads; ++head) {
    for (const Part& part : parts) {
      for (int i = 0; i < head_dim(); ++i) {
        columns.push_back(part.layer.column(part.first + head * head_dim() + i));
        if (&part == keys) columns.back().bias = 0.0f;
      }
    }
  }
  weights.fill(qkv_, columns);
}

void SelfAttention::run(Pass& pass, const Stream& in, const Stream& out) const {
  pass.each(shape_.heads,
            [&](int head, Scratch& scratch) { run_head(pass, in, out, head, scratch); });
}

void SelfAttention::run_head(const Pass& pass, const Stream& in, const Stream& out, int head,
                             Scratch& scratch) const {
  const int head_dim = this->head_dim();
  const bool only_first = in.x != out.x;
  const QkvRows rows =
      multiply_qkv(pass, qkv_, in, out, head * 3 * head_dim, head_dim, 3 * head_dim, scratch);
  if (shape_.rotary.cosines != nullptr) {
    const auto turn = [&](float* part) {
      pass.kernels.rotate({part, rows.stride, in.rows, head_dim, shape_.rotary.cosines,
                           shape_.rotary.sines, pass.sequences.position_ids.data()});
    };
    // A first token stands at position 0, which turns nothing.
    if (!only_first) turn(rows.queries);
    turn(rows.keys);
  }
  const std::vector<int>& offsets = pass.sequences.offsets;
  for (int s = 0; s < pass.sequences.count(); ++s) {
    const size_t first = offsets[s];
    const int length = offsets[s + 1] - offsets[s];
    const size_t query = only_first ? s : first;
    float* out_rows = pass.shared.context.as<float>() + query * shape_.width +
                      static_cast<size_t>(head) * head_dim;
    attend(
        pass, head,
        {rows.queries + query * rows.query_stride, rows.query_stride,
         rows.keys + first * rows.stride, rows.stride, only_first ? 1 : length, length, out_rows},
        scratch);
  }
}

// The queries of a window in strips, each with the keys that its queries see: a query costs what
// its window costs, however long the sequence is.
void SelfAttention::attend(const Pass& pass, int head, const HeadRows& rows,
                           Scratch& scratch) const {
  const bool whole = shape_.window >= rows.length;
  const int window = whole ? kernels::kWholeSequence : shape_.window;
  const int strip = whole ? rows.length : 2 * window;
  const int head_dim = this->head_dim();
  for (int first = 0; first < rows.count; first += strip) {
    const int begin = whole ? 0 : std::max(0, first - window);
    const int end = whole ? rows.length : std::min(rows.length, first + strip + window);
    const float* keys = rows.keys + begin * rows.stride;
    kernels::AttentionArgs args{rows.queries + first * rows.query_stride,
                                rows.query_stride,
                                keys,
                                keys + head_dim,
                                rows.stride,
                                std::min(strip, rows.count - first),
                                end - begin,
                                head_dim,
                                rows.out + static_cast<size_t>(first) * shape_.width,
                                static_cast<size_t>(shape_.width),
                                scratch.attention.get(),
                                window,
                                window,
                                first - begin};
    if (shape_.distances) {
      args.bias = shape_.distances->run(pass, rows, head, scratch);
      args.bias_stride = shape_.distances->stride(rows);
      args.scale = DistanceScores::kScale;
    }
    if (shape_.alibi.slopes != nullptr) {
      args.bias = shape_.alibi.of(head);
      args.bias_stride = -1;
    }
    pass.kernels.attention[static_cast<int>(pass.dtype)](args);
  }
}

}  // namespace bge::encoder
