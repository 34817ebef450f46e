#include "encoder/weights/float_view.h"

#include <cstring>

#include "base/float16.h"

namespace bge::encoder {
namespace {

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
  converted_ = tensor.element == Element::kFloat16 ? convert_all(from, count, float_from_half)
                                                   : convert_all(from, count, float_from_bfloat16);
  data_ = converted_.data();
  MappedFile::release(from, count * bytes_of(tensor.element));
}

FloatView::~FloatView() {
  if (converted_.empty()) MappedFile::release(data_, size_ * sizeof(float));
}

}  // namespace bge::encoder
