#pragma once

#include <cstdint>
#include <memory>
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
  bool tail_is_open = false;  // the last piece could go on with the text that follows

  void clear() {
    text.clear();
    pieces.clear();
    tail_is_open = false;
  }
};

// Where in its segment (the text between two added tokens) a stretch of text stands.
struct StretchContext {
  bool at_text_start;  // it starts the whole original text
  bool continues;      // it starts with the open tail of the stretch before, as split() wrote it
};

// The file's "pre_tokenizer" section. Immutable, shared by all threads.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  // Splits `text` (valid UTF-8, not empty, under 4 GiB).
  virtual void split(std::string_view text, StretchContext context, PreTokenized& out) const = 0;
};

enum class PrependScheme { kAlways, kFirst, kNever };

// U+0020 stands for U+2581 in the text of Metaspace and in the keys of its model: one byte, not
// three, and free, since Metaspace leaves no U+0020.
inline constexpr char kMetaspaceByte = ' ';
inline constexpr std::string_view kMetaspace = "\xE2\x96\x81";

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  // split_on_white_space: a WhitespaceSplit stands before it; not with kFirst.
  MetaspacePreTokenizer(PrependScheme scheme, bool split, bool split_on_white_space)
      : scheme_(scheme), split_(split), split_on_white_space_(split_on_white_space) {}
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  void add(std::string_view word, StretchContext context, PreTokenized& out) const;
  void split_words(std::string_view text, StretchContext context, PreTokenized& out) const;

  PrependScheme scheme_;
  bool split_;
  bool split_on_white_space_;
};

// Words between White_Space, each punctuation scalar on its own.
class BertPreTokenizer final : public PreTokenizer {
 public:
  BertPreTokenizer();
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  enum class Kind : uint8_t { kWord, kSpace, kPunctuation };
  static Kind kind_of(char32_t scalar);

  Kind ascii_[128];
};

}  // namespace bge::tokenize
