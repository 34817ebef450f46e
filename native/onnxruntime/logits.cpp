#include "onnxruntime/logits.h"

#include <string>

#include "base/float16.h"
#include "onnxruntime/ort_handle.h"

namespace bge::onnxruntime {
namespace {

template <typename ValueAt>
void reduce_labels(size_t labels, std::span<float> logits, ValueAt value_at) {
  for (size_t i = 0; i < logits.size(); ++i) {
    // Of two labels the second is relevance: sigmoid of the difference is its softmax.
    logits[i] = labels == 1 ? value_at(i) : value_at(2 * i + 1) - value_at(2 * i);
  }
}

}  // namespace

void read_logits(const OrtApi& api, const OrtValue* output, std::span<float> logits) {
  const auto ok = [&api](OrtStatus* status) {
    check(api, status, ErrorCode::kInferenceFailed, "the model's logits cannot be read");
  };
  Handle<OrtTensorTypeAndShapeInfo> shape(api.ReleaseTensorTypeAndShapeInfo);
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  size_t count = 0;
  ok(api.GetTensorTypeAndShape(output, shape.out()));
  ok(api.GetTensorShapeElementCount(shape.get(), &count));
  ok(api.GetTensorElementType(shape.get(), &element));
  const size_t labels = count / logits.size();
  if (count % logits.size() != 0 || labels < 1 || labels > 2) {
    throw Error(ErrorCode::kModelUnsupported, "the model gave " + std::to_string(count) +
                                                  " logits for " + std::to_string(logits.size()) +
                                                  " pairs; 1 or 2 a pair can be ranked");
  }
  void* raw = nullptr;
  ok(api.GetTensorMutableData(const_cast<OrtValue*>(output), &raw));
  if (element == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) {
    const auto* values = static_cast<const uint16_t*>(raw);
    reduce_labels(labels, logits, [values](size_t i) { return float_from_half(values[i]); });
  } else {
    const auto* values = static_cast<const float*>(raw);
    reduce_labels(labels, logits, [values](size_t i) { return values[i]; });
  }
}

}  // namespace bge::onnxruntime
