#pragma once

#include <string>
#include <vector>

#include "encoder/blocks/embeddings.h"
#include "encoder/blocks/head.h"
#include "encoder/blocks/post_norm_layer.h"
#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"
#include "encoder/families/modules.h"

namespace bge::encoder {

// BERT and its kin: embeddings, layers that normalise after each addition, a head. They differ in
// the names of their weights, in how positions count and in what a feed-forward layer does.
class PostNormModel : public Model {
 public:
  struct Facts {
    TokenLimits limits;
    WorkspaceShape workspace;
    Pooling pooling;
  };
  // Bound in this order.
  struct Parts {
    Embeddings embeddings;
    std::vector<PostNormLayer> layers;
    Head head;
  };

  PostNormModel(const Facts& facts, Parts parts);

  int max_tokens() const override { return facts_.limits.max_tokens; }
  WorkspaceShape workspace() const override { return facts_.workspace; }
  void gather(std::span<const backend::Row> rows, Sequences& sequences) const override;
  void run(Pass& pass, std::span<float> logits) const override;

 private:
  const Facts facts_;
  const Parts parts_;
};

// The workspace of such a model with heads that take queries, keys and values.
WorkspaceShape workspace_of(const TransformerShape& shape, int max_tokens);

// What stands before the names of the head, which lies beside the encoder: 'model.' of
// 'model.bert.', '' of 'bert.' and of ''.
std::string outer_of(const std::string& prefix);

}  // namespace bge::encoder
