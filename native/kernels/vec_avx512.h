#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/lanes.h"

// Sixteen lanes in one AVX-512 register. See vec_portable.h for what each operation must compute.
namespace bge::kernels {
namespace {

struct Avx512 {
  using F = __m512;
  using I = __m512i;

  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  static F set1(float a) { return _mm512_set1_ps(a); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F abs(F a) { return _mm512_abs_ps(a); }
  static F copy_sign(F magnitude, F sign) {
    const __m512i mask = _mm512_set1_epi32(INT32_MIN);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(mask, _mm512_castps_si512(sign),
                                                         _mm512_castps_si512(magnitude), 0xCA));
  }

  static I load_i32(const int32_t* p) { return _mm512_loadu_si512(p); }
  static void store_i32(int32_t* p, I a) { _mm512_storeu_si512(p, a); }
  static I set1_i32(int32_t a) { return _mm512_set1_epi32(a); }
  static I add_i32(I a, I b) { return _mm512_add_epi32(a, b); }
  static I max_i32(I a, I b) { return _mm512_max_epi32(a, b); }
  static I and_i32(I a, I b) { return _mm512_and_si512(a, b); }
  template <int kBits>
  static I shift_left(I a) {
    return _mm512_slli_epi32(a, kBits);
  }
  template <int kBits>
  static I shift_right(I a) {
    return _mm512_srli_epi32(a, kBits);
  }
  static I to_i32(F a) { return _mm512_cvtps_epi32(a); }
  static F to_f32(I a) { return _mm512_cvtepi32_ps(a); }
  static F as_f32(I a) { return _mm512_castsi512_ps(a); }
  static I as_i32(F a) { return _mm512_castps_si512(a); }

  static void store_low_byte(void* p, I a) {
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
  }
  static void store_low_half(void* p, I a) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a));
  }
  // Two rounds of packing within 128-bit lanes, which interleave the four vectors by dwords.
  static void store_word_bytes(uint8_t* high, uint8_t* low, const I (&words)[4]) {
    const __m512i first = _mm512_packus_epi32(words[0], words[1]);
    const __m512i second = _mm512_packus_epi32(words[2], words[3]);
    const __m512i mask = _mm512_set1_epi16(0xFF);
    _mm512_storeu_si512(
        high, _mm512_packus_epi16(_mm512_srli_epi16(first, 8), _mm512_srli_epi16(second, 8)));
    _mm512_storeu_si512(
        low, _mm512_packus_epi16(_mm512_and_si512(first, mask), _mm512_and_si512(second, mask)));
  }
  static constexpr int word_at(int place) {
    return place % 16 / 4 * 16 + place / 16 * 4 + place % 4;
  }
  static I load_s8(const int8_t* p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static I load_u16(const uint16_t* p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }

  static float reduce_add(F a) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
  }
  static float reduce_max(F a) {
    const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
  }
  static int32_t reduce_max_i32(I a) { return _mm512_reduce_max_epi32(a); }
};

static_assert(SixteenLanes<Avx512>);

}  // namespace
}  // namespace bge::kernels
