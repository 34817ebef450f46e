#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"

// The arithmetic of a packed encoder. One row is one token; rows of many sequences lie one after
// another without padding. Whatever a function computes for a row depends on that row alone (for
// attention: on its own sequence alone), in an order that depends neither on how many rows there
// are nor on the thread, so a pair scores the same bits in any packing.
//
// With kInt8 and kFp32 every instruction set gives the same bits. With kBf16 the portable, AVX2 and
// AVX512-VNNI ones agree; NEON's, AVX512-BF16 and AMX each add in the order of their own
// instruction.
namespace bge::kernels {

// kFixed24 is float32 for processors that multiply bytes much faster than floats: a row (or a
// weight column) is 24-bit integers times one scale, the largest magnitude being kLargestFixed. An
// integer is three signed bytes of descending power of 256; rows hold all first bytes, then all
// second, then all third ones, panels the three bytes of 64 k after one another.
//
// kInt8Quads is int8, to the bit, for processors that multiply bytes only by vpmaddubsw, whose sums
// have 16 bits. Every 32 rows [32][k] are followed by the same bytes by columns [k][32]; panels are
// those of quad_panels.h.
enum class Dtype { kFp32, kBf16, kInt8, kFixed24, kInt8Quads };
constexpr int kDtypes = 5;
// Leaves room for what rounding and the carries of signed bytes add.
constexpr float kLargestFixed = 127 * 65536;

// Columns of one weight panel, and lanes of one reduction.
constexpr int kPanel = 16;
// Widths (hidden, intermediate) must be multiples of this; activations have no padding columns.
constexpr int kWidthMultiple = 64;
// Attention keeps one head of one row on the stack.
constexpr int kMaxHeadDim = 256;
// Activation buffers have room for a multiple of this many rows, as tiles load whole.
constexpr int kRowMultiple = 32;

// Bytes of one value of a row; for words also of a table.
constexpr size_t element_size(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32: return 4;
    case Dtype::kBf16: return 2;
    case Dtype::kInt8: return 1;
    case Dtype::kFixed24: return 3;
    case Dtype::kInt8Quads: return 2;
  }
  return 0;
}

constexpr bool is_int8(Dtype dtype) { return dtype == Dtype::kInt8 || dtype == Dtype::kInt8Quads; }

// Whether a PanelMatrix of this dtype has `scale`.
constexpr bool has_scale(Dtype dtype) { return is_int8(dtype) || dtype == Dtype::kFixed24; }

// The dtype of word vectors, and of attention's operands, in a model of this dtype: the other forms
// are for linear layers alone.
constexpr Dtype plain_form(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32:
    case Dtype::kFixed24: return Dtype::kFp32;
    case Dtype::kBf16: return Dtype::kBf16;
    case Dtype::kInt8:
    case Dtype::kInt8Quads: return Dtype::kInt8;
  }
  return dtype;
}

// int8 activations: value = scale * byte + offset, one pair per row. kFixed24: value = scale *
// integer / 65536.
struct RowScale {
  float scale;
  float offset;
};

// Rows ready to be multiplied: float, bf16 (uint16_t) or uint8_t with one RowScale per row. Rows
// from a multiple of kRowMultiple on begin at element row * stride of data.
struct Activations {
  void* data;
  size_t stride;        // elements from row to row
  RowScale* row_scale;  // where has_scale()
};

// A part of the rows begins at a multiple of this: what a tile of AMX loads, a strip of the others
// takes at most.
constexpr int part_multiple(Isa isa, Dtype dtype) {
  if (dtype == Dtype::kInt8Quads) return kRowMultiple;
  return isa == Isa::kAmx ? 16 : 6;
}

// Those from row `first` on, where a part may begin.
inline Activations rows_from(const Activations& a, Dtype dtype, size_t first) {
  return {static_cast<char*>(a.data) + first * a.stride * element_size(dtype), a.stride,
          a.row_scale + first};
}

// A weight matrix [k][n] as panels of 16 columns, each panel [k/g][16][g] with g = 1 (float), 2
// (bf16), 4 (int8): what a 512-bit register, two 256-bit ones and an AMX tile all load as they lie.
// int8: weight = scale[n] * byte; kFixed24: scale[n] * integer / 65536. int8 only: scaled_sum[n] =
// scale[n] * sum over k of byte. For kFixed24 and kInt8Quads see Dtype.
struct PanelMatrix {
  Dtype dtype;
  int n;  // multiple of 16
  int k;  // multiple of 64
  const void* panels;
  const float* scale;
  const float* scaled_sum;
  const float* bias;
};

enum class Epilogue {
  kStore,      // out = a * w + bias
  kStoreGelu,  // out = gelu(a * w + bias)
  kAdd,        // out += a * w + bias
  kMultiply,   // out *= a * w + bias
};

