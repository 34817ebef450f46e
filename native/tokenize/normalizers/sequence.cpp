#include "tokenize/normalizers/sequence.h"

#include <limits>

#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kKeptBytes = size_t{1} << 20;  // a thread keeps no larger buffer than this

std::string applied(const Normalizer& step, std::string_view text) {
  std::string out;
  step.normalize(text, {false, false}, out);
  return out;
}

}  // namespace

void SequenceNormalizer::normalize(std::string_view text, SegmentEnds ends,
                                   std::string& out) const {
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
    steps_[i]->normalize(text, ends, target);
    text = target;
  }
  steps_.back()->normalize(text, ends, out);
  for (std::string& buffer : buffers) {
    if (buffer.capacity() > kKeptBytes) buffer = {};
  }
}

// Each step sees what the steps before make of the two scalars.
bool SequenceNormalizer::may_cut(char32_t left, char32_t right) const {
  std::string before, after;
  append_scalar(before, left);
  append_scalar(after, right);
  for (const auto& step : steps_) {
    if (!step->may_cut(last_scalar(before), scalar_at(after, 0))) return false;
    before = applied(*step, before);
    after = applied(*step, after);
    if (before.empty() || after.empty()) return false;
  }
  return true;
}

size_t SequenceNormalizer::growth() const {
  size_t product = 1;
  for (const auto& step : steps_) {
    const size_t factor = step->growth();
    if (product > std::numeric_limits<size_t>::max() / factor) return product;
    product *= factor;
  }
  return product;
}

}  // namespace bge::tokenize
