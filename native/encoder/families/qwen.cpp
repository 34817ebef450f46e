#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "encoder/blocks/causal_attention.h"
#include "encoder/blocks/embeddings.h"
#include "encoder/blocks/feed_forward.h"
#include "encoder/blocks/head.h"
#include "encoder/blocks/linear.h"
#include "encoder/families/modules.h"
#include "encoder/families/registry.h"

// Qwen2 and Qwen3 (Yang et al. 2024, 2025) as rerankers: decoders whose answer to a prompt, or
// whose one label, is the score. Pre-norm layers by RMSNorm, grouped queries, rotary positions,
// SwiGLU; Qwen2 has biases on queries, keys and values, Qwen3 norms of each head's queries and
// keys.
namespace bge::encoder {
namespace {

using Bias = WeightBinder::Bias;
using kernels::Epilogue;

struct QwenConfig {
  int hidden;
  int layers;
  int heads;
  int key_heads;
  int head_dim;
  int intermediate;
  int vocabulary;
  int positions;
  float epsilon;
  double theta;
  bool has_head_norms;
  Bias qkv_bias;
  Bias output_bias;
  // Whether lm_head.weight is the word vectors; unsaid: where the file has no other.
  std::optional<bool> tied;
  // Of a causal model; else the weights have a label.
  std::optional<AnswerTokens> answers;

  int context() const { return heads * head_dim; }
};

double read_theta(const ConfigReader& config) {
  config.require(!config.has("rope_scaling/type") && !config.has("rope_scaling/factor") &&
                     !config.has("rope_parameters/factor"),
                 "rope_scaling");
  for (const char* key : {"rope_parameters/rope_type", "rope_scaling/rope_type"}) {
    const std::string type = config.text(key, "default");
    config.require(type == "default", "rope_type " + type);
  }
  const double theta =
      config.number("rope_parameters/rope_theta", config.number("rope_theta", 10000.0));
  config.require(theta > 1.0, "a rotary base of " + std::to_string(theta));
  return theta;
}

void require_known(const ConfigReader& config) {
  const std::string activation = config.text("hidden_act", "silu");
  config.require(activation == "silu", "hidden_act " + activation);
  config.require(!config.flag("use_sliding_window", false), "use_sliding_window");
  config.require(!config.has("quantization_config"), "quantization_config");
  for (const std::string& type : config.texts("layer_types"))
    config.require(type == "full_attention", "the layer type " + type);
}

void require_widths(const ConfigReader& config, const QwenConfig& read) {
  config.require(read.hidden % kernels::kWidthMultiple == 0 &&
                     read.intermediate % kernels::kWidthMultiple == 0,
                 "widths that are no multiple of 64");
  config.require(read.heads % read.key_heads == 0, std::to_string(read.heads) + " heads over " +
                                                       std::to_string(read.key_heads) +
                                                       " heads of keys");
  config.require(read.head_dim % kernels::kWidthMultiple == 0 &&
                     read.head_dim <= kernels::kMaxHeadDim && read.context() >= read.hidden,
                 "heads of this width");
}

QwenConfig read_qwen_config(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  constexpr int kLargestWidth = 1 << 15;
  constexpr int kMostPositions = 1 << 16;
  require_known(config);
  QwenConfig read;
  read.has_head_norms = config.text("model_type", "") == "qwen3";
  read.hidden = config.integer("hidden_size", 1, kLargestWidth);
  read.layers = config.integer("num_hidden_layers", 1, 1024);
  read.heads = config.integer("num_attention_heads", 1, 1024);
  read.key_heads = config.integer("num_key_value_heads", 1, read.heads, read.heads);
  read.head_dim = config.integer("head_dim", 1, kLargestWidth,
                                 read.has_head_norms ? 128 : read.hidden / read.heads);
  read.intermediate = config.integer("intermediate_size", 1, kLargestWidth);
  read.vocabulary = config.integer("vocab_size", 1, 1 << 24);
  read.positions = std::min(kMostPositions, config.integer("max_position_embeddings", 1, 1 << 28));
  read.epsilon = static_cast<float>(config.number("rms_norm_eps", 1e-6));
  read.theta = read_theta(config);
  const Bias said = config.flag("attention_bias", false) ? Bias::kAdded : Bias::kNone;
  read.qkv_bias = read.has_head_norms ? said : Bias::kAdded;
  read.output_bias = read.has_head_norms ? said : Bias::kNone;
  if (config.has("tie_word_embeddings")) read.tied = config.flag("tie_word_embeddings", false);
  require_widths(config, read);
  if (modules) {
    config.require(modules->answers.has_value(), "modules other than LogitScore behind it");
    read.answers = modules->answers;
  }
  return read;
}

// x += attention(norm(x)), x += feed_forward(norm(x)).
class QwenLayer {
 public:
  QwenLayer(WeightBinder& weights, const std::string& name, const QwenConfig& config,
            const CausalAttention::Shape& shape)
      : width_(config.hidden),
        context_(config.context()),
        attention_norm_(weights, name + "input_layernorm", width_, config.epsilon, Bias::kNone,
                        LayerNorm::Center::kNone),
        attention_(weights, {name + "self_attn.", config.qkv_bias, config.has_head_norms}, shape),
        attention_output_(weights.panels(
            weights.linear(name + "self_attn.o_proj", width_, context_, config.output_bias))),
        feed_forward_norm_(weights, name + "post_attention_layernorm", width_, config.epsilon,
                           Bias::kNone, LayerNorm::Center::kNone),
        feed_forward_(weights,
                      FeedForward::GatedNames{name + "mlp.gate_proj", name + "mlp.up_proj",
                                              name + "mlp.down_proj"},
                      {.width = width_,
                       .intermediate = config.intermediate,
                       .gated = true,
                       .bias = Bias::kNone,
                       .activation = Epilogue::kStoreSilu}) {}

