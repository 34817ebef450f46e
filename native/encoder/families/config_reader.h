#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bge::encoder {

// Reads a model's config.json. Every entry that is there and makes no sense throws Error
// kModelInvalid; what our own kernels do not run throws kModelUnsupported, with the entry's name.
class ConfigReader {
 public:
  // Throws Error kModelNotFound, kModelInvalid.
  explicit ConfigReader(const std::string& path);

  // A key may be a path into objects: "rope_parameters/full_attention/rope_theta".
  //
  // A folder for ONNX Runtime may leave out what its graph says: that is no damage, but
  // kModelUnsupported.
  int integer(std::string_view key, int64_t low, int64_t high) const;
  double number(std::string_view key) const;
  // Where transformers has a default for what is left out or null, or the weights tell it.
  int integer(std::string_view key, int64_t low, int64_t high, int otherwise) const;
  double number(std::string_view key, double otherwise) const;
  std::string text(std::string_view key, std::string_view otherwise) const;
  bool flag(std::string_view key, bool otherwise) const;
  // The strings of an array; nothing where there is none.
  std::vector<std::string> texts(std::string_view key) const;
  // Whether the entry is there and not null.
  bool has(std::string_view key) const;
  // `architectures[0]`, or nothing.
  std::string architecture() const;
  // Of a model whose repository has code of its own (auto_map), the class of its configuration.
  std::string code_class() const;

  // Throws kModelUnsupported unless it fits; `what` names a kind of model.
  void require(bool fits, const std::string& what) const;

 private:
  simdjson::simdjson_result<simdjson::dom::element> at(std::string_view key) const;
  void require_present(std::string_view key) const;

  std::string path_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// The widths of a transformer, such as the kernels can take.
struct TransformerShape {
  int hidden;
  int layers;
  int heads;
  int intermediate;

  int head_dim() const { return hidden / heads; }
};

// From the entries that BERT gave the field.
TransformerShape read_transformer_shape(const ConfigReader& config);

}  // namespace bge::encoder
