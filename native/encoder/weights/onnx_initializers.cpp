#include <charconv>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "encoder/weights/weight_file.h"
#include "encoder/weights/wire_format.h"

// Field numbers are those of onnx.proto.
namespace bge::encoder {
namespace {

[[noreturn]] void invalid(const std::string& path) {
  throw Error(ErrorCode::kModelInvalid, "The ONNX file is cut short or damaged; fetch it again.",
              path);
}

struct Node {
  std::string_view type;
  std::vector<std::string> inputs;
  std::string output;
  bool transpose_b = false;
};

struct Initializer {
  std::string name;
  std::vector<int64_t> shape;
  int64_t type = 0;
  std::string_view data;
  std::map<std::string, std::string, std::less<>> external;
};

class GraphReader {
 public:
  GraphReader(const MappedFile& file, const std::string& path, std::vector<MappedFile>& external)
      : path_(path), external_(external) {
    WireReader model({file.data(), file.size()});
    while (model.next())
      if (model.field() == 7) read_graph(model.bytes());
    if (!model.valid()) invalid(path_);
  }

  Tensors take() {
    restore_names();
    return std::move(tensors_);
  }

 private:
  void read_graph(std::string_view bytes) {
    WireReader graph(bytes);
    while (graph.next()) {
      if (graph.field() == 1) nodes_.push_back(read_node(graph.bytes()));
      if (graph.field() == 5) add(read_initializer(graph.bytes()));
    }
    if (!graph.valid()) invalid(path_);
  }

  static Node read_node(std::string_view bytes) {
    Node node;
    WireReader reader(bytes);
    while (reader.next()) {
      if (reader.field() == 1) node.inputs.emplace_back(reader.bytes());
      if (reader.field() == 2 && node.output.empty()) node.output = reader.bytes();
      if (reader.field() == 4) node.type = reader.bytes();
      if (reader.field() == 5) node.transpose_b |= is_set(reader.bytes(), "transB");
    }
    return node;
  }

  static bool is_set(std::string_view attribute, std::string_view name) {
    WireReader reader(attribute);
    bool named = false;
    bool value = false;
    while (reader.next()) {
      if (reader.field() == 1) named = reader.bytes() == name;
      if (reader.field() == 3) value = reader.number() != 0;
    }
    return named && value;
  }

  static Initializer read_initializer(std::string_view bytes) {
    Initializer tensor;
    WireReader reader(bytes);
    while (reader.next()) {
      switch (reader.field()) {
        case 1: read_dimension(reader, tensor.shape); break;
        case 2: tensor.type = static_cast<int64_t>(reader.number()); break;
        case 4:  // float_data
        case 9:  // raw_data
          tensor.data = reader.bytes();
          break;
        case 8: tensor.name = reader.bytes(); break;
        case 13: read_external(reader.bytes(), tensor); break;
      }
    }
    return tensor;
  }

  // dims come one by one or packed.
  static void read_dimension(const WireReader& reader, std::vector<int64_t>& shape) {
    if (reader.bytes().empty()) {
      shape.push_back(static_cast<int64_t>(reader.number()));
      return;
    }
    WireReader packed(reader.bytes());
    for (uint64_t size; packed.next_varint(size);) shape.push_back(static_cast<int64_t>(size));
  }

  static void read_external(std::string_view bytes, Initializer& tensor) {
    WireReader entry(bytes);
    std::string key;
    while (entry.next()) {
      if (entry.field() == 1) key = entry.bytes();
      if (entry.field() == 2) tensor.external[key] = entry.bytes();
    }
  }

  void add(const Initializer& initializer) {
    constexpr int64_t kFloat = 1;
    if (initializer.type != kFloat) return;
    uint64_t bytes = sizeof(float);
    for (const int64_t size : initializer.shape)
      if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes))
        invalid(path_);
    const std::string_view data =
        initializer.external.empty() ? initializer.data : external_data(initializer, bytes);
    if (data.size() != bytes) invalid(path_);
    tensors_[initializer.name] = {data.data(), Element::kFloat32, initializer.shape};
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
    uint64_t offset = 0;
    if (const auto at = initializer.external.find("offset"); at != initializer.external.end())
      std::from_chars(at->second.data(), at->second.data() + at->second.size(), offset);
    if (offset > file.size() || bytes > file.size() - offset) invalid(path_);
    return {file.data() + offset, bytes};
  }

  // A weight is known by the bias that is added to its product.
  void restore_names() {
    std::map<std::string, std::string> weight_of_product;
    for (const Node& node : nodes_) {
      if (node.type == "MatMul" && node.inputs.size() == 2 && tensors_.contains(node.inputs[1]))
        weight_of_product[node.output] = node.inputs[1];
      if (node.type == "Gemm" && node.inputs.size() == 3 && tensors_.contains(node.inputs[1]))
        name_after_bias(node.inputs[2], node.inputs[1], !node.transpose_b);
    }
    for (const Node& node : nodes_) {
      if (node.type != "Add" || node.inputs.size() != 2) continue;
      for (const int i : {0, 1})
        if (const auto product = weight_of_product.find(node.inputs[1 - i]);
            product != weight_of_product.end())
          name_after_bias(node.inputs[i], product->second, true);
    }
  }

  void name_after_bias(const std::string& bias, const std::string& weight, bool transposed) {
    constexpr std::string_view kSuffix = "bias";
    if (!bias.ends_with(kSuffix)) return;
    Tensor tensor = tensors_.at(weight);
    tensor.transposed = transposed;
    tensors_[bias.substr(0, bias.size() - kSuffix.size()) + "weight"] = std::move(tensor);
  }

  std::string path_;
  std::vector<MappedFile>& external_;
  std::map<std::string, size_t> file_index_;
  std::vector<Node> nodes_;
  Tensors tensors_;
};

}  // namespace

Tensors read_onnx_initializers(const MappedFile& file, const std::string& path,
                               std::vector<MappedFile>& external) {
  return GraphReader(file, path, external).take();
}

}  // namespace bge::encoder
