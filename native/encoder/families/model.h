#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "backend/backend.h"
#include "encoder/blocks/pass.h"
#include "encoder/weights/weight_binder.h"

namespace bge::encoder {

// A model with its weights bound: what a family makes of blocks. Immutable; safe from any number of
// threads.
class Model {
 public:
  virtual ~Model() = default;

  // Longest sequence.
  virtual int max_tokens() const = 0;
  virtual WorkspaceShape workspace() const = 0;
  // Takes the rows into `sequences`, with their positions. Throws as Sequences::gather() does.
  virtual void gather(std::span<const backend::Row> rows, Sequences& sequences) const = 0;
  // One logit for each sequence of the pass. Throws Error kAborted.
  virtual void run(Pass& pass, std::span<float> logits) const = 0;

  // What sequences with the same first tokens can share of them; nothing where every token sees
  // those after it.
  virtual std::optional<KeyValues::Shape> key_values() const { return std::nullopt; }
  // Fills `pass.kept`; where key_values() is something. Throws Error kAborted.
  virtual void keep(Pass&) const {}
};

// Binds the weights of a model whose config.json has been read; called once for each binder, so
// twice for a load.
using ModelBinding = std::function<std::unique_ptr<const Model>(WeightBinder&)>;

}  // namespace bge::encoder
