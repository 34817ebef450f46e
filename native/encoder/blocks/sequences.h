#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.h"

namespace bge::encoder {

// What a model takes.
struct TokenLimits {
  int vocabulary;
  int types;
  int max_tokens;  // of a sequence
};

// The tokens of one run: those of all sequences one after another.
struct Sequences {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<int32_t> position_ids;
  std::vector<int> offsets;  // first token of each sequence, and the end of the last
  // What stands before each sequence, or null.
  std::vector<const backend::Prefix*> prefixes;
  // Of each sequence's last token.
  std::vector<int32_t> last_positions;

  int tokens() const { return static_cast<int>(ids.size()); }
  int count() const { return static_cast<int>(offsets.size()) - 1; }

  // Takes ids and types over, but those of a row's prefix; positions count from 0 in every
  // sequence, with its prefix. Throws Error kTooLong for a
  // row beyond the limit or without tokens, kInferenceFailed for a token outside the vocabulary.
  void gather(std::span<const backend::Row> rows, const TokenLimits& limits);
};

}  // namespace bge::encoder
