#pragma once

#include <bit>
#include <cstdint>

namespace bge {

// Both are exact for every value, subnormals and infinities included; NaN stays NaN, with its sign
// and payload. Without branches, so that compilers can use vectors.

// IEEE 754 binary16 to binary32.
constexpr float float_from_half(uint16_t half) noexcept {
  constexpr uint32_t kSmallestNormal = 0x0400;
  constexpr uint32_t kInfinity = 0x7c00;
  constexpr uint32_t kBiasDifference = (127 - 15) << 23;
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  const uint32_t normal =
      (magnitude << 13) + kBiasDifference + (magnitude >= kInfinity ? kBiasDifference : 0);
  // Zero or mantissa * 2^-24, which binary32 has as a normal number.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f);
  return std::bit_cast<float>(sign | (magnitude < kSmallestNormal ? subnormal : normal));
}

// bfloat16, the upper half of binary32, to that.
constexpr float float_from_bfloat16(uint16_t value) noexcept {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

}  // namespace bge
