#include "encoder/weights/weight_binder.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace bge::encoder {
namespace {

using kernels::Column;
using kernels::Dtype;
using kernels::PanelMatrix;

// The block is given out as read-only; the binder that fills it is the one place that writes.
template <class T>
T* writable(const T* part) {
  return const_cast<T*>(part);
}

}  // namespace

void WeightBinder::check_stop() const {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
    throw Error(ErrorCode::kAborted, "The load was cancelled; load again if it is still wanted.");
}

void WeightBinder::note(const std::string& name, int rows, int columns) {
  fingerprint_ = Hash(fingerprint_).add_text(name).add(rows).add(columns).value();
}

const void* WeightBinder::take_bytes(size_t bytes) {
  check_stop();
  const size_t at = used_;
  used_ += (bytes + 63) / 64 * 64;
  fingerprint_ = Hash(fingerprint_).add(bytes).value();
  return base_ == nullptr ? nullptr : base_ + at;
}

LinearTensors WeightBinder::linear(const std::string& name, int out, int in, Bias bias) {
  note(name, out, in);
  const Tensor& weight = file_.matrix(name + ".weight", out, in);
  if (bias == Bias::kNone) return {weight, nullptr, out, in};
  return {weight, &file_.vector(name + ".bias", out), out, in};
}

const float* WeightBinder::copy(const Tensor& tensor) {
  const float* to = take<float>(tensor.count());
  if (fills_) {
    const FloatView from(tensor);
    std::memcpy(writable(to), from.data(), from.size() * sizeof(float));
  }
  return to;
}

const float* WeightBinder::floats(const std::string& name, int size) {
  note(name, size, 1);
  return copy(file_.vector(name, size));
}

const float* WeightBinder::floats(const std::string& name, int rows, int columns) {
  note(name, rows, columns);
  return copy(file_.matrix(name, rows, columns));
}

kernels::EmbeddingTable WeightBinder::words(const std::string& name, int vocabulary, int width) {
  note(name, vocabulary, width);
  const Tensor& tensor = file_.matrix(name, vocabulary, width);
  kernels::EmbeddingTable table{kernels::plain_form(dtype_), nullptr, nullptr};
  const size_t row_bytes = width * kernels::element_size(table.dtype);
  table.rows = take_bytes(vocabulary * row_bytes);
  if (table.dtype == Dtype::kInt8) table.scale = take<float>(vocabulary);
  if (!fills_) return table;
  const Quantisation* steps = tensor.quantisation.get();
  const float step = steps != nullptr && steps->scale.size() == 1 ? steps->scale.front() : 0.0f;
  // By parts: of float16 or bfloat16 tables there is never a whole copy as floats.
  constexpr int kRows = 4096;
  for (int first = 0; first < vocabulary; first += kRows) {
    check_stop();
    const int rows = vocabulary - first < kRows ? vocabulary - first : kRows;
    const FloatView part(tensor, static_cast<size_t>(first) * width,
                         static_cast<size_t>(rows) * width);
    kernels::convert_embedding_rows(
        table.dtype, part.data(), rows, width,
        static_cast<char*>(const_cast<void*>(table.rows)) + first * row_bytes,
        table.scale == nullptr ? nullptr : writable(table.scale) + first, step);
  }
  return table;
}

PanelMatrix WeightBinder::take_panels(Dtype dtype, int n, int k) {
  PanelMatrix matrix{dtype, n, k, nullptr, nullptr, nullptr, nullptr};
  matrix.panels = take_bytes(kernels::panel_bytes(dtype, n, k));
  if (kernels::has_scale(dtype)) matrix.scale = take<float>(n);
  if (kernels::is_int8(dtype)) matrix.scaled_sum = take<float>(n);
  matrix.bias = take<float>(n);
  return matrix;
}

void WeightBinder::fill(const PanelMatrix& matrix, std::span<const Column> columns) const {
  kernels::convert_to_panels(matrix.dtype, columns, matrix.k,
                             {const_cast<void*>(matrix.panels), writable(matrix.scale),
                              writable(matrix.scaled_sum), writable(matrix.bias)});
}

PanelMatrix WeightBinder::panels(Dtype dtype, const LinearTensors& tensors) {
  const PanelMatrix matrix = take_panels(dtype, tensors.out, tensors.in);
  if (fills_) {
    const LinearValues values(tensors);
    std::vector<Column> columns;
    values.append_to(columns, 0, matrix.n);
    fill(matrix, columns);
  }
  return matrix;
}

}  // namespace bge::encoder
