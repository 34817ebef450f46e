#include "tokenize/normalizers/bert.h"

#include <algorithm>

#include "tokenize/unicode/hangul.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

// The reference's list; it leaves out 2B820 to 2B91F.
bool is_chinese(char32_t scalar) {
  if (scalar < 0x3400) return false;
  return (scalar >= 0x4E00 && scalar <= 0x9FFF) || scalar <= 0x4DBF ||
         (scalar >= 0x20000 && scalar <= 0x2A6DF) || (scalar >= 0x2A700 && scalar <= 0x2B73F) ||
         (scalar >= 0x2B740 && scalar <= 0x2B81F) || (scalar >= 0x2B920 && scalar <= 0x2CEAF) ||
         (scalar >= 0xF900 && scalar <= 0xFAFF) || (scalar >= 0x2F800 && scalar <= 0x2FA1F);
}

bool is_cleaned_away(char32_t scalar) {
  if (scalar == '\t' || scalar == '\n' || scalar == '\r') return false;
  return scalar == 0 || scalar == kReplacementCharacter || has_flag(scalar, kOtherCategory);
}

}  // namespace

BertNormalizer::BertNormalizer(BertNormalizerOptions options) : options_(options) {
  for (char32_t scalar = 0; scalar < 128; ++scalar) {
    char target = static_cast<char>(scalar);
    ascii_dropped_[scalar] = options_.clean_text && is_cleaned_away(scalar);
    if (options_.clean_text && is_white_space(scalar)) target = ' ';
    if (options_.lowercase && target >= 'A' && target <= 'Z') target += 'a' - 'A';
    ascii_[scalar] = target;
  }
}

void BertNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  Marks marks;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      ++at;
      if (ascii_dropped_[byte]) continue;
      if (!marks.empty()) flush(marks, out);
      out.push_back(ascii_[byte]);
    } else {
      normalize_scalar(next_scalar(at), marks, out);
    }
  }
  flush(marks, out);
}

void BertNormalizer::normalize_scalar(char32_t scalar, Marks& marks, std::string& out) const {
  if (options_.clean_text) {
    if (is_cleaned_away(scalar)) return;
    if (is_white_space(scalar)) scalar = ' ';
  }
  const bool spaced = options_.handle_chinese_chars && is_chinese(scalar);
  if (spaced) {
    flush(marks, out);
    out.push_back(' ');
  }
  if (options_.strip_accents) {
    decompose(scalar, marks, out);
  } else {
    emit(scalar, out);
  }
  if (spaced) {
    flush(marks, out);
    out.push_back(' ');
  }
}

void BertNormalizer::decompose(char32_t scalar, Marks& marks, std::string& out) const {
  if (scalar >= kHangulBase && scalar <= kHangulLast) {
    flush(marks, out);
    const char32_t index = scalar - kHangulBase;
    emit(kLeadBase + index / kVowelTailCount, out);
    emit(kVowelBase + index % kVowelTailCount / kTailCount, out);
    if (index % kTailCount != 0) emit(kTailBase + index % kTailCount, out);
    return;
  }
  const auto parts = decomposition(scalar);
  if (parts.empty()) return emit_decomposed(scalar, marks, out);
  for (const uint32_t part : parts) emit_decomposed(part, marks, out);
}

// Canonical order: what has a combining class waits in `marks` until a starter comes, even a
// starter that is itself dropped as Mn.
void BertNormalizer::emit_decomposed(char32_t scalar, Marks& marks, std::string& out) const {
  const ScalarProperties& facts = properties(scalar);
  const bool dropped = (facts.flags & kNonspacingMark) != 0;
  if (facts.combining_class != 0) {
    if (!dropped) marks.push_back({scalar, facts.combining_class});
    return;
  }
  flush(marks, out);
  if (!dropped) emit(scalar, out);
}

void BertNormalizer::flush(Marks& marks, std::string& out) const {
  if (marks.empty()) return;
  const auto earlier = [](const Mark& a, const Mark& b) {
    return a.combining_class < b.combining_class;
  };
  if (!std::is_sorted(marks.begin(), marks.end(), earlier)) {
    std::stable_sort(marks.begin(), marks.end(), earlier);
  }
  for (const Mark& mark : marks) emit(mark.scalar, out);
  marks.clear();
}

void BertNormalizer::emit(char32_t scalar, std::string& out) const {
  if (options_.lowercase) {
    const auto lower = lowercase(scalar);
    if (!lower.empty()) {
      for (const uint32_t part : lower) append_scalar(out, part);
      return;
    }
  }
  append_scalar(out, scalar);
}

}  // namespace bge::tokenize
