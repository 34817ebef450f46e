#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

// int8 weights for processors without a byte dot product (Dtype::kInt8Quads).
//
// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits and saturates. Here two
// such sums are added in 16 bits as well: the quad of k = i, i + 1, i + 4 and i + 5 of one column.
// That is exact as long as the positive weights of a quad add up to at most 128 and the negative
// ones to at least -128, whatever the activations. What a weight has beyond that, its excess, is
// taken out when the weights are converted and multiplied apart; both products are integers, so
// that their sum is the product with the weights as they were, to the bit.
namespace bge::kernels {

// The excess of four weights of one column. The first two can be added in 16 bits, and the last
// two. A place that is left over has k = 0 and an excess of 0.
struct ExcessFour {
  uint16_t k[4];
  int8_t excess[4];
};
static_assert(sizeof(ExcessFour) == 12);

// What follows the weights [k/4][16][4] of a panel, and is followed by its excesses.
struct ExcessIndex {
  // Those of column c are [begin[c], begin[c + 1]).
  uint16_t begin[kPanel + 1];
  // A panel with more excess than there is room for keeps its weights as they were: its quads
  // would overflow, and the list would take longer than an exact product of all weights.
  uint16_t unsplit;
};

// Room for the excess of 9.4 % of a panel's weights. Measured: 3.4 % in MiniLM-L12, 3 to 6 % where
// weights are Gaussian.
constexpr int excess_capacity(int k) { return k * 3 / 8; }

constexpr size_t kExcessIndexBytes = 64;

constexpr size_t quad_panel_bytes(int k) {
  const size_t bytes =
      static_cast<size_t>(k) * kPanel + kExcessIndexBytes + excess_capacity(k) * sizeof(ExcessFour);
  return (bytes + 63) / 64 * 64;
}

inline const ExcessIndex& excess_index(const int8_t* panel, int k) {
  return *reinterpret_cast<const ExcessIndex*>(panel + static_cast<size_t>(k) * kPanel);
}

inline const ExcessFour* excess_list(const int8_t* panel, int k) {
  return reinterpret_cast<const ExcessFour*>(panel + static_cast<size_t>(k) * kPanel +
                                             kExcessIndexBytes);
}

// Takes the excess out of the weights [k/4][16][4] at `panel` and writes what follows them.
void split_quad_panel(int8_t* panel, int k);

}  // namespace bge::kernels
