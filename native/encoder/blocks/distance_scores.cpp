#include "encoder/blocks/distance_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "encoder/blocks/linear.h"
#include "kernels/panels.h"

namespace bge::encoder {

using kernels::Column;
using kernels::Dtype;
using kernels::PanelMatrix;

namespace {

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// In float32 as the models were trained: a distance at the edge of a bucket falls where it fell
// then.
int bucket_of(int distance, int buckets, int furthest) {
  const int middle = buckets / 2;
  const int size = std::abs(distance);
  if (size <= middle) return distance;
  const auto log = [](float x) { return static_cast<float>(std::log(double{x})); };
  const float share = log(static_cast<float>(size) / static_cast<float>(middle)) /
                      log(static_cast<float>(static_cast<double>(furthest - 1) / middle));
  const int bucket = static_cast<int>(std::ceil(share * static_cast<float>(middle - 1))) + middle;
  return distance < 0 ? -bucket : bucket;
}

// The outputs of a layer, [rows][layer.out].
std::vector<float> project(const LinearTensors& layer, const std::vector<float>& in) {
  const kernels::Kernels& kernels = kernels::kernels_for(kernels::choose_isa());
  const AlignedBuffer panels(kernels::panel_bytes(Dtype::kFp32, layer.out, layer.in));
  const AlignedBuffer bias(layer.out * sizeof(float));
  const LinearValues values(layer);
  std::vector<Column> columns;
  values.append_to(columns, 0, layer.out);
  kernels::convert_to_panels(Dtype::kFp32, columns, layer.in,
                             {panels.get(), nullptr, nullptr, bias.as<float>()});
  const PanelMatrix matrix{Dtype::kFp32, layer.out, layer.in,        panels.get(),
                           nullptr,      nullptr,   bias.as<float>()};
  const int rows = static_cast<int>(in.size()) / layer.in;
  const ActivationBuffer operand(Dtype::kFp32, round_up(rows, kernels::kRowMultiple), layer.in);
  std::vector<float> out(static_cast<size_t>(rows) * layer.out);
  const kernels::KernelScope scope(kernels);
  kernels.convert[static_cast<int>(Dtype::kFp32)](in.data(), layer.in, rows, layer.in,
                                                  operand.view());
  kernels.linear[static_cast<int>(Dtype::kFp32)](
      {operand.view(), rows, &matrix, 0, layer.out / kernels::kPanel, kernels::Epilogue::kStore,
       out.data(), static_cast<size_t>(layer.out)});
  return out;
}

// `vectors` projected, as columns head by head.
void fill(const WeightBinder& weights, const PanelMatrix& matrix, const LinearTensors& layer,
          int heads, const std::vector<float>& vectors, bool reversed) {
  const std::vector<float> projected = project(layer, vectors);
  const int rows = matrix.n / heads;
  std::vector<Column> columns;
  for (int head = 0; head < heads; ++head)
    for (int i = 0; i < rows; ++i) {
      const size_t row = reversed ? rows - 1 - i : i;
      columns.push_back({projected.data() + row * layer.out + head * matrix.k, 1, 0.0f});
    }
  weights.fill(matrix, columns);
}

}  // namespace

DistanceTable::DistanceTable(const Shape& shape)
    : half_(shape.buckets > 0 ? shape.buckets : shape.furthest), max_tokens_(shape.max_tokens) {
  for (int distance = 1 - max_tokens_; distance < max_tokens_; ++distance) {
    const int bucket =
        shape.buckets > 0 ? bucket_of(distance, shape.buckets, shape.furthest) : distance;
    rows_.push_back(std::clamp(bucket + half_, 0, 2 * half_ - 1));
  }
}

DistanceScores::DistanceScores(WeightBinder& weights, const Names& names, int heads,
                               std::shared_ptr<const DistanceTable> table, int width,
                               const std::vector<float>& vectors)
    : table_(std::move(table)), heads_(heads), head_dim_(width / heads) {
  const LinearTensors query = weights.linear(names.query, width, width);
  const LinearTensors key = weights.linear(names.key, width, width);
  keys_ = weights.take_panels(weights.dtype(), heads * table_->rows(), head_dim_);
  queries_ = weights.take_panels(weights.dtype(), heads * table_->rows(), head_dim_);
  if (!weights.fills()) return;
  fill(weights, keys_, key, heads, vectors, true);
  fill(weights, queries_, query, heads, vectors, false);
}

int DistanceScores::row_floats(const DistanceTable& table) {
  return table.rows() + round_up(table.max_tokens(), kernels::kBiasMultiple);
}

ptrdiff_t DistanceScores::stride(const HeadRows& rows) const {
  return round_up(rows.length, kernels::kBiasMultiple);
}

const float* DistanceScores::run(const Pass& pass, const HeadRows& rows, int head,
                                 Scratch& scratch) const {
  const ptrdiff_t stride = this->stride(rows);
  float* const scores = scratch.distances.as<float>();
  float* const products = scores + rows.count * stride;
  const int last_row = table_->rows() - 1;
  // Of the table, what this length reaches, in whole panels: as much from either end.
  const int first = (last_row - table_->row(rows.length - 1)) / kernels::kPanel * kernels::kPanel;
  const int columns = table_->rows() - 2 * first;
  kernels::Activations operand = scratch.slice.view();
  operand.stride = head_dim_;
  const auto multiply_rows = [&](const PanelMatrix& matrix, const float* in, size_t in_stride,
                                 int count) {
    pass.kernels.convert[static_cast<int>(pass.dtype)](in, in_stride, count, head_dim_, operand);
    multiply(pass, matrix, operand, count, head * table_->rows() + first, columns,
             kernels::Epilogue::kStore, products, columns);
  };

  multiply_rows(keys_, rows.queries, rows.query_stride, rows.count);
  for (int i = 0; i < rows.count; ++i) {
    const float* from = products + static_cast<ptrdiff_t>(i) * columns - first;
    float* to = scores + i * stride;
    for (int j = 0; j < rows.length; ++j) to[j] = from[last_row - table_->row(i - j)];
    std::fill(to + rows.length, to + stride, 0.0f);
  }

  multiply_rows(queries_, rows.keys, rows.stride, rows.length);
  // A few keys at a time: of every query's scores one cache line.
  for (int begin = 0; begin < rows.length; begin += kernels::kPanel) {
    const int end = std::min(rows.length, begin + kernels::kPanel);
    for (int i = 0; i < rows.count; ++i)
      for (int j = begin; j < end; ++j)
        scores[i * stride + j] +=
            products[static_cast<ptrdiff_t>(j) * columns + table_->row(i - j) - first];
  }
  return scores;
}

}  // namespace bge::encoder
