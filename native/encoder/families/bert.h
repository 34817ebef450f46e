#pragma once

#include <optional>
#include <string>

#include "encoder/families/config_reader.h"
#include "encoder/families/post_norm_model.h"

// BERT (Devlin et al. 2018): post-norm layers, absolute positions, the head on the first token.
namespace bge::encoder {

struct BertConfig {
  TransformerShape shape;
  int vocabulary;
  int positions;
  int types;
  int pad_id;
  float epsilon;
  // The head, where it is not the family's own.
  std::optional<ModuleChain> modules;

  Pooling pooling() const { return modules ? modules->pooling : Pooling::kFirst; }
};

// What config.json leaves out has transformers' defaults (4.44 and 5.24); sizes of tables that it
// leaves out are 0 until completed() takes them from the tables. Throws as ConfigReader does.
BertConfig read_bert_config(const ConfigReader& config, const std::optional<ModuleChain>& modules,
                            int default_pad_id);
BertConfig completed(BertConfig config, const WeightFile& file);

// The linear layers of the head; `dense` stands in the encoder (the pooler) or beside it.
struct BertHeadNames {
  std::string dense;
  bool in_encoder;
  std::string output;
};

PostNormModel::Facts bert_facts(const BertConfig& config, int max_tokens);
PostNormModel::Parts bind_bert(WeightBinder& weights, const BertConfig& config,
                               const BertHeadNames& head);

}  // namespace bge::encoder
