#include "encoder/blocks/post_norm_layer.h"

#include <utility>

#include "encoder/blocks/linear.h"

namespace bge::encoder {

PostNormLayer::PostNormLayer(WeightBinder& weights, SelfAttention attention, const Names& names,
                             const Shape& shape)
    : width_(shape.feed_forward.width),
      attention_(std::move(attention)),
      attention_output_(weights.panels(weights.linear(names.attention_output, width_, width_))),
      attention_norm_(weights, names.attention_norm, width_, shape.epsilon),
      feed_forward_(weights, names.up, names.down, shape.feed_forward),
      output_norm_(weights, names.output_norm, width_, shape.epsilon) {}

void PostNormLayer::run(Pass& pass, const Stream& in, const Stream& out) const {
  attention_.run(pass, in, out);
  pass.over_rows(out.rows, [&](int first, int last, Scratch& scratch) {
    const Stream part = out.part(pass.dtype, first, last);
    const float* context = pass.shared.context.as<float>() + static_cast<size_t>(first) * width_;
    convert(pass, pass.dtype, context, width_, part.rows, part.hidden);
    multiply(pass, attention_output_, part.hidden, part.rows, 0, width_, kernels::Epilogue::kAdd,
             part.x, width_);
    attention_norm_.run(pass, part);
    feed_forward_.run(pass, part, scratch);
    output_norm_.run(pass, part);
  });
}

}  // namespace bge::encoder
