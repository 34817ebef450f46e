#include "tokenize/normalizers/normalizer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kKeptBytes = size_t{1} << 20;  // a thread keeps no larger buffer than this

// Start of the first two U+0020 in a row from `position` on; npos where there are none.
size_t find_two_spaces(std::string_view text, size_t position) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  for (; position + 9 <= text.size(); position += 8) {
    uint64_t here, next;
    std::memcpy(&here, text.data() + position, 8);
    std::memcpy(&next, text.data() + position + 1, 8);
    const uint64_t differs = (here ^ kOnes * ' ') | (next ^ kOnes * ' ');
    if ((differs - kOnes) & ~differs & kHigh) break;  // some byte is 0
  }
  return text.find("  ", position);
}

}  // namespace

void SequenceNormalizer::normalize(std::string_view text, std::string& out) const {
  if (steps_.empty()) {
    out.append(text);
    return;
  }
  // Two buffers take turns between the steps. A Sequence has no Sequence inside, so no one else on
  // this thread is using them.
  static thread_local std::string buffers[2];
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    std::string& target = buffers[i % 2];
    target.clear();
    steps_[i]->normalize(text, target);
    text = target;
  }
  steps_.back()->normalize(text, out);
  for (std::string& buffer : buffers) {
    if (buffer.capacity() > kKeptBytes) buffer = {};
  }
}

bool SequenceNormalizer::is_local() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->is_local(); });
}

void SpaceRunNormalizer::normalize(std::string_view text, std::string& out) const {
  for (size_t position = 0;;) {
    const size_t run = find_two_spaces(text, position);
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
