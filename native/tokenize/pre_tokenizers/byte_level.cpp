#include "tokenize/pre_tokenizers/byte_level.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "tokenize/unicode/byte_level_tables.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

enum class Kind : uint8_t { kLetter, kNumber, kSpace, kOther };

template <size_t kCount>
bool is_in(const ScalarRange (&ranges)[kCount], char32_t scalar) {
  const auto* after = std::upper_bound(
      std::begin(ranges), std::end(ranges), scalar,
      [](char32_t value, const ScalarRange& range) { return value < range.first; });
  return after != std::begin(ranges) && scalar <= std::prev(after)->last;
}

Kind search_kind(char32_t scalar) {
  if (is_white_space(scalar)) return Kind::kSpace;
  if (is_in(kLetterRanges, scalar)) return Kind::kLetter;
  return is_in(kNumberRanges, scalar) ? Kind::kNumber : Kind::kOther;
}

Kind kind_of(char32_t scalar) {
  // Most text lies in here.
  static const auto kTable = [] {
    std::array<Kind, 0x800> table{};
    for (char32_t value = 0; value < table.size(); ++value) table[value] = search_kind(value);
    return table;
  }();
  return scalar < kTable.size() ? kTable[scalar] : search_kind(scalar);
}

// Where the run of scalars of this kind that starts at `at` ends.
size_t end_of_run(std::string_view text, size_t at, Kind kind) {
  while (at < text.size() && kind_of(scalar_at(text, at)) == kind) at += scalar_length(text[at]);
  return at;
}

// The length of the English contraction at the start of `text`; 0 for none.
size_t contraction_length(std::string_view text) {
  for (const std::string_view contraction : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(contraction)) return contraction.size();
  }
  return 0;
}

// Of a run of white space before a word the last scalar stays out: a space goes to the word, any
// other becomes a piece of its own.
size_t end_of_spaces(std::string_view text, size_t begin) {
  const size_t end = end_of_run(text, begin, Kind::kSpace);
  if (end == text.size()) return end;
  const size_t last = previous_scalar(text, end);
  return last == begin ? end : last;
}

size_t end_of_piece(std::string_view text, size_t begin) {
  if (text[begin] == '\'') {
    const size_t length = contraction_length(text.substr(begin));
    if (length != 0) return begin + length;
  }
  const size_t word = begin + (text[begin] == ' ' ? 1 : 0);
  if (word < text.size()) {
    const Kind kind = kind_of(scalar_at(text, word));
    if (kind != Kind::kSpace) return end_of_run(text, word, kind);
  }
  return end_of_spaces(text, begin);
}

}  // namespace

std::optional<std::string> bytes_of_token(std::string_view token) {
  // Printable Latin-1 stands for itself; the other bytes follow from U+0100 on, in their order.
  static const auto kBytes = [] {
    std::array<int16_t, 0x144> bytes;
    bytes.fill(-1);
    char32_t next = 0x100;
    for (int16_t byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
      bytes[printable ? static_cast<size_t>(byte) : next++] = byte;
    }
    return bytes;
  }();
  std::string out;
  const char* at = token.data();
  const char* const end = at + token.size();
  while (at != end) {
    const char32_t scalar = next_scalar(at);
    if (scalar >= kBytes.size() || kBytes[scalar] < 0) return std::nullopt;
    out.push_back(static_cast<char>(kBytes[scalar]));
  }
  return out;
}

void ByteLevelPreTokenizer::split(std::string_view text, StretchContext context,
                                  PreTokenized& out) const {
  out.clear();
  if (add_prefix_space_ && !context.continues && !text.starts_with(' ')) out.text.push_back(' ');
  out.text.append(text);
  out.tail_is_open = true;
  for (size_t begin = 0; begin < out.text.size();) {
    const size_t end = end_of_piece(out.text, begin);
    out.pieces.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = end;
  }
}

}  // namespace bge::tokenize
