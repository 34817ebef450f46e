#pragma once

#include <memory>
#include <vector>

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

class SequenceNormalizer final : public Normalizer {
 public:
  // None of the steps is itself a SequenceNormalizer. Without any, text stays as it is.
  explicit SequenceNormalizer(std::vector<std::unique_ptr<const Normalizer>> steps)
      : steps_(std::move(steps)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t left, char32_t right) const override;
  size_t growth() const override;

 private:
  std::vector<std::unique_ptr<const Normalizer>> steps_;
};

}  // namespace bge::tokenize
