#include "tokenize/pre_tokenizers/pre_tokenizer.h"

#include <cstring>

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

uint32_t size_of(const std::string& text) { return static_cast<uint32_t>(text.size()); }

void append_with_metaspace_byte(std::string_view word, std::string& out) {
  for (size_t position = 0;;) {
    const size_t found = word.find(kMetaspace, position);
    if (found == std::string_view::npos) {
      out.append(word, position);
      return;
    }
    out.append(word, position, found - position);
    out.push_back(kMetaspaceByte);
    position = found + kMetaspace.size();
  }
}

// Pieces of text[begin..]: each U+2581 starts one.
void split_at_metaspaces(size_t begin, PreTokenized& out) {
  const std::string& text = out.text;
  while (begin < text.size()) {
    const void* found =
        begin + 1 == text.size()
            ? nullptr
            : std::memchr(text.data() + begin + 1, kMetaspaceByte, text.size() - begin - 1);
    const size_t end =
        found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.size();
    out.pieces.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = end;
  }
}

}  // namespace

void MetaspacePreTokenizer::add(std::string_view word, StretchContext context,
                                PreTokenized& out) const {
  const size_t begin = out.text.size();
  const bool has_one = word.starts_with(kMetaspaceByte) || word.starts_with(kMetaspace);
  const bool wanted = scheme_ == PrependScheme::kAlways ||
                      (scheme_ == PrependScheme::kFirst && context.at_text_start);
  if (wanted && !has_one && !context.continues) out.text.push_back(kMetaspaceByte);
  append_with_metaspace_byte(word, out.text);
  if (split_) {
    split_at_metaspaces(begin, out);
  } else {
    out.pieces.push_back({static_cast<uint32_t>(begin), size_of(out.text)});
  }
}

void MetaspacePreTokenizer::split(std::string_view text, StretchContext context,
                                  PreTokenized& out) const {
  out.clear();
  if (split_on_white_space_) return split_words(text, context, out);
  add(text, context, out);
  out.tail_is_open = true;
}

void MetaspacePreTokenizer::split_words(std::string_view text, StretchContext context,
                                        PreTokenized& out) const {
  size_t position = 0;
  while (position < text.size()) {
    // The byte that an open tail was given is no white space.
    size_t end = position + (context.continues && text[position] == kMetaspaceByte ? 1 : 0);
    while (end < text.size() && !is_white_space(scalar_at(text, end))) {
      end += scalar_length(text[end]);
    }
    if (end > position) {
      add(text.substr(position, end - position), context, out);
      out.tail_is_open = end == text.size();
    }
    if (end == text.size()) return;
    context = {false, false};
    position = end + scalar_length(text[end]);
    out.tail_is_open = false;
  }
}

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
  if (word != end) {
    out.pieces.push_back({offset(word), offset(end)});
    out.tail_is_open = true;
  }
}

}  // namespace bge::tokenize
