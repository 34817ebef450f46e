#include <map>
#include <optional>
#include <string>
#include <vector>

#include "encoder/blocks/attention.h"
#include "encoder/blocks/embeddings.h"
#include "encoder/blocks/feed_forward.h"
#include "encoder/blocks/head.h"
#include "encoder/blocks/linear.h"
#include "encoder/families/modules.h"
#include "encoder/families/registry.h"

// ModernBERT (Warner et al. 2024), so Ettin too: pre-norm layers without biases, rotary positions,
// gated GELU, most layers attending in a window only.
namespace bge::encoder {
namespace {

using Bias = WeightBinder::Bias;

struct LayerKind {
  double theta;  // base of the rotary frequencies
  int window;    // tokens seen on either side
};

struct ModernBertConfig {
  TransformerShape shape;
  int vocabulary;
  int positions;
  float epsilon;
  Bias attention_bias;
  Bias feed_forward_bias;
  Bias norm_bias;
  Bias head_bias;
  Activation head_activation;
  std::vector<LayerKind> layers;
  // How the vector is made that the head gets, and the head where it is not the family's own.
  Pooling pooling;
  std::optional<ModuleChain> modules;
};

Bias read_bias(const ConfigReader& config, std::string_view key) {
  return config.flag(key, false) ? Bias::kAdded : Bias::kNone;
}

// `type` as transformers 5 calls the layers; `legacy` is where earlier releases kept the base.
double read_theta(const ConfigReader& config, const std::string& type, std::string_view legacy,
                  double otherwise) {
  const std::string rope = "rope_parameters/" + type + "/";
  const std::string kind = config.text(rope + "rope_type", "default");
  config.require(kind == "default", "rope_type " + kind);
  const double theta = config.number(rope + "rope_theta", config.number(legacy, otherwise));
  config.require(theta > 1.0, "a rotary base of " + std::to_string(theta));
  return theta;
}

std::vector<LayerKind> read_layers(const ConfigReader& config, int count) {
  config.require(!config.has("rope_scaling"), "rope_scaling");
  const double whole_theta = read_theta(config, "full_attention", "global_rope_theta", 160000.0);
  const double window_theta = read_theta(config, "sliding_attention", "local_rope_theta", 10000.0);
  const LayerKind whole{whole_theta, kernels::kWholeSequence};
  const LayerKind window{window_theta, config.integer("local_attention", 2, 1 << 16) / 2};
  std::vector<LayerKind> layers;
  for (const std::string& type : config.texts("layer_types")) {
    config.require(type == "full_attention" || type == "sliding_attention",
                   "the layer type " + type);
    layers.push_back(type == "full_attention" ? whole : window);
  }
  if (layers.empty()) {
    const int period = config.has("global_attn_every_n_layers")
                           ? config.integer("global_attn_every_n_layers", 1, 1024)
                           : 3;
    for (int i = 0; i < count; ++i) layers.push_back(i % period == 0 ? whole : window);
  }
  config.require(
      static_cast<int>(layers.size()) == count,
      std::to_string(layers.size()) + " layer_types for " + std::to_string(count) + " layers");
  return layers;
}

Pooling read_pooling(const ConfigReader& config) {
  const std::string pooling = config.text("classifier_pooling", "cls");
  config.require(pooling == "cls" || pooling == "mean", "classifier_pooling " + pooling);
  return pooling == "cls" ? Pooling::kFirst : Pooling::kMean;
}

ModernBertConfig read_modernbert_config(const ConfigReader& config,
                                        const std::optional<ModuleChain>& modules) {
  const std::string activation = config.text("hidden_activation", "gelu");
  config.require(activation == "gelu", "hidden_activation " + activation);
  const std::string head_activation = config.text("classifier_activation", "gelu");
  config.require(head_activation == "gelu", "classifier_activation " + head_activation);
  ModernBertConfig read;
  read.shape = read_transformer_shape(config);
  config.require(read.shape.head_dim() % (2 * kernels::kPanel) == 0, "heads of this width");
  read.vocabulary = config.integer("vocab_size", 1, 1 << 24);
  read.positions = config.integer("max_position_embeddings", 1, 1 << 16);
  read.epsilon = static_cast<float>(config.number("norm_eps", 1e-5));
  read.attention_bias = read_bias(config, "attention_bias");
  read.feed_forward_bias = read_bias(config, "mlp_bias");
  read.norm_bias = read_bias(config, "norm_bias");
  read.head_bias = read_bias(config, "classifier_bias");
  read.head_activation = Activation::kGelu;
  read.layers = read_layers(config, read.shape.layers);
  read.pooling = modules ? modules->pooling : read_pooling(config);
  read.modules = modules;
  return read;
}

// x += attention(norm(x)), x += feed_forward(norm(x)).
class ModernBertLayer {
 public:
  // The first layer gets rows that the embeddings have normalised.
  ModernBertLayer(WeightBinder& weights, const std::string& name, const ModernBertConfig& config,
                  const SelfAttention::Shape& shape, bool first)
      : width_(shape.width),
        attention_norm_(first ? std::nullopt
                              : std::optional(LayerNorm(weights, name + "attn_norm", width_,
                                                        config.epsilon, config.norm_bias))),
        attention_(weights, SelfAttention::FusedName{name + "attn.Wqkv", config.attention_bias},
                   shape),
        attention_output_(weights.panels(
            weights.linear(name + "attn.Wo", width_, width_, config.attention_bias))),
        feed_forward_norm_(weights, name + "mlp_norm", width_, config.epsilon, config.norm_bias),
        feed_forward_(weights, name + "mlp.Wi", name + "mlp.Wo",
                      {width_, config.shape.intermediate, true, config.feed_forward_bias}) {}

