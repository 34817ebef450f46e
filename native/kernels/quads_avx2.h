#pragma once

#include <immintrin.h>

#include "kernels/operand_rows.h"
#include "kernels/quad_panels.h"
#include "kernels/widened_avx2.h"

// The rows and the tile of Dtype::kInt8Quads.
namespace bge::kernels {
namespace {

// Rows whose bytes stand by columns beside them, where the product with a sparse list finds those
// of one k next to one another.
struct QuadRows {
  static constexpr Dtype kDtype = Dtype::kInt8Quads;
  static constexpr bool kNeedsRange = true;

  template <SixteenLanes V>
  static void convert_row(const float* x, int width, const RowRange<V>* range,
                          const Activations& out, int row) {
    uint8_t* const block = block_of(out, row);
    out.row_scale[row] =
        Int8Rows::write<V>(x, width, *range, block + row % kRowMultiple * out.stride);
  }

  static void finish_rows(const Activations& out, int width, int first, int end) {
    const uint8_t* const rows = block_of(out, first);
    uint8_t* const columns = block_of(out, first) + kRowMultiple * out.stride;
    for (int row = 0; row < end - first; row += 16)
      for (int k = 0; k < width; k += 16)
        transpose(rows + row * out.stride + k, out.stride, columns + k * kRowMultiple + row);
  }

 private:
  static uint8_t* block_of(const Activations& out, int row) {
    return static_cast<uint8_t*>(out.data) +
           row / kRowMultiple * kRowMultiple * out.stride * element_size(kDtype);
  }

  // 16 by 16 bytes: four rounds of interleaving the first half of the registers with the second.
  static void transpose(const uint8_t* from, size_t stride, uint8_t* to) {
    __m128i x[16];
    unroll<16>([&](auto r) {
      x[r] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + r * stride));
    });
    unroll<4>([&](auto) {
      __m128i y[16];
      unroll<8>([&](auto r) {
        y[2 * r] = _mm_unpacklo_epi8(x[r], x[r + 8]);
        y[2 * r + 1] = _mm_unpackhi_epi8(x[r], x[r + 8]);
      });
      unroll<16>([&](auto r) { x[r] = y[r]; });
    });
    unroll<16>(
        [&](auto r) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to + r * kRowMultiple), x[r]); });
  }
};

// Two bytes: one among the rows, one among the columns.
struct QuadByte {
  uint8_t bytes[2];
};

// One panel by 64 rows. See quad_panels.h.
struct QuadTile {
  using A = QuadByte;
  using B = int8_t;
  using Acc = int32_t;
  static constexpr int kPanels = 1;
  static constexpr int kSums = 1;
  static constexpr int kRows = 2 * kRowMultiple;
  static constexpr int kDepth = kPanel;
  static constexpr size_t panel_elements(int k) { return quad_panel_bytes(k); }

  template <class Between>
  static void block(const A* a, size_t a_stride, int rows, const B* b, int, int k, Acc* sums,
                    Between between) {
    between(0, 1);
    const auto* first = reinterpret_cast<const uint8_t*>(a);
    const uint8_t* second = first + 2 * kRowMultiple * a_stride;
    const ExcessIndex& index = excess_index(b, k);
    const int in_first = rows < kRowMultiple ? rows : kRowMultiple;
    multiply_rows(first, a_stride, in_first, b, k, sums, index.unsplit);
    if (rows > kRowMultiple)
      multiply_rows(second, a_stride, rows - kRowMultiple, b, k, sums + kRowMultiple * kPanel,
                    index.unsplit);
    if (index.begin[kPanel] == 0) return;
    const uint8_t* const columns[] = {first + kRowMultiple * a_stride,
                                      second + kRowMultiple * a_stride};
    if (rows > kRowMultiple)
      add_excess<2>(columns, index, excess_list(b, k), sums);
    else
      add_excess<1>(columns, index, excess_list(b, k), sums);
  }

 private:
  static void multiply_rows(const uint8_t* a, size_t a_stride, int rows, const B* b, int k,
                            Acc* sums, bool unsplit) {
    if (unsplit)
      WidenedByteTile<1>::block(a, a_stride, rows, b, 1, k, sums, [](int, int) {});
    else
      StripTile<QuadStrip>::block(a, a_stride, rows, b, 1, k, sums, [](int, int) {});
  }

  struct QuadStrip : ByteOperands {
    static constexpr int kHeight = 4;  // 8 sums, 4 weights, 2 activations, 1 product, ones
    static constexpr int kPanels = 1;
    static constexpr int kRows = kRowMultiple;

