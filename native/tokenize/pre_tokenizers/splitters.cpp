#include "tokenize/pre_tokenizers/splitters.h"

#include <utility>

#include "tokenize/unicode/categories.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

bool is_delimiter(const Splitter& splitter, char32_t scalar) {
  switch (splitter.at) {
    case Splitter::At::kWhiteSpace: return is_white_space(scalar);
    case Splitter::At::kPunctuation: return has_flag(scalar, kPunctuation);
    case Splitter::At::kDigit: return is_numeric(scalar);
    case Splitter::At::kScalar: return scalar == splitter.scalar;
    case Splitter::At::kWordChange: break;
  }
  return false;
}

void split_at_delimiters(const Splitter& splitter, std::string_view text, Piece range,
                         std::vector<Piece>& out) {
  const size_t first = out.size();
  bool after_delimiter = false;  // or at the beginning, where it makes no difference
  for (uint32_t at = range.begin; at < range.end;) {
    const auto next = at + static_cast<uint32_t>(scalar_length(text[at]));
    const bool delimiter = is_delimiter(splitter, scalar_at(text, at));
    bool joins = !delimiter && !after_delimiter;
    switch (splitter.behavior) {
      case SplitBehavior::kRemoved:
      case SplitBehavior::kIsolated: break;
      case SplitBehavior::kContiguous: joins = delimiter == after_delimiter; break;
      case SplitBehavior::kMergedWithPrevious:
        joins = joins || (delimiter && !after_delimiter);
        break;
      case SplitBehavior::kMergedWithNext: joins = !delimiter; break;
    }
    if (splitter.behavior == SplitBehavior::kRemoved && delimiter) {
      // Nothing of it stays.
    } else if (joins && out.size() > first && out.back().end == at) {
      out.back().end = next;
    } else {
      out.push_back({at, next});
    }
    after_delimiter = delimiter;
    at = next;
  }
}

void split_at_word_changes(std::string_view text, Piece range, std::vector<Piece>& out) {
  enum class Kind { kSpace, kWord, kOther };
  Kind before = Kind::kSpace;
  for (uint32_t at = range.begin; at < range.end;) {
    const auto next = at + static_cast<uint32_t>(scalar_length(text[at]));
    const char32_t scalar = scalar_at(text, at);
    const Kind kind = is_white_space(scalar)             ? Kind::kSpace
                      : has_flag(scalar, kWordCharacter) ? Kind::kWord
                                                         : Kind::kOther;
    if (kind != Kind::kSpace && kind == before) {
      out.back().end = next;
    } else if (kind != Kind::kSpace) {
      out.push_back({at, next});
    }
    before = kind;
    at = next;
  }
}

}  // namespace

void split_by(const Splitters& splitters, std::string_view text, size_t begin,
              std::vector<Piece>& out) {
  static thread_local std::vector<Piece> ranges;
  out.assign(1, {static_cast<uint32_t>(begin), static_cast<uint32_t>(text.size())});
  for (const Splitter& splitter : splitters) {
    std::swap(ranges, out);
    out.clear();
    for (const Piece range : ranges) {
      if (splitter.at == Splitter::At::kWordChange) {
        split_at_word_changes(text, range, out);
      } else {
        split_at_delimiters(splitter, text, range, out);
      }
    }
  }
}

void SplitPreTokenizer::split(std::string_view text, StretchContext, PreTokenized& out) const {
  out.clear();
  out.text.assign(text);
  split_by(splitters_, out.text, 0, out.pieces);
  out.settle_all_but_an_open_tail(!out.pieces.empty() && out.pieces.back().end == text.size());
}

}  // namespace bge::tokenize
