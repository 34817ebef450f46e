#include "base/hash.h"

#include <bit>

namespace bge {

uint64_t digest_of(const void* data, size_t bytes) noexcept {
  // Lanes that do not wait for each other's multiplication.
  constexpr size_t kLanes = 8;
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15;
  const char* at = static_cast<const char*>(data);
  uint64_t lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = kPrime * (i + 1);
  uint64_t words[kLanes] = {};
  size_t left = bytes;
  for (; left >= sizeof words; left -= sizeof words, at += sizeof words) {
    std::memcpy(words, at, sizeof words);
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = std::rotl((lanes[i] ^ words[i]) * kPrime, 29);
  }
  Hash hash;
  for (const uint64_t lane : lanes) hash.add(lane);
  return hash.add_text({at, left}).add(bytes).value();
}

}  // namespace bge
