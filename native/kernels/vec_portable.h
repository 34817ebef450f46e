#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/lanes.h"

// Sixteen lanes in plain C++: the definition that every other vector type must match to the bit.
//
// Whatever is built on these types computes in units of sixteen lanes on every instruction set,
// with fused multiply-add exactly where fma() is written and nowhere else (the files that include
// this are compiled with -ffp-contract=off), so that all instruction sets give the same bits.
//
// These headers are compiled once per instruction set with different flags; the unnamed namespace
// keeps the linker from merging, say, an AVX-512 copy into the portable one.
namespace bge::kernels {
namespace {

struct Portable {
  static constexpr int kLanes = 16;
  struct F {
    float v[kLanes];
  };
  struct I {
    int32_t v[kLanes];
  };

  template <class Op>
  static F map(Op op) {
    F r;
    for (int i = 0; i < kLanes; ++i) r.v[i] = op(i);
    return r;
  }
  template <class Op>
  static I map_i32(Op op) {
    I r;
    for (int i = 0; i < kLanes; ++i) r.v[i] = op(i);
    return r;
  }

  static F load(const float* p) {
    return map([&](int i) { return p[i]; });
  }
  static void store(float* p, const F& a) { std::memcpy(p, a.v, sizeof a.v); }
  static F set1(float a) {
    return map([&](int) { return a; });
  }
  static F add(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] + b.v[i]; });
  }
  static F sub(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] - b.v[i]; });
  }
  static F mul(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] * b.v[i]; });
  }
  static F div(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] / b.v[i]; });
  }
  static F fma(const F& a, const F& b, const F& c) {
    return map([&](int i) { return __builtin_fmaf(a.v[i], b.v[i], c.v[i]); });
  }
  // As x86 has it: the second operand where either is NaN.
  static F max(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F min(const F& a, const F& b) {
    return map([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F abs(const F& a) {
    return map([&](int i) { return __builtin_fabsf(a.v[i]); });
  }
  static F copy_sign(const F& magnitude, const F& sign) {
    return map([&](int i) { return __builtin_copysignf(magnitude.v[i], sign.v[i]); });
  }

  static I load_i32(const int32_t* p) {
    return map_i32([&](int i) { return p[i]; });
  }
  static void store_i32(int32_t* p, const I& a) { std::memcpy(p, a.v, sizeof a.v); }
  static I set1_i32(int32_t a) {
    return map_i32([&](int) { return a; });
  }
  static I add_i32(const I& a, const I& b) {
    return map_i32([&](int i) { return wrap(uint32_t(a.v[i]) + uint32_t(b.v[i])); });
  }
  static I max_i32(const I& a, const I& b) {
    return map_i32([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static I and_i32(const I& a, const I& b) {
    return map_i32([&](int i) { return a.v[i] & b.v[i]; });
  }
  template <int kBits>
  static I shift_left(const I& a) {
    return map_i32([&](int i) { return wrap(uint32_t(a.v[i]) << kBits); });
  }
  // Logical.
  template <int kBits>
  static I shift_right(const I& a) {
    return map_i32([&](int i) { return wrap(uint32_t(a.v[i]) >> kBits); });
  }
  // To the nearest integer, ties to even; INT32_MIN for NaN and what does not fit, as x86 has it.
  static I to_i32(const F& a) {
    return map_i32([&](int i) {
      const bool fits = a.v[i] >= -2147483648.0f && a.v[i] < 2147483648.0f;
      return fits ? static_cast<int32_t>(__builtin_nearbyintf(a.v[i])) : INT32_MIN;
    });
  }
  static F to_f32(const I& a) {
    return map([&](int i) { return static_cast<float>(a.v[i]); });
  }
  static F as_f32(const I& a) {
    F r;
    std::memcpy(r.v, a.v, sizeof r.v);
    return r;
  }
  static I as_i32(const F& a) {
    I r;
    std::memcpy(r.v, a.v, sizeof r.v);
    return r;
  }

  static void store_low_byte(void* p, const I& a) {
    for (int i = 0; i < kLanes; ++i) static_cast<uint8_t*>(p)[i] = static_cast<uint8_t>(a.v[i]);
  }
  static void store_low_half(void* p, const I& a) {
    for (int i = 0; i < kLanes; ++i) static_cast<uint16_t*>(p)[i] = static_cast<uint16_t>(a.v[i]);
  }
  // The second and the lowest byte of 64 words. Place p gets word word_at(p), which each vector
  // type chooses.
  static void store_word_bytes(uint8_t* high, uint8_t* low, const I (&words)[4]) {
    for (int i = 0; i < 4; ++i) {
      store_low_byte(high + i * kLanes, shift_right<8>(words[i]));
      store_low_byte(low + i * kLanes, words[i]);
    }
  }
  static constexpr int word_at(int place) { return place; }
  static I load_s8(const int8_t* p) {
    return map_i32([&](int i) { return int32_t{p[i]}; });
  }
  static I load_u16(const uint16_t* p) {
    return map_i32([&](int i) { return int32_t{p[i]}; });
  }

  // Lane i with lane i+8, then +4, +2, +1.
  static float reduce_add(F a) {
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) a.v[i] += a.v[i + half];
    return a.v[0];
  }
  static float reduce_max(F a) {
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
    return a.v[0];
  }
  static int32_t reduce_max_i32(I a) {
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
    return a.v[0];
  }

 private:
  static int32_t wrap(uint32_t a) { return static_cast<int32_t>(a); }
};

static_assert(SixteenLanes<Portable>);

}  // namespace
}  // namespace bge::kernels
