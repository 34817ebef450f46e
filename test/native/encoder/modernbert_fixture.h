#pragma once

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "encoder_fixture.h"

namespace bge::encoder {

// A small ModernBERT with random weights, by the names that PyTorch gives them, and what its config
// files say of it. With `modules` it is a Sentence Transformers repository: Pooling, Dense, GELU,
// LayerNorm, Normalize, Dense.
struct TestModernBert : RandomTensors {
  enum class Variant { kFirst, kMean, kModules };

  explicit TestModernBert(Variant v, bool with_biases = false)
      : RandomTensors(23),
        variant(v),
        biases(with_biases),
        prefix(v == Variant::kModules ? "" : "model.") {
    add(prefix + "embeddings.tok_embeddings.weight", {vocabulary, hidden}, 0.5f);
    add_norm(prefix + "embeddings.norm");
    for (int i = 0; i < layers; ++i) {
      const std::string layer = prefix + "layers." + std::to_string(i) + ".";
      if (i > 0) add_norm(layer + "attn_norm");
      add_linear(layer + "attn.Wqkv", 3 * hidden, hidden, biases);
      add_linear(layer + "attn.Wo", hidden, hidden, biases);
      add_norm(layer + "mlp_norm");
      add_linear(layer + "mlp.Wi", 2 * intermediate, hidden, biases);
      add_linear(layer + "mlp.Wo", hidden, intermediate, biases);
    }
    add_norm(prefix + "final_norm");
    add_head();
  }

  bool windowed(int layer) const { return layer % 2 == 1; }
  double theta(int layer) const { return windowed(layer) ? 100.0 : 5000.0; }
  const std::vector<float>& at(const std::string& name) const { return tensors.at(name).data; }

  // As transformers 5 writes it; `more` may name an entry again, and the last one counts.
  std::string config_json(const std::map<std::string, std::string>& more = {}) const {
    std::map<std::string, std::string> entries{
        {"model_type", "\"modernbert\""},
        {"architectures", variant == Variant::kModules
                              ? "[\"ModernBertModel\"]"
                              : "[\"ModernBertForSequenceClassification\"]"},
        {"hidden_activation", "\"gelu\""},
        {"vocab_size", std::to_string(vocabulary)},
        {"hidden_size", std::to_string(hidden)},
        {"num_hidden_layers", std::to_string(layers)},
        {"num_attention_heads", std::to_string(heads)},
        {"intermediate_size", std::to_string(intermediate)},
        {"max_position_embeddings", std::to_string(positions)},
        {"norm_eps", "1e-5"},
        {"local_attention", std::to_string(2 * window)},
        {"layer_types",
         R"(["full_attention", "sliding_attention", "full_attention", "sliding_attention"])"},
        {"rope_parameters",
         R"({"full_attention": {"rope_type": "default", "rope_theta": 5000},
            "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}})"},
        {"classifier_pooling", variant == Variant::kMean ? "\"mean\"" : "\"cls\""},
    };
    for (const char* key : {"attention_bias", "mlp_bias", "norm_bias", "classifier_bias"})
      entries[key] = biases ? "true" : "false";
    for (const auto& [key, value] : more) entries[key] = value;
    std::string json;
    for (const auto& [key, value] : entries)
      if (!value.empty()) json += (json.empty() ? "\"" : ", \"") + key + "\": " + value;
    return "{" + json + "}";
  }

  // The model's folder, with the modules' where there are such.
  void write(const std::filesystem::path& folder) const {
    write_file(folder / "config.json", config_json());
    write_file(folder / "model.safetensors", safetensors_bytes(tensors));
    if (variant != Variant::kModules) return;
    const std::string modules = "sentence_transformers.sentence_transformer.modules.";
    write_module(folder, "1_Pooling", "{\"embedding_dimension\": 64, \"pooling_mode\": \"mean\"}");
    write_module(folder, "2_Dense",
                 "{\"in_features\": 64, \"out_features\": 64, \"bias\": false, "
                 "\"activation_function\": \"torch.nn.modules.activation.GELU\"}");
    write_module(folder, "3_LayerNorm", "{\"dimension\": 64}");
    write_module(folder, "5_Dense",
                 "{\"in_features\": 64, \"out_features\": 1, \"module_output_name\": \"scores\", "
                 "\"activation_function\": \"torch.nn.modules.linear.Identity\"}");
    write_file(folder / "modules.json",
               "[" + entry(0, "", "sentence_transformers.models.Transformer") + ", " +
                   entry(1, "1_Pooling", modules + "pooling.Pooling") + ", " +
                   entry(2, "2_Dense", "sentence_transformers.base.modules.dense.Dense") + ", " +
                   entry(3, "3_LayerNorm", modules + "layer_norm.LayerNorm") + ", " +
                   entry(4, "4_Normalize", "sentence_transformers.base.modules.Normalize") + ", " +
                   entry(5, "5_Dense", "sentence_transformers.models.Dense") + "]");
  }

  static std::string entry(int i, const std::string& path, const std::string& type) {
    const std::string number = std::to_string(i);
    return "{\"idx\": " + number + ", \"name\": \"" + number + "\", \"path\": \"" + path +
           "\", \"type\": \"" + type + "\"}";
  }

  Variant variant;
  bool biases;
  std::string prefix;
  int vocabulary = 50, hidden = 64, layers = 4, heads = 2, intermediate = 128, positions = 300;
  int window = 8;
  std::map<std::string, TestTensors> module_tensors;  // by folder

 private:
  void add_head() {
    if (variant != Variant::kModules) {
      add_linear("head.dense", hidden, hidden, biases);
      add_norm("head.norm");
      add_linear("classifier", 1, hidden, true);
      return;
    }
    // By the names that ModernBertReference knows, then as the modules' files have them.
    add_linear("2_Dense/linear", hidden, hidden, false);
    add_vector("3_LayerNorm/norm.weight", hidden, 0.2f, 1.0f);
    add_vector("3_LayerNorm/norm.bias", hidden, 0.2f);
    add_linear("5_Dense/linear", 1, hidden, true);
    for (auto at = tensors.begin(); at != tensors.end();) {
      const size_t slash = at->first.find('/');
      if (slash == std::string::npos) {
        ++at;
        continue;
      }
      module_tensors[at->first.substr(0, slash)][at->first.substr(slash + 1)] = at->second;
      at = tensors.erase(at);
    }
  }

  void write_module(const std::filesystem::path& folder, const std::string& name,
                    const std::string& config) const {
    std::filesystem::create_directories(folder / name);
    write_file(folder / name / "config.json", config);
    const auto found = module_tensors.find(name);
    if (found != module_tensors.end())
      write_file(folder / name / "model.safetensors", safetensors_bytes(found->second));
  }

  void add_vector(const std::string& name, int size, float scale, float mean = 0.0f) {
    add(name, {size}, scale, mean);
  }
  void add_linear(const std::string& name, int out, int in, bool bias) {
    add(name + ".weight", {out, in}, 0.2f);
    if (bias) add_vector(name + ".bias", out, 0.5f);
  }
  void add_norm(const std::string& name) {
    add_vector(name + ".weight", hidden, 0.2f, 1.0f);
    if (biases) add_vector(name + ".bias", hidden, 0.3f);
  }
};

}  // namespace bge::encoder
