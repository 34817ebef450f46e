#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"

namespace bge::encoder {

// Models of one recipe, and what config.json says of them.
struct Family {
  std::string_view name;
  std::vector<std::string_view> model_types;
  // Of those that rank: `architectures[0]`.
  std::vector<std::string_view> architectures;
  // Throws as ConfigReader does.
  ModelBinding (*read)(const ConfigReader&);
};

// The families, each in a file of its own.
ModelBinding read_bert(const ConfigReader& config);
ModelBinding read_roberta(const ConfigReader& config);

// The families that our own kernels run.
std::span<const Family> families();

// Reads <folder>/config.json. Throws Error kModelNotFound, kModelInvalid, or kModelUnsupported,
// with the entry that does not fit, for a model that only ONNX Runtime can run.
ModelBinding read_model(const std::string& folder);

}  // namespace bge::encoder
