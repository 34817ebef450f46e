#include "encoder/families/modules.h"

#include <array>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "encoder/families/config_reader.h"

namespace bge::encoder {
namespace {

// What nn.LayerNorm takes where nothing is said.
constexpr float kTorchEpsilon = 1e-5f;
constexpr int kLargestWidth = 1 << 15;
constexpr std::string_view kVector = "sentence_embedding";
constexpr std::string_view kScores = "scores";

// The class of a name such as sentence_transformers.base.modules.dense.Dense, if it is of that
// package; else the whole name, which then is the one to refuse.
std::string class_of(const std::string& name, std::string_view package) {
  return name.starts_with(package) ? name.substr(name.rfind('.') + 1) : name;
}

Activation read_activation(const ConfigReader& config) {
  static constexpr std::array<std::pair<std::string_view, Activation>, 6> kKnown{{
      {"Identity", Activation::kNone},
      {"GELU", Activation::kGelu},
      {"ReLU", Activation::kRelu},
      {"SiLU", Activation::kSilu},
      {"Sigmoid", Activation::kSigmoid},
      {"Tanh", Activation::kTanh},
  }};
  const std::string name = config.text("activation_function", "torch.nn.modules.activation.Tanh");
  const std::string type = class_of(name, "torch.nn.");
  for (const auto& [known, activation] : kKnown)
    if (type == known) return activation;
  config.require(false, "the activation_function " + name);
  return Activation::kNone;
}

Pooling read_pooling(const ConfigReader& config) {
  std::vector<std::string> modes = config.texts("pooling_mode");
  if (const std::string mode = config.text("pooling_mode", ""); !mode.empty()) modes = {mode};
  // How earlier releases wrote it.
  for (const char* legacy : {"cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens",
                             "weightedmean_tokens", "lasttoken"})
    if (config.flag(std::string("pooling_mode_") + legacy, false)) modes.emplace_back(legacy);
  config.require(modes.size() == 1, std::to_string(modes.size()) + " pooling modes");
  if (modes[0] == "cls" || modes[0] == "cls_token") return Pooling::kFirst;
  config.require(modes[0] == "mean" || modes[0] == "mean_tokens", "the pooling_mode " + modes[0]);
  return Pooling::kMean;
}

HeadModule read_dense(const ConfigReader& config, const std::string& folder) {
  HeadModule dense{.kind = HeadModule::Kind::kDense, .folder = folder};
  dense.in = config.integer("in_features", 1, kLargestWidth);
  dense.out = config.integer("out_features", 1, kLargestWidth);
  if (!config.flag("bias", true)) dense.bias = WeightBinder::Bias::kNone;
  dense.activation = read_activation(config);
  config.require(!config.flag("use_residual", false), "use_residual in a Dense module");
  const std::string input = config.text("module_input_name", kVector);
  config.require(input == kVector, "a Dense module of " + input);
  const std::string output = config.text("module_output_name", input);
  const std::string_view expected = dense.out == 1 ? kScores : kVector;
  config.require(output == expected,
                 "a Dense module of " + std::to_string(dense.out) + " outputs as " + output);
  return dense;
}

ModuleChain read_logit_score(const ConfigReader& config) {
  constexpr int kLargestId = 1 << 24;
  const std::string input = config.text("module_input_name", "causal_logits");
  config.require(input == "causal_logits", "a LogitScore module of " + input);
  AnswerTokens answers{config.integer("true_token_id", 0, kLargestId), std::nullopt};
  if (config.has("false_token_id")) answers.other = config.integer("false_token_id", 0, kLargestId);
  return {Pooling::kLast, {}, answers};
}

// What CrossEncoder.predict() does around the modules.
void check_settings(const std::string& folder) {
  const std::string path = folder + "/config_sentence_transformers.json";
  if (!std::filesystem::exists(path)) return;
  const ConfigReader config(path);
  const std::string name = config.text("activation_fn", "torch.nn.modules.activation.Sigmoid");
  const std::string type = class_of(name, "torch.nn.");
  config.require(type == "Sigmoid" || type == "Identity", "the activation_fn " + name);
  config.require(!config.has("default_prompt_name"), "a default prompt");
}

}  // namespace

Stream ModuleChain::pool(const Pass& pass) const {
  return pooling == Pooling::kMean ? mean_tokens(pass) : first_tokens(pass);
}

std::vector<std::string> ModuleChain::folders() const {
  std::vector<std::string> folders;
  for (const HeadModule& step : steps)
    if (step.kind != HeadModule::Kind::kNormalize) folders.push_back(step.folder);
  return folders;
}

Head ModuleChain::bind(WeightBinder& weights, int width) const {
  Head head(width);
  for (const HeadModule& step : steps) {
    if (step.kind == HeadModule::Kind::kNormalize) {
      head.add_unit_length();
    } else if (step.kind == HeadModule::Kind::kLayerNorm) {
      head.add_norm(weights, step.folder + "/norm", kTorchEpsilon);
    } else {
      if (step.in != head.width())
        throw Error(ErrorCode::kModelInvalid,
                    "The module " + step.folder + " takes " + std::to_string(step.in) +
                        " values and is given " + std::to_string(head.width()) +
                        "; fetch all of the model's folders from one revision.");
      if (&step == &steps.back())
        head.set_output(weights, step.folder + "/linear", step.bias);
      else
        head.add_dense(weights, step.folder + "/linear", step.out, step.activation, step.bias);
    }
  }
  return head;
}

std::optional<ModuleChain> read_modules(const std::string& folder) {
  const std::string path = folder + "/modules.json";
  if (!std::filesystem::exists(path)) return std::nullopt;
  check_settings(folder);
  const ConfigReader modules(path);
  std::optional<ModuleChain> chain;
  for (int i = 0; modules.has(std::to_string(i)); ++i) {
    const std::string entry = std::to_string(i) + "/";
    const std::string name = modules.text(entry + "type", "");
    const std::string type = class_of(name, "sentence_transformers.");
    const std::string part = modules.text(entry + "path", "");
    if (i == 0) {
      modules.require(type == "Transformer" && part.empty(),
                      "a first module " + name + " in the folder '" + part + "'");
      continue;
    }
    if (type == "Dropout") continue;
    if (type == "Normalize" && chain) {
      chain->steps.push_back({.kind = HeadModule::Kind::kNormalize, .folder = part});
      continue;
    }
    modules.require(!part.empty() && part.find("..") == std::string::npos && part[0] != '/',
                    "a module in the folder '" + part + "'");
    if (type == "Pooling" && !chain) {
      chain.emplace(
          ModuleChain{read_pooling(ConfigReader(folder + "/" + part + "/config.json")), {}});
    } else if (type == "LogitScore" && !chain) {
      chain = read_logit_score(ConfigReader(folder + "/" + part + "/config.json"));
    } else if (type == "Dense" && chain) {
      chain->steps.push_back(read_dense(ConfigReader(folder + "/" + part + "/config.json"), part));
    } else if (type == "LayerNorm" && chain) {
      chain->steps.push_back({.kind = HeadModule::Kind::kLayerNorm, .folder = part});
    } else {
      modules.require(false, "the module " + name + (chain ? "" : " before Pooling"));
    }
  }
  if (!chain) return std::nullopt;
  if (chain->answers) {
    modules.require(chain->steps.empty(), "modules behind LogitScore");
    return chain;
  }
  const bool ends = !chain->steps.empty() && chain->steps.back().kind == HeadModule::Kind::kDense &&
                    chain->steps.back().out == 1;
  modules.require(ends, "modules that end in another thing than a Dense layer of one output");
  modules.require(chain->steps.back().activation == Activation::kNone,
                  "an activation after its last Dense module");
  return chain;
}

}  // namespace bge::encoder
