#pragma once

#include <optional>
#include <string>

#include "encoder/blocks/norm.h"

namespace bge::encoder {

// Word vectors, with those of positions and types where there are such, summed and,
// mostly, normalised.
class Embeddings {
 public:
  struct Shape {
    int vocabulary;
    int positions;
    int types;
    int width;
  };
  // In the weight file; no name, no such vectors or norm.
  struct Names {
    std::string words;
    std::string positions;
    std::string types;
    std::string norm;
  };

  Embeddings(WeightBinder& weights, const Names& names, const Shape& shape, float epsilon,
             WeightBinder::Bias norm_bias = WeightBinder::Bias::kAdded);

  // Into all rows of the pass, by its ids, positions and types.
  void run(Pass& pass) const;

 private:
  Shape shape_;
  kernels::EmbeddingTable words_;
  const float* positions_;
  const float* types_;
  std::optional<LayerNorm> norm_;
};

}  // namespace bge::encoder
