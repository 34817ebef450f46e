#include "tokenize/pre_tokenizers/bert.h"

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {

BertPreTokenizer::BertPreTokenizer() {
  for (char32_t scalar = 0; scalar < 128; ++scalar) ascii_[scalar] = kind_of(scalar);
}

BertPreTokenizer::Kind BertPreTokenizer::kind_of(char32_t scalar) {
  const uint16_t flags = properties(scalar).flags;
  if (flags & kWhiteSpace) return Kind::kSpace;
  return flags & kPunctuation ? Kind::kPunctuation : Kind::kWord;
}

void BertPreTokenizer::split(std::string_view text, StretchContext, PreTokenized& out) const {
  out.clear();
  out.text.assign(text);
  const char* const start = out.text.data();
  const char* const end = start + out.text.size();
  const auto offset = [&](const char* at) { return static_cast<uint32_t>(at - start); };
  const char* word = start;
  for (const char* at = start; at != end;) {
    const char* next = at;
    const auto byte = static_cast<unsigned char>(*at);
    const Kind kind = byte < 0x80 ? (++next, ascii_[byte]) : kind_of(next_scalar(next));
    if (kind != Kind::kWord) {
      if (word != at) out.pieces.push_back({offset(word), offset(at)});
      if (kind == Kind::kPunctuation) out.pieces.push_back({offset(at), offset(next)});
      word = next;
    }
    at = next;
  }
  if (word != end) out.pieces.push_back({offset(word), offset(end)});
  out.settle_all_but_an_open_tail(word != end);
}

}  // namespace bge::tokenize
