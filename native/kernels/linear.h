#pragma once

#include "kernels/operand_rows.h"
#include "kernels/unroll.h"

// Matrix products in blocks, and what is done to a block once it is summed.
namespace bge::kernels {
namespace {

// A finished block of raw sums that still waits for its epilogue.
template <class Acc>
struct Block {
  const Acc* sums;  // [rows][stride]
  int stride;
  int row;
  int rows;
  int panel;  // counted from the first panel of the call
  int panels;
};

// Panels that stay in the second-level cache (1 to 2 MB where wide tiles are found) beside the rows
// while every block of rows goes past them.
template <class Tile>
inline int panels_in_cache(size_t panel_elements) {
  constexpr size_t kBytes = size_t{640} << 10;
  const auto panels = static_cast<int>(kBytes / (panel_elements * sizeof(typename Tile::B)));
  return panels < Tile::kPanels ? Tile::kPanels : panels / Tile::kPanels * Tile::kPanels;
}

// Computes a[rows][k] * b and hands every block to finish(block, first_row, last_row), in slices of
// rows. Tiles may interleave the slices of one block with the sums of the next (the AMX unit works
// beside the vector unit); the others finish a block in one slice before they start the next.
//
// Inside what the cache holds of them, rows are the outer loop: a block of rows stays in the
// first-level cache while the panels, which lie one after another, stream past it from the second
// level, which is the pattern that hardware prefetchers know.
template <class Tile, class Finish>
inline void for_each_block(const typename Tile::A* a, size_t a_stride, int rows,
                           const typename Tile::B* panels, int panel_count, int k, Finish finish) {
  using Acc = typename Tile::Acc;
  constexpr int kStride = Tile::kPanels * Tile::kSums * kPanel;
  alignas(64) Acc sums[2][Tile::kRows * kStride];
  const size_t panel_elements = static_cast<size_t>(k) * kPanel;
  const int chunk = panels_in_cache<Tile>(panel_elements);
  Block<Acc> pending{sums[1], kStride, 0, 0, 0, 0};
  int slot = 0;
  for (int begin = 0; begin < panel_count; begin += chunk) {
    const int end = panel_count - begin < chunk ? panel_count : begin + chunk;
    for (int row = 0; row < rows; row += Tile::kRows) {
      const int height = rows - row < Tile::kRows ? rows - row : Tile::kRows;
      for (int panel = begin; panel < end; panel += Tile::kPanels) {
        const int width = end - panel < Tile::kPanels ? end - panel : Tile::kPanels;
        Tile::block(a + row * a_stride, a_stride, height, panels + panel * panel_elements, width, k,
                    sums[slot], [&](int step, int steps) {
                      finish(pending, pending.rows * step / steps,
                             pending.rows * (step + 1) / steps);
                    });
        pending = {sums[slot], kStride, row, height, panel, width};
        slot ^= 1;
      }
    }
  }
  finish(pending, 0, pending.rows);
}

// Raw sums of kWidth panels to values, for each dtype. What belongs to the columns stays in
// registers from row to row.
template <class V, class Rows, int kWidth>
struct Dequantise {
  Dequantise(const PanelMatrix& w, int column) {
    unroll<kWidth>([&](auto p) {
      bias[p] = V::load(w.bias + column + p * kPanel);
      if constexpr (kNeedsRange<Rows>) scale[p] = V::load(w.scale + column + p * kPanel);
      if constexpr (Rows::kDtype == Dtype::kInt8)
        scaled_sum[p] = V::load(w.scaled_sum + column + p * kPanel);
    });
  }
  template <class Acc>
  typename V::F operator()(int p, const Acc* sums, const RowScale& row) const {
    if constexpr (Rows::kDtype == Dtype::kInt8) {
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

template <class V, class Rows, class Tile, Epilogue kEpilogue>
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
      if constexpr (kNeedsRange<Rows>) row_scale = args.a.row_scale[row];
      unroll<width()>([&](auto p) {
        typename V::F value = dequantise(p, sums + p * Tile::kSums * kPanel, row_scale);
        if constexpr (kEpilogue == Epilogue::kStoreGelu) value = gelu<V, Rows>(value);
        if constexpr (kEpilogue == Epilogue::kAdd) value = V::add(V::load(out + p * kPanel), value);
        V::store(out + p * kPanel, value);
      });
    }
  });
}

template <class V, class Rows, class Tile, Epilogue kEpilogue>
void linear_with(const LinearArgs& args) {
  const PanelMatrix& w = *args.weights;
  const auto* panels = static_cast<const typename Tile::B*>(w.panels) +
                       static_cast<size_t>(args.panel_begin) * w.k * kPanel;
  for_each_block<Tile>(static_cast<const typename Tile::A*>(args.a.data), args.a.stride, args.rows,
                       panels, args.panel_end - args.panel_begin, w.k,
                       [&](const auto& block, int first, int last) {
                         finish_block<V, Rows, Tile, kEpilogue>(args, block, first, last);
                       });
}

template <class V, class Rows, class Tile>
void linear(const LinearArgs& args) {
  switch (args.epilogue) {
    case Epilogue::kStore: return linear_with<V, Rows, Tile, Epilogue::kStore>(args);
    case Epilogue::kStoreGelu: return linear_with<V, Rows, Tile, Epilogue::kStoreGelu>(args);
    case Epilogue::kAdd: return linear_with<V, Rows, Tile, Epilogue::kAdd>(args);
  }
}

}  // namespace
}  // namespace bge::kernels
