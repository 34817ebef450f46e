#include "encoder/executor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace bge::encoder {

using kernels::Activations;
using kernels::Dtype;
using kernels::Epilogue;
using kernels::PanelMatrix;

Executor::Executor(const PackedModel& model, const kernels::Kernels& kernels)
    : model_(model), kernels_(kernels), dtype_(static_cast<int>(model.dtype)) {}

void Executor::run(std::span<const backend::Row> rows, std::span<float> logits,
                   const std::atomic<bool>& stop) {
  gather_tokens(rows);
  const EncoderConfig& config = model_.config;
  const size_t tokens = ids_.size();
  if (!workspace_ || workspace_->rows < tokens) workspace_.emplace(config, model_.dtype, tokens);
  const Stream all{workspace_->x.as<float>(), workspace_->hidden.view(), static_cast<int>(tokens)};

  const kernels::KernelScope scope(kernels_);
  kernels_.embed[dtype_]({model_.words, model_.positions, model_.types, ids_.data(),
                          position_ids_.data(), type_ids_.data(), all.rows, config.hidden, all.x});
  norm(model_.embedding_norm, all);
  Stream out = all;
  for (const LayerWeights& layer : model_.layers) {
    if (stop.load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "The run was cancelled; call again if it is still wanted.");
    if (&layer == &model_.layers.back()) out = take_first_rows(all);
    run_layer(layer, all, out);
  }
  score(out, logits);
}

void Executor::gather_tokens(std::span<const backend::Row> rows) {
  const EncoderConfig& config = model_.config;
  ids_.clear();
  position_ids_.clear();
  type_ids_.clear();
  offsets_.assign(1, 0);
  for (const backend::Row& row : rows) {
    if (row.ids.empty() || row.ids.size() > static_cast<size_t>(config.max_tokens()))
      throw Error(ErrorCode::kTooLong,
                  "Cut every pair to 1 to " + std::to_string(config.max_tokens()) + " tokens.");
    int position = config.first_position();
    for (size_t i = 0; i < row.ids.size(); ++i) {
      const int32_t id = row.ids[i];
      const int32_t type = std::min(row.type_ids[i], config.types - 1);
      if (id < 0 || id >= config.vocabulary || type < 0)
        throw Error(ErrorCode::kInferenceFailed, "Use the tokenizer of this model: token " +
                                                     std::to_string(id) +
                                                     " is outside its vocabulary.");
      ids_.push_back(id);
      type_ids_.push_back(type);
      // RoBERTa counts padding tokens nowhere, even one that stands in the text.
      const bool skipped = config.family == Family::kRoberta && id == config.pad_id;
      position_ids_.push_back(skipped ? config.pad_id : position++);
    }
    offsets_.push_back(static_cast<int>(ids_.size()));
  }
}

void Executor::linear(const PanelMatrix& weights, const Activations& a, int rows, int first_column,
                      int columns, Epilogue epilogue, float* out, size_t stride) {
  const int first_panel = first_column / kernels::kPanel;
  kernels_.linear[static_cast<int>(weights.dtype)]({a, rows, &weights, first_panel,
                                                    first_panel + columns / kernels::kPanel,
                                                    epilogue, out, stride});
}

void Executor::norm(const NormWeights& weights, const Stream& stream) {
  kernels_.layer_norm[dtype_]({stream.x, stream.rows, model_.config.hidden, weights.gamma,
                               weights.beta, model_.config.epsilon, stream.hidden});
}

void Executor::run_layer(const LayerWeights& layer, const Stream& in, const Stream& out) {
  const int hidden = model_.config.hidden;
  attend(layer, in, out);
  kernels_.convert[dtype_](workspace_->context.as<float>(), hidden, out.rows, hidden, out.hidden);
  linear(layer.attention_output, out.hidden, out.rows, 0, hidden, Epilogue::kAdd, out.x, hidden);
  norm(layer.attention_norm, out);
  feed_forward(layer, out);
  norm(layer.output_norm, out);
}

