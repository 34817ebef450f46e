// Every kernel of every instruction set that this processor has, on fuzzed shapes, ranges and
// values, in memory of exactly the size that kernels.h asks for: where an instruction set promises
// the portable bits it gives them, and what lies outside its columns stays as it was.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "encoder/weights/aligned_buffer.h"
#include "input.h"
#include "kernels/kernels.h"
#include "kernels/panels.h"
#include "require.h"

namespace {

using namespace bge::kernels;
using bge::encoder::AlignedBuffer;
using bge::fuzz::Input;
using bge::fuzz::require;

constexpr float kUntouched = 0x1.5p77f;

// As many floats as asked for and not one more, so that AddressSanitizer sees the next.
using Floats = std::vector<float>;

class Values {
 public:
  explicit Values(Input& input) : at_(input.number()), kind_(input.pick(8)) {}

  Floats floats(size_t count) {
    Floats out(count);
    for (float& value : out) value = next();
    return out;
  }
  // Without what is not finite or overflows: weights are checked for that when a model is read.
  Floats weights(size_t count) {
    Floats out(count);
    for (float& value : out) value = normal() * (kind_ == 1 ? 1e-40f : 0.2f);
    return out;
  }

 private:
  // Out of a table, as making them takes longer than most kernels do.
  float normal() {
    static const auto kTable = [] {
      std::mt19937 random(1);
      std::normal_distribution<float> normal;
      Floats table(4096);
      for (float& value : table) value = normal(random);
      return table;
    }();
    at_ = at_ * 1664525 + 1013904223;
    return kTable[at_ >> 20];
  }
  float next() {
    const float value = normal();
    const bool special = (at_ >> 8) % 61 == 0;
    switch (kind_) {
      case 0: return 0.0f;
      case 1: return value * 1e-40f;
      case 2: return value * 1e30f;
      case 3: return special ? std::numeric_limits<float>::quiet_NaN() : value;
      case 4: return special ? -std::numeric_limits<float>::infinity() : value;
      case 5: return special ? 300.0f : value;
      default: return value;
    }
  }

  uint32_t at_;
  size_t kind_;
};

bool same(const Floats& a, const Floats& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) return false;
  }
  return a.size() == b.size();
}

bool is_exact(const Kernels& kernels, Dtype dtype) {
  if (dtype == Dtype::kFixed24) return false;
  return dtype != Dtype::kBf16 || kernels.isa < Isa::kAvx512Bf16;
}

// Rows in the form that linear() takes.
struct Operand {
  Operand(const Kernels& kernels, Dtype dtype, const Floats& x, size_t x_stride, int rows,
          int width)
      : capacity(static_cast<size_t>(rows + kRowMultiple - 1) / kRowMultiple * kRowMultiple),
        data(capacity * static_cast<size_t>(width) * element_size(dtype)),
        scales(capacity) {
    std::memset(data.get(), 0, capacity * static_cast<size_t>(width) * element_size(dtype));
    kernels.convert[static_cast<int>(dtype)](x.data(), x_stride, rows, width, view(width));
  }
  Activations view(int width) { return {data.get(), static_cast<size_t>(width), scales.data()}; }

  size_t capacity;
  AlignedBuffer data;
  std::vector<RowScale> scales;
};

struct Layer {
  Layer(Dtype dtype, const Floats& weights, const Floats& bias, int k)
      : panels(panel_bytes(dtype, static_cast<int>(bias.size()), k)),
        scale(bias.size()),
        scaled_sum(bias.size()),
        biases(bias.size()) {
    const auto width = static_cast<size_t>(k);
    std::vector<Column> columns;
    for (size_t n = 0; n < bias.size(); ++n) columns.push_back({&weights[n * width], 1, bias[n]});
    convert_to_panels(dtype, columns, k,
                      {panels.get(), scale.data(), scaled_sum.data(), biases.data()});
    matrix = {dtype,        static_cast<int>(bias.size()), k,
              panels.get(), scale.data(),                  scaled_sum.data(),
              biases.data()};
  }
  AlignedBuffer panels;
  Floats scale, scaled_sum, biases;
  PanelMatrix matrix;
};

