// Weight files: safetensors, their index, and ONNX graphs, float and quantised, put together from
// what such files have with values of the input's, or the input itself. Each is refused with an
// Error, or all of its tensors can be read and a layer's be bound.
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.h"
#include "encoder/onnx_fixture.h"
#include "encoder/weights/aligned_buffer.h"
#include "encoder/weights/float_view.h"
#include "encoder/weights/weight_binder.h"
#include "encoder/weights/weight_file.h"
#include "folder.h"
#include "input.h"
#include "require.h"

namespace {

using namespace bge::encoder;
using bge::Error;
using bge::fuzz::Folder;
using bge::fuzz::Input;
using bge::fuzz::require;

constexpr int kOut = 16, kIn = 64, kWords = 5;  // of the layers that are bound

class FileMaker {
 public:
  explicit FileMaker(Input& input) : input_(input) {}

  std::string safetensors() {
    std::string header = "{";
    for (size_t count = input_.pick(6); count > 0; --count) header += safetensors_entry() + ",";
    header += "\"__metadata__\":{}}";
    uint64_t size = header.size() + (pick(16) == 0 ? input_.number() : 0);
    return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header +
           std::string(data_, 'w');
  }

  std::string index() {
    std::string map;
    for (size_t count = input_.pick(4); count > 0; --count) {
      map += (map.empty() ? "" : ",") + ("\"" + name() + "\":\"") +
             of({"shard.safetensors", "shard.safetensors", "../x", "none", ""}) + "\"";
    }
    return "{\"metadata\":{\"total_size\":" + std::to_string(pick(4) == 0 ? input_.number() : data_) +
           "},\"weight_map\":{" + map + "}}";
  }

  std::string onnx() {
    std::string graph;
    for (size_t count = input_.pick(8); count > 0; --count) graph += tensor();
    for (size_t count = input_.pick(10); count > 0; --count) graph += random_node();
    return field(7, graph);
  }

 private:
  size_t pick(size_t count) { return input_.pick(count); }
  std::string of(std::initializer_list<const char*> choices) {
    return choices.begin()[pick(choices.size())];
  }
  // The layers that are bound, and names that an exporter gives.
  std::string name() {
    return of({"a.weight", "a.bias", "w.weight", "a.bias_quantized", "w.weight_quantized", "x", "y",
               "a.weight_scale", "zero", "", "LayerNorm.gamma", "a.weight_quantized"});
  }
  std::vector<int64_t> shape() {
    switch (pick(8)) {
      case 0: return {kOut, kIn};
      case 1: return {kIn, kOut};
      case 2: return {kWords, kIn};
      case 3: return {kOut};
      case 4: return {};
      case 5: return {kIn};
      case 6: return {1};
      default: break;
    }
    std::vector<int64_t> out;
    for (size_t count = pick(4); count > 0; --count) {
      out.push_back(pick(4) == 0 ? static_cast<int64_t>(input_.number()) << pick(33)
                                 : static_cast<int64_t>(pick(70)));
    }
    return out;
  }
  static uint64_t count_of(const std::vector<int64_t>& shape) {
    uint64_t count = 1;
    for (const int64_t size : shape) count *= static_cast<uint64_t>(size);
    return count;
  }

