#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "encoder/weights/float_view.h"
#include "encoder/weights/weight_file.h"
#include "kernels/kernels.h"
#include "kernels/panels.h"

namespace bge::encoder {

// A linear layer of the weight file by its name, of which the shape has been checked.
struct LinearTensors {
  const Tensor& weight;
  const Tensor* bias;  // null for a layer without one
  int out;
  int in;
};

// Its values, [out][in] whatever the file's order.
class LinearValues {
 public:
  explicit LinearValues(const LinearTensors& tensors)
      : weight_(tensors.weight),
        transposed_(tensors.weight.transposed),
        out_(tensors.out),
        in_(tensors.in) {
    if (tensors.bias != nullptr) bias_.emplace(*tensors.bias);
    const Quantisation* steps = tensors.weight.quantisation.get();
    if (steps == nullptr) return;
    const bool by_output = steps->axis == (transposed_ ? 1 : 0);
    if (steps->scale.size() == 1 || by_output) steps_ = steps->scale;
  }

  // Output n, from the input `first_input` on.
  kernels::Column column(int n, int first_input = 0) const {
    const float bias = bias_ ? (*bias_)[n] : 0.0f;
    const float step = steps_.empty() ? 0.0f : steps_[steps_.size() == 1 ? 0 : n];
    if (transposed_) return {weight_.data() + first_input * out_ + n, out_, bias, step};
    return {weight_.data() + n * in_ + first_input, 1, bias, step};
  }

  // Appends outputs [first, first + count).
  void append_to(std::vector<kernels::Column>& columns, int first, int count) const {
    for (int n = first; n < first + count; ++n) columns.push_back(column(n));
  }

 private:
  FloatView weight_;
  std::optional<FloatView> bias_;
  std::span<const float> steps_;  // of quantised weights: one, or one for each output
  bool transposed_;
  size_t out_;
  size_t in_;
};

// Binds what a model's blocks need to one block of memory in the form that the kernels read. A
// model asks for its parts by the names that they have in the weight file, in an order of its own
// that is always the same; each call gives the part's place. Used twice: without memory it only
// counts bytes and checks that names and shapes fit, then the parts lie in memory that is to be
// filled from the file, or that was filled by an earlier load.
class WeightBinder {
 public:
  // Whether a layer has a bias.
  enum class Bias { kNone, kAdded };

  // Checks and counts.
  WeightBinder(const WeightFile& file, kernels::Dtype dtype) : file_(file), dtype_(dtype) {}
  // Over `filled` memory.
  WeightBinder(const WeightFile& file, kernels::Dtype dtype, const void* filled)
      : file_(file), dtype_(dtype), base_(static_cast<const char*>(filled)) {}
  // Fills `memory`. Every call throws Error kAborted once `stop`, which may be null, is true.
  WeightBinder(const WeightFile& file, kernels::Dtype dtype, void* memory,
               const std::atomic<bool>* stop)
      : file_(file),
        dtype_(dtype),
        base_(static_cast<const char*>(memory)),
        fills_(true),
        stop_(stop) {}

  // What linear layers compute with.
  kernels::Dtype dtype() const { return dtype_; }
  const WeightFile& file() const { return file_; }
  // Whether the caller of take_panels() or take_floats() is to write what belongs there.
  bool fills() const { return fills_; }

  // Both throw Error kModelInvalid where the file has no such tensor of this shape.
  LinearTensors linear(const std::string& name, int out, int in, Bias bias = Bias::kAdded);
  const float* floats(const std::string& name, int size);
  const float* floats(const std::string& name, int rows, int columns);

  // What follows from config.json alone, all of which `name` says. compute(float*) is called when
  // the memory is filled.
  template <class Compute>
  const float* computed(const std::string& name, size_t count, Compute&& compute) {
    note(name, 0, 0);
    float* const to = take_floats(count);
    if (fills_) compute(to);
    return to;
  }

  kernels::EmbeddingTable words(const std::string& name, int vocabulary, int width);
  // A whole layer as it lies in the file.
  kernels::PanelMatrix panels(const LinearTensors& tensors) { return panels(dtype_, tensors); }
  kernels::PanelMatrix panels(kernels::Dtype dtype, const LinearTensors& tensors);

  // For what is put together from several tensors or parts of one.
  kernels::PanelMatrix take_panels(kernels::Dtype dtype, int n, int k);
  void fill(const kernels::PanelMatrix& matrix, std::span<const kernels::Column> columns) const;
  float* take_floats(size_t count) { return const_cast<float*>(take<float>(count)); }

  size_t bytes() const { return used_; }
  // Differs when any part, its place or the tensor that it comes from does.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  template <class T>
  const T* take(size_t count) {
    return static_cast<const T*>(take_bytes(count * sizeof(T)));
  }
  const void* take_bytes(size_t bytes);
  const float* copy(const Tensor& tensor);
  void note(const std::string& name, int rows, int columns);
  void check_stop() const;

  const WeightFile& file_;
  const kernels::Dtype dtype_;
  const char* base_ = nullptr;
  bool fills_ = false;
  const std::atomic<bool>* stop_ = nullptr;
  size_t used_ = 0;
  uint64_t fingerprint_ = 0;
};

}  // namespace bge::encoder
