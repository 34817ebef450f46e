#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "base/error.h"
#include "encoder/weights/weight_file.h"

// The format: 8 bytes of header length (little endian), a JSON header, the data. Each entry of the
// header gives dtype, shape and [begin, end) in the data, all of which is some tensor's. What the
// format's own reader refuses is refused here.
namespace bge::encoder {
namespace {

[[noreturn]] void invalid(const std::string& path) {
  throw Error(ErrorCode::kModelInvalid,
              "The safetensors file is cut short or damaged; fetch it again.", path);
}

// The format's own bound on its header.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

struct Type {
  std::string_view name;
  uint64_t bits;  // of one value
  Element element;
};
// All that the format has.
constexpr Type kTypes[] = {{"F32", 32, Element::kFloat32},   {"F16", 16, Element::kFloat16},
                           {"BF16", 16, Element::kBfloat16}, {"BOOL", 8, Element::kOther},
                           {"U8", 8, Element::kOther},       {"I8", 8, Element::kOther},
                           {"I16", 16, Element::kOther},     {"U16", 16, Element::kOther},
                           {"I32", 32, Element::kOther},     {"U32", 32, Element::kOther},
                           {"I64", 64, Element::kOther},     {"U64", 64, Element::kOther},
                           {"F64", 64, Element::kOther},     {"C64", 64, Element::kOther},
                           {"F8_E4M3", 8, Element::kOther},  {"F8_E5M2", 8, Element::kOther},
                           {"F8_E8M0", 8, Element::kOther},  {"F4", 4, Element::kOther},
                           {"F6_E2M3", 6, Element::kOther},  {"F6_E3M2", 6, Element::kOther}};

// An entry of the header as it stands there.
struct Entry {
  std::string_view dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// False where it is not what the format says, also where it says a thing twice.
bool read_shape(simdjson::dom::element value, std::vector<int64_t>& shape) {
  simdjson::dom::array sizes;
  if (value.get(sizes)) return false;
  for (const simdjson::dom::element size : sizes) {
    if (size.get(shape.emplace_back()) || shape.back() < 0) return false;
  }
  return true;
}

bool read_offsets(simdjson::dom::element value, Entry& entry) {
  simdjson::dom::array offsets;
  return !value.get(offsets) && offsets.size() == 2 && !offsets.at(0).get(entry.begin) &&
         !offsets.at(1).get(entry.end) && entry.begin <= entry.end;
}

bool read_entry(simdjson::dom::element element, Entry& entry) {
  simdjson::dom::object members;
  if (element.get(members)) return false;
  int dtypes = 0, shapes = 0, offsets = 0;
  for (const auto& [key, value] : members) {
    if (key == "dtype" && (++dtypes > 1 || value.get(entry.dtype))) return false;
    if (key == "shape" && (++shapes > 1 || !read_shape(value, entry.shape))) return false;
    if (key == "data_offsets" && (++offsets > 1 || !read_offsets(value, entry))) return false;
  }
  return dtypes == 1 && shapes == 1 && offsets == 1;
}

bool is_metadata(simdjson::dom::element value) {
  simdjson::dom::object texts;
  if (value.is_null()) return true;
  if (value.get(texts)) return false;
  for (const auto& each : texts) {
    if (!each.value.is_string()) return false;
  }
  return true;
}

const Type* type_of(std::string_view dtype) {
  const auto* const type = std::ranges::find(kTypes, dtype, &Type::name);
  return type == std::end(kTypes) ? nullptr : type;
}

// Whether its place has the size of its shape and type, and lies in the data.
bool is_of_its_size(const Entry& entry, const Type& type, size_t data_size) {
  uint64_t count = 1, bits;
  for (const int64_t size : entry.shape)
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(size), &count)) return false;
  if (__builtin_mul_overflow(count, type.bits, &bits)) return false;
  return bits % 8 == 0 && entry.end <= data_size && entry.end - entry.begin == bits / 8;
}

Tensor tensor_of(const Entry& entry, const Type& type, const char* place) {
  // Position ids and other buffers are no weights; one that is asked for is named with its type.
  if (type.element == Element::kOther)
    return {.data = nullptr,
            .element = Element::kOther,
            .shape = {},
            .storage = std::make_shared<const std::string>(entry.dtype)};
  return {.data = place, .element = type.element, .shape = entry.shape};
}

// Whether the ranges, put in order, are all of `size` bytes without a gap or an overlap.
bool cover(std::vector<std::pair<uint64_t, uint64_t>> ranges, uint64_t size) {
  std::ranges::sort(ranges);
  uint64_t end = 0;
  for (const auto& [begin, next] : ranges) {
    if (begin != end) return false;
    end = next;
  }
  return end == size;
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
  if (header_size > kMaxHeaderBytes || header_size > file.size() - sizeof header_size)
    invalid(path);
  const char* header = file.data() + sizeof header_size;

  simdjson::dom::parser parser;
  simdjson::dom::object entries;
  if (parser.parse(header, header_size).get(entries)) invalid(path);
  const size_t data_size = file.size() - sizeof header_size - header_size;
  Tensors tensors;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  bool fits = true;
  for (const auto& [name, element] : entries) {
    if (name == "__metadata__") {
      if (!is_metadata(element)) invalid(path);
      continue;
    }
    Entry entry;
    if (!read_entry(element, entry)) invalid(path);
    const Type* const type = type_of(entry.dtype);
    if (type == nullptr) invalid(path);
    fits = fits && is_of_its_size(entry, *type, data_size);
    const char* const place = fits ? header + header_size + entry.begin : nullptr;
    if (!tensors.emplace(name_of(name), tensor_of(entry, *type, place)).second) invalid(path);
    ranges.emplace_back(entry.begin, entry.end);
  }
  require_floats(tensors, path);
  if (!fits || !cover(std::move(ranges), data_size)) invalid(path);
  return tensors;
}

}  // namespace bge::encoder
