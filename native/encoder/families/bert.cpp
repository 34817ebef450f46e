#include "encoder/families/bert.h"

#include <numeric>

#include "encoder/blocks/linear.h"
#include "encoder/families/registry.h"

namespace bge::encoder {
namespace {

// The head stands beside the encoder: 'model.' of 'model.bert.', '' of 'bert.' and of ''.
std::string outer_of(const std::string& prefix) {
  const size_t dot = prefix.size() < 2 ? std::string::npos : prefix.rfind('.', prefix.size() - 2);
  return dot == std::string::npos ? "" : prefix.substr(0, dot + 1);
}

}  // namespace

BertConfig read_bert_config(const ConfigReader& config, int default_pad_id) {
  const std::string architecture = config.architecture();
  // Of a config.json that names the encoder alone, or nothing, the weights tell whether there is a
  // head.
  config.require(architecture.empty() || architecture.ends_with("Model") ||
                     architecture.ends_with("ForSequenceClassification"),
                 "the architecture " + architecture);
  config.require(config.text("hidden_act", "gelu") == "gelu", "another hidden_act than gelu");
  config.require(config.text("position_embedding_type", "absolute") == "absolute",
                 "relative positions");
  BertConfig read;
  constexpr int kLargestVocabulary = 1 << 24;
  read.vocabulary = config.integer("vocab_size", 1, kLargestVocabulary, 0);
  read.shape = read_transformer_shape(config);
  const int ids = read.vocabulary > 0 ? read.vocabulary : kLargestVocabulary;
  read.pad_id = config.integer("pad_token_id", 0, ids - 1, default_pad_id);
  read.types = config.integer("type_vocab_size", 1, 16, 0);
  read.positions = config.integer("max_position_embeddings", 1, 1 << 16, 0);
  read.epsilon = static_cast<float>(config.number("layer_norm_eps", 1e-12));
  return read;
}

BertConfig completed(BertConfig config, const WeightFile& file) {
  const std::string tables = file.prefix_of("embeddings.word_embeddings.weight") + "embeddings.";
  const auto complete = [&](int& rows, const char* table) {
    if (rows == 0) rows = file.rows(tables + table + ".weight");
  };
  complete(config.vocabulary, "word_embeddings");
  complete(config.positions, "position_embeddings");
  complete(config.types, "token_type_embeddings");
  return config;
}

ModelBinding read_bert(const ConfigReader& config) {
  constexpr int kDefaultPadId = 0;
  return [read = read_bert_config(config, kDefaultPadId)](WeightBinder& weights) {
    return std::make_unique<const BertModel>(weights, completed(read, weights.file()),
                                             BertHeadNames{"pooler.dense", true, "classifier"});
  };
}

BertLayer::BertLayer(WeightBinder& weights, const std::string& name, const BertConfig& config)
    : width_(config.shape.hidden),
      attention_(weights,
                 {name + "attention.self.query", name + "attention.self.key",
                  name + "attention.self.value"},
                 width_, config.shape.heads),
      attention_output_(
          weights.panels(weights.linear(name + "attention.output.dense", width_, width_))),
      attention_norm_(weights, name + "attention.output.LayerNorm", width_, config.epsilon),
      feed_forward_(weights, name + "intermediate.dense", name + "output.dense", width_,
                    config.shape.intermediate),
      output_norm_(weights, name + "output.LayerNorm", width_, config.epsilon) {}

void BertLayer::run(Pass& pass, const Stream& in, const Stream& out) const {
  attention_.run(pass, in, out);
  pass.over_rows(out.rows, [&](int first, int last, Scratch& scratch) {
    const Stream part = out.part(pass.dtype, first, last);
    const float* context = pass.shared.context.as<float>() + static_cast<size_t>(first) * width_;
    convert(pass, pass.dtype, context, width_, part.rows, part.hidden);
    multiply(pass, attention_output_, part.hidden, part.rows, 0, width_, kernels::Epilogue::kAdd,
             part.x, width_);
    attention_norm_.run(pass, part);
    feed_forward_.run(pass, part, scratch);
    output_norm_.run(pass, part);
  });
}

BertModel::BertModel(WeightBinder& weights, const BertConfig& config, const BertHeadNames& head)
    : config_(config),
      prefix_(weights.file().prefix_of("embeddings.word_embeddings.weight")),
      embeddings_(weights, prefix_ + "embeddings.",
                  {config.vocabulary, config.positions, config.types, config.shape.hidden},
                  config.epsilon),
      layers_([&] {
        std::vector<BertLayer> layers;
        for (int i = 0; i < config.shape.layers; ++i)
          layers.emplace_back(weights, prefix_ + "encoder.layer." + std::to_string(i) + ".",
                              config);
        return layers;
      }()),
      head_(weights, (head.in_encoder ? prefix_ : outer_of(prefix_)) + head.dense,
            outer_of(prefix_) + head.output, config.shape.hidden) {}

WorkspaceShape BertModel::workspace() const {
  const TransformerShape& shape = config_.shape;
  return {shape.hidden, 3 * shape.head_dim(), FeedForward::slice_width(shape.intermediate),
          shape.head_dim(), max_tokens()};
}

void BertModel::gather(std::span<const backend::Row> rows, Sequences& sequences) const {
  sequences.gather(rows, {config_.vocabulary, config_.types, max_tokens()});
  sequences.position_ids.resize(sequences.tokens());
  for (int s = 0; s < sequences.count(); ++s)
    std::iota(sequences.position_ids.begin() + sequences.offsets[s],
              sequences.position_ids.begin() + sequences.offsets[s + 1], 0);
}

void BertModel::run(Pass& pass, std::span<float> logits) const {
  embeddings_.run(pass);
  const Stream all = pass.all();
  Stream out = all;
  for (const BertLayer& layer : layers_) {
    pass.check_stop();
    if (&layer == &layers_.back()) out = first_tokens(pass);
    layer.run(pass, all, out);
  }
  head_.run(pass, out, logits);
}

}  // namespace bge::encoder
