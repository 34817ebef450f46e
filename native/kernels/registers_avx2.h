#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace bge::kernels {
namespace {

inline __m256i load_256(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

inline void store_256(void* p, __m256i x) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }

inline __m256i broadcast_four_bytes(const void* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return _mm256_set1_epi32(word);
}

}  // namespace
}  // namespace bge::kernels
