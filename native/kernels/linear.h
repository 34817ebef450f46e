#pragma once

#include "kernels/block_product.h"
#include "kernels/operand_rows.h"
#include "kernels/unroll.h"

// Linear layers: a product in blocks, and what is done to a block once it is summed.
namespace bge::kernels {
namespace {

// The fast form is off by less than int8 and bf16 round away.
template <SixteenLanes V, RowForm<V> Rows>
inline typename V::F gelu(typename V::F x) {
  if constexpr (Rows::kDtype == Dtype::kFp32 || Rows::kDtype == Dtype::kFixed24)
    return gelu_exact<V>(x);
  else
    return gelu_fast<V>(x);
}

// Turns the raw sums of kWidth panels into values. What belongs to the columns stays in registers
// from row to row.
template <SixteenLanes V, RowForm<V> Rows, int kWidth>
struct Dequantise {
  Dequantise(const PanelMatrix& w, int column) {
    unroll<kWidth>([&](auto p) {
      bias[p] = V::load(w.bias + column + p * kPanel);
      if constexpr (Rows::kNeedsRange) scale[p] = V::load(w.scale + column + p * kPanel);
      if constexpr (is_int8(Rows::kDtype))
        scaled_sum[p] = V::load(w.scaled_sum + column + p * kPanel);
    });
  }
  template <class Acc>
  typename V::F operator()(int p, const Acc* sums, const RowScale& row) const {
    if constexpr (is_int8(Rows::kDtype)) {
      const typename V::F base = V::fma(V::set1(row.offset), scaled_sum[p], bias[p]);
      const typename V::F products = V::mul(V::to_f32(V::load_i32(sums)), V::set1(row.scale));
      return V::fma(products, scale[p], base);
    } else if constexpr (Rows::kDtype == Dtype::kFixed24) {
      const typename V::F power = V::set1(1.0f / 256);
      typename V::F units = V::to_f32(V::load_i32(sums + 2 * kPanel));
      units = V::fma(units, power, V::to_f32(V::load_i32(sums + kPanel)));
      units = V::fma(units, power, V::to_f32(V::load_i32(sums)));
      return V::fma(V::mul(units, V::set1(row.scale)), scale[p], bias[p]);
    } else {
      return V::add(V::load(sums), bias[p]);
    }
  }
  typename V::F bias[kWidth];
  typename V::F scale[kWidth];
  typename V::F scaled_sum[kWidth];
};

template <SixteenLanes V, RowForm<V> Rows, BlockProduct Tile, Epilogue kEpilogue>
inline void finish_block(const LinearArgs& args, const Block<typename Tile::Acc>& block, int first,
                         int last) {
  with_widths<Tile::kPanels>(block.panels, [&](auto width, int panel) {
    const int column = (block.panel + panel) * kPanel;
    const Dequantise<V, Rows, width()> dequantise(*args.weights,
                                                  args.panel_begin * kPanel + column);
    for (int i = first; i < last; ++i) {
      const int row = block.row + i;
      const auto* sums = block.sums + i * block.stride + panel * Tile::kSums * kPanel;
      float* out = args.out + row * args.out_stride + column;
      RowScale row_scale{};
      if constexpr (Rows::kNeedsRange) row_scale = args.a.row_scale[row];
      unroll<width()>([&](auto p) {
        typename V::F value = dequantise(p, sums + p * Tile::kSums * kPanel, row_scale);
        if constexpr (kEpilogue == Epilogue::kStoreGelu) value = gelu<V, Rows>(value);
        if constexpr (kEpilogue == Epilogue::kStoreSilu) value = silu<V>(value);
        if constexpr (kEpilogue == Epilogue::kAdd) value = V::add(V::load(out + p * kPanel), value);
        if constexpr (kEpilogue == Epilogue::kMultiply)
          value = V::mul(V::load(out + p * kPanel), value);
        V::store(out + p * kPanel, value);
      });
    }
  });
}

template <SixteenLanes V, RowForm<V> Rows, BlockProduct Tile, Epilogue kEpilogue>
void linear_with(const LinearArgs& args) {
  const PanelMatrix& w = *args.weights;
  const auto* panels =
      static_cast<const typename Tile::B*>(w.panels) + args.panel_begin * Tile::panel_elements(w.k);
  for_each_block<Tile>(static_cast<const typename Tile::A*>(args.a.data), args.a.stride, args.rows,
                       panels, args.panel_end - args.panel_begin, w.k,
                       [&](const auto& block, int first, int last) {
                         finish_block<V, Rows, Tile, kEpilogue>(args, block, first, last);
                       });
}

template <SixteenLanes V, RowForm<V> Rows, BlockProduct Tile>
void linear(const LinearArgs& args) {
  switch (args.epilogue) {
    case Epilogue::kStore: return linear_with<V, Rows, Tile, Epilogue::kStore>(args);
    case Epilogue::kStoreGelu: return linear_with<V, Rows, Tile, Epilogue::kStoreGelu>(args);
    case Epilogue::kStoreSilu: return linear_with<V, Rows, Tile, Epilogue::kStoreSilu>(args);
    case Epilogue::kAdd: return linear_with<V, Rows, Tile, Epilogue::kAdd>(args);
    case Epilogue::kMultiply: return linear_with<V, Rows, Tile, Epilogue::kMultiply>(args);
  }
}

}  // namespace
}  // namespace bge::kernels
