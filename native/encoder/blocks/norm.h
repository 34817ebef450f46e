#pragma once

#include <algorithm>
#include <string>

#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Layer normalisation with scale and, mostly, shift.
class LayerNorm {
 public:
  LayerNorm(WeightBinder& weights, const std::string& name, int width, float epsilon,
            WeightBinder::Bias bias = WeightBinder::Bias::kAdded)
      : gamma_(weights.floats(name + ".weight", width)),
        beta_(bias == WeightBinder::Bias::kAdded
                  ? weights.floats(name + ".bias", width)
                  : weights.computed("no shift", width,
                                     [width](float* to) { std::fill_n(to, width, 0.0f); })),
        width_(width),
        epsilon_(epsilon) {}

  // In place; `stream.hidden` becomes the same values.
  void run(const Pass& pass, const Stream& stream) const { run(pass, stream, stream.x); }

  // Into `stream.hidden` and as floats into `values` ([rows][width]); `stream.x` stays.
  void run(const Pass& pass, const Stream& stream, float* values) const {
    pass.over_single_rows(stream.rows, [&](int first, int last) {
      const Stream part = stream.part(pass.dtype, first, last);
      pass.kernels.layer_norm[static_cast<int>(pass.dtype)](
          {part.x, values + static_cast<size_t>(first) * width_, part.rows, width_, gamma_, beta_,
           epsilon_, part.hidden});
    });
  }

  // In place; in float32 whatever the model's dtype is. `operand` is room for as many rows.
  void run(const Pass& pass, float* x, int rows, const kernels::Activations& operand) const {
    pass.kernels.layer_norm[static_cast<int>(kernels::Dtype::kFp32)](
        {x, x, rows, width_, gamma_, beta_, epsilon_, operand});
  }

 private:
  const float* gamma_;
  const float* beta_;
  int width_;
  float epsilon_;
};

}  // namespace bge::encoder
