#pragma once

#include <cstdint>

#include "kernels/lanes.h"

// Elementwise functions of sixteen floats.
namespace bge::kernels {
namespace {

// Evaluates c[0] + c[1] x + ... by Horner's rule.
template <SixteenLanes V, int kCount>
inline typename V::F polynomial(typename V::F x, const float (&c)[kCount]) {
  typename V::F r = V::set1(c[kCount - 1]);
  for (int i = kCount - 2; i >= 0; --i) r = V::fma(r, x, V::set1(c[i]));
  return r;
}

// 2^x for x <= 0 by a fit of 2^f on [-1/2, 1/2]. Below -100 it stays at 2^-100, so that products
// with it are no subnormals, which processors are slow at. NaN stays NaN.
template <SixteenLanes V, int kCount>
inline typename V::F exp2_non_positive(typename V::F x, const float (&fit)[kCount]) {
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
  const typename V::F shift = V::set1(12582912.0f);
  x = V::max(V::set1(-100.0f), x);
  const typename V::F shifted = V::add(x, shift);
  const typename V::F fraction = polynomial<V>(V::sub(x, V::sub(shifted, shift)), fit);
  const typename V::I exponent = V::template shift_left<23>(V::as_i32(shifted));
  return V::as_f32(V::add_i32(V::as_i32(fraction), exponent));
}

// Minimax, relative error 7.5e-8.
template <SixteenLanes V>
inline typename V::F exp2_exact(typename V::F x) {
  static constexpr float kFit[] = {1.00000007f, 0.69314697f, 0.2402212f,
                                   0.05550713f, 0.00967554f, 0.00132765f};
  return exp2_non_positive<V>(x, kFit);
}

// Minimax, relative error 2.7e-6: a sixth of a step of a 16-bit weight.
template <SixteenLanes V>
inline typename V::F exp2_fast(typename V::F x) {
  static constexpr float kFit[] = {0.99999928f, 0.69312179f, 0.24024744f, 0.055917863f,
                                   0.0095701022f};
  return exp2_non_positive<V>(x, kFit);
}

// x * Phi(x) with a polynomial for Phi on [-4.25, 4.25]: within 6e-5 for |x| <= 8 and 2e-5 |x|
// beyond, far below one step of an int8 or bf16 row. Minimax in (2 (x/4.25)^2 - 1), which keeps the
// terms small enough for float.
template <SixteenLanes V>
inline typename V::F gelu_fast(typename V::F x) {
  static constexpr float kFit[] = {0.16593489f,   -0.080777265f,  0.055733249f,
                                   -0.039169386f, 0.025324227f,   -0.014602909f,
                                   0.0092201661f, -0.0060394029f, 0.0020218743f};
  constexpr float kEdge = 4.25f;
  const typename V::F clamped = V::min(V::set1(kEdge), V::max(V::set1(-kEdge), x));
  const typename V::F t =
      V::fma(V::mul(clamped, clamped), V::set1(2.0f / (kEdge * kEdge)), V::set1(-1.0f));
  const typename V::F phi = V::fma(polynomial<V>(t, kFit), clamped, V::set1(0.5f));
  return V::mul(x, phi);
}

// x * Phi(x) within 1.5e-7 max(1, |x|). Phi by erf in Abramowitz and Stegun's form 7.1.26.
template <SixteenLanes V>
inline typename V::F gelu_exact(typename V::F x) {
  static constexpr float kFit[] = {0.0f,         0.254829592f,  -0.284496736f,
                                   1.421413741f, -1.453152027f, 1.061405429f};
  constexpr float kInvSqrt2 = 0.70710678f;
  constexpr float kLog2E = 1.44269504f;
  const typename V::F z = V::mul(V::abs(x), V::set1(kInvSqrt2));
  const typename V::F t = V::div(V::set1(1.0f), V::fma(z, V::set1(0.3275911f), V::set1(1.0f)));
  const typename V::F tail =
      V::mul(polynomial<V>(t, kFit), exp2_exact<V>(V::mul(V::mul(z, z), V::set1(-kLog2E))));
  const typename V::F erf = V::copy_sign(V::sub(V::set1(1.0f), tail), x);
  const typename V::F half = V::mul(x, V::set1(0.5f));
  return V::fma(half, erf, half);
}

// x / (1 + e^-x), relative error 3e-7. By e^-|x|, which cannot overflow.
template <SixteenLanes V>
inline typename V::F silu(typename V::F x) {
  constexpr float kLog2E = 1.44269504f;
  const typename V::F zero = V::set1(0.0f);
  const typename V::F e = exp2_exact<V>(V::mul(V::abs(x), V::set1(-kLog2E)));
  const typename V::F product = V::fma(V::min(zero, x), e, V::max(zero, x));
  return V::div(product, V::add(V::set1(1.0f), e));
}

// Rounds to bf16, ties to even, in the low half of each lane.
template <SixteenLanes V>
inline typename V::I to_bf16(typename V::F x) {
  const typename V::I bits = V::as_i32(x);
  const typename V::I odd = V::and_i32(V::template shift_right<16>(bits), V::set1_i32(1));
  return V::template shift_right<16>(V::add_i32(V::add_i32(bits, V::set1_i32(0x7FFF)), odd));
}

template <SixteenLanes V>
inline typename V::F load_bf16(const uint16_t* p) {
  return V::as_f32(V::template shift_left<16>(V::load_u16(p)));
}

}  // namespace
}  // namespace bge::kernels
