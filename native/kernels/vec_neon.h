#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/lanes.h"
#include "kernels/unroll.h"

// Sixteen lanes in four NEON registers. See vec_portable.h for what each operation must compute.
namespace bge::kernels {
namespace {

struct Neon {
  struct F {
    float32x4_t v[4];
  };
  struct I {
    int32x4_t v[4];
  };

  template <class To, class Op>
  [[gnu::always_inline]] static To map(Op op) {
    To r;
    unroll<4>([&](auto i) { r.v[i] = op(i); });
    return r;
  }

  static F load(const float* p) {
    return map<F>([&](int i) { return vld1q_f32(p + 4 * i); });
  }
  static void store(float* p, F a) {
    unroll<4>([&](auto i) { vst1q_f32(p + 4 * i, a.v[i]); });
  }
  static F set1(float a) {
    return map<F>([&](int) { return vdupq_n_f32(a); });
  }
  static F add(F a, F b) {
    return map<F>([&](int i) { return vaddq_f32(a.v[i], b.v[i]); });
  }
  static F sub(F a, F b) {
    return map<F>([&](int i) { return vsubq_f32(a.v[i], b.v[i]); });
  }
  static F mul(F a, F b) {
    return map<F>([&](int i) { return vmulq_f32(a.v[i], b.v[i]); });
  }
  static F div(F a, F b) {
    return map<F>([&](int i) { return vdivq_f32(a.v[i], b.v[i]); });
  }
  static F fma(F a, F b, F c) {
    return map<F>([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
  }
  // By comparison: NEON's own maximum and minimum keep a NaN of either operand.
  static F max(F a, F b) {
    return map<F>([&](int i) { return larger(a.v[i], b.v[i]); });
  }
  static F min(F a, F b) {
    return map<F>([&](int i) { return vbslq_f32(vcltq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
  }
  static F abs(F a) {
    return map<F>([&](int i) { return vabsq_f32(a.v[i]); });
  }
  static F copy_sign(F magnitude, F sign) {
    const uint32x4_t mask = vdupq_n_u32(0x80000000u);
    return map<F>([&](int i) { return vbslq_f32(mask, sign.v[i], magnitude.v[i]); });
  }

  static I load_i32(const int32_t* p) {
    return map<I>([&](int i) { return vld1q_s32(p + 4 * i); });
  }
  static void store_i32(int32_t* p, I a) {
    unroll<4>([&](auto i) { vst1q_s32(p + 4 * i, a.v[i]); });
  }
  static I set1_i32(int32_t a) {
    return map<I>([&](int) { return vdupq_n_s32(a); });
  }
  static I add_i32(I a, I b) {
    return map<I>([&](int i) { return vaddq_s32(a.v[i], b.v[i]); });
  }
  static I max_i32(I a, I b) {
    return map<I>([&](int i) { return vmaxq_s32(a.v[i], b.v[i]); });
  }
  static I and_i32(I a, I b) {
    return map<I>([&](int i) { return vandq_s32(a.v[i], b.v[i]); });
  }
  template <int kBits>
  static I shift_left(I a) {
    return map<I>([&](int i) { return vshlq_n_s32(a.v[i], kBits); });
  }
  template <int kBits>
  static I shift_right(I a) {
    return map<I>([&](int i) {
      return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.v[i]), kBits));
    });
  }
  // NEON alone gives 0 for NaN and the nearest bound for what does not fit.
  static I to_i32(F a) {
    const float32x4_t edge = vdupq_n_f32(2147483648.0f);
    return map<I>([&](int i) {
      const uint32x4_t fits =
          vandq_u32(vcgeq_f32(a.v[i], vnegq_f32(edge)), vcltq_f32(a.v[i], edge));
      return vbslq_s32(fits, vcvtnq_s32_f32(a.v[i]), vdupq_n_s32(INT32_MIN));
    });
  }
  static F to_f32(I a) {
    return map<F>([&](int i) { return vcvtq_f32_s32(a.v[i]); });
  }
  static F as_f32(I a) {
    return map<F>([&](int i) { return vreinterpretq_f32_s32(a.v[i]); });
  }
  static I as_i32(F a) {
    return map<I>([&](int i) { return vreinterpretq_s32_f32(a.v[i]); });
  }

  static void store_low_byte(void* p, I a) {
    const int16x8_t low = vcombine_s16(vmovn_s32(a.v[0]), vmovn_s32(a.v[1]));
    const int16x8_t high = vcombine_s16(vmovn_s32(a.v[2]), vmovn_s32(a.v[3]));
    vst1q_s8(static_cast<int8_t*>(p), vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
  }
  static void store_low_half(void* p, I a) {
    unroll<4>([&](auto i) { vst1_s16(static_cast<int16_t*>(p) + 4 * i, vmovn_s32(a.v[i])); });
  }
  static void store_word_bytes(uint8_t* high, uint8_t* low, const I (&words)[4]) {
    unroll<4>([&](auto i) {
      store_low_byte(high + i * 16, shift_right<8>(words[i]));
      store_low_byte(low + i * 16, words[i]);
    });
  }
  static constexpr int word_at(int place) { return place; }
  static I load_s8(const int8_t* p) {
    const int8x16_t bytes = vld1q_s8(p);
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
    const int16x8_t high = vmovl_s8(vget_high_s8(bytes));
    return {vmovl_s16(vget_low_s16(low)), vmovl_s16(vget_high_s16(low)),
            vmovl_s16(vget_low_s16(high)), vmovl_s16(vget_high_s16(high))};
  }
  static I load_u16(const uint16_t* p) {
    return map<I>([&](int i) { return vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p + 4 * i))); });
  }

  static float reduce_add(F a) {
    const float32x4_t four = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static float reduce_max(F a) {
    const float32x4_t four = larger(larger(a.v[0], a.v[2]), larger(a.v[1], a.v[3]));
    const float32x4_t two = larger(four, vextq_f32(four, four, 2));
    return vgetq_lane_f32(larger(two, vextq_f32(two, two, 1)), 0);
  }
  static int32_t reduce_max_i32(I a) {
    return vmaxvq_s32(vmaxq_s32(vmaxq_s32(a.v[0], a.v[1]), vmaxq_s32(a.v[2], a.v[3])));
  }

 private:
  static float32x4_t larger(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
  }
};

static_assert(SixteenLanes<Neon>);

}  // namespace
}  // namespace bge::kernels
