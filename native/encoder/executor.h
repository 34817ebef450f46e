#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "encoder/packed_model.h"
#include "encoder/workspace.h"

namespace bge::encoder {

// Runs a packed model over rows of tokens without padding, on one thread. In the last layer only
// the first token of each sequence is computed beyond its keys and values: the head reads no other.
class Executor {
 public:
  Executor(const PackedModel& model, const kernels::Kernels& kernels);

  // One logit per row. Throws Error kAborted soon after `stop` turns true, kInferenceFailed for a
  // token outside the vocabulary, kTooLong beyond the model's positions.
  void run(std::span<const backend::Row> rows, std::span<float> logits,
           const std::atomic<bool>& stop);

 private:
  // Rows of x with their quantised form: all tokens, or the first token of each sequence.
  struct Stream {
    float* x;
    kernels::Activations hidden;
    int rows;
  };

  void gather_tokens(std::span<const backend::Row> rows);
  void run_layer(const LayerWeights& layer, const Stream& in, const Stream& out);
  void attend(const LayerWeights& layer, const Stream& in, const Stream& out);
  void feed_forward(const LayerWeights& layer, const Stream& stream);
  void norm(const NormWeights& weights, const Stream& stream);
  Stream take_first_rows(const Stream& all);
  void score(const Stream& first, std::span<float> logits);
  void linear(const kernels::PanelMatrix& weights, const kernels::Activations& a, int rows,
              int first_column, int columns, kernels::Epilogue epilogue, float* out, size_t stride);

  const PackedModel& model_;
  const kernels::Kernels& kernels_;
  const int dtype_;
  std::optional<Workspace> workspace_;
  std::vector<int32_t> ids_;
  std::vector<int32_t> position_ids_;
  std::vector<int32_t> type_ids_;
  std::vector<int> offsets_;  // first token of each sequence, and the end of the last
};

}  // namespace bge::encoder
