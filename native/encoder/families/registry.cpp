#include "encoder/families/registry.h"

#include <algorithm>

namespace bge::encoder {

std::span<const FamilyInfo> families() {
  static const std::vector<FamilyInfo> all{
      {"bert", Family::kBert, {"bert"}, {"BertForSequenceClassification"}},
      {"roberta",
       Family::kRoberta,
       {"roberta", "xlm-roberta"},
       {"RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"}},
  };
  return all;
}

const FamilyInfo* find_family(std::string_view model_type) {
  for (const FamilyInfo& info : families())
    if (std::ranges::find(info.model_types, model_type) != info.model_types.end()) return &info;
  return nullptr;
}

}  // namespace bge::encoder
