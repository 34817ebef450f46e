#include "encoder/families/registry.h"

#include <algorithm>

namespace bge::encoder {
namespace {

const Family* find_family(std::string_view model_type) {
  for (const Family& family : families())
    if (std::ranges::find(family.model_types, model_type) != family.model_types.end())
      return &family;
  return nullptr;
}

}  // namespace

std::span<const Family> families() {
  static const std::vector<Family> all{
      {"bert", {"bert"}, {"BertForSequenceClassification"}, {"BertModel"}, read_bert},
      {"roberta",
       {"roberta", "xlm-roberta"},
       {"RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"},
       {"RobertaModel", "XLMRobertaModel"},
       read_roberta},
      {"deberta",
       {"deberta-v2"},
       {"DebertaV2ForSequenceClassification"},
       {"DebertaV2Model"},
       read_deberta},
      {"modernbert",
       {"modernbert"},
       {"ModernBertForSequenceClassification"},
       {"ModernBertModel"},
       read_modernbert},
  };
  return all;
}

ModelRecipe read_model(const std::string& folder) {
  const ConfigReader config(folder + "/config.json");
  const std::string type = config.text("model_type", "");
  const Family* const family = find_family(type);
  config.require(family != nullptr, "model_type " + type);
  const std::optional<ModuleChain> modules = read_modules(folder);
  const std::string architecture = config.architecture();
  // Of a config.json that names the encoder alone, or nothing, the weights tell whether there is a
  // head.
  const bool fits = modules ? std::ranges::find(family->bare_architectures, architecture) !=
                                  family->bare_architectures.end()
                            : architecture.empty() || architecture.ends_with("Model") ||
                                  architecture.ends_with("ForSequenceClassification");
  config.require(fits,
                 "the architecture " + architecture + (modules ? " and modules behind it" : ""));
  return {family->read(config, modules), modules ? modules->folders() : std::vector<std::string>{}};
}

}  // namespace bge::encoder
