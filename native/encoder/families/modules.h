#pragma once

#include <optional>
#include <string>
#include <vector>

#include "encoder/blocks/head.h"

// Sentence Transformers repositories: a bare transformer, and in modules.json what follows it, each
// module in a folder of its own with its config.json and weights.
namespace bge::encoder {

// kLast: of a causal model, whose last token alone has seen all.
enum class Pooling { kFirst, kMean, kLast };

// The tokens that a causal model answers with, by their ids: the logit is that of `relevant`, less
// that of `other` where there is one.
struct AnswerTokens {
  int relevant;
  std::optional<int> other;
};

// One step of the head.
struct HeadModule {
  enum class Kind { kDense, kLayerNorm, kNormalize };
  Kind kind;
  std::string folder;  // also what precedes its names in the weight file
  // Of a dense layer.
  int in = 0;
  int out = 0;
  WeightBinder::Bias bias = WeightBinder::Bias::kAdded;
  Activation activation = Activation::kNone;
};

struct ModuleChain {
  Pooling pooling;
  std::vector<HeadModule> steps;
  // Of a causal model, in place of steps.
  std::optional<AnswerTokens> answers{};

  Stream pool(const Pass& pass) const;
  // Of the steps that have weights, which stand in the weight file behind the folder's name.
  std::vector<std::string> folders() const;
  // Throws as Head does.
  Head bind(WeightBinder& weights, int width) const;
};

// The modules that follow the transformer, or nothing where the folder has no modules.json or only
// a transformer in it, which then has a head of its own. Throws Error kModelUnsupported with the
// name of what our own kernels do not run, kModelNotFound and kModelInvalid for the files.
std::optional<ModuleChain> read_modules(const std::string& folder);

}  // namespace bge::encoder
