#pragma once

#include <string>
#include <vector>

#include "encoder/blocks/attention.h"
#include "encoder/blocks/embeddings.h"
#include "encoder/blocks/feed_forward.h"
#include "encoder/blocks/head.h"
#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"

// BERT (Devlin et al. 2018): post-norm layers, absolute positions, the head on the first token.
namespace bge::encoder {

struct BertConfig {
  TransformerShape shape;
  int vocabulary;
  int positions;
  int types;
  int pad_id;
  float epsilon;
};

// What config.json leaves out has transformers' defaults (4.44 and 5.24); sizes of tables that it
// leaves out are 0 until completed() takes them from the tables. Throws as ConfigReader does.
BertConfig read_bert_config(const ConfigReader& config, int default_pad_id);
BertConfig completed(BertConfig config, const WeightFile& file);

// One layer: attention and feed-forward, each added to its input and normalised.
class BertLayer {
 public:
  // `name` precedes attention.self.query and its neighbours.
  BertLayer(WeightBinder& weights, const std::string& name, const BertConfig& config);

  // `out` is `in`, or the first token of each sequence apart.
  void run(Pass& pass, const Stream& in, const Stream& out) const;

 private:
  int width_;
  SelfAttention attention_;
  kernels::PanelMatrix attention_output_;
  LayerNorm attention_norm_;
  FeedForward feed_forward_;
  LayerNorm output_norm_;
};

// The linear layers of the head; `dense` stands in the encoder (the pooler) or beside it.
struct BertHeadNames {
  std::string dense;
  bool in_encoder;
  std::string output;
};

// What BERT and its kin share: they differ in positions and in the names of the head.
class BertModel : public Model {
 public:
  BertModel(WeightBinder& weights, const BertConfig& config, const BertHeadNames& head);

  int max_tokens() const override { return config_.positions; }
  WorkspaceShape workspace() const override;
  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override;
  void run(Pass& pass, std::span<float> logits) const override;

 private:
  const BertConfig config_;
  // Whatever the exporter put before the names: bert. or nothing.
  const std::string prefix_;
  Embeddings embeddings_;
  std::vector<BertLayer> layers_;
  ClassificationHead head_;
};

}  // namespace bge::encoder
