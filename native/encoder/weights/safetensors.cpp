#include <simdjson.h>

#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "encoder/weights/weight_file.h"

// The format: 8 bytes of header length (little endian), a JSON header, the data. Each entry of the
// header gives dtype, shape and [begin, end) in the data.
namespace bge::encoder {
namespace {

[[noreturn]] void invalid(const std::string& path) {
  throw Error(ErrorCode::kModelInvalid,
              "The safetensors file is cut short or damaged; fetch it again.", path);
}

std::optional<Element> element_of(std::string_view dtype) {
  if (dtype == "F32") return Element::kFloat32;
  if (dtype == "F16") return Element::kFloat16;
  if (dtype == "BF16") return Element::kBfloat16;
  return std::nullopt;
}

Tensor read_entry(simdjson::dom::element entry, const char* data, size_t data_size,
                  const std::string& path) {
  std::string_view dtype;
  simdjson::dom::array shape;
  uint64_t begin;
  uint64_t end;
  if (entry["dtype"].get(dtype) || entry["shape"].get(shape) ||
      entry["data_offsets"].at(0).get(begin) || entry["data_offsets"].at(1).get(end))
    invalid(path);
  const std::optional<Element> element = element_of(dtype);
  // Position ids and other buffers are no weights; one that is asked for is named with its type.
  if (!element)
    return {.data = nullptr,
            .element = Element::kOther,
            .shape = {},
            .storage = std::make_shared<const std::string>(dtype)};
  Tensor tensor{.data = nullptr, .element = *element, .shape = {}};
  uint64_t count = 1;
  for (const simdjson::dom::element size : shape) {
    int64_t value;
    if (size.get(value) || value < 0 ||
        __builtin_mul_overflow(count, static_cast<uint64_t>(value), &count))
      invalid(path);
    tensor.shape.push_back(value);
  }
  if (begin > end || end > data_size || count > data_size ||
      end - begin != count * bytes_of(*element))
    invalid(path);
  tensor.data = data + begin;
  return tensor;
}

// As transformers reads files of before 2020: a norm's gamma is its weight, its beta its bias.
std::string name_of(std::string_view name) {
  for (const auto& [old, now] : {std::pair{"LayerNorm.gamma", "LayerNorm.weight"},
                                 std::pair{"LayerNorm.beta", "LayerNorm.bias"}})
    if (name.ends_with(old))
      return std::string(name.substr(0, name.size() - std::string_view(old).size())) + now;
  return std::string(name);
}

void require_floats(const Tensors& tensors, const std::string& path) {
  for (const auto& [name, tensor] : tensors)
    if (tensor.element != Element::kOther) return;
  if (!tensors.empty()) refuse_type(tensors.begin()->first, tensors.begin()->second, path);
}

}  // namespace

Tensors read_safetensors(const MappedFile& file, const std::string& path) {
  uint64_t header_size = 0;
  if (file.size() < sizeof header_size) invalid(path);
  std::memcpy(&header_size, file.data(), sizeof header_size);
  if (header_size > file.size() - sizeof header_size) invalid(path);
  const char* header = file.data() + sizeof header_size;

  simdjson::dom::parser parser;
  simdjson::dom::object entries;
  if (parser.parse(header, header_size).get(entries)) invalid(path);
  const size_t data_size = file.size() - sizeof header_size - header_size;
  Tensors tensors;
  for (const auto& [name, entry] : entries) {
    if (name == "__metadata__") continue;
    tensors.emplace(name_of(name), read_entry(entry, header + header_size, data_size, path));
  }
  require_floats(tensors, path);
  return tensors;
}

}  // namespace bge::encoder
