#pragma once

#include <string>

#include "encoder/blocks/qkv_rows.h"
#include "encoder/blocks/rotary.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// Self-attention of a decoder: a token sees itself and those before it, several heads of queries
// share the keys and values of one (grouped-query attention, Ainslie et al. 2023). Up to the heads'
// outputs side by side, as SelfAttention.
class CausalAttention {
 public:
  struct Shape {
    int width;
    int heads;
    int key_heads;
    int head_dim;
    Rotary rotary;
    int layer;  // of KeyValues
    // Of the norms of queries and keys, where a head has such.
    float epsilon;

    int group() const { return heads / key_heads; }
    int context() const { return heads * head_dim; }
    // What one task has of a token: its queries, then key and value.
    int row() const { return (group() + 2) * head_dim; }
  };
  // Layers of the weight file are `prefix` + q_proj, k_proj and v_proj; norms q_norm and k_norm.
  struct Names {
    std::string prefix;
    WeightBinder::Bias bias;
    bool has_head_norms;
  };

  CausalAttention(WeightBinder& weights, const Names& names, const Shape& shape);

  // Fills `pass.shared.context` for the rows of `out`, which is `in`, or the last token of each
  // sequence apart.
  void run(Pass& pass, const Stream& in, const Stream& out) const;
  // Only fills `pass.kept`.
  void keep(Pass& pass, const Stream& in) const;

 private:
  void fill(WeightBinder& weights, const LinearValues& queries, const LinearValues& keys,
            const LinearValues& values) const;
  void run_group(const Pass& pass, const Stream& in, const Stream& out, int key_head,
                 Scratch& scratch) const;
  void write_keys(const Pass& pass, const Stream& in, int key_head, float* keys) const;
  void turn(const Pass& pass, float* x, size_t stride, int rows, const int32_t* positions,
            const float* gamma) const;
  void attend(const Pass& pass, int key_head, int sequence, const QkvRows& rows, bool only_last,
              Scratch& scratch) const;

  Shape shape_;
  // Columns ordered by heads of keys: [queries of the group | k | v] of the first, of the second,
  // ...
  kernels::PanelMatrix qkv_;
  const float* query_gamma_ = nullptr;
  const float* key_gamma_ = nullptr;
};

}  // namespace bge::encoder