    template <int kRowCount, int kWidth>
    static void strip(const uint8_t* a, size_t a_stride, const int8_t* b, int k, int32_t* out) {
      __m256i acc[kRowCount][2];
      unroll_grid<kRowCount, 2>([&](auto r, auto q) { acc[r][q] = _mm256_setzero_si256(); });
      const __m256i ones = _mm256_set1_epi16(1);
      for (int i = 0; i < k; i += 8, b += 8 * kPanel) {
        const __m256i w[2][2] = {{load_256(b), load_256(b + 64)},
                                 {load_256(b + 32), load_256(b + 96)}};
        unroll<kRowCount>([&](auto r) {
          const __m256i x = broadcast_four_bytes(a + r * a_stride + i);
          const __m256i y = broadcast_four_bytes(a + r * a_stride + i + 4);
          unroll<2>([&](auto q) {
            const __m256i quads = _mm256_add_epi16(_mm256_maddubs_epi16(x, w[q][0]),
                                                   _mm256_maddubs_epi16(y, w[q][1]));
            acc[r][q] = _mm256_add_epi32(acc[r][q], _mm256_madd_epi16(quads, ones));
          });
        });
      }
      unroll_grid<kRowCount, 2>(
          [&](auto r, auto q) { store_256(out + r * kPanel + q * 8, acc[r][q]); });
    }
  };

  // kBlocks blocks of 32 rows.
  template <int kBlocks>
  static void add_excess(const uint8_t* const (&columns)[2], const ExcessIndex& index,
                         const ExcessFour* list, Acc* sums) {
    alignas(64) int32_t products[kPanel * kRows];
    for (int column = 0; column < kPanel; ++column)
      multiply_column<kBlocks>(columns, list + index.begin[column], list + index.begin[column + 1],
                               products + column * kRows);
    for (int row = 0; row < kBlocks * kRowMultiple; row += 8)
      for (int column = 0; column < kPanel; column += 8)
        add_transposed(products + column * kRows + row, sums + row * kPanel + column);
  }

  // Rows as lanes: interleaving the bytes of four k puts those of each row next to one another.
  template <int kBlocks>
  [[gnu::noinline]] static void multiply_column(const uint8_t* const (&columns)[2],
                                                const ExcessFour* four, const ExcessFour* end,
                                                int32_t* products) {
    __m256i acc[kBlocks][4];
    unroll_grid<kBlocks, 4>([&](auto h, auto j) { acc[h][j] = _mm256_setzero_si256(); });
    const __m256i ones = _mm256_set1_epi16(1);
    for (; four != end; ++four) {
      const __m256i excess = broadcast_four_bytes(four->excess);
      unroll<kBlocks>([&](auto h) {
        __m256i x[4];
        unroll<4>([&](auto j) { x[j] = load_256(columns[h] + size_t{four->k[j]} * kRowMultiple); });
        const __m256i low01 = _mm256_unpacklo_epi8(x[0], x[1]);
        const __m256i high01 = _mm256_unpackhi_epi8(x[0], x[1]);
        const __m256i low23 = _mm256_unpacklo_epi8(x[2], x[3]);
        const __m256i high23 = _mm256_unpackhi_epi8(x[2], x[3]);
        const __m256i rows[4] = {
            _mm256_unpacklo_epi16(low01, low23), _mm256_unpackhi_epi16(low01, low23),
            _mm256_unpacklo_epi16(high01, high23), _mm256_unpackhi_epi16(high01, high23)};
        unroll<4>([&](auto j) {
          const __m256i pairs = _mm256_maddubs_epi16(rows[j], excess);
          acc[h][j] = _mm256_add_epi32(acc[h][j], _mm256_madd_epi16(pairs, ones));
        });
      });
    }
    // Interleaving stays within 128 bits: each register has four rows of either half.
    unroll_grid<kBlocks, 4>([&](auto h, auto j) {
      auto* to = reinterpret_cast<__m128i*>(products + h * kRowMultiple + 4 * j);
      _mm_store_si128(to, _mm256_castsi256_si128(acc[h][j]));
      _mm_store_si128(to + 4, _mm256_extracti128_si256(acc[h][j], 1));
    });
  }

  // Eight columns of eight rows onto eight rows of eight columns.
  static void add_transposed(const int32_t* products, Acc* sums) {
    __m256i x[8], y[8];
    unroll<8>([&](auto c) { x[c] = load_256(products + c * kRows); });
    unroll<4>([&](auto c) {
      y[2 * c] = _mm256_unpacklo_epi32(x[2 * c], x[2 * c + 1]);
      y[2 * c + 1] = _mm256_unpackhi_epi32(x[2 * c], x[2 * c + 1]);
    });
    unroll_grid<2, 2>([&](auto h, auto c) {
      x[4 * h + 2 * c] = _mm256_unpacklo_epi64(y[4 * h + c], y[4 * h + 2 + c]);
      x[4 * h + 2 * c + 1] = _mm256_unpackhi_epi64(y[4 * h + c], y[4 * h + 2 + c]);
    });
    unroll<4>([&](auto r) {
      add_to(sums + r * kPanel, _mm256_permute2x128_si256(x[r], x[r + 4], 0x20));
      add_to(sums + (r + 4) * kPanel, _mm256_permute2x128_si256(x[r], x[r + 4], 0x31));
    });
  }

  static void add_to(Acc* sums, __m256i more) {
    store_256(sums, _mm256_add_epi32(load_256(sums), more));
  }
};

static_assert(BlockProduct<QuadTile>);

}  // namespace
}  // namespace bge::kernels
