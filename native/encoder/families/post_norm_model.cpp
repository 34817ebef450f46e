#include "encoder/families/post_norm_model.h"

#include <utility>

namespace bge::encoder {

PostNormModel::PostNormModel(const Facts& facts, Parts parts)
    : facts_(facts), parts_(std::move(parts)) {}

void PostNormModel::gather(std::span<const backend::Row> rows, Sequences& sequences) const {
  sequences.gather(rows, facts_.limits);
}

void PostNormModel::run(Pass& pass, std::span<float> logits) const {
  parts_.embeddings.run(pass);
  const bool only_first = facts_.pooling == Pooling::kFirst;
  const Stream all = pass.all();
  Stream out = all;
  for (const PostNormLayer& layer : parts_.layers) {
    pass.check_stop();
    if (&layer == &parts_.layers.back() && only_first) out = first_tokens(pass);
    layer.run(pass, all, out);
  }
  parts_.head.run(pass, only_first ? out : mean_tokens(pass), logits);
}

WorkspaceShape workspace_of(const TransformerShape& shape, int max_tokens) {
  return {shape.hidden, 3 * shape.head_dim(), FeedForward::slice_width(shape.intermediate),
          shape.head_dim(), max_tokens};
}

std::string outer_of(const std::string& prefix) {
  const size_t dot = prefix.size() < 2 ? std::string::npos : prefix.rfind('.', prefix.size() - 2);
  return dot == std::string::npos ? "" : prefix.substr(0, dot + 1);
}

}  // namespace bge::encoder
