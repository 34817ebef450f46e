#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/kernels.h"

// Float weights into the form that the kernels read. Done once per model, so it is plain C++.
namespace bge::kernels {

// A float in a mapped file, which may lie at any address.
using UnalignedFloat [[gnu::aligned(1)]] = float;

// One output column of a linear layer: k weights, `stride` floats apart. Weights of a quantised
// file are whole multiples of `step`; 0 elsewhere.
struct Column {
  const UnalignedFloat* weights;
  size_t stride;
  float bias;
  float step = 0.0f;
};

// Where a layer is written. Sizes in bytes are given by panel_bytes(); all are 64-byte
// aligned. scale and scaled_sum are null unless int8.
struct PanelTarget {
  void* panels;
  float* scale;
  float* scaled_sum;
  float* bias;
};

// n and k as PanelMatrix has them.
size_t panel_bytes(Dtype dtype, int n, int k);

// columns.size() is a multiple of 16. int8 takes scale = max |w| / 127 for every column, but the
// step of a quantised file where its integers fit into a byte: they are then taken as they are.
void convert_to_panels(Dtype dtype, std::span<const Column> columns, int k,
                       const PanelTarget& target);

// Rows of an embedding table; `scale` has one value per row (int8 only). `step` as in Column.
void convert_embedding_rows(Dtype dtype, const UnalignedFloat* in, size_t rows, size_t width,
                            void* out, float* scale, float step = 0.0f);

uint16_t float_to_bf16(float value);

}  // namespace bge::kernels
