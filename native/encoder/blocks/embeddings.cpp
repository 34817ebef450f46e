#include "encoder/blocks/embeddings.h"

namespace bge::encoder {

Embeddings::Embeddings(WeightBinder& weights, const std::string& name, const Shape& shape,
                       float epsilon)
    : shape_(shape),
      words_(weights.words(name + "word_embeddings.weight", shape.vocabulary, shape.width)),
      positions_(weights.floats(name + "position_embeddings.weight", shape.positions, shape.width)),
      types_(weights.floats(name + "token_type_embeddings.weight", shape.types, shape.width)),
      norm_(weights, name + "LayerNorm", shape.width, epsilon) {}

void Embeddings::run(Pass& pass) const {
  const Sequences& tokens = pass.sequences;
  const Stream all = pass.all();
  pass.over_rows(all.rows, [&](int first, int last, Scratch&) {
    const Stream part = all.part(pass.dtype, first, last);
    pass.kernels.embed[static_cast<int>(pass.dtype)](
        {words_, positions_, types_, tokens.ids.data() + first, tokens.position_ids.data() + first,
         tokens.type_ids.data() + first, part.rows, shape_.width, part.x});
    norm_.run(pass, part);
  });
}

}  // namespace bge::encoder
