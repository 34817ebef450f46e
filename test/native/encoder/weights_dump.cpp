// Answers lines of paths of weight files with what it reads from each, one JSON object a line, for
// scripts/models/fuzz-weights.py: {"error": code} or {"tensors": {name in hex: [[dims], hex of the
// values as float32]}}. Tensors that are no weights are left out.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "base/error.h"
#include "encoder/weights/float_view.h"
#include "encoder/weights/weight_file.h"

namespace {

using namespace bge::encoder;

// Names go out in hex: a file may call a tensor anything.
std::string hex(const char* bytes, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(bytes[i]));
    out += digits;
  }
  return out;
}

std::string describe(const Tensor& tensor) {
  std::string dims;
  for (const int64_t size : tensor.shape)
    dims.append(dims.empty() ? "" : ",").append(std::to_string(size));
  const FloatView view(tensor);
  std::string values;
  for (size_t i = 0; i < view.size(); ++i) {
    const float value = view[i];
    values += hex(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return "[[" + dims + "],\"" + values + "\"]";
}

}  // namespace

int main() {
  for (std::string path; std::getline(std::cin, path);) {
    try {
      const WeightFile file(path);
      std::string out;
      for (const auto& [name, tensor] : file.tensors()) {
        if (tensor.element == Element::kOther) continue;
        out +=
            (out.empty() ? "\"" : ",\"") + hex(name.data(), name.size()) + "\":" + describe(tensor);
      }
      std::cout << "{\"tensors\":{" << out << "}}" << std::endl;
    } catch (const bge::Error& error) {
      std::cout << "{\"error\":\"" << bge::code_name(error.code()) << "\"}" << std::endl;
    }
  }
}
