#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

// How rows of floats become operands of a matrix product, for each dtype.
namespace bge::kernels {
namespace {

// Smallest and largest of a row, and 0 or, if any value is NaN or infinite, NaN.
template <SixteenLanes V>
struct RowRange {
  typename V::F low = V::set1(__builtin_inff());
  typename V::F high = V::set1(-__builtin_inff());
  typename V::F poison = V::set1(0.0f);

  void add(typename V::F x) {
    low = V::min(x, low);
    high = V::max(x, high);
    poison = V::fma(x, V::set1(0.0f), poison);
  }
};

template <SixteenLanes V>
inline float reduce_min(typename V::F a) {
  return -V::reduce_max(V::sub(V::set1(0.0f), a));
}

// A row narrower than this is one value: its steps would not be representable.
constexpr float kSmallestRange = 1e-30f;

// How rows of one dtype are stored. convert_row() writes row `row` of `out` from `width` floats;
// the range of those floats is complete where kNeedsRange says so. finish_rows() is called once
// rows [first, end), at most kRowMultiple from a multiple of it on, are written.
template <class Rows, class V>
concept RowForm = requires(const float* x, const RowRange<V>* range, const Activations& out) {
  { Rows::kDtype } -> std::convertible_to<Dtype>;
  { Rows::kNeedsRange } -> std::convertible_to<bool>;
  Rows::template convert_row<V>(x, /*width=*/64, range, out, /*row=*/0);
};

// Where nothing is left to do once a row is written.
struct IndependentRows {
  static void finish_rows(const Activations&, int, int, int) {}
};

struct FloatRows : IndependentRows {
  static constexpr Dtype kDtype = Dtype::kFp32;
  static constexpr bool kNeedsRange = false;
  template <SixteenLanes V>
  static void convert_row(const float* x, int width, const RowRange<V>*, const Activations& out,
                          int row) {
    float* to = static_cast<float*>(out.data) + row * out.stride;
    for (int i = 0; i < width; i += kPanel) V::store(to + i, V::load(x + i));
  }
};

// One value's share of a row or panel; see Dtype::kFixed24.
struct FixedBytes {
  int8_t bytes[3];
};

struct FixedRows : IndependentRows {
  static constexpr Dtype kDtype = Dtype::kFixed24;
  static constexpr bool kNeedsRange = true;
  // A row that holds NaN or infinity becomes NaN as a whole.
  template <SixteenLanes V>
  static void convert_row(const float* x, int width, const RowRange<V>* range,
                          const Activations& out, int row) {
    const float low = reduce_min<V>(range->low);
    const float high = V::reduce_max(range->high);
    const float largest = high > -low ? high : -low;
    const bool varies = largest > kSmallestRange;
    out.row_scale[row] = {
        (varies ? largest * (1.0f / 127.0f) : 0.0f) + V::reduce_add(range->poison), 0.0f};
    const typename V::F factor = V::set1(varies ? kLargestFixed / largest : 0.0f);
    auto* first = reinterpret_cast<int8_t*>(static_cast<FixedBytes*>(out.data) + row * out.stride);
    for (int i = 0; i < width; i += kPanel) {
      const typename V::I value = V::to_i32(V::mul(V::load(x + i), factor));
      // A lower byte of 128 and more is taken as negative, so the next one is one larger.
      const typename V::I second = V::add_i32(value, V::set1_i32(0x80));
      const typename V::I third = V::add_i32(value, V::set1_i32(0x8080));
      V::store_low_byte(first + i, V::template shift_right<16>(third));
      V::store_low_byte(first + width + i, V::template shift_right<8>(second));
      V::store_low_byte(first + 2 * width + i, value);
    }
  }
};

struct Bf16Rows : IndependentRows {
  static constexpr Dtype kDtype = Dtype::kBf16;
  static constexpr bool kNeedsRange = false;
  template <SixteenLanes V>
  static void convert_row(const float* x, int width, const RowRange<V>*, const Activations& out,
                          int row) {
    uint16_t* to = static_cast<uint16_t*>(out.data) + row * out.stride;
    for (int i = 0; i < width; i += kPanel) V::store_low_half(to + i, to_bf16<V>(V::load(x + i)));
  }
};

struct Int8Rows : IndependentRows {
  static constexpr Dtype kDtype = Dtype::kInt8;
  static constexpr bool kNeedsRange = true;
  template <SixteenLanes V>
  static void convert_row(const float* x, int width, const RowRange<V>* range,
                          const Activations& out, int row) {
    out.row_scale[row] =
        write<V>(x, width, *range, static_cast<uint8_t*>(out.data) + row * out.stride);
  }

  // byte = round((x - min) / scale), so that the row's own range takes all 256 steps; a row that
  // holds NaN or infinity becomes NaN as a whole.
  template <SixteenLanes V>
  static RowScale write(const float* x, int width, const RowRange<V>& range, uint8_t* to) {
    const float low = reduce_min<V>(range.low);
    const float span = V::reduce_max(range.high) - low;
    const bool varies = span > kSmallestRange;
    const typename V::F base = V::set1(low);
    const typename V::F factor = V::set1(varies ? 255.0f / span : 0.0f);
    for (int i = 0; i < width; i += kPanel)
      V::store_low_byte(to + i, V::to_i32(V::mul(V::sub(V::load(x + i), base), factor)));
    return {varies ? span * (1.0f / 255.0f) : 0.0f, low + V::reduce_add(range.poison)};
  }
};

// body(row) for every row, each of which it writes to `out`.
template <class Rows, class Body>
inline void write_rows(const Activations& out, int width, int rows, Body body) {
  for (int first = 0; first < rows; first += kRowMultiple) {
    const int end = rows - first < kRowMultiple ? rows : first + kRowMultiple;
    for (int row = first; row < end; ++row) body(row);
    Rows::finish_rows(out, width, first, end);
  }
}

template <SixteenLanes V, RowForm<V> Rows>
void convert(const float* in, size_t in_stride, int rows, int width, const Activations& out) {
  write_rows<Rows>(out, width, rows, [&](int row) {
    const float* x = in + row * in_stride;
    RowRange<V> range;
    if constexpr (Rows::kNeedsRange)
      for (int i = 0; i < width; i += kPanel) range.add(V::load(x + i));
    Rows::template convert_row<V>(x, width, &range, out, row);
  });
}

}  // namespace
}  // namespace bge::kernels
