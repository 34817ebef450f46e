#include "encoder/blocks/embeddings.h"

namespace bge::encoder {

namespace {

const float* table(WeightBinder& weights, const std::string& name, int rows, int width) {
  return name.empty() ? nullptr : weights.floats(name, rows, width);
}

}  // namespace

Embeddings::Embeddings(WeightBinder& weights, const Names& names, const Shape& shape, float epsilon,
                       WeightBinder::Bias norm_bias)
    : shape_(shape),
      words_(weights.words(names.words, shape.vocabulary, shape.width)),
      positions_(table(weights, names.positions, shape.positions, shape.width)),
      types_(table(weights, names.types, shape.types, shape.width)),
      norm_(names.norm.empty()
                ? std::nullopt
                : std::optional(LayerNorm(weights, names.norm, shape.width, epsilon, norm_bias))) {}

void Embeddings::run(Pass& pass) const {
  const Sequences& tokens = pass.sequences;
  const Stream all = pass.all();
  pass.over_rows(all.rows, [&](int first, int last, Scratch&) {
    const Stream part = all.part(pass.dtype, first, last);
    pass.kernels.embed[static_cast<int>(pass.dtype)](
        {words_, positions_, types_, tokens.ids.data() + first, tokens.position_ids.data() + first,
         tokens.type_ids.data() + first, part.rows, shape_.width, part.x});
    if (norm_) norm_->run(pass, part);
  });
}

}  // namespace bge::encoder
