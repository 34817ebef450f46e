#include "tokenize/normalizers/scalars.h"

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

bool is_dropped_by_nmt(char32_t scalar) {
  return (scalar >= 0x01 && scalar <= 0x08) || scalar == 0x0B ||
         (scalar >= 0x0E && scalar <= 0x1F) || scalar == 0x7F || scalar == 0x8F || scalar == 0x9F;
}

bool is_space_to_nmt(char32_t scalar) {
  switch (scalar) {
    case 0x09:
    case 0x0A:
    case 0x0C:
    case 0x0D:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xFEFF:
    case 0xFFFD: return true;
    default: return scalar >= 0x200B && scalar <= 0x200F;
  }
}

}  // namespace

void LowercaseNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char32_t scalar = next_scalar(at);
    const auto lower = lowercase(scalar);
    if (lower.empty()) append_scalar(out, scalar);
    for (const uint32_t part : lower) append_scalar(out, part);
  }
}

void NmtNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char32_t scalar = next_scalar(at);
    if (!is_dropped_by_nmt(scalar)) append_scalar(out, is_space_to_nmt(scalar) ? ' ' : scalar);
  }
}

}  // namespace bge::tokenize
