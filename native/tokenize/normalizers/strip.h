#pragma once

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// Takes White_Space off the ends of the segment that are asked for.
class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  // Between others than White_Space, so that what is stripped does not go across the cut.
  bool may_cut(char32_t left, char32_t right) const override;
  size_t growth() const override { return 1; }

 private:
  bool left_;
  bool right_;
};

// Puts a text before every segment that is not empty.
class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(std::string prefix) : prefix_(std::move(prefix)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return 1 + prefix_.size(); }

 private:
  std::string prefix_;
};

}  // namespace bge::tokenize
