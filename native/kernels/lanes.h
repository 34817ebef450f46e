#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace bge::kernels {
namespace {

// A vector type: sixteen floats (F) and sixteen 32-bit integers (I), in as many registers as the
// instruction set needs. vec_portable.h defines what each operation computes, to the bit.
template <class V>
concept SixteenLanes =
    requires(typename V::F f, typename V::I i, const typename V::I (&words)[4], const float* floats,
             float* floats_out, const int32_t* ints, int32_t* ints_out, const int8_t* bytes,
             const uint16_t* halves, uint8_t* bytes_out, void* out) {
      { V::load(floats) } -> std::same_as<typename V::F>;
      { V::store(floats_out, f) };
      { V::set1(1.0f) } -> std::same_as<typename V::F>;
      { V::add(f, f) } -> std::same_as<typename V::F>;
      { V::sub(f, f) } -> std::same_as<typename V::F>;
      { V::mul(f, f) } -> std::same_as<typename V::F>;
      { V::div(f, f) } -> std::same_as<typename V::F>;
      { V::fma(f, f, f) } -> std::same_as<typename V::F>;
      { V::max(f, f) } -> std::same_as<typename V::F>;
      { V::min(f, f) } -> std::same_as<typename V::F>;
      { V::abs(f) } -> std::same_as<typename V::F>;
      { V::copy_sign(f, f) } -> std::same_as<typename V::F>;

      { V::load_i32(ints) } -> std::same_as<typename V::I>;
      { V::store_i32(ints_out, i) };
      { V::set1_i32(1) } -> std::same_as<typename V::I>;
      { V::add_i32(i, i) } -> std::same_as<typename V::I>;
      { V::max_i32(i, i) } -> std::same_as<typename V::I>;
      { V::and_i32(i, i) } -> std::same_as<typename V::I>;
      { V::template shift_left<8>(i) } -> std::same_as<typename V::I>;
      { V::template shift_right<8>(i) } -> std::same_as<typename V::I>;
      { V::to_i32(f) } -> std::same_as<typename V::I>;
      { V::to_f32(i) } -> std::same_as<typename V::F>;
      { V::as_f32(i) } -> std::same_as<typename V::F>;
      { V::as_i32(f) } -> std::same_as<typename V::I>;

      { V::load_s8(bytes) } -> std::same_as<typename V::I>;
      { V::load_u16(halves) } -> std::same_as<typename V::I>;
      { V::store_low_byte(out, i) };
      { V::store_low_half(out, i) };
      { V::store_word_bytes(bytes_out, bytes_out, words) };
      { V::word_at(0) } -> std::same_as<int>;

      { V::reduce_add(f) } -> std::same_as<float>;
      { V::reduce_max(f) } -> std::same_as<float>;
      { V::reduce_max_i32(i) } -> std::same_as<int32_t>;
    };

}  // namespace
}  // namespace bge::kernels
