#pragma once

#include <string>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Layer normalisation with scale and shift.
class LayerNorm {
 public:
  LayerNorm(WeightBinder& weights, const std::string& name, int width, float epsilon)
      : gamma_(weights.floats(name + ".weight", width)),
        beta_(weights.floats(name + ".bias", width)),
        width_(width),
        epsilon_(epsilon) {}

  // In place; `stream.hidden` becomes the same values.
  void run(const Pass& pass, const Stream& stream) const {
    pass.kernels.layer_norm[static_cast<int>(pass.dtype)](
        {stream.x, stream.rows, width_, gamma_, beta_, epsilon_, stream.hidden});
  }

 private:
  const float* gamma_;
  const float* beta_;
  int width_;
  float epsilon_;
};

}  // namespace bge::encoder
