#include "onnxruntime/model_signature.h"

#include <algorithm>
#include <optional>

#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {
namespace {

constexpr const char* kWhat = "the model's inputs and outputs cannot be read";

struct TensorType {
  ONNXTensorElementDataType element;
  std::vector<int64_t> shape;  // -1 where dynamic
};

class SignatureReader {
 public:
  SignatureReader(const OrtApi& api, const OrtSession* session, const std::string& model_path,
                  const std::string& output_name)
      : api_(api),
        session_(session),
        path_(model_path),
        output_name_(output_name.empty() ? "logits" : output_name) {
    ok(api.GetAllocatorWithDefaultOptions(&allocator_));
  }

  ModelSignature read() {
    ModelSignature signature;
    size_t count = 0;
    ok(api_.SessionGetInputCount(session_, &count));
    for (size_t i = 0; i < count; ++i) signature.inputs.push_back(read_input(i));
    const bool has_ids =
        std::any_of(signature.inputs.begin(), signature.inputs.end(),
                    [](const ModelInput& input) { return input.role == InputRole::kInputIds; });
    if (!has_ids) unsupported("it has no input 'input_ids'");
    signature.logits_name = read_output();
    return signature;
  }

 private:
  ModelInput read_input(size_t index) {
    const std::string name = take_name(api_.SessionGetInputName, index);
    const std::optional<InputRole> role = role_of(name);
    if (!role) {
      unsupported("it wants an input '" + name +
                  "'; input_ids, attention_mask and token_type_ids are known");
    }
    const TensorType type = tensor_type(api_.SessionGetInputTypeInfo, index);
    if (type.element != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 &&
        type.element != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32) {
      unsupported("input '" + name + "' is neither int64 nor int32");
    }
    if (type.shape.size() != 2) unsupported("input '" + name + "' is not [batch, tokens]");
    if (type.shape[1] > 0 || type.shape[0] > 1) {
      unsupported("input '" + name + "' has the fixed shape " + std::to_string(type.shape[0]) +
                  " x " + std::to_string(type.shape[1]) +
                  " (-1: any); export it with dynamic axes");
    }
    return {name, *role, type.element == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64};
  }

  std::string read_output() {
    size_t count = 0;
    ok(api_.SessionGetOutputCount(session_, &count));
    std::string names;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = take_name(api_.SessionGetOutputName, i);
      const TensorType type = tensor_type(api_.SessionGetOutputTypeInfo, i);
      if (name == output_name_ || count == 1) {
        require_logits(name, type);
        return name;
      }
      names += (names.empty() ? "'" : ", '") + name + "'";
    }
    unsupported("it has no output '" + output_name_ + "' but " + names);
  }

  void require_logits(const std::string& name, const TensorType& type) const {
    if (type.element != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT &&
        type.element != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) {
      unsupported("output '" + name + "' is neither float32 nor float16");
    }
    const bool flat = type.shape.size() == 1;
    const bool labelled = type.shape.size() == 2 && type.shape[1] <= 2 && type.shape[1] != 0;
    if (!flat && !labelled) {
      unsupported("output '" + name + "' is not [batch], [batch, 1] or [batch, 2] logits");
    }
  }

  static std::optional<InputRole> role_of(const std::string& name) {
    if (name == "input_ids") return InputRole::kInputIds;
    if (name == "attention_mask") return InputRole::kAttentionMask;
    if (name == "token_type_ids") return InputRole::kTokenTypeIds;
    return std::nullopt;
  }

  template <typename GetName>
  std::string take_name(GetName get_name, size_t index) {
    char* raw = nullptr;
    ok(get_name(session_, index, allocator_, &raw));
    std::string name = raw;
    ok(api_.AllocatorFree(allocator_, raw));
    return name;
  }

  template <typename GetTypeInfo>
  TensorType tensor_type(GetTypeInfo get_type_info, size_t index) {
    Handle<OrtTypeInfo> info(api_.ReleaseTypeInfo);
    ok(get_type_info(session_, index, info.out()));
    const OrtTensorTypeAndShapeInfo* tensor = nullptr;
    ok(api_.CastTypeInfoToTensorInfo(info.get(), &tensor));
    if (tensor == nullptr) return {ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED, {}};
    TensorType type;
    size_t rank = 0;
    ok(api_.GetTensorElementType(tensor, &type.element));
    ok(api_.GetDimensionsCount(tensor, &rank));
    type.shape.resize(rank);
    ok(api_.GetDimensions(tensor, type.shape.data(), rank));
    return type;
  }

  void ok(OrtStatus* status) const { check(api_, status, ErrorCode::kModelInvalid, kWhat, path_); }

  [[noreturn]] void unsupported(const std::string& why) const {
    throw Error(ErrorCode::kModelUnsupported,
                "the model is not a cross-encoder that can be run here: " + why, path_);
  }

  const OrtApi& api_;
  const OrtSession* session_;
  const std::string& path_;
  const std::string output_name_;
  OrtAllocator* allocator_ = nullptr;
};

}  // namespace

ModelSignature read_signature(const OrtApi& api, const OrtSession* session,
                              const std::string& model_path, const std::string& output_name) {
  return SignatureReader(api, session, model_path, output_name).read();
}

}  // namespace bge::onnxruntime
