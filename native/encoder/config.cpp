#include "encoder/config.h"

#include <simdjson.h>

#include <string_view>

#include "base/error.h"
#include "encoder/families/registry.h"
#include "kernels/kernels.h"

namespace bge::encoder {
namespace {

using simdjson::dom::element;

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {
    const simdjson::error_code error = parser_.load(path).get(root_);
    if (error == simdjson::IO_ERROR)
      throw Error(ErrorCode::kModelNotFound, "Put the model's config.json here.", path);
    if (error) throw Error(ErrorCode::kModelInvalid, "config.json is not JSON; replace it.", path);
  }

  // A folder for ONNX Runtime may leave out what its graph says: that is no damage.
  int integer(std::string_view key, int64_t low, int64_t high) const {
    int64_t value;
    require(root_[key].error() != simdjson::NO_SUCH_FIELD,
            "a config.json without " + std::string(key));
    if (root_[key].get(value) || value < low || value > high)
      throw Error(ErrorCode::kModelInvalid,
                  "config.json needs a whole number from " + std::to_string(low) + " to " +
                      std::to_string(high) + " in " + std::string(key) + ".",
                  path_);
    return static_cast<int>(value);
  }

  double number(std::string_view key) const {
    double value;
    require(root_[key].error() != simdjson::NO_SUCH_FIELD,
            "a config.json without " + std::string(key));
    if (root_[key].get(value))
      throw Error(ErrorCode::kModelInvalid,
                  "config.json needs a number in " + std::string(key) + ".", path_);
    return value;
  }

  std::string text(std::string_view key, std::string_view otherwise) const {
    std::string_view value;
    return std::string(root_[key].get(value) ? otherwise : value);
  }

  std::string first_architecture() const {
    std::string_view value;
    return std::string(root_["architectures"].at(0).get(value) ? "" : value);
  }

  void require(bool fits, const std::string& what) const {
    if (!fits)
      throw Error(ErrorCode::kModelUnsupported,
                  "The packed path does not run a model with " + what + "; use its ONNX file.",
                  path_);
  }

 private:
  std::string path_;
  simdjson::dom::parser parser_;
  element root_;
};

Family read_family(const Reader& reader) {
  const std::string type = reader.text("model_type", "");
  const FamilyInfo* const info = find_family(type);
  reader.require(info != nullptr, "model_type " + type);
  const std::string architecture = reader.first_architecture();
  reader.require(architecture.ends_with("ForSequenceClassification"),
                 "the architecture " + architecture);
  return info->family;
}

}  // namespace

EncoderConfig read_config(const std::string& path) {
  const Reader reader(path);
  EncoderConfig config;
  config.family = read_family(reader);
  reader.require(reader.text("hidden_act", "gelu") == "gelu", "another hidden_act than gelu");
  reader.require(reader.text("position_embedding_type", "absolute") == "absolute",
                 "relative positions");
  constexpr int kLargestVocabulary = 1 << 24;
  constexpr int kLargestWidth = 1 << 15;
  config.vocabulary = reader.integer("vocab_size", 1, kLargestVocabulary);
  config.hidden = reader.integer("hidden_size", 1, kLargestWidth);
  config.layers = reader.integer("num_hidden_layers", 1, 1024);
  config.heads = reader.integer("num_attention_heads", 1, config.hidden);
  config.intermediate = reader.integer("intermediate_size", 1, kLargestWidth);
  config.pad_id = reader.integer("pad_token_id", 0, config.vocabulary - 1);
  config.types = reader.integer("type_vocab_size", 1, 16);
  config.positions =
      reader.integer("max_position_embeddings", config.first_position() + 1, 1 << 16);
  config.epsilon = static_cast<float>(reader.number("layer_norm_eps"));
  reader.require(config.hidden % kernels::kWidthMultiple == 0 &&
                     config.intermediate % kernels::kWidthMultiple == 0,
                 "widths that are no multiple of 64");
  reader.require(config.hidden % config.heads == 0 && config.head_dim() % kernels::kPanel == 0 &&
                     config.head_dim() <= kernels::kMaxHeadDim,
                 "heads of this width");
  return config;
}

}  // namespace bge::encoder