struct LinearArgs {
  Activations a;
  int rows;
  const PanelMatrix* weights;
  int panel_begin;  // computes columns [16 * panel_begin, 16 * panel_end) into out column 0 onwards
  int panel_end;
  Epilogue epilogue;
  float* out;
  size_t out_stride;
};

struct LayerNormArgs {
  const float* x;  // [rows][width], contiguous
  float* y;        // [rows][width], the normalised values; may be x
  int rows;
  int width;
  const float* gamma;
  const float* beta;
  float epsilon;
  Activations out;  // the same values, ready for the next linear layer
};

// Word vectors as float, bf16, or int8 with one scale per row.
struct EmbeddingTable {
  Dtype dtype;
  const void* rows;
  const float* scale;
};

struct EmbedArgs {
  EmbeddingTable words;
  const float* positions;  // null, as the ids that belong to it, for a model without them
  const float* types;      // likewise
  const int32_t* ids;
  const int32_t* position_ids;
  const int32_t* type_ids;
  int rows;
  int width;
  float* out;  // [rows][width]
};

// Turns row i by the angles of position position_ids[i]: of the lanes j and j + head_dim / 2 by the
// one at [position][j], given as cosine and sine. head_dim is a multiple of 32.
struct RotateArgs {
  float* x;  // [rows][head_dim], in place
  size_t stride;
  int rows;
  int head_dim;
  const float* cosines;  // [positions][head_dim / 2]
  const float* sines;
  const int32_t* position_ids;
};

// Of AttentionArgs::before and after: no bound.
constexpr int kWholeSequence = INT32_MAX;

// One head of one sequence. q, k, v are [length][head_dim] (q: [queries][head_dim]) with strides in
// elements; out[queries] = softmax(scale / sqrt(head_dim) * (q k^T + bias)) v. head_dim is a
// multiple of 16, at most kMaxHeadDim.
struct AttentionArgs {
  const float* q;
  size_t q_stride;
  const float* k;
  const float* v;
  size_t kv_stride;
  int queries;
  int length;
  int head_dim;
  float* out;
  size_t out_stride;
  void* scratch;  // attention_scratch_bytes(), 64-byte aligned
  // A query sees this many keys before and after its own place; the first query's is `first_query`.
  // No other key touches a bit of its result, except that the values of int8 share a unit with all
  // that precede them.
  int before = kWholeSequence;
  int after = kWholeSequence;
  int first_query = 0;
  // Of query i and key j at [i * bias_stride + j], or null for none: with a stride of -1 it is a
  // table of what j - i adds. Rows are finite and readable up to a multiple of kBiasMultiple keys.
  const float* bias = nullptr;
  ptrdiff_t bias_stride = 0;
  float scale = 1.0f;
};

constexpr int kBiasMultiple = 64;

size_t attention_scratch_bytes(Dtype dtype, int length, int head_dim);

// All kernels for one instruction set. Every function may be called from any thread at once.
struct Kernels {
  Isa isa;
  // kFp32, or kFixed24 where that is faster; kInt8, or kInt8Quads where that is. Elsewhere the
  // entries of those two are null.
  Dtype fp32_form;
  Dtype int8_form;
  // Around any run of the calls below on one thread: sets up and gives back the tile registers.
  void (*enter)();
  void (*leave)();
  void (*linear[kDtypes])(const LinearArgs&);
  void (*layer_norm[kDtypes])(const LayerNormArgs&);
  // Float rows [rows][width] (stride in elements) into the form that linear[dtype] takes.
  void (*convert[kDtypes])(const float* in, size_t in_stride, int rows, int width,
                           const Activations& out);
  void (*embed[kDtypes])(const EmbedArgs&);
  void (*rotate)(const RotateArgs&);
  void (*attention[kDtypes])(const AttentionArgs&);
};

// The form in which these kernels are fastest at a dtype.
constexpr Dtype fastest_form(const Kernels& kernels, Dtype dtype) {
  switch (plain_form(dtype)) {
    case Dtype::kFp32: return kernels.fp32_form;
    case Dtype::kInt8: return kernels.int8_form;
    case Dtype::kBf16:
    case Dtype::kFixed24:
    case Dtype::kInt8Quads: break;
  }
  return dtype;
}

// `isa` must be one of supported_isas().
const Kernels& kernels_for(Isa isa);

// enter() and leave() as a scope.
class KernelScope {
 public:
  explicit KernelScope(const Kernels& kernels) : kernels_(kernels) { kernels_.enter(); }
  ~KernelScope() { kernels_.leave(); }
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  const Kernels& kernels_;
};

}  // namespace bge::kernels
