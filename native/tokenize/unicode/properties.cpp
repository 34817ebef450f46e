#include "tokenize/unicode/properties.h"

#include <algorithm>

namespace bge::tokenize {
namespace {

std::span<const uint32_t> find(char32_t scalar, std::span<const uint32_t> keys,
                               const uint16_t* offsets, const uint32_t* pool) {
  const auto key = std::lower_bound(keys.begin(), keys.end(), static_cast<uint32_t>(scalar));
  if (key == keys.end() || *key != scalar) return {};
  const auto index = key - keys.begin();
  return {pool + offsets[index], pool + offsets[index + 1]};
}

}  // namespace

std::span<const uint32_t> decomposition(char32_t scalar) {
  if (!has_flag(scalar, kHasDecomposition)) return {};
  return find(scalar, kDecompositionKeys, kDecompositionOffsets, kDecompositionPool);
}

std::span<const uint32_t> lowercase(char32_t scalar) {
  if (!has_flag(scalar, kHasLowercase)) return {};
  return find(scalar, kLowercaseKeys, kLowercaseOffsets, kLowercasePool);
}

}  // namespace bge::tokenize
