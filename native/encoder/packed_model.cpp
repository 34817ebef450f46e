#include "encoder/packed_model.h"

#include "kernels/panels.h"

namespace bge::encoder {
namespace {

using kernels::Dtype;
using kernels::PanelMatrix;

PanelMatrix take_linear(Dtype dtype, int n, int k, Layout& layout) {
  PanelMatrix linear{dtype, n, k, nullptr, nullptr, nullptr, nullptr};
  linear.panels = layout.take_bytes(kernels::panel_bytes(dtype, n, k));
  if (dtype == Dtype::kInt8 || dtype == Dtype::kFixed24) linear.scale = layout.take<float>(n);
  if (dtype == Dtype::kInt8) linear.scaled_sum = layout.take<float>(n);
  linear.bias = layout.take<float>(n);
  return linear;
}

NormWeights take_norm(int width, Layout& layout) {
  const float* gamma = layout.take<float>(width);
  return {gamma, layout.take<float>(width)};
}

LayerWeights take_layer(const EncoderConfig& config, Dtype dtype, Layout& layout) {
  LayerWeights layer;
  layer.qkv = take_linear(dtype, 3 * config.hidden, config.hidden, layout);
  layer.attention_output = take_linear(dtype, config.hidden, config.hidden, layout);
  layer.attention_norm = take_norm(config.hidden, layout);
  layer.up = take_linear(dtype, config.intermediate, config.hidden, layout);
  const int slice = slice_width(config.intermediate);
  for (int at = 0; at < config.intermediate; at += slice)
    layer.down.push_back(take_linear(dtype, config.hidden, slice, layout));
  layer.output_norm = take_norm(config.hidden, layout);
  return layer;
}

}  // namespace

int slice_width(int intermediate) {
  constexpr int kLargest = 768;
  int width = kLargest;
  while (intermediate % width != 0) width -= kernels::kWidthMultiple;
  return width;
}

PackedModel lay_out(const EncoderConfig& config, Dtype dtype, Layout& layout) {
  PackedModel model;
  model.config = config;
  model.dtype = dtype;
  const size_t words = static_cast<size_t>(config.vocabulary) * config.hidden;
  model.words.dtype = dtype == Dtype::kFixed24 ? Dtype::kFp32 : dtype;
  model.words.rows = layout.take_bytes(words * kernels::element_size(model.words.dtype));
  model.words.scale = dtype == Dtype::kInt8 ? layout.take<float>(config.vocabulary) : nullptr;
  model.positions = layout.take<float>(static_cast<size_t>(config.positions) * config.hidden);
  model.types = layout.take<float>(static_cast<size_t>(config.types) * config.hidden);
  model.embedding_norm = take_norm(config.hidden, layout);
  for (int i = 0; i < config.layers; ++i) model.layers.push_back(take_layer(config, dtype, layout));
  model.head.dense = take_linear(Dtype::kFp32, config.hidden, config.hidden, layout);
  model.head.output = layout.take<float>(config.hidden);
  model.head.output_bias = layout.take<float>(1);
  return model;
}

}  // namespace bge::encoder
