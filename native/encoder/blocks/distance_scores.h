#pragma once

#include <memory>
#include <string>
#include <vector>

#include "encoder/blocks/head_rows.h"
#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// The distances from a key's place to a query's, by the row of a table of vectors that stands for
// them: a row each where they are small, one for ever more of them where they are large.
class DistanceTable {
 public:
  struct Shape {
    int buckets;   // on either side; 0: none, every distance has its own row
    int furthest;  // distance beyond which there is one row
    int max_tokens;
  };

  explicit DistanceTable(const Shape& shape);

  int rows() const { return 2 * half_; }
  int max_tokens() const { return max_tokens_; }
  // Of query less key, from -(max_tokens - 1) on.
  int row(int distance) const { return rows_[distance + max_tokens_ - 1]; }

 private:
  int half_;
  int max_tokens_;
  std::vector<int> rows_;
};

// What distances add to the scores of disentangled attention (He et al. 2021): a query times the
// key of the distance, and a key times the query of it. Those keys and queries are made once a load
// from vectors that all layers share.
class DistanceScores {
 public:
  struct Names {
    std::string query;
    std::string key;
  };
  // A score is a sum of three products: AttentionArgs::scale is 1 / sqrt(3).
  static constexpr float kScale = 0.57735026919f;

  // `vectors` are [table->rows()][width], or none while the binder does not fill.
  DistanceScores(WeightBinder& weights, const Names& names, int heads,
                 std::shared_ptr<const DistanceTable> table, int width,
                 const std::vector<float>& vectors);

  // Floats a token that `scratch.distances` needs.
  static int row_floats(const DistanceTable& table);

  // Into scratch.distances: [rows.count][stride], as AttentionArgs::bias wants it.
  const float* run(const Pass& pass, const HeadRows& rows, int head, Scratch& scratch) const;
  ptrdiff_t stride(const HeadRows& rows) const;

 private:
  std::shared_ptr<const DistanceTable> table_;
  int heads_;
  int head_dim_;
  // For each head a column a row of the table; those of the keys from the last row to the first, so
  // that neighbouring keys of a query have neighbouring columns.
  kernels::PanelMatrix keys_;
  kernels::PanelMatrix queries_;
};

}  // namespace bge::encoder
