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

// The tensors of a model by the names that PyTorch gave them: of model.safetensors, of
// model.safetensors.index.json and the files that it lists, or of an ONNX graph.
class WeightFile {
 public:
  // Throws Error kModelNotFound, kModelInvalid, kModelUnsupported (elements of another type).
  explicit WeightFile(const std::string& path);

  // Adds <root>/<folder>/model.safetensors, whose names get the folder and a slash before them.
  // Throws likewise.
  void add_module(const std::string& root, const std::string& folder);

  // This file, then those that its graph or index keeps weights in, then those of modules.
  const std::vector<MappedFile>& files() const { return files_; }
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
  std::vector<MappedFile> files_;
  Tensors tensors_;
};

// Reads the header of a safetensors file.
Tensors read_safetensors(const MappedFile& file, const std::string& path);

// Reads the header of a safetensors index, then the files that it lists, which are opened into
// `files`. Throws Error kModelInvalid where a file is not the one that the index speaks of.
Tensors read_safetensors_index(const MappedFile& index, const std::string& path,
                               std::vector<MappedFile>& files);

// Reads the initializers of an ONNX graph; weights that the exporter renamed (onnx::MatMul_1662)
// get their PyTorch name back from the bias that is added to their product. Files that hold
// external data are opened into `external`.
Tensors read_onnx_initializers(const MappedFile& file, const std::string& path,
                               std::vector<MappedFile>& external);

}  // namespace bge::encoder
