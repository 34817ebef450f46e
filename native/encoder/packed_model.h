#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "encoder/config.h"
#include "encoder/mapped_file.h"
#include "encoder/weight_file.h"
#include "kernels/kernels.h"

namespace bge::encoder {

struct NormWeights {
  const float* gamma;
  const float* beta;
};

struct LayerWeights {
  // Columns ordered head by head: [q | k | v] of head 0, of head 1, ...
  kernels::PanelMatrix qkv;
  kernels::PanelMatrix attention_output;
  NormWeights attention_norm;
  kernels::PanelMatrix up;
  // The intermediate width in slices, each with its own scales: a slice's activations stay in the
  // second-level cache between the two products. Only the first slice carries the bias.
  std::vector<kernels::PanelMatrix> down;
  NormWeights output_norm;
};

// tanh(dense(first row)) . output + output_bias; float32 in every dtype.
struct HeadWeights {
  kernels::PanelMatrix dense;
  const float* output;
  const float* output_bias;
};

// All weights of a model in the form that the kernels read, in one block of memory whose layout
// follows from config and dtype alone. Read-only once built; shared by all threads.
struct PackedModel {
  EncoderConfig config;
  kernels::Dtype dtype;
  kernels::EmbeddingTable words;
  const float* positions;
  const float* types;
  NormWeights embedding_norm;
  std::vector<LayerWeights> layers;
  HeadWeights head;
};

// Gives out the parts of a block of memory, in order; with a null base it only counts.
class Layout {
 public:
  explicit Layout(const void* base) : base_(static_cast<const char*>(base)) {}
  template <class T>
  const T* take(size_t count) {
    return static_cast<const T*>(take_bytes(count * sizeof(T)));
  }
  const void* take_bytes(size_t bytes) {
    const size_t at = used_;
    used_ += (bytes + 63) / 64 * 64;
    return base_ == nullptr ? nullptr : base_ + at;
  }
  size_t used() const { return used_; }

 private:
  const char* base_;
  size_t used_ = 0;
};

PackedModel lay_out(const EncoderConfig& config, kernels::Dtype dtype, Layout& layout);

// Width of one slice of the intermediate layer.
int slice_width(int intermediate);

// Converts the weights into `model`, whose block must be writable. Throws Error kAborted soon after
// `stop`, where given, turns true.
void pack_weights(const WeightFile& weights, const PackedModel& model,
                  const std::atomic<bool>* stop);

}  // namespace bge::encoder
