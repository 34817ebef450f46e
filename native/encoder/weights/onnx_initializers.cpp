#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "base/error.h"
#include "encoder/weights/onnx_graph.h"
#include "encoder/weights/weight_file.h"
#include "encoder/weights/wire_format.h"

// Field numbers are those of onnx.proto.
namespace bge::encoder {
namespace {

[[noreturn]] void invalid(const std::string& path) {
  throw Error(ErrorCode::kModelInvalid, "The ONNX file is cut short or damaged; fetch it again.",
              path);
}

struct Initializer {
  std::string name;
  std::vector<int64_t> shape;
  int64_t type = 0;
  std::string_view data;
  std::string_view integers;  // varints, where the file has those instead of data
  bool is_external = false;
  std::map<std::string, std::string, std::less<>> external;
};

class GraphReader {
 public:
  GraphReader(const MappedFile& file, const std::string& path, std::vector<MappedFile>& external)
      : path_(path), external_(external) {
    WireReader model({file.data(), file.size()});
    while (model.next())
      if (model.is_bytes(7)) read_graph(model.bytes());
    require_whole(model);
  }

  OnnxGraph take() { return std::move(graph_); }

 private:
  void read_graph(std::string_view bytes) {
    WireReader graph(bytes);
    while (graph.next()) {
      if (graph.is_bytes(1)) graph_.nodes.push_back(read_node(graph.bytes()));
      if (graph.is_bytes(5)) add(read_initializer(graph.bytes()));
    }
    require_whole(graph);
  }

  // Of a message whose fields have all been read.
  void require_whole(const WireReader& message) const {
    if (!message.valid()) invalid(path_);
  }

  OnnxNode read_node(std::string_view bytes) const {
    OnnxNode node;
    WireReader reader(bytes);
    while (reader.next()) {
      if (reader.is_bytes(1)) node.inputs.emplace_back(reader.bytes());
      if (reader.is_bytes(2) && node.output.empty()) node.output = reader.bytes();
      if (reader.is_bytes(4)) node.type = reader.bytes();
      if (reader.is_bytes(5)) read_attribute(reader.bytes(), node);
    }
    require_whole(reader);
    return node;
  }

  void read_attribute(std::string_view attribute, OnnxNode& node) const {
    WireReader reader(attribute);
    std::string_view name;
    int64_t value = 0;
    while (reader.next()) {
      if (reader.is_bytes(1)) name = reader.bytes();
      if (reader.is_number(3)) value = static_cast<int64_t>(reader.number());
    }
    require_whole(reader);
    if (name == "transB") node.transpose_b = value != 0;
    if (name == "axis") node.axis = value;
  }

  Initializer read_initializer(std::string_view bytes) const {
    Initializer tensor;
    WireReader reader(bytes);
    while (reader.next()) {
      if (reader.is_number(1) || reader.is_bytes(1)) read_dimension(reader, tensor.shape);
      if (reader.is_number(2)) tensor.type = static_cast<int64_t>(reader.number());
      if (reader.is_bytes(4) || reader.is_bytes(9)) tensor.data = reader.bytes();  // floats, raw
      if (reader.is_bytes(5))
        tensor.integers = reader.bytes();  // int32_data, also of smaller types
      if (reader.is_bytes(8)) tensor.name = reader.bytes();
      if (reader.is_bytes(13)) read_external(reader.bytes(), tensor);
      if (reader.is_number(14)) tensor.is_external = reader.number() == 1;
    }
    require_whole(reader);
    return tensor;
  }

  // dims come one by one or packed.
  void read_dimension(const WireReader& reader, std::vector<int64_t>& shape) const {
    if (reader.is_number(1)) {
      shape.push_back(static_cast<int64_t>(reader.number()));
      return;
    }
    WireReader packed(reader.bytes());
    for (uint64_t size; packed.next_varint(size);) shape.push_back(static_cast<int64_t>(size));
    require_whole(packed);
  }

  void read_external(std::string_view bytes, Initializer& tensor) const {
    WireReader entry(bytes);
    std::string key, value;
    while (entry.next()) {
      if (entry.is_bytes(1)) key = entry.bytes();
      if (entry.is_bytes(2)) value = entry.bytes();
    }
    require_whole(entry);
    tensor.external[key] = value;
  }

  static std::optional<Element> element_of(int64_t type) {
    switch (type) {
      case 1: return Element::kFloat32;
      case 2: return Element::kUint8;
      case 3: return Element::kInt8;
      case 6: return Element::kInt32;
      case 10: return Element::kFloat16;
      case 16: return Element::kBfloat16;
    }
    return std::nullopt;
  }

  void add(const Initializer& initializer) {
    const std::optional<Element> element = element_of(initializer.type);
    if (!element) return;
    // Nor may they without those that are none: what has no elements is no way around the bound.
    uint64_t room = bytes_of(*element);
    uint64_t bytes = room;
    for (const int64_t size : initializer.shape) {
      const auto count = static_cast<uint64_t>(size);
      if (size < 0 || __builtin_mul_overflow(room, std::max(count, uint64_t{1}), &room) ||
          room > INT64_MAX)
        invalid(path_);
      bytes *= count;
    }
    Tensor tensor{.data = nullptr, .element = *element, .shape = initializer.shape};
    std::string_view data =
        initializer.is_external ? external_data(initializer, bytes) : initializer.data;
    if (data.empty() && !initializer.integers.empty()) {
      tensor.storage =
          std::make_shared<const std::string>(unpack(initializer.integers, bytes_of(*element)));
      data = *tensor.storage;
    }
    if (data.size() != bytes) invalid(path_);
    tensor.data = data.data();
    graph_.tensors[initializer.name] = std::move(tensor);
  }

  // Little-endian integers of `size` bytes, as raw data has them.
  std::string unpack(std::string_view varints, size_t size) const {
    std::string unpacked;
    WireReader reader(varints);
    for (uint64_t value; reader.next_varint(value);)
      unpacked.append(reinterpret_cast<const char*>(&value), size);
    require_whole(reader);
    return unpacked;
  }

  // All of its text is one decimal number, or the file is damaged.
  uint64_t external_number(const Initializer& initializer, std::string_view key,
                           uint64_t otherwise) const {
    const auto entry = initializer.external.find(key);
    if (entry == initializer.external.end()) return otherwise;
    const std::string& text = entry->second;
    uint64_t number;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) invalid(path_);
    return number;
  }

  std::string_view external_data(const Initializer& initializer, uint64_t bytes) {
    const auto entry = initializer.external.find("location");
    if (entry == initializer.external.end()) invalid(path_);
    const std::filesystem::path location = entry->second;
    // The format allows only names beside the model; anything else could read any file.
    if (location.empty() || location != location.filename()) invalid(path_);
    const std::string file_path = (std::filesystem::path(path_).parent_path() / location).string();
    if (!file_index_.contains(file_path)) {
      external_.emplace_back(file_path);
      file_index_[file_path] = external_.size() - 1;
    }
    const MappedFile& file = external_[file_index_[file_path]];
    const uint64_t offset = external_number(initializer, "offset", 0);
    if (external_number(initializer, "length", bytes) != bytes || offset > file.size() ||
        bytes > file.size() - offset)
      invalid(path_);
    return {file.data() + offset, bytes};
  }

  std::string path_;
  std::vector<MappedFile>& external_;
  std::map<std::string, size_t> file_index_;
  OnnxGraph graph_;
};

}  // namespace

Tensors read_onnx_initializers(const MappedFile& file, const std::string& path,
                               std::vector<MappedFile>& external) {
  return name_weights(GraphReader(file, path, external).take(), path);
}

}  // namespace bge::encoder
