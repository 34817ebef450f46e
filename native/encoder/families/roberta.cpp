#include "encoder/families/bert.h"
#include "encoder/families/registry.h"

// RoBERTa and XLM-RoBERTa: BERT with positions that begin after the padding's id, and a head of its
// own.
namespace bge::encoder {
namespace {

// Of jina-reranker-v2, whose own code was written for FlashAttention.
BertNames flash_names(const BertHeadNames& head) {
  return {"emb_ln",
          "encoder.layers.",
          "mixer.Wqkv",
          {"mixer.out_proj", "norm1", "mlp.fc1", "mlp.fc2", "norm2"},
          head};
}

class RobertaModel : public PostNormModel {
 public:
  RobertaModel(WeightBinder& weights, const BertConfig& config, const BertNames& names)
      : PostNormModel(bert_facts(config, config.positions - config.pad_id - 1),
                      bind_bert(weights, config, names)),
        pad_id_(config.pad_id) {}

  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override {
    PostNormModel::gather(rows, sequences);
    for (int s = 0; s < sequences.count(); ++s) {
      int position = pad_id_ + 1;
      // Padding tokens count nowhere, even one that stands in the text.
      for (int i = sequences.offsets[s]; i < sequences.offsets[s + 1]; ++i)
        sequences.position_ids[i] = sequences.ids[i] == pad_id_ ? pad_id_ : position++;
    }
  }

 private:
  int pad_id_;
};

}  // namespace

ModelBinding read_roberta(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  constexpr int kDefaultPadId = 1;
  const BertConfig read = read_bert_config(config, modules, kDefaultPadId);
  // There is room for a token.
  config.integer("max_position_embeddings", read.pad_id + 2, 1 << 16, 0);
  const BertHeadNames head{"classifier.dense", false, "classifier.out_proj"};
  const bool is_flash = config.code_class() == kFlashConfig;
  return [read, names = is_flash ? flash_names(head) : bert_names(head)](WeightBinder& weights) {
    return std::make_unique<const RobertaModel>(weights, completed(read, weights.file()), names);
  };
}

}  // namespace bge::encoder
