#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bge::tokenize {

// Which ends of its segment (the text between two added tokens) a part of it has.
struct SegmentEnds {
  bool first = true;
  bool last = true;
};

// One step of the file's "normalizer" section. Immutable, shared by all threads.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Appends the normalized form of `text` (valid UTF-8) to `out`. It is all of a segment, or a part
  // that was cut where may_cut() allows it.
  virtual void normalize(std::string_view text, SegmentEnds ends, std::string& out) const = 0;

  // Whether a segment may be cut between these two scalars and normalized in parts. Both always
  // break (grapheme.h), and so do the scalars before and after the two: they stand for themselves.
  virtual bool may_cut(char32_t left, char32_t right) const = 0;

  // How many bytes one byte of text can become, at most.
  virtual size_t growth() const = 0;
};

}  // namespace bge::tokenize
