#pragma once

#include <string>

#include "encoder/blocks/attention.h"
#include "encoder/blocks/feed_forward.h"
#include "encoder/blocks/norm.h"

namespace bge::encoder {

// One layer of BERT and its kin: x = norm(x + mix(attention(x))), x = norm(x + feed_forward(x)).
class PostNormLayer {
 public:
  struct Shape {
    FeedForwardShape feed_forward;
    float epsilon;
  };
  // In the weight file; the attention is bound by whoever makes the layer.
  struct Names {
    std::string attention_output;
    std::string attention_norm;
    std::string up;
    std::string down;
    std::string output_norm;
  };

  PostNormLayer(WeightBinder& weights, SelfAttention attention, const Names& names,
                const Shape& shape);

  // `out` is `in`, or the first token of each sequence apart.
  void run(Pass& pass, const Stream& in, const Stream& out) const;

 private:
  int width_;
  SelfAttention attention_;
  kernels::PanelMatrix attention_output_;
  LayerNorm attention_norm_;
  FeedForward feed_forward_;
  LayerNorm output_norm_;
};

}  // namespace bge::encoder
