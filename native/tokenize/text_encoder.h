#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/tokenizer_parts.h"

namespace bge::tokenize {

// Encodes one text, part by part, so that a token cap can stop it early and memory stays bounded.
// Lives on the stack of one call, with the scratch memory of its thread.
class TextEncoder {
 public:
  // `parts`, and `ids`, to which the ids are appended, must outlive this.
  TextEncoder(const TokenizerParts& parts, size_t token_cap, std::vector<int32_t>& ids);
  ~TextEncoder();
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  // `text` is valid UTF-8 under 4 GiB. False where it stopped at the cap with text left.
  bool encode(std::string_view text);
  // The same of a text without added tokens, after the ids that there are. Where it is not
  // `is_last`, appends only ids that no further text can change.
  void encode_plain(std::string_view text, bool is_last);

 private:
  struct Scratch {
    std::string normalized;
    std::string carry;  // the open tail of the stretches so far, as the pre-tokenizer wrote it
    PreTokenized stretch;
  };
  static Scratch& thread_scratch();

  // One segment is the text between two raw added tokens; it is normalized and encoded in parts.
  bool encode_segment(std::string_view segment, bool is_last = true);
  void encode_normalized(bool is_last);
  void encode_stretch(std::string_view text, bool is_last);
  void add_token(int32_t id);
  size_t find_cut(std::string_view segment, size_t begin);
  size_t find_cut_between(std::string_view segment, size_t low, size_t high);
  bool may_cut(std::string_view segment, size_t position) const;
  // What normalizing makes of one scalar in the middle of a segment.
  std::string normalized_alone(char32_t scalar) const;

  const TokenizerParts& parts_;
  const size_t token_cap_;
  std::vector<int32_t>& ids_;
  bool at_text_start_ = true;  // nothing but the current stretches has been seen
  OpenPiece open_;
  Scratch& scratch_;
};

}  // namespace bge::tokenize