  // `only_last`: of every sequence nothing but the last token is wanted, which is then what comes
  // back, apart.
  Stream run(Pass& pass, bool only_last) const {
    const Stream all = pass.all();
    normalise(pass, all);
    const Stream out = only_last ? last_tokens(pass) : all;
    if (only_last) attention_norm_.run(pass, out, context(pass, 0));
    attention_.run(pass, all, out);
    pass.over_rows(out.rows, [&](int first, int last, Scratch& scratch) {
      const Stream part = out.part(pass.dtype, first, last);
      const kernels::Activations mixed = this->mixed(pass, first);
      convert(pass, pass.dtype, context(pass, first), context_, part.rows, mixed);
      multiply(pass, attention_output_, mixed, part.rows, 0, width_, Epilogue::kAdd, part.x,
               width_);
      feed_forward_norm_.run(pass, part, context(pass, first));
      feed_forward_.run(pass, part, scratch);
    });
    return out;
  }

  // Nothing but its keys and values.
  void keep(Pass& pass) const {
    const Stream all = pass.all();
    normalise(pass, all);
    attention_.keep(pass, all);
  }

 private:
  void normalise(Pass& pass, const Stream& all) const {
    pass.over_rows(all.rows, [&](int first, int last, Scratch&) {
      attention_norm_.run(pass, all.part(pass.dtype, first, last), context(pass, first));
    });
  }

  // What attention gives, and room for normalised rows, which are no wider, where that is not
  // needed.
  float* context(const Pass& pass, int row) const {
    return pass.shared.context.as<float>() + static_cast<size_t>(row) * context_;
  }
  kernels::Activations mixed(const Pass& pass, int row) const {
    return kernels::rows_from(pass.shared.mixed->view(), pass.dtype, row);
  }

  int width_;
  int context_;
  LayerNorm attention_norm_;
  CausalAttention attention_;
  kernels::PanelMatrix attention_output_;
  LayerNorm feed_forward_norm_;
  FeedForward feed_forward_;
};

class QwenModel : public Model {
 public:
  QwenModel(WeightBinder& weights, const QwenConfig& config)
      : config_(config),
        prefix_(weights.file().prefix_of("embed_tokens.weight")),
        embeddings_(
            weights,
            {.words = prefix_ + "embed_tokens.weight", .positions = "", .types = "", .norm = ""},
            {config.vocabulary, 0, 0, config.hidden}, config.epsilon),
        layers_(bind_layers(weights, prefix_, config)),
        final_norm_(weights, prefix_ + "norm", config.hidden, config.epsilon, Bias::kNone,
                    LayerNorm::Center::kNone),
        head_(bind_head(weights)) {}

  int max_tokens() const override { return config_.positions; }

  WorkspaceShape workspace() const override {
    const int group = config_.heads / config_.key_heads;
    return {.hidden = config_.hidden,
            .head_row = (group + 2) * config_.head_dim,
            .slice = FeedForward::slice_width(config_.intermediate),
            .head_dim = config_.head_dim,
            .max_tokens = max_tokens(),
            .context = config_.context(),
            .query_row = group * config_.head_dim};
  }

  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override {
    sequences.gather(rows, {config_.vocabulary, 1, max_tokens()});
  }

  void run(Pass& pass, std::span<float> logits) const override {
    embeddings_.run(pass);
    Stream out = pass.all();
    for (const QwenLayer& layer : layers_) {
      pass.check_stop();
      out = layer.run(pass, &layer == &layers_.back());
    }
    final_norm_.run(pass, out.x, out.rows, pass.shared.pooled.view());
    head_.run(pass, out, logits);
  }

  std::optional<KeyValues::Shape> key_values() const override {
    return KeyValues::Shape{config_.layers, config_.key_heads, config_.head_dim};
  }

  void keep(Pass& pass) const override {
    embeddings_.run(pass);
    for (const QwenLayer& layer : layers_) {
      pass.check_stop();
      if (&layer == &layers_.back())
        layer.keep(pass);
      else
        layer.run(pass, false);
    }
  }

 private:
  static std::vector<QwenLayer> bind_layers(WeightBinder& weights, const std::string& prefix,
                                            const QwenConfig& config) {
    const Rotary rotary = make_rotary(weights, config.theta, config.head_dim, config.positions);
    std::vector<QwenLayer> layers;
    for (int i = 0; i < config.layers; ++i)
      layers.emplace_back(weights, prefix + "layers." + std::to_string(i) + ".", config,
                          CausalAttention::Shape{config.hidden, config.heads, config.key_heads,
                                                 config.head_dim, rotary, i, config.epsilon});
    return layers;
  }

  Head bind_head(WeightBinder& weights) const {
    Head head(config_.hidden);
    if (!config_.answers) {
      head.set_output(weights, "score", Bias::kNone);
      return head;
    }
    const std::string table = "lm_head.weight";
    const bool tied = config_.tied.value_or(!weights.file().tensors().contains(table));
    head.set_answers(weights, tied ? prefix_ + "embed_tokens.weight" : table, config_.vocabulary,
                     config_.answers->relevant, config_.answers->other);
    return head;
  }

  const QwenConfig config_;
  // Whatever stands before the names: model. or nothing.
  const std::string prefix_;
  Embeddings embeddings_;
  std::vector<QwenLayer> layers_;
  LayerNorm final_norm_;
  Head head_;
};

}  // namespace

ModelBinding read_qwen(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  return [read = read_qwen_config(config, modules)](WeightBinder& weights) {
    return std::make_unique<const QwenModel>(weights, read);
  };
}

}  // namespace bge::encoder