  // `only_first`: of every sequence nothing but the first token is wanted, which is then what comes
  // back, apart.
  Stream run(Pass& pass, bool only_first) const {
    const Stream all = pass.all();
    if (attention_norm_) {
      pass.over_rows(all.rows, [&](int first, int last, Scratch&) {
        attention_norm_->run(pass, all.part(pass.dtype, first, last), context(pass, first));
      });
    }
    const Stream out = only_first ? first_tokens(pass) : all;
    if (only_first && attention_norm_) attention_norm_->run(pass, out, context(pass, 0));
    attention_.run(pass, all, out);
    pass.over_rows(out.rows, [&](int first, int last, Scratch& scratch) {
      const Stream part = out.part(pass.dtype, first, last);
      convert(pass, pass.dtype, context(pass, first), width_, part.rows, part.hidden);
      multiply(pass, attention_output_, part.hidden, part.rows, 0, width_, kernels::Epilogue::kAdd,
               part.x, width_);
      feed_forward_norm_.run(pass, part, context(pass, first));
      feed_forward_.run(pass, part, scratch);
    });
    return out;
  }

 private:
  // What attention gives, and room for normalised rows where that is not needed.
  float* context(const Pass& pass, int row) const {
    return pass.shared.context.as<float>() + static_cast<size_t>(row) * width_;
  }

  int width_;
  std::optional<LayerNorm> attention_norm_;
  SelfAttention attention_;
  kernels::PanelMatrix attention_output_;
  LayerNorm feed_forward_norm_;
  FeedForward feed_forward_;
};

class ModernBertModel : public Model {
 public:
  ModernBertModel(WeightBinder& weights, const ModernBertConfig& config)
      : config_(config),
        prefix_(weights.file().prefix_of("embeddings.tok_embeddings.weight")),
        embeddings_(weights,
                    {.words = prefix_ + "embeddings.tok_embeddings.weight",
                     .positions = "",
                     .types = "",
                     .norm = prefix_ + "embeddings.norm"},
                    {config.vocabulary, 0, 0, config.shape.hidden}, config.epsilon,
                    config.norm_bias),
        layers_(bind_layers(weights, prefix_, config)),
        final_norm_(weights, prefix_ + "final_norm", config.shape.hidden, config.epsilon,
                    config.norm_bias),
        head_(bind_head(weights, config)) {}

  int max_tokens() const override { return config_.positions; }

  WorkspaceShape workspace() const override {
    const TransformerShape& shape = config_.shape;
    return {shape.hidden, 3 * shape.head_dim(), FeedForward::slice_width(shape.intermediate),
            shape.head_dim(), max_tokens()};
  }

  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override {
    sequences.gather(rows, {config_.vocabulary, 1, max_tokens()});
  }

  void run(Pass& pass, std::span<float> logits) const override {
    embeddings_.run(pass);
    Stream out = pass.all();
    for (const ModernBertLayer& layer : layers_) {
      pass.check_stop();
      out = layer.run(pass, &layer == &layers_.back() && config_.pooling == Pooling::kFirst);
    }
    pass.over_rows(out.rows, [&](int first, int last, Scratch&) {
      final_norm_.run(pass, out.part(pass.dtype, first, last));
    });
    head_.run(pass, config_.pooling == Pooling::kMean ? mean_tokens(pass) : out, logits);
  }

 private:
  static std::vector<ModernBertLayer> bind_layers(WeightBinder& weights, const std::string& prefix,
                                                  const ModernBertConfig& config) {
    std::vector<ModernBertLayer> layers;
    std::map<double, Rotary> rotary;
    for (size_t i = 0; i < config.layers.size(); ++i) {
      const LayerKind& kind = config.layers[i];
      const auto [table, fresh] = rotary.try_emplace(kind.theta);
      if (fresh)
        table->second = make_rotary(weights, kind.theta, config.shape.head_dim(), config.positions);
      layers.emplace_back(
          weights, prefix + "layers." + std::to_string(i) + ".", config,
          SelfAttention::Shape{config.shape.hidden, config.shape.heads, table->second, kind.window},
          i == 0);
    }
    return layers;
  }

  static Head bind_head(WeightBinder& weights, const ModernBertConfig& config) {
    const int width = config.shape.hidden;
    if (config.modules) return config.modules->bind(weights, width);
    Head head(width);
    head.add_dense(weights, "head.dense", width, config.head_activation, config.head_bias);
    head.add_norm(weights, "head.norm", config.epsilon, config.norm_bias);
    head.set_output(weights, "classifier");
    return head;
  }

  const ModernBertConfig config_;
  // Whatever stands before the names: model. or nothing.
  const std::string prefix_;
  Embeddings embeddings_;
  std::vector<ModernBertLayer> layers_;
  LayerNorm final_norm_;
  Head head_;
};

}  // namespace

ModelBinding read_modernbert(const ConfigReader& config,
                             const std::optional<ModuleChain>& modules) {
  return [read = read_modernbert_config(config, modules)](WeightBinder& weights) {
    return std::make_unique<const ModernBertModel>(weights, read);
  };
}

}  // namespace bge::encoder
