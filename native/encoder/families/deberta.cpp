#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "encoder/families/post_norm_model.h"
#include "encoder/families/registry.h"

// DeBERTa-v2 and -v3 (He et al. 2021): BERT's layers with disentangled attention, and no positions
// but the distances in it.
namespace bge::encoder {
namespace {

struct DebertaConfig {
  TransformerShape shape;
  int vocabulary;
  int types;  // 0: no vectors of types
  float epsilon;
  DistanceTable::Shape distances;
  bool normalises_distances;
  Activation head_activation;
  std::optional<ModuleChain> modules;

  Pooling pooling() const { return modules ? modules->pooling : Pooling::kFirst; }
};

bool has_both_products(const ConfigReader& config) {
  std::string types = config.text("pos_att_type", "");
  for (const std::string& type : config.texts("pos_att_type")) types += type + "|";
  return types.find("c2p") != std::string::npos && types.find("p2c") != std::string::npos;
}

Activation read_head_activation(const ConfigReader& config) {
  const std::string activation = config.text("pooler_hidden_act", "gelu");
  config.require(activation == "gelu" || activation == "tanh", "pooler_hidden_act " + activation);
  return activation == "gelu" ? Activation::kGelu : Activation::kTanh;
}

DistanceTable::Shape read_distances(const ConfigReader& config) {
  constexpr int kMost = 1 << 12;
  DistanceTable::Shape shape;
  shape.max_tokens = config.integer("max_position_embeddings", 1, kMost, 512);
  const int furthest = config.integer("max_relative_positions", -1, kMost, -1);
  shape.furthest = furthest > 0 ? furthest : shape.max_tokens;
  const int buckets = config.integer("position_buckets", -1, kMost, -1);
  shape.buckets = std::max(buckets, 0);
  const int rows = shape.buckets > 0 ? shape.buckets : shape.furthest;
  config.require(rows % 8 == 0 && (shape.buckets == 0 || shape.buckets / 2 < shape.furthest - 1),
                 std::to_string(buckets) + " position_buckets of " +
                     std::to_string(shape.furthest) + " positions");
  return shape;
}

void require_known_layout(const ConfigReader& config, const TransformerShape& shape) {
  const std::string activation = config.text("hidden_act", "gelu");
  config.require(activation == "gelu", "hidden_act " + activation);
  config.require(config.flag("relative_attention", false), "relative_attention false");
  config.require(!config.flag("position_biased_input", true), "position_biased_input");
  config.require(config.flag("share_att_key", false), "share_att_key false");
  config.require(has_both_products(config), "another pos_att_type than c2p and p2c");
  config.require(config.integer("conv_kernel_size", 0, 1 << 10, 0) == 0, "conv_kernel_size");
  config.require(config.integer("embedding_size", 1, 1 << 15, shape.hidden) == shape.hidden,
                 "another embedding_size than hidden_size");
  config.require(
      config.integer("attention_head_size", 1, 1 << 15, shape.head_dim()) == shape.head_dim(),
      "attention_head_size");
  config.require(shape.head_dim() == kernels::kWidthMultiple, "heads of this width");
}

DebertaConfig read_deberta_config(const ConfigReader& config,
                                  const std::optional<ModuleChain>& modules) {
  DebertaConfig read;
  read.shape = read_transformer_shape(config);
  require_known_layout(config, read.shape);
  read.vocabulary = config.integer("vocab_size", 1, 1 << 24);
  read.types = config.integer("type_vocab_size", 0, 16, 0);
  read.epsilon = static_cast<float>(config.number("layer_norm_eps", 1e-7));
  read.distances = read_distances(config);
  const std::string norm = config.text("norm_rel_ebd", "none");
  config.require(norm == "none" || norm == "layer_norm", "norm_rel_ebd " + norm);
  read.normalises_distances = norm == "layer_norm";
  read.head_activation = read_head_activation(config);
  read.modules = modules;
  return read;
}

// The vectors of distances that all layers share, normalised; empty while the binder does not fill.
std::vector<float> read_vectors(WeightBinder& weights, const std::string& encoder,
                                const DebertaConfig& config, int rows) {
  const int width = config.shape.hidden;
  const Tensor& table = weights.file().matrix(encoder + "rel_embeddings.weight", rows, width);
  // Part of what the converted weights are made by.
  const std::string norm =
      config.normalises_distances ? "norm of " + std::to_string(1e9 * config.epsilon) : "no norm";
  weights.computed("distances, " + norm, 0, [](float*) {});
  const auto norm_of = [&](const char* part) -> const Tensor* {
    if (!config.normalises_distances) return nullptr;
    return &weights.file().vector(encoder + "LayerNorm." + part, width);
  };
  const Tensor* const scale = norm_of("weight");
  const Tensor* const shift = norm_of("bias");
  if (!weights.fills()) return {};
  const FloatView from(table);
  std::vector<float> vectors(from.data(), from.data() + from.size());
  if (!config.normalises_distances) return vectors;
  const FloatView gamma(*scale);
  const FloatView beta(*shift);
  for (int row = 0; row < rows; ++row) {
    float* x = vectors.data() + static_cast<size_t>(row) * width;
    double mean = 0.0;
    double variance = 0.0;
    for (int i = 0; i < width; ++i) mean += x[i];
    mean /= width;
    for (int i = 0; i < width; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const double inverse = 1.0 / std::sqrt(variance / width + config.epsilon);
    for (int i = 0; i < width; ++i)
      x[i] = static_cast<float>((x[i] - mean) * inverse * gamma[i] + beta[i]);
  }
  return vectors;
}

std::vector<PostNormLayer> bind_layers(WeightBinder& weights, const std::string& encoder,
                                       const DebertaConfig& config,
                                       const std::shared_ptr<const DistanceTable>& table) {
  const auto [hidden, count, heads, intermediate] = config.shape;
  const std::vector<float> vectors = read_vectors(weights, encoder, config, table->rows());
  std::vector<PostNormLayer> layers;
  for (int i = 0; i < count; ++i) {
    const std::string name = encoder + "layer." + std::to_string(i) + ".";
    const std::string attention = name + "attention.self.";
    SelfAttention::Shape shape{hidden, heads};
    shape.distances.emplace(weights,
                            DistanceScores::Names{attention + "query_proj", attention + "key_proj"},
                            heads, table, hidden, vectors);
    layers.emplace_back(
        weights,
        SelfAttention(weights,
                      SelfAttention::Names{attention + "query_proj", attention + "key_proj",
                                           attention + "value_proj"},
                      shape),
        PostNormLayer::Names{name + "attention.output.dense", name + "attention.output.LayerNorm",
                             name + "intermediate.dense", name + "output.dense",
                             name + "output.LayerNorm"},
        PostNormLayer::Shape{{hidden, intermediate}, config.epsilon});
  }
  return layers;
}

Head bind_head(WeightBinder& weights, const DebertaConfig& config, const std::string& outer) {
  const int width = config.shape.hidden;
  if (config.modules) return config.modules->bind(weights, width);
  Head head(width);
  head.add_dense(weights, outer + "pooler.dense", width, config.head_activation);
  head.set_output(weights, outer + "classifier");
  return head;
}

std::unique_ptr<const Model> bind_deberta(WeightBinder& weights, const DebertaConfig& config) {
  const std::string prefix = weights.file().prefix_of("embeddings.word_embeddings.weight");
  const auto table = std::make_shared<const DistanceTable>(config.distances);
  const std::string tables = prefix + "embeddings.";
  Embeddings embeddings(
      weights,
      {tables + "word_embeddings.weight", "",
       config.types > 0 ? tables + "token_type_embeddings.weight" : "", tables + "LayerNorm"},
      {config.vocabulary, 0, config.types, config.shape.hidden}, config.epsilon);
  std::vector<PostNormLayer> layers = bind_layers(weights, prefix + "encoder.", config, table);
  const int max_tokens = table->max_tokens();
  WorkspaceShape workspace = workspace_of(config.shape, max_tokens);
  workspace.distances = DistanceScores::row_floats(*table);
  return std::make_unique<const PostNormModel>(
      PostNormModel::Facts{
          {config.vocabulary, std::max(config.types, 1), max_tokens}, workspace, config.pooling()},
      PostNormModel::Parts{std::move(embeddings), std::move(layers),
                           bind_head(weights, config, outer_of(prefix))});
}

}  // namespace

ModelBinding read_deberta(const ConfigReader& config, const std::optional<ModuleChain>& modules) {
  return [read = read_deberta_config(config, modules)](WeightBinder& weights) {
    return bind_deberta(weights, read);
  };
}

}  // namespace bge::encoder
