#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bge::tokenize {

// A piece [begin, end) of PreTokenized::text: what the model encodes on its own.
struct Piece {
  uint32_t begin;
  uint32_t end;
};

// The pieces of one stretch of normalized text, in the alphabet of the model.
struct PreTokenized {
  std::string text;
  std::vector<Piece> pieces;
  size_t settled = 0;      // so many of the pieces are what they are, whatever text follows
  size_t certain_end = 0;  // up to here the text is in the first of the others, whatever follows

  void clear() {
    text.clear();
    pieces.clear();
    settled = certain_end = 0;
  }
  // All pieces are settled, but for the last one where that could go on with the text that follows.
  void settle_all_but_an_open_tail(bool tail_is_open) {
    const bool is_open = tail_is_open && !pieces.empty();
    settled = pieces.size() - (is_open ? 1 : 0);
    certain_end = is_open ? pieces.back().end : text.size();
  }
};

// Where in its segment (the text between two added tokens) a stretch of text stands.
struct StretchContext {
  bool at_text_start;  // it starts the whole original text
  size_t carried;      // so many bytes at its start are left of the stretch before, as split()
                       // wrote them: the beginning of a piece that is not yet encoded in full
};

// The file's "pre_tokenizer" section. Immutable, shared by all threads.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  // Splits `text` (valid UTF-8, not empty, under 4 GiB).
  virtual void split(std::string_view text, StretchContext context, PreTokenized& out) const = 0;
};

}  // namespace bge::tokenize
