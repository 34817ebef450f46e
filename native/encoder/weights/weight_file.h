#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "encoder/weights/mapped_file.h"

namespace bge::encoder {

// kOther: of a type that is no weight's.
enum class Element : uint8_t { kFloat32, kFloat16, kBfloat16, kInt8, kUint8, kInt32, kOther };

constexpr size_t bytes_of(Element element) {
  switch (element) {
    case Element::kFloat32:
    case Element::kInt32: return 4;
    case Element::kFloat16:
    case Element::kBfloat16: return 2;
    case Element::kInt8:
    case Element::kUint8: return 1;
    case Element::kOther: return 0;
  }
  return 0;
}

// What integers of a quantised tensor stand for: scale * (integer - zero).
struct Quantisation {
  std::vector<float> scale;   // one, or one for each index of `axis`
  std::vector<int32_t> zero;  // as many
  size_t axis = 0;
};

// A tensor inside a mapped file, at any address; FloatView reads it.
struct Tensor {
  const char* data;
  Element element;
  std::vector<int64_t> shape;
  // Of integers; null for floats. Shared by copies of the tensor.
  std::shared_ptr<const Quantisation> quantisation = nullptr;
  // Holds what `data` points to where that is not the mapped file; of kOther, the type's name.
  std::shared_ptr<const std::string> storage = nullptr;
  // A linear layer's weight stored [in][out] (ONNX MatMul) instead of [out][in] (PyTorch).
  bool transposed = false;

  size_t count() const;
};

using Tensors = std::map<std::string, Tensor>;

// Throws Error kModelUnsupported for a tensor of kOther, with its name and type.
[[noreturn]] void refuse_type(const std::string& name, const Tensor& tensor,
                              const std::string& path);

// The tensors of model.safetensors or of an ONNX graph, by the names that PyTorch gave them.
class WeightFile {
 public:
  // Throws Error kModelNotFound, kModelInvalid, kModelUnsupported (elements of another type).
  explicit WeightFile(const std::string& path);

  // This file, then those that its graph keeps weights in.
  std::vector<const MappedFile*> files() const;
  const Tensors& tensors() const { return tensors_; }
  // Throws Error kModelInvalid, naming the tensor, when it is missing or has another shape, and
  // kModelUnsupported when it is of another type.
  const Tensor& vector(const std::string& name, int64_t size) const;
  const Tensor& matrix(const std::string& name, int64_t rows, int64_t columns) const;
  // Outputs of a linear layer's weight. Throws Error kModelInvalid.
  int rows(const std::string& name) const;
  // Whatever precedes `suffix` in the one name that ends with it. Throws Error kModelUnsupported.
  std::string prefix_of(const std::string& suffix) const;

 private:
  const Tensor& find(const std::string& name) const;
  [[noreturn]] void wrong_shape(const std::string& name) const;

  std::string path_;
  MappedFile file_;
  std::vector<MappedFile> external_;
  Tensors tensors_;
};

// Reads the header of a safetensors file.
Tensors read_safetensors(const MappedFile& file, const std::string& path);

// Reads the initializers of an ONNX graph; weights that the exporter renamed (onnx::MatMul_1662)
// get their PyTorch name back from the bias that is added to their product. Files that hold
// external data are opened into `external`.
Tensors read_onnx_initializers(const MappedFile& file, const std::string& path,
                               std::vector<MappedFile>& external);

}  // namespace bge::encoder
