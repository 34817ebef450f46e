#include "encoder/families/registry.h"

#include <algorithm>

namespace bge::encoder {
namespace {

bool has(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// By the code that its repository has, else by model_type.
const Family* find_family(const ConfigReader& config) {
  const std::string code = config.code_class();
  const std::string type = config.text("model_type", "");
  const auto fits = [&](const Family& family) {
    return code.empty() ? has(family.model_types, type) : has(family.code_classes, code);
  };
  const auto found = std::ranges::find_if(families(), fits);
  return found == families().end() ? nullptr : &*found;
}

}  // namespace

std::span<const Family> families() {
  static const std::vector<Family> all{
      {"bert", {"bert"}, {"BertForSequenceClassification"}, {"BertModel"}, read_bert},
      {"roberta",
       {"roberta", "xlm-roberta"},
       {"RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"},
       {"RobertaModel", "XLMRobertaModel"},
       read_roberta,
       {kFlashConfig}},
      {"jina-bert",
       {},
       {"JinaBertForSequenceClassification"},
       {"JinaBertModel"},
       read_jina_bert,
       {"JinaBertConfig"}},
      {"gte", {"new"}, {"NewForSequenceClassification"}, {"NewModel"}, read_gte, {"NewConfig"}},
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
  const Family* const family = find_family(config);
  config.require(family != nullptr,
                 config.has("auto_map") ? "code of its own (auto_map)" : "model_type " + type);
  const std::optional<ModuleChain> modules = read_modules(folder);
  const std::string architecture = config.architecture();
  // Of a config.json that names the encoder alone, or nothing, the weights tell whether there is a
  // head.
  const bool fits = modules ? has(family->bare_architectures, architecture)
                            : architecture.empty() || architecture.ends_with("Model") ||
                                  architecture.ends_with("ForSequenceClassification");
  config.require(fits,
                 "the architecture " + architecture + (modules ? " and modules behind it" : ""));
  return {family->read(config, modules), modules ? modules->folders() : std::vector<std::string>{}};
}

}  // namespace bge::encoder
