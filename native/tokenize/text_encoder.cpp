#include "tokenize/text_encoder.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "tokenize/unicode/grapheme.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kPartBytes = 4096;  // of a segment that are normalized and encoded at a time
constexpr int kCutTries = 16;
constexpr size_t kMaxStretchBytes = size_t{1} << 30;  // pieces have 32-bit offsets
constexpr size_t kKeptBytes = size_t{1} << 20;        // a thread keeps no larger buffer than this

}  // namespace

TextEncoder::Scratch& TextEncoder::thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

TextEncoder::TextEncoder(const TokenizerParts& parts, size_t token_cap, std::vector<int32_t>& ids)
    : parts_(parts), token_cap_(token_cap), ids_(ids), scratch_(thread_scratch()) {
  scratch_.carry.clear();  // of a text that stopped early
}

TextEncoder::~TextEncoder() {
  if (scratch_.normalized.capacity() > kKeptBytes ||
      scratch_.stretch.text.capacity() > kKeptBytes || scratch_.carry.capacity() > kKeptBytes) {
    scratch_ = {};
  }
}

bool TextEncoder::encode(std::string_view text) {
  AddedTokens::Cursor cursor;
  AddedTokens::Match match;
  size_t done = 0;
  while (parts_.raw_tokens.next(text, cursor, match)) {
    if (match.begin > done && !encode_segment(text.substr(done, match.begin - done))) return false;
    add_token(match.id);
    done = cursor.done = match.end;
    if (done < text.size() && ids_.size() >= token_cap_) return false;
  }
  return done >= text.size() || encode_segment(text.substr(done));
}

void TextEncoder::encode_plain(std::string_view text, bool is_last) {
  at_text_start_ = ids_.empty();
  encode_segment(text, is_last);
}

void TextEncoder::add_token(int32_t id) {
  ids_.push_back(id);
  at_text_start_ = false;
}

bool TextEncoder::encode_segment(std::string_view segment, bool is_last) {
  for (size_t begin = 0; begin < segment.size();) {
    if (ids_.size() >= token_cap_) return false;
    const size_t end = find_cut(segment, begin);
    scratch_.normalized.clear();
    const SegmentEnds ends{begin == 0, is_last && end == segment.size()};
    parts_.normalizer->normalize(segment.substr(begin, end - begin), ends, scratch_.normalized);
    encode_normalized(ends.last);
    begin = end;
  }
  return true;
}

// One part of a segment: the stretches between the added tokens in it.
void TextEncoder::encode_normalized(bool is_last) {
  const std::string_view text = scratch_.normalized;
  AddedTokens::Cursor cursor;
  AddedTokens::Match match;
  size_t done = 0;
  while (parts_.normalized_tokens.next(text, cursor, match)) {
    const bool has_text = match.begin > done;
    encode_stretch(text.substr(done, has_text ? match.begin - done : 0), true);
    add_token(match.id);
    done = cursor.done = match.end;
  }
  encode_stretch(text.substr(done), is_last);
}

void TextEncoder::encode_stretch(std::string_view text, bool is_last) {
  std::string& carry = scratch_.carry;
  const size_t carried = carry.size();
  if (text.empty() && (carried == 0 || !is_last)) return;
  if (carried != 0) {
    carry.append(text);
    text = carry;
  }
  if (text.size() > kMaxStretchBytes) {
    throw Error(ErrorCode::kInvalidInput,
                "A text must be shorter than 1 GiB, also once normalized.");
  }
  PreTokenized& stretch = scratch_.stretch;
  parts_.pre_tokenizer->split(text, {at_text_start_, carried}, stretch);
  const size_t rest = parts_.model->encode(stretch, is_last, token_cap_, open_, ids_);
  carry.assign(stretch.text, rest);
  at_text_start_ = false;
}

// Where the part of the segment that starts at `begin` ends: at a place where normalizing and
// searching for added tokens in parts gives the same as in one go.
size_t TextEncoder::find_cut(std::string_view segment, size_t begin) {
  // An open tail is scanned anew with each part; growing with it keeps that linear.
  for (size_t bytes = kPartBytes + scratch_.carry.size(); bytes < segment.size() - begin;
       bytes *= 2) {
    const size_t cut = find_cut_between(segment, begin + bytes / 2, begin + bytes);
    if (cut != 0) return cut;
  }
  return segment.size();
}

// The last good place before a space if there is one, so that no piece goes across; else the last
// good place; 0 where the few tried are all bad.
size_t TextEncoder::find_cut_between(std::string_view segment, size_t low, size_t high) {
  size_t position = high;
  for (int tries = 0; tries < kCutTries; ++tries) {
    const size_t space = segment.substr(low, position - low).rfind(' ');
    if (space == std::string_view::npos || space == 0) break;
    position = low + space;
    if (may_cut(segment, position)) return position;
  }
  position = high;
  for (int tries = 0; tries < kCutTries && position > low; ++tries) {
    while (is_continuation(segment[position])) --position;
    if (position > low && may_cut(segment, position)) return position;
    --position;
  }
  return 0;
}

std::string TextEncoder::normalized_alone(char32_t scalar) const {
  std::string text, out;
  append_scalar(text, scalar);
  parts_.normalizer->normalize(text, {false, false}, out);
  return out;
}

bool TextEncoder::may_cut(std::string_view segment, size_t position) const {
  const auto breaks_at = [&](size_t at) {
    return always_breaks(properties(scalar_at(segment, at)).grapheme);
  };
  const size_t left = previous_scalar(segment, position);
  const size_t after_right = position + scalar_length(segment[position]);
  if (!breaks_at(left) || !breaks_at(position)) return false;
  if (left > 0 && !breaks_at(previous_scalar(segment, left))) return false;
  if (after_right < segment.size() && !breaks_at(after_right)) return false;
  const char32_t before = scalar_at(segment, left), after = scalar_at(segment, position);
  if (!parts_.normalizer->may_cut(before, after)) return false;
  const std::string end = normalized_alone(before), begin = normalized_alone(after);
  return !end.empty() && !begin.empty() &&
         parts_.normalized_tokens.may_cut(last_scalar(end), scalar_at(begin, 0));
}

}  // namespace bge::tokenize
