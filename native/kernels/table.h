#pragma once

#include "kernels/attention_bytes.h"
#include "kernels/attention_float.h"
#include "kernels/embed_and_norm.h"
#include "kernels/linear.h"

namespace bge::kernels {
namespace {

[[maybe_unused]] void enter_nothing() {}
[[maybe_unused]] void leave_nothing() {}

// Every kernel over one vector type and three tiles; the linear layers may have tiles of their own,
// as their weights are larger than a head's keys and values.
template <SixteenLanes V, BlockProduct FloatTile, BlockProduct Bf16Tile, BlockProduct ByteTile,
          BlockProduct Bf16Linear = Bf16Tile, BlockProduct ByteLinear = ByteTile>
constexpr Kernels make_kernels(Isa isa, void (*enter)(), void (*leave)()) {
  return {
      isa,
      Dtype::kFp32,
      Dtype::kInt8,
      enter,
      leave,
      {linear<V, FloatRows, FloatTile>, linear<V, Bf16Rows, Bf16Linear>,
       linear<V, Int8Rows, ByteLinear>},
      {layer_norm<V, FloatRows>, layer_norm<V, Bf16Rows>, layer_norm<V, Int8Rows>},
      {convert<V, FloatRows>, convert<V, Bf16Rows>, convert<V, Int8Rows>},
      {embed<V, FloatRows>, embed<V, Bf16Rows>, embed<V, Int8Rows>},
      {attention<FloatAttention<V, FloatRows, FloatTile>>,
       attention<FloatAttention<V, Bf16Rows, Bf16Tile>>, attention<ByteAttention<V, ByteTile>>},
  };
}

}  // namespace
}  // namespace bge::kernels
