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

void TextEncoder::add_token(int32_t id) {
  ids_.push_back(id);
  at_text_start_ = false;
}

bool TextEncoder::encode_segment(std::string_view segment) {
  for (size_t begin = 0; begin < segment.size();) {
    if (ids_.size() >= token_cap_) return false;
    const size_t end = find_cut(segment, begin);
    scratch_.normalized.clear();
    parts_.normalizer->normalize(segment.substr(begin, end - begin), scratch_.normalized);
    encode_normalized(end == segment.size());
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
  const bool continues = !carry.empty();
  if (text.empty() && !(continues && is_last)) return;
  if (continues) {
    carry.append(text);
    text = carry;
  }
  if (text.size() > kMaxStretchBytes) {
    throw Error(ErrorCode::kInvalidInput,
                "A text must be shorter than 1 GiB, also once normalized.");
  }
  PreTokenized& stretch = scratch_.stretch;
  parts_.pre_tokenizer->split(text, {at_text_start_, continues}, stretch);
  const size_t rest = parts_.model->encode(stretch, is_last, open_, ids_);
  carry.assign(stretch.text, rest);
  at_text_start_ = false;
}

// Where the part of the segment that starts at `begin` ends: at a place where normalizing and
// searching for added tokens in parts gives the same as in one go.
size_t TextEncoder::find_cut(std::string_view segment, size_t begin) {
  if (!parts_.normalizer->is_local() || parts_.normalized_tokens.needs_right_context()) {
    return segment.size();
  }
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

bool TextEncoder::may_cut(std::string_view segment, size_t position) {
  const size_t before = previous_scalar(segment, position);
  const size_t after = position + scalar_length(segment[position]);
  if (!always_breaks(properties(scalar_at(segment, before)).grapheme) ||
      !always_breaks(properties(scalar_at(segment, position)).grapheme)) {
    return false;
  }
  std::string left, right, both;
  parts_.normalizer->normalize(segment.substr(before, position - before), left);
  parts_.normalizer->normalize(segment.substr(position, after - position), right);
  parts_.normalizer->normalize(segment.substr(before, after - before), both);
  if (left.empty() || right.empty() || both != left + right) return false;
  if (parts_.normalized_tokens.empty()) return true;
  const char32_t last = last_scalar(left);
  if (parts_.normalized_tokens.any_lstrip() && is_white_space(last)) return false;
  std::string across;
  append_scalar(across, last);
  append_scalar(across, scalar_at(right, 0));
  return !parts_.normalized_tokens.contains(across);
}

}  // namespace bge::tokenize
