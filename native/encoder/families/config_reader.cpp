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

void ConfigReader::require(bool fits, const std::string& what) const {
  if (!fits)
    throw Error(ErrorCode::kModelUnsupported,
                "Our own kernels do not run a model with " + what + "; use its ONNX file.", path_);
}

void ConfigReader::require_present(std::string_view key) const {
  require(root_[key].error() != simdjson::NO_SUCH_FIELD,
          "a config.json without " + std::string(key));
}

bool ConfigReader::is_given(std::string_view key) const {
  simdjson::dom::element value;
  return !root_[key].get(value) && !value.is_null();
}

int ConfigReader::integer(std::string_view key, int64_t low, int64_t high, int otherwise) const {
  return is_given(key) ? integer(key, low, high) : otherwise;
}

double ConfigReader::number(std::string_view key, double otherwise) const {
  return is_given(key) ? number(key) : otherwise;
}

int ConfigReader::integer(std::string_view key, int64_t low, int64_t high) const {
  require_present(key);
  int64_t value;
  if (root_[key].get(value) || value < low || value > high)
    throw Error(ErrorCode::kModelInvalid,
                "config.json needs a whole number from " + std::to_string(low) + " to " +
                    std::to_string(high) + " in " + std::string(key) + ".",
                path_);
  return static_cast<int>(value);
}

double ConfigReader::number(std::string_view key) const {
  require_present(key);
  double value;
  if (root_[key].get(value))
    throw Error(ErrorCode::kModelInvalid, "config.json needs a number in " + std::string(key) + ".",
                path_);
  return value;
}

std::string ConfigReader::text(std::string_view key, std::string_view otherwise) const {
  std::string_view value;
  return std::string(root_[key].get(value) ? otherwise : value);
}

std::string ConfigReader::architecture() const {
  std::string_view value;
  return std::string(root_["architectures"].at(0).get(value) ? "" : value);
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
