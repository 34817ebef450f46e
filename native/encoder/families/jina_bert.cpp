#include <memory>
#include <string>

#include "encoder/families/bert.h"
#include "encoder/families/registry.h"

// JinaBERT (Guenther et al. 2023; jina-reranker-v1): BERT with linear biases for positions and
// gated GELU, as the code in jinaai/jina-bert-implementation has it.
namespace bge::encoder {
namespace {

BertNames jina_names() {
  BertNames names = bert_names({"pooler.dense", true, "classifier"});
  names.layer.up = "mlp.gated_layers";
  names.layer.down = "mlp.wo";
  names.layer.output_norm = "mlp.layernorm";
  return names;
}

BertConfig read_config(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  const std::string positions = config.text("position_embedding_type", "absolute");
  config.require(positions == "alibi", "position_embedding_type " + positions + " in JinaBERT");
  const std::string feed_forward = config.text("feed_forward_type", "original");
  config.require(feed_forward == "geglu", "feed_forward_type " + feed_forward);
  const std::string code = config.text("auto_map/AutoConfig", "");
  config.require(code.find("qk-post-norm") == std::string::npos,
                 "normalised queries and keys (" + code + ")");
  constexpr int kDefaultPadId = 0;
  BertConfig read = read_bert_parts(config, modules, kDefaultPadId);
  read.types = read_types(config);
  // No table tells it.
  read.positions = config.integer("max_position_embeddings", 1, 1 << 16);
  return read;
}

}  // namespace

ModelBinding read_jina_bert(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  return [read = read_config(config, modules)](WeightBinder& weights) {
    const BertConfig whole = completed(read, weights.file());
    const TransformerShape& shape = whole.shape;
    const BertVariant variant{
        .has_positions = false,
        .alibi = make_alibi(weights, shape.heads, shape.head_dim(), whole.positions),
        .feed_forward = {.width = shape.hidden,
                         .intermediate = shape.intermediate,
                         .gated = true,
                         .up_bias = WeightBinder::Bias::kNone}};
    return std::make_unique<const PostNormModel>(bert_facts(whole, whole.positions),
                                                 bind_bert(weights, whole, jina_names(), variant));
  };
}

}  // namespace bge::encoder
