#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bge::tokenize {

// The `precompiled_charsmap` of a SentencePiece model as the `Precompiled` normalizer applies it:
// by grapheme cluster, with the shortest matching key (not SentencePiece's longest).
class Charsmap {
 public:
  // `blob` is the decoded charsmap. Empty result where it is malformed: a Charsmap never gives
  // anything but valid UTF-8, however its trie is linked.
  static std::optional<Charsmap> parse(std::string_view blob);

  void normalize(std::string_view text, std::string& out) const;

 private:
  static constexpr size_t kPlainScalars = 1 << 16;
  static constexpr size_t kMaxReplacement = 256;  // bytes; the longest of NFKC has 33

  Charsmap() = default;

  // True where each replacement that some path could end at starts at a character of the text of
  // replacements, and is no longer than kMaxReplacement.
  bool has_sound_replacements() const;
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
};

}  // namespace bge::tokenize
