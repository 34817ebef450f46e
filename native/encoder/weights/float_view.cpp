#include "encoder/weights/float_view.h"

#include <cstring>

#include "base/float16.h"

namespace bge::encoder {
namespace {

template <class Integer>
std::vector<float> dequantise_all(const Tensor& tensor, const char* from, size_t first,
                                  size_t count) {
  const Quantisation& steps = *tensor.quantisation;
  const bool by_axis = steps.scale.size() > 1;
  size_t inner = 1;
  for (size_t i = steps.axis + 1; i < tensor.shape.size(); ++i) inner *= tensor.shape[i];
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i) {
    Integer value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    const size_t step = by_axis ? (first + i) / inner % steps.scale.size() : 0;
    out[i] = steps.scale[step] * static_cast<float>(int64_t{value} - steps.zero[step]);
  }
  return out;
}

template <class Convert>
std::vector<float> convert_all(const char* from, size_t count, Convert convert) {
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
    out[i] = convert(bits);
  }
  return out;
}

}  // namespace

FloatView::FloatView(const Tensor& tensor, size_t first, size_t count) : size_(count) {
  const char* from = tensor.data + first * bytes_of(tensor.element);
  if (tensor.element == Element::kFloat32) {
    data_ = reinterpret_cast<const kernels::UnalignedFloat*>(from);
    return;
  }
  switch (tensor.element) {
    case Element::kFloat32:
    case Element::kOther: break;
    case Element::kFloat16: converted_ = convert_all(from, count, float_from_half); break;
    case Element::kBfloat16: converted_ = convert_all(from, count, float_from_bfloat16); break;
    case Element::kInt8: converted_ = dequantise_all<int8_t>(tensor, from, first, count); break;
    case Element::kUint8: converted_ = dequantise_all<uint8_t>(tensor, from, first, count); break;
    case Element::kInt32: converted_ = dequantise_all<int32_t>(tensor, from, first, count); break;
  }
  data_ = converted_.data();
  MappedFile::release(from, count * bytes_of(tensor.element));
}

FloatView::~FloatView() {
  if (converted_.empty()) MappedFile::release(data_, size_ * sizeof(float));
}

}  // namespace bge::encoder
