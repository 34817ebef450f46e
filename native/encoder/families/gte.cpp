#include <cmath>
#include <memory>
#include <string>

#include "encoder/families/bert.h"
#include "encoder/families/registry.h"

// GTE (Zhang et al. 2024; model_type new): BERT with rotary positions and gated GELU, as the code
// in Alibaba-NLP/new-impl has it. What that code calls unpadding is how all models run here.
namespace bge::encoder {
namespace {

struct RotaryShape {
  double theta;
  double stretch;
};

RotaryShape read_rotary(const ConfigReader& config, const TransformerShape& shape) {
  const double theta = config.number("rope_theta", 10000.0);
  config.require(theta > 1.0, "a rotary base of " + std::to_string(theta));
  if (!config.has("rope_scaling")) return {theta, 1.0};
  const std::string type = config.text("rope_scaling/type", "");
  config.require(type == "ntk" && !config.has("rope_scaling/mixed_b"), "rope_scaling " + type);
  const double factor = config.number("rope_scaling/factor");
  config.require(factor >= 1.0, "a rope_scaling factor of " + std::to_string(factor));
  return {theta * factor, std::pow(factor, 2.0 / shape.head_dim())};
}

BertNames gte_names(bool packs_qkv) {
  BertNames names = bert_names({"pooler.dense", true, "classifier"});
  if (packs_qkv)
    names.attention = "attention.qkv_proj";
  else
    names.attention =
        SelfAttention::Names{"attention.q_proj", "attention.k_proj", "attention.v_proj"};
  names.layer = {"attention.o_proj", "attn_ln", "mlp.up_gate_proj", "mlp.down_proj", "mlp_ln"};
  return names;
}

BertConfig read_config(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  const std::string positions = config.text("position_embedding_type", "rope");
  config.require(positions == "rope", "position_embedding_type " + positions + " in GTE");
  const std::string norm = config.text("layer_norm_type", "layer_norm");
  config.require(norm == "layer_norm", "layer_norm_type " + norm);
  config.require(!config.flag("logn_attention_scale", false), "logn_attention_scale");
  constexpr int kDefaultPadId = 0;
  BertConfig read = read_bert_parts(config, modules, kDefaultPadId);
  read.types = config.integer("type_vocab_size", 0, 16);
  read.positions = config.integer("max_position_embeddings", 1, 1 << 16);
  config.require(read.shape.head_dim() % (2 * kernels::kPanel) == 0, "heads of this width");
  return read;
}

}  // namespace

ModelBinding read_gte(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  const BertConfig read = read_config(config, modules);
  const RotaryShape rotary = read_rotary(config, read.shape);
  const BertNames names = gte_names(config.flag("pack_qkv", true));
  return [=](WeightBinder& weights) {
    const TransformerShape& shape = read.shape;
    const BertVariant variant{.has_positions = false,
                              .rotary = make_rotary(weights, rotary.theta, shape.head_dim(),
                                                    read.positions, rotary.stretch),
                              .feed_forward = {.width = shape.hidden,
                                               .intermediate = shape.intermediate,
                                               .gated = true,
                                               .up_bias = WeightBinder::Bias::kNone,
                                               .gate_last = true}};
    return std::make_unique<const PostNormModel>(bert_facts(read, read.positions),
                                                 bind_bert(weights, read, names, variant));
  };
}

}  // namespace bge::encoder
