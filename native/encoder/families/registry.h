#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"
#include "encoder/families/modules.h"

namespace bge::encoder {

// Models of one recipe, and what config.json says of them.
struct Family {
  std::string_view name;
  std::vector<std::string_view> model_types;
  // Of those that rank: `architectures[0]`.
  std::vector<std::string_view> architectures;
  // Of those that rank with the modules of a Sentence Transformers repository behind them.
  std::vector<std::string_view> bare_architectures;
  // Throws as ConfigReader does.
  ModelBinding (*read)(const ConfigReader&, const std::optional<ModuleChain>&);
  // Of models with code of their own (auto_map): the classes of configuration whose code it is that
  // the family does.
  std::vector<std::string_view> code_classes{};
};

// A model that has been read but not yet bound.
struct ModelRecipe {
  ModelBinding bind;
  // Folders of modules, below the model's, whose weights belong to it.
  std::vector<std::string> module_folders;
};

// jina-reranker-v2 is a RoBERTa under other names.
inline constexpr std::string_view kFlashConfig = "XLMRobertaFlashConfig";

// The families, each in a file of its own.
ModelBinding read_bert(const ConfigReader& config, const std::optional<ModuleChain>& modules);
ModelBinding read_roberta(const ConfigReader& config, const std::optional<ModuleChain>& modules);
ModelBinding read_gte(const ConfigReader& config, const std::optional<ModuleChain>& modules);
ModelBinding read_jina_bert(const ConfigReader& config, const std::optional<ModuleChain>& modules);
ModelBinding read_deberta(const ConfigReader& config, const std::optional<ModuleChain>& modules);
ModelBinding read_modernbert(const ConfigReader& config, const std::optional<ModuleChain>& modules);

// The families that our own kernels run.
std::span<const Family> families();

// Reads <folder>/config.json, and modules.json where there is one. Throws Error kModelNotFound,
// kModelInvalid, or kModelUnsupported, with the entry that does not fit, for a model that only ONNX
// Runtime can run.
ModelRecipe read_model(const std::string& folder);

}  // namespace bge::encoder
