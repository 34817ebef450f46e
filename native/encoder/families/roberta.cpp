#include "encoder/families/bert.h"
#include "encoder/families/registry.h"

// RoBERTa and XLM-RoBERTa: BERT with positions that begin after the padding's id, and a head of its
// own.
namespace bge::encoder {
namespace {

class RobertaModel : public BertModel {
 public:
  RobertaModel(WeightBinder& weights, const BertConfig& config)
      : BertModel(weights, config, {"classifier.dense", false, "classifier.out_proj"}),
        pad_id_(config.pad_id) {}

  int max_tokens() const override { return BertModel::max_tokens() - first_position(); }

  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override {
    BertModel::gather(rows, sequences);
    for (int s = 0; s < sequences.count(); ++s) {
      int position = first_position();
      // Padding tokens count nowhere, even one that stands in the text.
      for (int i = sequences.offsets[s]; i < sequences.offsets[s + 1]; ++i)
        sequences.position_ids[i] = sequences.ids[i] == pad_id_ ? pad_id_ : position++;
    }
  }

 private:
  int first_position() const { return pad_id_ + 1; }

  int pad_id_;
};

}  // namespace

ModelBinding read_roberta(const ConfigReader& config) {
  constexpr int kDefaultPadId = 1;
  const BertConfig read = read_bert_config(config, kDefaultPadId);
  // There is room for a token.
  config.integer("max_position_embeddings", read.pad_id + 2, 1 << 16, 0);
  return [read](WeightBinder& weights) {
    return std::make_unique<const RobertaModel>(weights, completed(read, weights.file()));
  };
}

}  // namespace bge::encoder
