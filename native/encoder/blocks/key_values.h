#pragma once

#include <cstddef>

#include "backend/backend.h"
#include "encoder/weights/aligned_buffer.h"

namespace bge::encoder {

// The keys and values that a causal model's layers made of a prefix, as attention reads them.
class KeyValues : public backend::Prefix {
 public:
  struct Shape {
    int layers;
    int heads;  // of keys
    int head_dim;

    size_t bytes_of(size_t tokens) const {
      return tokens * 2 * head_dim * heads * layers * sizeof(float);
    }
  };

  // Throws Error kOutOfMemory.
  KeyValues(const Shape& shape, size_t tokens)
      : shape_(shape), tokens_(tokens), rows_(shape.bytes_of(tokens)) {}

  size_t tokens() const override { return tokens_; }

  // [tokens][2 * head_dim]: a token's key, then its value.
  float* rows(int layer, int head) const {
    const size_t place = static_cast<size_t>(layer) * shape_.heads + head;
    return rows_.as<float>() + place * tokens_ * 2 * shape_.head_dim;
  }

 private:
  Shape shape_;
  size_t tokens_;
  AlignedBuffer rows_;
};

}  // namespace bge::encoder
