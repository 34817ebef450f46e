#include "tokenize/tokenizer.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "tokenize/text_encoder.h"
#include "tokenize/tokenizer_parts.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kReservedIds =
    4096;  // enough for most passages, little for a long one that stops early

void require_size(std::string_view utf8) {
  // Repairing at most triples the text (a byte becomes U+FFFD).
  if (utf8.size() > std::numeric_limits<uint32_t>::max() / 4) {
    throw Error(ErrorCode::kInvalidInput, "A text must be shorter than 1 GiB.");
  }
}

}  // namespace

Tokenizer::Tokenizer(TokenizerParts parts)
    : parts_(std::make_unique<const TokenizerParts>(std::move(parts))) {}

Tokenizer::~Tokenizer() = default;

EncodedText Tokenizer::encode(std::string_view utf8, size_t token_cap) const {
  require_size(utf8);
  std::string repaired;
  EncodedText out;
  out.ids.reserve(std::min({utf8.size() / 4, token_cap, kReservedIds}) + 8);
  TextEncoder encoder(*parts_, token_cap, out.ids);
  out.complete = encoder.encode(repair_utf8(utf8, repaired));
  return out;
}

EncodedPair Tokenizer::pair(std::span<const int32_t> query, std::span<const int32_t> passage,
                            size_t max_length, Truncation truncation) const {
  const PairLengths kept = truncated_lengths({query.size(), passage.size()}, max_length,
                                             special_tokens_in_pair(), truncation);
  EncodedPair out;
  out.truncated_tokens = query.size() - kept.query + passage.size() - kept.passage;
  parts_->pair_template.apply(query.first(kept.query), passage.first(kept.passage), out.ids,
                              out.type_ids);
  return out;
}

std::string Tokenizer::encode_pieces(std::span<const TextPiece> pieces,
                                     std::vector<int32_t>& ids) const {
  std::string open;
  for (const TextPiece& piece : pieces) {
    std::string repaired;
    const std::string_view text = repair_utf8(piece.text, repaired);
    size_t done = 0;
    if (!piece.is_plain) {
      AddedTokens::Cursor cursor;
      AddedTokens::Match match;
      while (parts_->raw_tokens.next(text, cursor, match)) {
        open.append(text, done, match.begin - done);
        encode_plain(open, true, kNoLimit, ids);
        open.clear();
        ids.push_back(match.id);
        done = cursor.done = match.end;
      }
    }
    open.append(text, done);
  }
  return open;
}

void Tokenizer::encode_plain(std::string_view utf8, bool is_last, size_t cap,
                             std::vector<int32_t>& ids) const {
  require_size(utf8);
  std::string repaired;
  TextEncoder encoder(*parts_, cap, ids);
  encoder.encode_plain(repair_utf8(utf8, repaired), is_last);
}

bool Tokenizer::stands_apart(std::string_view text) const {
  AddedTokens::Cursor cursor;
  AddedTokens::Match match;
  return text.empty() || (parts_->raw_tokens.next(text, cursor, match) && match.begin == 0);
}

bool Tokenizer::keeps_plain_text() const { return parts_->normalized_tokens.empty(); }

size_t Tokenizer::special_tokens_in_pair() const { return parts_->pair_template.special_tokens(); }

size_t Tokenizer::vocabulary_size() const { return parts_->vocabulary_size; }

std::optional<size_t> Tokenizer::file_max_length() const { return parts_->max_length; }

}  // namespace bge::tokenize
