#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// The `precompiled_charsmap` of a SentencePiece model as the `Precompiled` normalizer applies it:
// by grapheme cluster, with the shortest matching key (not SentencePiece's longest).
class PrecompiledNormalizer final : public Normalizer {
 public:
  // `blob` is the decoded charsmap. Null where it is malformed: what is built never gives anything
  // but valid UTF-8, however its trie is linked.
  static std::unique_ptr<const PrecompiledNormalizer> parse(std::string_view blob);

  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t, char32_t) const override { return true; }
  size_t growth() const override { return growth_; }

 private:
  static constexpr size_t kPlainScalars = 1 << 16;
  static constexpr size_t kMaxReplacement = 256;  // bytes; the longest of NFKC has 33

  PrecompiledNormalizer() = default;

  // True where each replacement that some path could end at starts at a character of the text of
  // replacements, and is no longer than kMaxReplacement.
  bool has_sound_replacements();
  // The replacement of the shortest key that is a prefix of `chunk`; data() is null where there is
  // none.
  std::string_view lookup(std::string_view chunk) const;
  void normalize_cluster(std::string_view cluster, std::string& out) const;
  void normalize_scalar(std::string_view scalar, std::string& out) const;
  size_t copy_plain(std::string_view text, size_t position, std::string& out) const;
  void find_plain_scalars();

  std::vector<uint32_t> units_;  // a darts-clone double array
  std::string replacements_;     // NUL-terminated strings, as a whole valid UTF-8
  // For the scalars below 2^16: maps to itself, and no cluster goes across it and another such
  // scalar.
  std::bitset<kPlainScalars> is_plain_;
  bool printable_ascii_is_plain_ = true;
  size_t growth_ = 1;  // bytes of the longest replacement
};

}  // namespace bge::tokenize
