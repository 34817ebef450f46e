#include "tokenize/pair_encoder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"

namespace bge::tokenize {
namespace {

// Of a text that ends here. Gives all ids.
std::vector<int32_t> closed_ids(const Tokenizer& tokenizer, std::vector<int32_t> ids,
                                std::span<const TextPiece> pieces) {
  const std::string open = tokenizer.encode_pieces(pieces, ids);
  tokenizer.encode_plain(open, true, kNoLimit, ids);
  return ids;
}

[[noreturn]] void no_room(size_t before, size_t end, size_t max_length) {
  throw Error(ErrorCode::kTooLong,
              "The prompt with this query has " + std::to_string(before + end) +
                  " tokens, which leaves no room for a passage in maxLength " +
                  std::to_string(max_length) +
                  ": shorten the query or the instruction, or raise maxLength.",
              "/query");
}

}  // namespace

PairEncoder::PairEncoder(const Tokenizer& tokenizer, std::optional<Prompt> prompt)
    : tokenizer_(tokenizer), prompt_(std::move(prompt)) {
  if (!prompt_) {
    special_tokens_ = tokenizer.special_tokens_in_pair();
    return;
  }
  if (!tokenizer.keeps_plain_text())
    throw Error(
        ErrorCode::kTokenizerUnsupported,
        "A prompt template needs a tokenizer whose added tokens are searched for before the "
        "text is normalized (normalized: false); use the model's own tokenizer.json.");
  if (prompt_->joined && !tokenizer.stands_apart(prompt_->end))
    throw Error(ErrorCode::kTokenizerUnsupported,
                "The prompt template goes on with text after the passage, which would be tokenised "
                "with it; our own tokenizer needs a special token there.");
  const TextPiece end[] = {{prompt_->end, false}};
  end_ = closed_ids(tokenizer, {}, end);
  special_tokens_ = query("", std::nullopt).ids.size() + end_.size();
}

EncodedQuery PairEncoder::query(std::string_view query,
                                const std::optional<std::string>& instruction) const {
  if (!prompt_) {
    if (instruction)
      throw Error(ErrorCode::kInvalidOption,
                  "This model takes no instruction; leave it out, or put it into the query.",
                  "instruction");
    return {.ids = tokenizer_.encode(query).ids, .open = {}};
  }
  std::vector<TextPiece> pieces;
  if (!instruction) {
    pieces.push_back({prompt_->before_query, false});
  } else if (prompt_->instructed) {
    pieces.push_back({prompt_->instructed->before, false});
    pieces.push_back({*instruction, true});
    pieces.push_back({prompt_->instructed->after, false});
  } else {
    throw Error(ErrorCode::kInvalidOption,
                "This model's prompt template has no place for an instruction; leave it out.",
                "instruction");
  }
  pieces.push_back({query, true});
  EncodedQuery encoded;
  if (!prompt_->joined) {
    encoded.ids = closed_ids(tokenizer_, {}, pieces);
    pieces.clear();
  }
  pieces.push_back({prompt_->before_passage, false});
  encoded.open = tokenizer_.encode_pieces(pieces, encoded.ids);
  encoded.closed = encoded.ids.size();
  tokenizer_.encode_plain(encoded.open, false, kNoLimit, encoded.ids);
  return encoded;
}

EncodedPair PairEncoder::pair(const EncodedQuery& query, std::string_view passage,
                              size_t max_length, Truncation truncation, bool exact_count) const {
  if (prompt_) return prompted_pair(query, passage, max_length, truncation, exact_count);
  const size_t cap = exact_count
                         ? kNoLimit
                         : passage_cap(query.ids.size(), max_length, special_tokens_, truncation);
  const std::vector<int32_t> ids = tokenizer_.encode(passage, cap).ids;
  return tokenizer_.pair(query.ids, ids, max_length, truncation);
}

EncodedPair PairEncoder::prompted_pair(const EncodedQuery& query, std::string_view passage,
                                       size_t max_length, Truncation truncation,
                                       bool exact_count) const {
  if (truncation == Truncation::kOnlyFirst)
    throw Error(ErrorCode::kInvalidOption,
                "The query of a prompt is never cut: choose another truncation than only_first.",
                "truncation");
  if (query.ids.size() + end_.size() >= max_length)
    no_room(query.ids.size(), end_.size(), max_length);
  const size_t room = max_length - end_.size();
  EncodedPair out;
  out.ids.assign(query.ids.begin(), query.ids.begin() + query.closed);
  // One token more than what fits shows that it does not.
  tokenizer_.encode_plain(query.open + std::string(passage), true,
                          exact_count ? kNoLimit : room + 1, out.ids);
  if (out.ids.size() > room) {
    if (truncation == Truncation::kNone)
      throw Error(ErrorCode::kTooLong,
                  "The pair has at least " + std::to_string(out.ids.size() + end_.size()) +
                      " tokens but maxLength is " + std::to_string(max_length) +
                      ": shorten it or choose a truncation.");
    out.truncated_tokens = out.ids.size() - room;
    out.ids.resize(room);
  }
  // A passage that begins with a combining mark may change what stands before it.
  out.begins_with_query = out.ids.size() >= query.ids.size() &&
                          std::equal(query.ids.begin(), query.ids.end(), out.ids.begin());
  out.ids.insert(out.ids.end(), end_.begin(), end_.end());
  out.type_ids.assign(out.ids.size(), 0);
  return out;
}

}  // namespace bge::tokenize
