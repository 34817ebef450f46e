#include "encoder/weights/weight_file.h"

#include "base/error.h"

namespace bge::encoder {

size_t Tensor::count() const {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  return count;
}

void refuse_type(const std::string& name, const Tensor& tensor, const std::string& path) {
  throw Error(ErrorCode::kModelUnsupported,
              "Our own kernels need float32, float16 or bfloat16 weights, but " + name + " is " +
                  *tensor.storage + "; use the model's ONNX file.",
              path);
}

WeightFile::WeightFile(const std::string& path)
    : path_(path),
      file_(path),
      tensors_(path.ends_with(".safetensors") ? read_safetensors(file_, path)
                                              : read_onnx_initializers(file_, path, external_)) {}

std::vector<const MappedFile*> WeightFile::files() const {
  std::vector<const MappedFile*> files{&file_};
  for (const MappedFile& external : external_) files.push_back(&external);
  return files;
}

const Tensor& WeightFile::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    throw Error(ErrorCode::kModelInvalid,
                "The weights lack " + name +
                    "; take them and config.json from one model, or use its ONNX file.",
                path_);
  if (found->second.element == Element::kOther) refuse_type(name, found->second, path_);
  return found->second;
}

void WeightFile::wrong_shape(const std::string& name) const {
  throw Error(ErrorCode::kModelInvalid,
              "The shape of " + name + " does not fit config.json; fetch both from one model.",
              path_);
}

const Tensor& WeightFile::vector(const std::string& name, int64_t size) const {
  const Tensor& tensor = find(name);
  if (tensor.shape != std::vector<int64_t>{size}) wrong_shape(name);
  return tensor;
}

const Tensor& WeightFile::matrix(const std::string& name, int64_t rows, int64_t columns) const {
  const Tensor& tensor = find(name);
  const std::vector<int64_t> expected =
      tensor.transposed ? std::vector<int64_t>{columns, rows} : std::vector<int64_t>{rows, columns};
  if (tensor.shape != expected) wrong_shape(name);
  return tensor;
}

int WeightFile::rows(const std::string& name) const {
  const Tensor& tensor = find(name);
  if (tensor.shape.size() != 2) wrong_shape(name);
  return static_cast<int>(tensor.transposed ? tensor.shape[1] : tensor.shape[0]);
}

std::string WeightFile::prefix_of(const std::string& suffix) const {
  for (const auto& [name, tensor] : tensors_)
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  throw Error(ErrorCode::kModelUnsupported,
              "Our own kernels find no " + suffix + " in the weights; use the model's ONNX file.",
              path_);
}

}  // namespace bge::encoder
