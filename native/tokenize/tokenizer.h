#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/truncation.h"

namespace bge::tokenize {

inline constexpr size_t kNoLimit = SIZE_MAX;

// The ids of one text, without special tokens of the template.
struct EncodedText {
  std::vector<int32_t> ids;
  bool complete = true;  // false: stopped early, with ids.size() at the token cap or above it
};

struct EncodedPair {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  // as long as ids
  size_t truncated_tokens = 0;    // of those given, how many were cut off
  // Whether the pair begins with all of its EncodedQuery's ids, as others of that query do.
  bool begins_with_query = false;
};

// A part of a text, of which some is a template's and some a caller's.
struct TextPiece {
  std::string_view text;
  bool is_plain;  // the names of added tokens in it are text
};

struct TokenizerParts;

// What the name of a special token in a text is: kParse: that token, as in the reference; kText:
// text like any other, whose ids are never a special token's.
enum class SpecialTokens { kParse, kText };

// A Hugging Face tokenizer.json, with exactly the ids of the Python and Rust `tokenizers`.
// Immutable once loaded: any number of threads may use one at the same time.
class Tokenizer {
 public:
  // Throw Error with kModelNotFound (no such file), kTokenizerInvalid (not a sound tokenizer.json)
  // or kTokenizerUnsupported (a component that we do not have, named, with its JSON pointer as
  // path()).
  static std::unique_ptr<const Tokenizer> from_file(
      const std::string& path, SpecialTokens special_tokens = SpecialTokens::kParse);
  static std::unique_ptr<const Tokenizer> from_json(
      const std::string& json, SpecialTokens special_tokens = SpecialTokens::kParse);

  explicit Tokenizer(TokenizerParts parts);
  ~Tokenizer();

  // `utf8` may be malformed: every ill-formed part counts as U+FFFD. With a cap, time and memory
  // depend on the cap, but for a fast scan of the whole text; and but for a word without any space
  // whose first ids depend on its end, of which about 12 bytes a byte are held (Unigram where two
  // ways to cut it stay equally good; BPE with tokens of more than 256 bytes, 40). Throws
  // kInvalidInput for 1 GiB or more.
  EncodedText encode(std::string_view utf8, size_t token_cap = kNoLimit) const;

  // Joins two encoded texts. Throws kTooLong and kInvalidOption, see truncated_lengths().
  EncodedPair pair(std::span<const int32_t> query, std::span<const int32_t> passage,
                   size_t max_length, Truncation truncation) const;

  // Appends the ids of the pieces' text up to the last added token in it. Gives the text after
  // that, for encode_plain().
  std::string encode_pieces(std::span<const TextPiece> pieces, std::vector<int32_t>& ids) const;
  // Appends the ids of a text in which the names of added tokens are text; where it is not the
  // last, only those that no further text can change. Stops once there are `cap` ids in all.
  void encode_plain(std::string_view utf8, bool is_last, size_t cap,
                    std::vector<int32_t>& ids) const;
  // Whether the text is empty or begins with an added token: what stands before it then has no part
  // in its ids.
  bool stands_apart(std::string_view text) const;
  // Whether encode_plain() can do that: no added token is searched for in normalized text.
  bool keeps_plain_text() const;

  size_t special_tokens_in_pair() const;
  // One more than the highest id that encode() and pair() can give, added tokens included.
  size_t vocabulary_size() const;
  // The max_length of the file's "truncation" section.
  std::optional<size_t> file_max_length() const;

 private:
  std::unique_ptr<const TokenizerParts> parts_;
};

}  // namespace bge::tokenize
