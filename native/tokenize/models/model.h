#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/pre_tokenizers/pre_tokenizer.h"

namespace bge::tokenize {

// What is known of a piece whose first part is already encoded.
struct OpenPiece {
  double score = 0.0;  // Unigram: of the best path so far
  bool after_unknown =
      false;             // Unigram: the last id is the unknown one, the next one fuses with it
  bool skipped = false;  // WordPiece: it is too long a word, and its id is told already
};

// The file's "model" section: turns pieces into ids. Immutable, shared by all threads.
class Model {
 public:
  virtual ~Model() = default;

  // Appends the ids of the pieces. Where the stretch is not `is_last` and not all pieces are
  // settled, appends only ids that no further text can change. Returns where in stretch.text what
  // is left to encode begins; `open` goes with it to the next call. There need be no next call once
  // `ids` holds token_cap.
  virtual size_t encode(const PreTokenized& stretch, bool is_last, size_t token_cap,
                        OpenPiece& open, std::vector<int32_t>& ids) const = 0;

  virtual std::optional<int32_t> token_to_id(std::string_view token) const = 0;
  // Of the tokens with these names, which are in the vocabulary, encode() gives the ids no more.
  // Only before the model is shared.
  virtual void leave_out(const std::vector<std::string>& names) = 0;
  // How many tokens there are: where the ids of added tokens start.
  virtual size_t vocabulary_size() const = 0;
  // One more than the highest id, which is more where ids are left out.
  virtual size_t id_bound() const = 0;
};

}  // namespace bge::tokenize
