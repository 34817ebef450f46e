#include "tokenize/normalizers/nfc.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "tokenize/unicode/byte_level_tables.h"
#include "tokenize/unicode/hangul.h"
#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

// The scalar that `first` and `second` compose to; 0 where they do not.
char32_t composed(char32_t first, char32_t second) {
  if (first - kLeadBase < kLeadCount && second - kVowelBase < kVowelCount) {
    return kHangulBase + ((first - kLeadBase) * kVowelCount + (second - kVowelBase)) * kTailCount;
  }
  const bool is_lv =
      first - kHangulBase <= kHangulLast - kHangulBase && (first - kHangulBase) % kTailCount == 0;
  if (is_lv && second > kTailBase && second < kTailBase + kTailCount) {
    return first + (second - kTailBase);
  }
  const Composition key{static_cast<uint32_t>(first), static_cast<uint32_t>(second), 0};
  const auto* found =
      std::lower_bound(std::begin(kCompositions), std::end(kCompositions), key,
                       [](const Composition& a, const Composition& b) {
                         return std::tie(a.first, a.second) < std::tie(b.first, b.second);
                       });
  const bool hits =
      found != std::end(kCompositions) && found->first == key.first && found->second == key.second;
  return hits ? found->composed : 0;
}

}  // namespace

// ASCII never changes and never joins what stands before it: only stretches of other scalars, each
// with the ASCII scalar before it, go through the whole of it.
void NfcNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  static thread_local Scalars scalars;
  for (size_t begin = 0; begin < text.size();) {
    const auto at = [&](size_t offset) { return text.begin() + static_cast<ptrdiff_t>(offset); };
    const auto first_other = std::find_if_not(at(begin), text.end(), is_ascii);
    size_t other = static_cast<size_t>(first_other - text.begin());
    if (other == text.size()) {
      out.append(text, begin);
      return;
    }
    if (other > begin) --other;
    out.append(text, begin, other - begin);
    const auto next_ascii = std::find_if(at(other + 1), text.end(), is_ascii);
    const size_t end = std::max(static_cast<size_t>(next_ascii - text.begin()), other + 1);
    scalars.clear();
    decompose(text.substr(other, end - other), scalars);
    order(scalars);
    compose(scalars);
    for (const Scalar& scalar : scalars) append_scalar(out, scalar.value);
    begin = end;
  }
}

void NfcNormalizer::decompose(std::string_view text, Scalars& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char32_t scalar = next_scalar(at);
    if (scalar >= kHangulBase && scalar <= kHangulLast) {
      const char32_t index = scalar - kHangulBase;
      out.push_back({kLeadBase + index / kVowelTailCount, 0});
      out.push_back({kVowelBase + index % kVowelTailCount / kTailCount, 0});
      if (index % kTailCount != 0) out.push_back({kTailBase + index % kTailCount, 0});
      continue;
    }
    const auto parts = decomposition(scalar);
    if (parts.empty()) out.push_back({scalar, properties(scalar).combining_class});
    for (const uint32_t part : parts) out.push_back({part, properties(part).combining_class});
  }
}

// Each run of scalars with a combining class is sorted by it.
void NfcNormalizer::order(Scalars& scalars) {
  const auto is_mark = [](const Scalar& scalar) { return scalar.combining_class != 0; };
  for (auto begin = scalars.begin(); begin != scalars.end();) {
    begin = std::find_if(begin, scalars.end(), is_mark);
    const auto end = std::find_if_not(begin, scalars.end(), is_mark);
    std::stable_sort(begin, end, [](const Scalar& a, const Scalar& b) {
      return a.combining_class < b.combining_class;
    });
    begin = end;
  }
}

// A scalar joins the last starter unless one between them has its class or a higher one.
void NfcNormalizer::compose(Scalars& scalars) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  size_t starter = kNone;
  size_t kept = 0;
  for (const Scalar scalar : scalars) {
    const bool adjacent = starter + 1 == kept;
    const bool blocked =
        !adjacent && (kept == 0 || scalars[kept - 1].combining_class >= scalar.combining_class);
    if (starter != kNone && !blocked) {
      const char32_t joined = composed(scalars[starter].value, scalar.value);
      if (joined != 0) {
        scalars[starter].value = joined;
        continue;
      }
    }
    if (scalar.combining_class == 0) starter = kept;
    scalars[kept++] = scalar;
  }
  scalars.resize(kept);
}

}  // namespace bge::tokenize
