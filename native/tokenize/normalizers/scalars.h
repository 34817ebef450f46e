#pragma once

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// Each scalar in lower case by itself: no final sigma, no locale.
class LowercaseNormalizer final : public Normalizer {
 public:
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return 3; }
};

// `Nmt`: drops control characters, makes spaces of a list of others.
class NmtNormalizer final : public Normalizer {
 public:
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return 1; }
};

}  // namespace bge::tokenize
