#include "encoder/families/config_reader.h"

#include "base/error.h"
#include "kernels/kernels.h"

namespace bge::encoder {

ConfigReader::ConfigReader(const std::string& path) : path_(path) {
  const simdjson::error_code error = parser_.load(path).get(root_);
  if (error == simdjson::IO_ERROR)
    throw Error(ErrorCode::kModelNotFound, "Put the model's config.json here.", path);
  if (error) throw Error(ErrorCode::kModelInvalid, "config.json is not JSON; replace it.", path);
}

simdjson::simdjson_result<simdjson::dom::element> ConfigReader::at(std::string_view key) const {
  return root_.at_pointer(std::string("/").append(key));
}

bool ConfigReader::has(std::string_view key) const {
  simdjson::dom::element value;
  return !at(key).get(value) && !value.is_null();
}

void ConfigReader::require(bool fits, const std::string& what) const {
  if (!fits)
    throw Error(ErrorCode::kModelUnsupported,
                "Our own kernels do not run a model with " + what + "; use its ONNX file.", path_);
}

void ConfigReader::require_present(std::string_view key) const {
  require(at(key).error() != simdjson::NO_SUCH_FIELD, "a config.json without " + std::string(key));
}

int ConfigReader::integer(std::string_view key, int64_t low, int64_t high, int otherwise) const {
  return has(key) ? integer(key, low, high) : otherwise;
}

double ConfigReader::number(std::string_view key, double otherwise) const {
  return has(key) ? number(key) : otherwise;
}

int ConfigReader::integer(std::string_view key, int64_t low, int64_t high) const {
  require_present(key);
  int64_t value;
  if (at(key).get(value) || value < low || value > high)
    throw Error(ErrorCode::kModelInvalid,
                "config.json needs a whole number from " + std::to_string(low) + " to " +
                    std::to_string(high) + " in " + std::string(key) + ".",
                path_);
  return static_cast<int>(value);
}

double ConfigReader::number(std::string_view key) const {
  require_present(key);
  double value;
  if (at(key).get(value))
    throw Error(ErrorCode::kModelInvalid, "config.json needs a number in " + std::string(key) + ".",
                path_);
  return value;
}

bool ConfigReader::flag(std::string_view key, bool otherwise) const {
  if (!has(key)) return otherwise;
  bool value;
  if (at(key).get(value))
    throw Error(ErrorCode::kModelInvalid,
                "config.json needs true or false in " + std::string(key) + ".", path_);
  return value;
}

std::vector<std::string> ConfigReader::texts(std::string_view key) const {
  std::vector<std::string> texts;
  simdjson::dom::array values;
  if (at(key).get(values)) return texts;
  for (const simdjson::dom::element each : values) {
    std::string_view value;
    if (each.get(value))
      throw Error(ErrorCode::kModelInvalid,
                  "config.json needs a list of texts in " + std::string(key) + ".", path_);
    texts.emplace_back(value);
  }
  return texts;
}

std::string ConfigReader::text(std::string_view key, std::string_view otherwise) const {
  std::string_view value;
  return std::string(at(key).get(value) ? otherwise : value);
}

std::string ConfigReader::architecture() const {
  std::string_view value;
  return std::string(at("architectures/0").get(value) ? "" : value);
}

std::string ConfigReader::code_class() const {
  const std::string name = text("auto_map/AutoConfig", "");
  return name.substr(name.rfind('.') + 1);
}

TransformerShape read_transformer_shape(const ConfigReader& config) {
  constexpr int kLargestWidth = 1 << 15;
  TransformerShape shape;
  shape.hidden = config.integer("hidden_size", 1, kLargestWidth);
  shape.layers = config.integer("num_hidden_layers", 1, 1024);
  shape.heads = config.integer("num_attention_heads", 1, shape.hidden);
  shape.intermediate = config.integer("intermediate_size", 1, kLargestWidth);
  config.require(shape.hidden % kernels::kWidthMultiple == 0 &&
                     shape.intermediate % kernels::kWidthMultiple == 0,
                 "widths that are no multiple of 64");
  config.require(shape.hidden % shape.heads == 0 && shape.head_dim() % kernels::kPanel == 0 &&
                     shape.head_dim() <= kernels::kMaxHeadDim,
                 "heads of this width");
  return shape;
}

}  // namespace bge::encoder
