#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "encoder_fixture.h"

namespace bge::encoder {

// A small Qwen2 or Qwen3 with random weights, by the names that PyTorch gives them, and what its
// config files say of it.
struct TestQwen : RandomTensors {
  enum class Ending {
    kLogitScore,  // modules.json, two tokens, the word vectors as output table
    kOneToken,    // modules.json, one token, a table of its own
    kLabel,       // …ForSequenceClassification
  };

  TestQwen(bool is_qwen3, Ending e)
      : RandomTensors(23), qwen3(is_qwen3), ending(e), heads(is_qwen3 ? 6 : 2) {
    add("model.embed_tokens.weight", {vocabulary, hidden}, 0.5f);
    for (int i = 0; i < layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      const std::string attention = layer + "self_attn.";
      add(layer + "input_layernorm.weight", {hidden}, 0.2f, 1.0f);
      add_linear(attention + "q_proj", heads * head_dim, hidden, !qwen3);
      add_linear(attention + "k_proj", key_heads() * head_dim, hidden, !qwen3);
      add_linear(attention + "v_proj", key_heads() * head_dim, hidden, !qwen3);
      add_linear(attention + "o_proj", hidden, heads * head_dim, false);
      if (qwen3) {
        add(attention + "q_norm.weight", {head_dim}, 0.2f, 1.0f);
        add(attention + "k_norm.weight", {head_dim}, 0.2f, 1.0f);
      }
      add(layer + "post_attention_layernorm.weight", {hidden}, 0.2f, 1.0f);
      add_linear(layer + "mlp.gate_proj", intermediate, hidden, false);
      add_linear(layer + "mlp.up_proj", intermediate, hidden, false);
      add_linear(layer + "mlp.down_proj", hidden, intermediate, false);
    }
    add("model.norm.weight", {hidden}, 0.2f, 1.0f);
    if (ending == Ending::kLabel) add_linear("score", 1, hidden, false);
    if (ending == Ending::kOneToken) add_linear("lm_head", vocabulary, hidden, false);
  }

  int key_heads() const { return qwen3 ? 2 : 1; }
  const std::vector<float>& at(const std::string& name) const { return tensors.at(name).data; }

  // As transformers 5 writes it; `more` may name an entry again, and the last one counts.
  std::string config_json(const std::map<std::string, std::string>& more = {}) const {
    const std::string type = qwen3 ? "Qwen3" : "Qwen2";
    const bool is_causal = ending != Ending::kLabel;
    std::map<std::string, std::string> entries{
        {"model_type", qwen3 ? "\"qwen3\"" : "\"qwen2\""},
        {"architectures",
         "[\"" + type + (is_causal ? "ForCausalLM\"]" : "ForSequenceClassification\"]")},
        {"hidden_act", "\"silu\""},
        {"vocab_size", std::to_string(vocabulary)},
        {"hidden_size", std::to_string(hidden)},
        {"num_hidden_layers", std::to_string(layers)},
        {"num_attention_heads", std::to_string(heads)},
        {"num_key_value_heads", std::to_string(key_heads())},
        {"intermediate_size", std::to_string(intermediate)},
        {"max_position_embeddings", std::to_string(positions)},
        {"rms_norm_eps", "1e-6"},
        {"attention_bias", "false"},
        {"use_sliding_window", "false"},
        {"sliding_window", "null"},
        {"layer_types", R"(["full_attention", "full_attention", "full_attention"])"},
        {"rope_parameters", R"({"rope_type": "default", "rope_theta": 5000})"},
        {"tie_word_embeddings", ending == Ending::kLogitScore ? "true" : "false"},
    };
    if (qwen3) entries["head_dim"] = std::to_string(head_dim);
    for (const auto& [key, value] : more) entries[key] = value;
    std::string json;
    for (const auto& [key, value] : entries)
      if (!value.empty()) json += (json.empty() ? "\"" : ", \"") + key + "\": " + value;
    return "{" + json + "}";
  }

  std::string logit_score_json() const {
    return "{\"true_token_id\": " + std::to_string(yes) + ", \"false_token_id\": " +
           (ending == Ending::kLogitScore ? std::to_string(no) : "null") +
           ", \"module_input_name\": \"causal_logits\"}";
  }

  void write(const std::filesystem::path& folder) const {
    write_file(folder / "config.json", config_json());
    write_file(folder / "model.safetensors", safetensors_bytes(tensors));
    if (ending == Ending::kLabel) return;
    std::filesystem::create_directories(folder / "1_LogitScore");
    write_file(folder / "1_LogitScore" / "config.json", logit_score_json());
    write_file(folder / "modules.json",
               R"([{"idx": 0, "name": "0", "path": "", )"
               R"("type": "sentence_transformers.base.modules.transformer.Transformer"}, )"
               R"({"idx": 1, "name": "1", "path": "1_LogitScore", )"
               R"("type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}])");
  }

  bool qwen3;
  Ending ending;
  int head_dim = 64;
  int heads;
  int vocabulary = 50, hidden = 128, layers = 3, intermediate = 192, positions = 400;
  int yes = 7, no = 31;

 private:
  void add_linear(const std::string& name, int out, int in, bool has_bias) {
    add(name + ".weight", {out, in}, 0.1f);
    if (has_bias) add(name + ".bias", {out}, 0.3f);
  }
};

}  // namespace bge::encoder