// Head by head, so that a head's queries, keys and values of all tokens stay in the cache between
// their product and their attention.
void Executor::attend(const LayerWeights& layer, const Stream& in, const Stream& out) {
  const int head_dim = model_.config.head_dim();
  const int hidden = model_.config.hidden;
  const size_t stride = 3 * head_dim;
  const bool only_first = in.x != out.x;
  float* rows = workspace_->head.as<float>();
  // The queries of the first tokens lie apart, where the feed-forward part is not yet at work.
  float* queries = only_first ? workspace_->intermediate.as<float>() : rows;
  const size_t query_stride = only_first ? head_dim : stride;
  for (int head = 0; head < model_.config.heads; ++head) {
    const int column = head * 3 * head_dim;
    if (only_first) {
      linear(layer.qkv, out.hidden, out.rows, column, head_dim, Epilogue::kStore, queries,
             query_stride);
      linear(layer.qkv, in.hidden, in.rows, column + head_dim, 2 * head_dim, Epilogue::kStore,
             rows + head_dim, stride);
    } else {
      linear(layer.qkv, in.hidden, in.rows, column, 3 * head_dim, Epilogue::kStore, rows, stride);
    }
    for (size_t s = 0; s + 1 < offsets_.size(); ++s) {
      const size_t first = offsets_[s];
      const int length = offsets_[s + 1] - offsets_[s];
      const size_t query = only_first ? s : first;
      const float* keys = rows + first * stride + head_dim;
      kernels_.attention[dtype_](
          {queries + query * query_stride, query_stride, keys, keys + head_dim, stride,
           only_first ? 1 : length, length, head_dim,
           workspace_->context.as<float>() + query * hidden + static_cast<size_t>(head) * head_dim,
           static_cast<size_t>(hidden), workspace_->attention.get()});
    }
  }
}

void Executor::feed_forward(const LayerWeights& layer, const Stream& stream) {
  const int hidden = model_.config.hidden;
  float* intermediate = workspace_->intermediate.as<float>();
  const Activations slice = workspace_->slice.view();
  int column = 0;
  for (const PanelMatrix& down : layer.down) {
    linear(layer.up, stream.hidden, stream.rows, column, down.k, Epilogue::kStoreGelu, intermediate,
           down.k);
    kernels_.convert[dtype_](intermediate, down.k, stream.rows, down.k, slice);
    linear(down, slice, stream.rows, 0, hidden, Epilogue::kAdd, stream.x, hidden);
    column += down.k;
  }
}

Executor::Stream Executor::take_first_rows(const Stream& all) {
  const size_t width = model_.config.hidden;
  const size_t row_bytes = width * kernels::element_size(model_.dtype);
  const Stream first{workspace_->first_rows.as<float>(), workspace_->first_hidden.view(),
                     static_cast<int>(offsets_.size()) - 1};
  for (int s = 0; s < first.rows; ++s) {
    const size_t from = offsets_[s];
    std::copy_n(all.x + from * width, width, first.x + s * width);
    std::memcpy(static_cast<char*>(first.hidden.data) + s * row_bytes,
                static_cast<const char*>(all.hidden.data) + from * row_bytes, row_bytes);
    first.hidden.row_scale[s] = all.hidden.row_scale[from];
  }
  return first;
}

void Executor::score(const Stream& first, std::span<float> logits) {
  const int hidden = model_.config.hidden;
  const Activations rows = workspace_->pooled.view();
  kernels_.convert[static_cast<int>(Dtype::kFp32)](first.x, hidden, first.rows, hidden, rows);
  float* dense = workspace_->context.as<float>();
  linear(model_.head.dense, rows, first.rows, 0, hidden, Epilogue::kStore, dense, hidden);
  for (int s = 0; s < first.rows; ++s) {
    double logit = *model_.head.output_bias;
    for (int i = 0; i < hidden; ++i)
      logit += static_cast<double>(std::tanh(dense[static_cast<size_t>(s) * hidden + i])) *
               model_.head.output[i];
    logits[s] = static_cast<float>(logit);
  }
}

}  // namespace bge::encoder
