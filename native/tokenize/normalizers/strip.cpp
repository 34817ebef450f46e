#include "tokenize/normalizers/strip.h"

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {

void StripNormalizer::normalize(std::string_view text, SegmentEnds ends, std::string& out) const {
  while (left_ && ends.first && !text.empty() && is_white_space(scalar_at(text, 0))) {
    text.remove_prefix(scalar_length(text[0]));
  }
  while (right_ && ends.last && !text.empty() && is_white_space(last_scalar(text))) {
    text = text.substr(0, previous_scalar(text, text.size()));
  }
  out.append(text);
}

bool StripNormalizer::may_cut(char32_t left, char32_t right) const {
  return !is_white_space(left) && !is_white_space(right);
}

void PrependNormalizer::normalize(std::string_view text, SegmentEnds ends, std::string& out) const {
  if (ends.first && !text.empty()) out.append(prefix_);
  out.append(text);
}

}  // namespace bge::tokenize
