#pragma once

#include <cstddef>
#include <utility>

namespace bge::kernels {
namespace {

template <class Body, size_t... kIndex>
[[gnu::always_inline]] inline void unroll_over(Body&& body, std::index_sequence<kIndex...>) {
  (body(std::integral_constant<int, kIndex>{}), ...);
}

// body(0), ... body(kCount - 1) with constant indices. A loop over an accumulator array makes
// g++ 12 keep the array on the stack (half the speed); constant indices let every compiler put each
// element in a register.
template <int kCount, class Body>
[[gnu::always_inline]] inline void unroll(Body&& body) {
  unroll_over(body, std::make_index_sequence<kCount>{});
}

// body(row, column) for every pair of constant indices, row by row.
template <int kRows, int kColumns, class Body>
[[gnu::always_inline]] inline void unroll_grid(Body&& body) {
  unroll<kRows>([&](auto row) { unroll<kColumns>([&](auto column) { body(row, column); }); });
}

// Walks `count` panels, at most kMax, as few constant widths: body(width, panel).
template <int kMax, class Body>
[[gnu::always_inline]] inline void with_widths(int count, Body&& body) {
  if (count == kMax) return body(std::integral_constant<int, kMax>{}, 0);
  int panel = 0;
  if constexpr (kMax > 2)
    for (; panel + 2 <= count; panel += 2) body(std::integral_constant<int, 2>{}, panel);
  for (; panel < count; ++panel) body(std::integral_constant<int, 1>{}, panel);
}

}  // namespace
}  // namespace bge::kernels
