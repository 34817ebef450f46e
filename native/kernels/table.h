#pragma once

#include "kernels/attention.h"
#include "kernels/embed_and_norm.h"

namespace bge::kernels {
namespace {

[[maybe_unused]] void enter_nothing() {}
[[maybe_unused]] void leave_nothing() {}

// Every kernel over one vector type and three block products; the linear layers may have their own,
// as their weights are larger than a head's keys and values.
template <class V, class FloatProduct, class Bf16Product, class ByteProduct,
          class Bf16Linear = Bf16Product, class ByteLinear = ByteProduct>
constexpr Kernels make_kernels(Isa isa, void (*enter)(), void (*leave)()) {
  return {
      isa,
      Dtype::kFp32,
      enter,
      leave,
      {linear<V, FloatRows, FloatProduct>, linear<V, Bf16Rows, Bf16Linear>,
       linear<V, Int8Rows, ByteLinear>},
      {layer_norm<V, FloatRows>, layer_norm<V, Bf16Rows>, layer_norm<V, Int8Rows>},
      {convert<V, FloatRows>, convert<V, Bf16Rows>, convert<V, Int8Rows>},
      {embed<V, FloatRows>, embed<V, Bf16Rows>, embed<V, Int8Rows>},
      {attention<V, FloatRows, FloatProduct>, attention<V, Bf16Rows, Bf16Product>,
       attention<V, Int8Rows, ByteProduct>},
  };
}

}  // namespace
}  // namespace bge::kernels
