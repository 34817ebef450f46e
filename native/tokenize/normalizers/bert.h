#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

struct BertNormalizerOptions {
  bool clean_text;
  bool handle_chinese_chars;
  bool strip_accents;
  bool lowercase;
};

// The `BertNormalizer`: clean_text, handle_chinese_chars, strip_accents (NFD without Mn),
// lowercase.
class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(BertNormalizerOptions options);

  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return 4; }

 private:
  struct Mark {
    char32_t scalar;
    uint8_t combining_class;
  };
  using Marks = std::vector<Mark>;

  void normalize_scalar(char32_t scalar, Marks& marks, std::string& out) const;
  void decompose(char32_t scalar, Marks& marks, std::string& out) const;
  void emit_decomposed(char32_t scalar, Marks& marks, std::string& out) const;
  void flush(Marks& marks, std::string& out) const;
  void emit(char32_t scalar, std::string& out) const;

  BertNormalizerOptions options_;
  std::array<char, 128> ascii_;          // what an ASCII scalar becomes
  std::array<bool, 128> ascii_dropped_;  // what clean_text takes out
};

}  // namespace bge::tokenize
