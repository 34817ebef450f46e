#pragma once

namespace bge::tokenize {

// The arithmetic of Hangul syllables, section 3.12 of the Unicode standard.
inline constexpr char32_t kHangulBase = 0xAC00, kHangulLast = 0xD7A3;
inline constexpr char32_t kLeadBase = 0x1100, kVowelBase = 0x1161, kTailBase = 0x11A7;
inline constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
inline constexpr char32_t kVowelTailCount = kVowelCount * kTailCount;

}  // namespace bge::tokenize
