#pragma once

#include "tokenize/pre_tokenizers/pre_tokenizer.h"
#include "tokenize/pre_tokenizers/splitters.h"

namespace bge::tokenize {

enum class PrependScheme { kAlways, kFirst, kNever };

// U+0020 and U+2581 stand for each other in the text of Metaspace and in the keys of its model, so
// that the frequent one is one byte, not three.
inline constexpr char kMetaspaceByte = ' ';
inline constexpr std::string_view kMetaspace = "\xE2\x96\x81";

// `text` with the two exchanged, appended to `out`.
void exchange_metaspaces(std::string_view text, std::string& out);

// `Metaspace`: spaces become U+2581, a stretch may get one in front, each starts a piece.
class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  // `splitters` stand before it and come first; not with kFirst.
  MetaspacePreTokenizer(PrependScheme scheme, bool split, Splitters splitters)
      : scheme_(scheme), split_(split), splitters_(std::move(splitters)) {}
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;

 private:
  void add(std::string_view word, StretchContext context, PreTokenized& out) const;

  PrependScheme scheme_;
  bool split_;
  Splitters splitters_;
};

// No pre-tokenizer: a stretch is one piece, in the alphabet of Metaspace. Where U+2581 comes from
// the normalizer.
class WholePreTokenizer final : public PreTokenizer {
 public:
  void split(std::string_view text, StretchContext context, PreTokenized& out) const override;
};

}  // namespace bge::tokenize