void check_linear(const Kernels& kernels, const Kernels& portable, Dtype dtype, Input& input,
                  Values& values) {
  const int rows = 1 + static_cast<int>(input.pick(70));
  const int k = kWidthMultiple * (1 + static_cast<int>(input.pick(3)));
  const int panels = 1 + static_cast<int>(input.pick(6));
  const int begin = static_cast<int>(input.pick(static_cast<size_t>(panels)));
  const int end = begin + 1 + static_cast<int>(input.pick(static_cast<size_t>(panels - begin)));
  const int first_row = kRowMultiple * static_cast<int>(input.pick(
                                           static_cast<size_t>((rows - 1) / kRowMultiple + 1)));
  const auto epilogue = static_cast<Epilogue>(input.pick(4));
  const size_t columns = static_cast<size_t>(end - begin) * kPanel;
  const size_t out_stride = columns + input.pick(3) * kPanel;
  const size_t x_stride = static_cast<size_t>(k) + input.pick(2) * 16;
  const Floats x = values.floats(x_stride * static_cast<size_t>(rows - 1) + static_cast<size_t>(k));
  const size_t n = static_cast<size_t>(panels) * kPanel;
  const Floats weights = values.weights(n * static_cast<size_t>(k));
  const Floats bias = values.weights(n);
  const auto run = [&](const Kernels& by, Dtype form) {
    const KernelScope scope(by);
    Operand operand(by, form, x, x_stride, rows, k);
    Layer layer(form, weights, bias, k);
    Activations part = operand.view(k);
    part.data = static_cast<char*>(part.data) +
                element_size(form) * static_cast<size_t>(first_row) * part.stride;
    part.row_scale += first_row;
    const int count = rows - first_row;
    Floats out(out_stride * static_cast<size_t>(count - 1) + columns, kUntouched);
    for (int row = 0; row < count; ++row) {
      std::fill_n(out.begin() + static_cast<ptrdiff_t>(out_stride * static_cast<size_t>(row)),
                  columns, 0.25f);
    }
    by.linear[static_cast<int>(form)](
        {part, count, &layer.matrix, begin, end, epilogue, out.data(), out_stride});
    for (size_t i = 0; i < out.size(); ++i) {
      require(i % out_stride < columns || out[i] == kUntouched, "only its columns are written");
    }
    return out;
  };
  const Floats own = run(kernels, dtype);
  if (is_exact(kernels, dtype)) {
    require(same(own, run(portable, plain_form(dtype))), "linear gives the portable bits");
  }
}

void check_attention(const Kernels& kernels, const Kernels& portable, Dtype dtype, Input& input,
                     Values& values) {
  const int length = 1 + static_cast<int>(input.pick(input.pick(8) == 0 ? 140 : 50));
  const int head_dim = 16 * (1 + static_cast<int>(input.pick(kMaxHeadDim / 16)));
  const int first_query = static_cast<int>(input.pick(static_cast<size_t>(length)));
  const int queries =
      1 + static_cast<int>(input.pick(static_cast<size_t>(length - first_query)));
  const bool windowed = input.pick(2) == 0;
  const int before = windowed ? static_cast<int>(input.pick(80)) : kWholeSequence;
  const int after = windowed ? static_cast<int>(input.pick(80)) : kWholeSequence;
  const size_t stride = 3 * static_cast<size_t>(head_dim) + 16 * input.pick(3);
  const auto width = static_cast<size_t>(head_dim);
  const Floats qkv = values.floats(stride * static_cast<size_t>(length - 1) + 3 * width);
  // None, a row for each query, or what a key's distance adds.
  const size_t bias_form = input.pick(3);
  const auto keys = static_cast<size_t>(length + kBiasMultiple - 1) / kBiasMultiple * kBiasMultiple;
  const size_t bias_rows = bias_form == 0 ? 0 : static_cast<size_t>(queries);
  const Floats bias = values.weights(bias_form == 1 ? bias_rows * keys : bias_rows + keys);
  const float* const first_bias = bias_form == 2 ? bias.data() + queries - 1 : bias.data();
  const auto run = [&](const Kernels& by, Dtype form) {
    const AlignedBuffer scratch(attention_scratch_bytes(form, length, head_dim));
    Floats out(static_cast<size_t>(queries) * width, kUntouched);
    const KernelScope scope(by);
    by.attention[static_cast<int>(form)](
        {.q = qkv.data() + static_cast<size_t>(first_query) * stride,
         .q_stride = stride,
         .k = qkv.data() + width,
         .v = qkv.data() + 2 * width,
         .kv_stride = stride,
         .queries = queries,
         .length = length,
         .head_dim = head_dim,
         .out = out.data(),
         .out_stride = width,
         .scratch = scratch.get(),
         .before = before,
         .after = after,
         .first_query = first_query,
         .bias = bias_form == 0 ? nullptr : first_bias,
         .bias_stride = bias_form == 2 ? -1 : static_cast<ptrdiff_t>(keys),
         .scale = bias_form == 0 ? 1.0f : 0.5f});
    return out;
  };
  const Floats own = run(kernels, dtype);
  if (is_exact(kernels, dtype)) {
    require(same(own, run(portable, plain_form(dtype))), "attention gives the portable bits");
  }
}

