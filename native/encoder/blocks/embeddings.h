#pragma once

#include <string>

#include "encoder/blocks/norm.h"

namespace bge::encoder {

// Word, position and type vectors, summed and normalised.
class Embeddings {
 public:
  struct Shape {
    int vocabulary;
    int positions;
    int types;
    int width;
  };

  // `name` precedes word_embeddings.weight and its neighbours.
  Embeddings(WeightBinder& weights, const std::string& name, const Shape& shape, float epsilon);

  // Into all rows of the pass, by its ids, positions and types.
  void run(Pass& pass) const;

 private:
  Shape shape_;
  kernels::EmbeddingTable words_;
  const float* positions_;
  const float* types_;
  LayerNorm norm_;
};

}  // namespace bge::encoder
