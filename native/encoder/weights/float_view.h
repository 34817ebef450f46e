#pragma once

#include <cstddef>
#include <vector>

#include "encoder/weights/weight_file.h"
#include "kernels/panels.h"

namespace bge::encoder {

// Elements of a tensor as float32: the mapped file's own where they are that, else a converted copy
// (of integers, what they stand for) that goes with the view. Pages of the file that have been read
// are given back, so that a load holds no more of the weights as floats than the views that it has.
class FloatView {
 public:
  explicit FloatView(const Tensor& tensor) : FloatView(tensor, 0, tensor.count()) {}
  FloatView(const Tensor& tensor, size_t first, size_t count);
  ~FloatView();
  FloatView(const FloatView&) = delete;
  FloatView& operator=(const FloatView&) = delete;

  const kernels::UnalignedFloat* data() const { return data_; }
  size_t size() const { return size_; }
  float operator[](size_t i) const { return data_[i]; }

 private:
  std::vector<float> converted_;
  const kernels::UnalignedFloat* data_;
  size_t size_;
};

}  // namespace bge::encoder
