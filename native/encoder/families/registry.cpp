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
      {"bert", {"bert"}, {"BertForSequenceClassification"}, read_bert},
      {"roberta",
       {"roberta", "xlm-roberta"},
       {"RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"},
       read_roberta},
  };
  return all;
}

ModelBinding read_model(const std::string& folder) {
  const ConfigReader config(folder + "/config.json");
  const std::string type = config.text("model_type", "");
  const Family* const family = find_family(type);
  config.require(family != nullptr, "model_type " + type);
  return family->read(config);
}

}  // namespace bge::encoder