void check_rows(const Kernels& kernels, const Kernels& portable, Dtype dtype, Input& input,
                Values& values) {
  const int rows = 1 + static_cast<int>(input.pick(40));
  const int width = kWidthMultiple * (1 + static_cast<int>(input.pick(4)));
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(width);
  const bool in_place = input.pick(2) == 0;
  const Floats x = values.floats(count);
  const Floats gamma = values.weights(static_cast<size_t>(width));
  const Floats beta = values.weights(static_cast<size_t>(width));
  const auto run = [&](const Kernels& by, Dtype form) {
    const KernelScope scope(by);
    Operand out(by, form, x, static_cast<size_t>(width), rows, width);
    Floats in = x;
    Floats normalised(count);
    by.layer_norm[static_cast<int>(form)](
        {in.data(), in_place ? in.data() : normalised.data(), rows, width, gamma.data(),
         beta.data(), 1e-5f, out.view(width)});
    return in_place ? in : normalised;
  };
  const Floats own = run(kernels, dtype);
  if (is_exact(kernels, dtype)) {
    require(same(own, run(portable, plain_form(dtype))), "layer_norm gives the portable bits");
  }
}

void check_embeddings(const Kernels& kernels, const Kernels& portable, Dtype dtype, Input& input,
                      Values& values) {
  if (dtype != plain_form(dtype)) return;
  const int rows = 1 + static_cast<int>(input.pick(40));
  const int width = kWidthMultiple * (1 + static_cast<int>(input.pick(4)));
  const size_t vocabulary = 1 + input.pick(20);
  const bool has_positions = input.pick(2) == 0, has_types = input.pick(2) == 0;
  const Floats words = values.weights(vocabulary * static_cast<size_t>(width));
  const Floats others = values.weights(vocabulary * static_cast<size_t>(width));
  const AlignedBuffer table(words.size() * element_size(dtype));
  Floats scale(vocabulary);
  convert_embedding_rows(dtype, words.data(), vocabulary, static_cast<size_t>(width), table.get(),
                         scale.data());
  std::vector<int32_t> ids(static_cast<size_t>(rows));
  for (int32_t& id : ids) id = static_cast<int32_t>(input.pick(vocabulary));
  const auto run = [&](const Kernels& by) {
    const KernelScope scope(by);
    Floats out(ids.size() * static_cast<size_t>(width));
    by.embed[static_cast<int>(dtype)]({{dtype, table.get(), scale.data()},
                                       has_positions ? others.data() : nullptr,
                                       has_types ? others.data() : nullptr,
                                       ids.data(),
                                       has_positions ? ids.data() : nullptr,
                                       has_types ? ids.data() : nullptr,
                                       rows,
                                       width,
                                       out.data()});
    return out;
  };
  require(same(run(kernels), run(portable)), "embed gives the portable bits");
}

void check_rotate(const Kernels& kernels, const Kernels& portable, Input& input, Values& values) {
  const int rows = 1 + static_cast<int>(input.pick(40));
  const int head_dim = 32 * (1 + static_cast<int>(input.pick(kMaxHeadDim / 32)));
  const size_t positions = 1 + input.pick(20);
  const size_t stride = static_cast<size_t>(head_dim) + 16 * input.pick(3);
  const auto width = static_cast<size_t>(head_dim);
  const Floats x = values.floats(stride * static_cast<size_t>(rows - 1) + width);
  const Floats cosines = values.weights(positions * width / 2);
  const Floats sines = values.weights(positions * width / 2);
  std::vector<int32_t> ids(static_cast<size_t>(rows));
  for (int32_t& id : ids) id = static_cast<int32_t>(input.pick(positions));
  const auto run = [&](const Kernels& by) {
    const KernelScope scope(by);
    Floats out = x;
    by.rotate({out.data(), stride, rows, head_dim, cosines.data(), sines.data(), ids.data()});
    return out;
  };
  require(same(run(kernels), run(portable)), "rotate gives the portable bits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto& isas = supported_isas();
  const Kernels& kernels = kernels_for(isas[input.pick(isas.size())]);
  const Kernels& portable = kernels_for(Isa::kPortable);
  constexpr Dtype kPlain[] = {Dtype::kFp32, Dtype::kBf16, Dtype::kInt8};
  const size_t form = input.pick(5);
  const Dtype dtype = form < 3    ? kPlain[form]
                      : form == 3 ? kernels.fp32_form
                                  : kernels.int8_form;
  const size_t kernel = input.pick(5);
  Values values(input);
  switch (kernel) {
    case 0: check_linear(kernels, portable, dtype, input, values); break;
    case 1: check_attention(kernels, portable, dtype, input, values); break;
    case 2: check_rows(kernels, portable, dtype, input, values); break;
    case 3: check_embeddings(kernels, portable, dtype, input, values); break;
    case 4: check_rotate(kernels, portable, input, values); break;
  }
  return 0;
}