  std::string safetensors_entry() {
    const std::vector<int64_t> dimensions = shape();
    const std::string type = of({"F32", "F32", "F16", "BF16", "I64", "F64", ""});
    std::string text;
    for (const int64_t size : dimensions) text += (text.empty() ? "" : ",") + std::to_string(size);
    const uint64_t bytes = count_of(dimensions) * (type == "F32" ? 4 : 2);
    const uint64_t begin = pick(8) == 0 ? input_.number() : data_;
    const uint64_t end = begin + (pick(8) == 0 ? input_.number() : bytes);
    if (bytes < 20000) data_ += bytes;
    return "\"" + name() + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + text +
           "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  }

  std::string tensor() {
    const std::vector<int64_t> dimensions = shape();
    const int type = std::initializer_list<int>{1, 1, 1, 2, 3, 6, 10, 16, 7}.begin()[pick(9)];
    const size_t width = type == 1 || type == 6 ? 4 : type == 10 || type == 16 ? 2 : 1;
    uint64_t bytes = count_of(dimensions) * width;
    if (bytes > 20000) bytes = 64;
    if (pick(16) == 0) bytes += pick(9);
    const std::string values(bytes, static_cast<char>(0x30 + pick(256)));
    switch (pick(8)) {
      case 0: return initializer(name(), dimensions, field(4, values), type);
      case 1: return initializer(name(), dimensions, field(5, values), type);
      case 2: {
        const auto entry = [](const std::string& key, const std::string& value) {
          return field(13, field(1, key) + field(2, value));
        };
        return initializer(name(), dimensions,
                           entry("location", of({"data", "data", "../data", "", "none"})) +
                               entry("offset", of({"0", "16", "-1", "0x10", "18446744073709551616",
                                                   "99999", ""})) +
                               (pick(2) == 0 ? entry("length", std::to_string(bytes)) : "") + field(14, 1),
                           type);
      }
      default: return initializer(name(), dimensions, field(9, values), type);
    }
  }

  std::string random_node() {
    const std::string type =
        of({"Identity", "Cast", "QuantizeLinear", "Transpose", "Gather", "DequantizeLinear",
            "DequantizeLinear", "MatMul", "FusedMatMul", "Gemm", "MatMulInteger",
            "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "Mul", "Add", "BiasGelu", "QAttention"});
    std::vector<std::string> inputs;
    for (size_t count = pick(7); count > 0; --count) inputs.push_back(name());
    std::string attribute;
    if (pick(3) == 0) {
      attribute = field(5, field(1, of({"transB", "axis"})) +
                               field(3, pick(2) == 0 ? uint64_t{pick(3)} : ~uint64_t{0} - pick(4)));
    }
    return node(type, inputs, name(), attribute);
  }

  Input& input_;
  uint64_t data_ = 0;  // bytes of the tensors so far
};

// Asks for every byte of every tensor; the sum goes nowhere but must be read.
void read_all(const WeightFile& file) {
  volatile float sum = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.element == Element::kOther) continue;
    const size_t count = tensor.count();
    require(count < size_t{1} << 24, "no tensor is larger than its file");
    const FloatView all(tensor);
    for (size_t i = 0; i < count; ++i) sum = sum + all[i];
    const FloatView part(tensor, count / 3, count - count / 3);
    for (size_t i = 0; i < part.size(); ++i) sum = sum + part[i];
  }
}

void bind(const WeightFile& file, bge::kernels::Dtype dtype) {
  const auto bind_parts = [](WeightBinder& binder) {
    try {
      binder.panels(binder.linear("a", kOut, kIn));
    } catch (const Error&) {
    }
    try {
      binder.words("w.weight", kWords, kIn);
    } catch (const Error&) {
    }
    try {
      binder.floats("a.bias", kOut);
    } catch (const Error&) {
    }
  };
  WeightBinder counting(file, dtype);
  bind_parts(counting);
  const AlignedBuffer memory(counting.bytes());
  WeightBinder filling(file, dtype, memory.get(), nullptr);
  bind_parts(filling);
  require(filling.bytes() == counting.bytes(), "as many bytes filled as counted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  static const std::string external = folder.write("data", std::string(5000, 'e'));
  Input input(data, size);
  FileMaker maker(input);
  std::string path;
  const size_t form = input.pick(5);
  const auto dtype = static_cast<bge::kernels::Dtype>(input.pick(bge::kernels::kDtypes));
  switch (form) {
    case 0: path = folder.write("raw.safetensors", input.rest()); break;
    case 1: path = folder.write("raw.onnx", input.rest()); break;
    case 2: path = folder.write("made.safetensors", maker.safetensors()); break;
    case 3: path = folder.write("made.onnx", maker.onnx()); break;
    case 4:
      folder.write("shard.safetensors", maker.safetensors());
      path = folder.write("index.json", maker.index());
      break;
  }
  try {
    const WeightFile file(path);
    read_all(file);
    bind(file, dtype);
  } catch (const Error&) {
  }
  return 0;
}
