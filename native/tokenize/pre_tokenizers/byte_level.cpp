#include "tokenize/pre_tokenizers/byte_level.h"

#include <array>
#include <cstdint>

#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {

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

// All of the text is in some piece. Only the last range can go on; of its words those from the
// first one on that is not settled can become others.
void ByteLevelPreTokenizer::split(std::string_view text, StretchContext context,
                                  PreTokenized& out) const {
  out.clear();
  const bool continues = context.carried != 0;
  if (add_prefix_space_ && !continues && !text.starts_with(' ')) out.text.push_back(' ');
  out.text.append(text);
  if (splitters_.empty()) return split_words({0, static_cast<uint32_t>(out.text.size())}, out);
  static thread_local std::vector<Piece> ranges;
  split_by(splitters_, out.text, 0, ranges);
  for (const Piece range : ranges) split_words(range, out);
}

void ByteLevelPreTokenizer::split_words(Piece range, PreTokenized& out) const {
  const std::string_view text = std::string_view(out.text).substr(0, range.end);
  size_t settled = out.pieces.size();
  if (pattern_) {
    settled = match_words(*pattern_, text, range.begin, out.pieces);
  } else {
    out.pieces.push_back(range);
  }
  const bool is_open = range.end == out.text.size() && settled < out.pieces.size();
  out.settled = is_open ? settled : out.pieces.size();
  // White space may lose its last scalar to the word that follows.
  if (is_open) out.certain_end = previous_scalar(text, out.pieces[settled].end);
}

}  // namespace bge::tokenize
