#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// The `NFC` normalizer: canonical decomposition, canonical order, composition, in the Unicode
// version of the reference.
class NfcNormalizer final : public Normalizer {
 public:
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  // No scalar that always breaks joins the one before it, nor does what it decomposes to.
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return 3; }

 private:
  struct Scalar {
    char32_t value;
    uint8_t combining_class;
  };
  using Scalars = std::vector<Scalar>;

  static void decompose(std::string_view text, Scalars& out);
  static void order(Scalars& scalars);
  static void compose(Scalars& scalars);
};

}  // namespace bge::tokenize
