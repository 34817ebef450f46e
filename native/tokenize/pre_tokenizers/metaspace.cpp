#include "tokenize/pre_tokenizers/metaspace.h"

#include <cstring>

namespace bge::tokenize {
namespace {

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

void exchange_metaspaces(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size();) {
    const bool is_metaspace = text.substr(i).starts_with(kMetaspace);
    if (text[i] == kMetaspaceByte) {
      out.append(kMetaspace);
    } else {
      out.push_back(is_metaspace ? kMetaspaceByte : text[i]);
    }
    i += is_metaspace ? kMetaspace.size() : 1;
  }
}

void MetaspacePreTokenizer::add(std::string_view word, StretchContext context,
                                PreTokenized& out) const {
  const size_t begin = out.text.size();
  const bool has_one = word.starts_with(kMetaspaceByte) || word.starts_with(kMetaspace);
  const bool wanted = scheme_ == PrependScheme::kAlways ||
                      (scheme_ == PrependScheme::kFirst && context.at_text_start);
  if (wanted && !has_one && context.carried == 0) out.text.push_back(kMetaspaceByte);
  append_with_metaspace_byte(word, out.text);
  if (split_) {
    split_at_metaspaces(begin, out);
  } else {
    out.pieces.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(out.text.size())});
  }
}

void MetaspacePreTokenizer::split(std::string_view text, StretchContext context,
                                  PreTokenized& out) const {
  out.clear();
  if (splitters_.empty()) {
    add(text, context, out);
    out.settle_all_but_an_open_tail(true);
    return;
  }
  static thread_local std::vector<Piece> words;
  // The byte that an open tail was given is no white space: the splitters must not see it.
  const size_t skipped = context.carried != 0 && text.starts_with(kMetaspaceByte) ? 1 : 0;
  split_by(splitters_, text, skipped, words);
  if (skipped != 0) {
    const bool goes_on = !words.empty() && words.front().begin == skipped;
    if (goes_on) {
      words.front().begin = 0;
    } else {
      words.insert(words.begin(), {0, static_cast<uint32_t>(skipped)});
    }
  }
  bool reaches_end = false;
  for (const auto [begin, end] : words) {
    add(text.substr(begin, end - begin), context, out);
    context = {false, 0};
    reaches_end = end == text.size();
  }
  out.settle_all_but_an_open_tail(reaches_end);
}

void WholePreTokenizer::split(std::string_view text, StretchContext context,
                              PreTokenized& out) const {
  out.clear();
  out.text.assign(text, 0, context.carried);
  exchange_metaspaces(text.substr(context.carried), out.text);
  out.pieces.push_back({0, static_cast<uint32_t>(out.text.size())});
  out.settle_all_but_an_open_tail(true);
}

}  // namespace bge::tokenize
