#include "tokenize/normalizer.h"

#include <algorithm>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace bge::tokenize {

void SequenceNormalizer::normalize(std::string_view text, std::string& out) const {
  if (steps_.empty()) {
    out.append(text);
    return;
  }
  // Two buffers take turns between the steps.
  std::string buffers[2];
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    std::string& target = buffers[i % 2];
    target.clear();
    steps_[i]->normalize(text, target);
    text = target;
  }
  steps_.back()->normalize(text, out);
}

bool SequenceNormalizer::is_local() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->is_local(); });
}

void SpaceRunNormalizer::normalize(std::string_view text, std::string& out) const {
  for (size_t position = 0;;) {
    const size_t run = text.find("  ", position);
    if (run == std::string_view::npos) {
      out.append(text, position);
      return;
    }
    out.append(text, position, run - position);
    out.append(content_);
    position = std::min(text.find_first_not_of(' ', run), text.size());
  }
}

void LiteralNormalizer::normalize(std::string_view text, std::string& out) const {
  for (size_t position = 0;;) {
    const size_t match = text.find(pattern_, position);
    if (match == std::string_view::npos) {
      out.append(text, position);
      return;
    }
    out.append(text, position, match - position);
    out.append(content_);
    position = match + pattern_.size();
  }
}

void StripNormalizer::normalize(std::string_view text, std::string& out) const {
  while (left_ && !text.empty() && is_white_space(scalar_at(text, 0))) {
    text.remove_prefix(scalar_length(text[0]));
  }
  while (right_ && !text.empty() && is_white_space(last_scalar(text))) {
    text = text.substr(0, previous_scalar(text, text.size()));
  }
  out.append(text);
}

}  // namespace bge::tokenize
