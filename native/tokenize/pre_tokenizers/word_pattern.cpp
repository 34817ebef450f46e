#include "tokenize/pre_tokenizers/word_pattern.h"

#include <array>

#include "tokenize/unicode/categories.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr std::string_view kGpt2Regex =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct WordMatch {
  size_t end;
  bool is_settled;  // it is the same whatever text follows
};

enum class Kind : uint8_t { kLetter, kNumber, kSpace, kOther };

Kind search_kind(char32_t scalar) {
  if (is_white_space(scalar)) return Kind::kSpace;
  if (is_letter(scalar)) return Kind::kLetter;
  return is_number(scalar) ? Kind::kNumber : Kind::kOther;
}

using KindTable = std::array<Kind, 0x800>;  // most text lies in here

KindTable make_kind_table() {
  KindTable table{};
  for (char32_t value = 0; value < table.size(); ++value) table[value] = search_kind(value);
  return table;
}

inline Kind kind_of(char32_t scalar) {
  static const KindTable kTable = make_kind_table();
  return scalar < kTable.size() ? kTable[scalar] : search_kind(scalar);
}

bool is_newline(char byte) { return byte == '\r' || byte == '\n'; }

// Where the run of scalars of this kind that starts at `at` ends.
size_t end_of_run(std::string_view text, size_t at, Kind kind) {
  while (at < text.size() && kind_of(scalar_at(text, at)) == kind) at += scalar_length(text[at]);
  return at;
}

// A match that ends where a run does.
WordMatch up_to(size_t end, std::string_view text) { return {end, end < text.size()}; }

// The text from an apostrophe on, with the letter that folds to "s" told as it: U+017F.
char folded(std::string_view text, size_t at, bool ignores_case, size_t& length) {
  length = 1;
  if (ignores_case && text.substr(at).starts_with("\xC5\xBF")) {
    length = 2;
    return 's';
  }
  const char byte = text[at];
  return ignores_case && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

// The English contraction at `begin`, where an apostrophe stands. Empty where there is none; not
// settled where the text ends before that is known.
std::optional<WordMatch> match_contraction(std::string_view text, size_t begin, bool ignores_case) {
  const size_t first = begin + 1;
  if (first == text.size()) return WordMatch{first, false};
  size_t length = 0;
  const char letter = folded(text, first, ignores_case, length);
  const size_t second = first + length;
  if (letter == 's' || letter == 't' || letter == 'm' || letter == 'd') {
    return WordMatch{second, true};
  }
  if (letter != 'r' && letter != 'v' && letter != 'l') return std::nullopt;
  if (second == text.size()) return WordMatch{second, false};
  const char wanted = letter == 'l' ? 'l' : 'e';
  if (folded(text, second, ignores_case, length) != wanted) return std::nullopt;
  return WordMatch{second + length, true};
}

// Of a run of white space before a word the last scalar stays out: a space goes to the word, any
// other becomes a piece of its own.
WordMatch match_spaces(std::string_view text, size_t begin, size_t end) {
  if (end == text.size()) return {end, false};
  const size_t last = previous_scalar(text, end);
  return {last == begin ? end : last, true};
}

WordMatch match_gpt2(std::string_view text, size_t begin) {
  if (text[begin] == '\'') {
    const auto match = match_contraction(text, begin, false);
    if (match && match->is_settled) return *match;
    if (match) return {end_of_run(text, begin + 1, Kind::kOther), false};
  }
  const size_t word = begin + (text[begin] == ' ' ? 1 : 0);
  if (word < text.size()) {
    const Kind kind = kind_of(scalar_at(text, word));
    if (kind != Kind::kSpace) return up_to(end_of_run(text, word, kind), text);
  }
  return match_spaces(text, begin, end_of_run(text, begin, Kind::kSpace));
}

// \s*[\r\n]+|\s+(?!\S)|\s+
WordMatch match_lines_or_spaces(std::string_view text, size_t begin) {
  const size_t end = end_of_run(text, begin, Kind::kSpace);
  for (size_t last = end; last-- > begin;) {
    if (is_newline(text[last])) return {last + 1, end < text.size()};
  }
  return match_spaces(text, begin, end);
}

WordMatch match_numbers(std::string_view text, size_t begin, int at_most) {
  size_t end = begin;
  int count = 0;
  while (count < at_most && end < text.size() && kind_of(scalar_at(text, end)) == Kind::kNumber) {
    end += scalar_length(text[end]);
    ++count;
  }
  return {end, count == at_most || end < text.size()};
}

WordMatch match_others(std::string_view text, size_t begin) {
  size_t end = end_of_run(text, begin, Kind::kOther);
  while (end < text.size() && is_newline(text[end])) ++end;
  return up_to(end, text);
}

template <int kNumbers>
WordMatch match_qwen2(std::string_view text, size_t begin) {
  if (text[begin] == '\'') {
    const auto match = match_contraction(text, begin, true);
    if (match && (match->is_settled || match->end == begin + 1)) return *match;
  }
  const Kind kind = kind_of(scalar_at(text, begin));
  if (kind == Kind::kLetter) return up_to(end_of_run(text, begin, kind), text);
  if (kind == Kind::kNumber) return match_numbers(text, begin, kNumbers);
  const size_t next = begin + scalar_length(text[begin]);
  if (next < text.size() && !is_newline(text[begin])) {
    const Kind next_kind = kind_of(scalar_at(text, next));
    if (next_kind == Kind::kLetter) return up_to(end_of_run(text, next, next_kind), text);
    if (text[begin] == ' ' && next_kind == Kind::kOther) return match_others(text, next);
  }
  return kind == Kind::kOther ? match_others(text, begin) : match_lines_or_spaces(text, begin);
}

template <WordMatch (*kMatch)(std::string_view, size_t)>
size_t match_all(std::string_view text, size_t begin, std::vector<Piece>& pieces) {
  size_t settled = pieces.size();
  bool is_settled = true;
  while (begin < text.size()) {
    const WordMatch match = kMatch(text, begin);
    is_settled = is_settled && match.is_settled;
    pieces.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(match.end)});
    if (is_settled) settled = pieces.size();
    begin = match.end;
  }
  return settled;
}

}  // namespace

std::optional<WordPattern> word_pattern_of(std::string_view regex) {
  if (regex == kGpt2Regex) return WordPattern::kGpt2;
  if (regex == kQwen2Regex) return WordPattern::kQwen2;
  if (regex == kLlama3Regex) return WordPattern::kLlama3;
  return std::nullopt;
}

size_t match_words(WordPattern pattern, std::string_view text, size_t begin,
                   std::vector<Piece>& pieces) {
  switch (pattern) {
    case WordPattern::kGpt2: return match_all<match_gpt2>(text, begin, pieces);
    case WordPattern::kQwen2: return match_all<match_qwen2<1>>(text, begin, pieces);
    case WordPattern::kLlama3: break;
  }
  return match_all<match_qwen2<3>>(text, begin, pieces);
}

}  // namespace bge::tokenize
