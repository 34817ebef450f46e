#include "tokenize/unicode/grapheme.h"

#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

using enum GraphemeClass;

bool is_control(GraphemeClass grapheme) {
  return grapheme == kControl || grapheme == kCr || grapheme == kLf;
}

bool is_hangul_join(GraphemeClass before, GraphemeClass after) {  // GB6, GB7, GB8
  switch (before) {
    case kL: return after == kL || after == kV || after == kLv || after == kLvt;
    case kLv:
    case kV: return after == kV || after == kT;
    case kLvt:
    case kT: return after == kT;
    default: return false;
  }
}

// What the rules that look further back than one scalar need to know of the cluster so far.
struct History {
  bool conjunct = false;             // GB9c: a consonant, then only linkers and extends
  bool linked = false;               // GB9c: at least one linker among them
  bool pictographic = false;         // GB11: a pictograph, then only Extend
  bool pictographic_joiner = false;  // GB11: the same, then ZWJ
  bool odd_indicators = false;       // GB12, GB13

  void add(const ScalarProperties& scalar) {
    const bool linker = scalar.flags & kConjunctLinker;
    if (scalar.grapheme == kConsonant) {
      conjunct = true;
      linked = false;
    } else if (linker || (scalar.flags & kConjunctExtend)) {
      linked = linked || linker;
    } else {
      conjunct = false;
    }
    pictographic_joiner = pictographic && scalar.grapheme == kZwj;
    pictographic = scalar.grapheme == kPictographic || (pictographic && scalar.grapheme == kExtend);
    odd_indicators = scalar.grapheme == kRegionalIndicator && !odd_indicators;
  }
};

bool joins(GraphemeClass before, const History& history, GraphemeClass after) {
  if (before == kCr && after == kLf) return true;             // GB3
  if (is_control(before) || is_control(after)) return false;  // GB4, GB5
  if (is_hangul_join(before, after)) return true;
  if (after == kExtend || after == kZwj || after == kSpacingMark) return true;  // GB9, GB9a
  if (before == kPrepend) return true;                                          // GB9b
  if (after == kConsonant) return history.conjunct && history.linked;           // GB9c
  if (after == kPictographic) return history.pictographic_joiner;               // GB11
  return after == kRegionalIndicator && history.odd_indicators;                 // GB12, GB13
}

}  // namespace

size_t grapheme_end(std::string_view text, size_t start) {
  const char* at = text.data() + start;
  const char* const end = text.data() + text.size();
  const ScalarProperties* before = &properties(next_scalar(at));
  History history;
  history.add(*before);
  while (at != end) {
    const char* next = at;
    const ScalarProperties& after = properties(next_scalar(next));
    if (!joins(before->grapheme, history, after.grapheme)) break;
    history.add(after);
    before = &after;
    at = next;
  }
  return static_cast<size_t>(at - text.data());
}

}  // namespace bge::tokenize
