#include "base/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace bge {
namespace {

struct Format {
  int exponent_bits;
  int fraction_bits;
};
constexpr Format kHalf{5, 10};
constexpr Format kBfloat16{8, 7};

// The value by the definition of IEEE 754: (-1)^sign * significand * 2^exponent.
double defined_value(uint16_t bits, Format format) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int largest_exponent = (1 << format.exponent_bits) - 1;
  const int bias = largest_exponent / 2;
  const int exponent = (bits >> format.fraction_bits) & largest_exponent;
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  if (exponent == largest_exponent) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - format.fraction_bits);
  return sign *
         std::ldexp((1 << format.fraction_bits) + fraction, exponent - bias - format.fraction_bits);
}

void expect_exact(Format format, float (*convert)(uint16_t) noexcept) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto value = static_cast<uint16_t>(bits);
    const double expected = defined_value(value, format);
    const float actual = convert(value);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(actual)) << bits;
      const uint32_t payload = (bits & ((1u << format.fraction_bits) - 1))
                               << (23 - format.fraction_bits);
      ASSERT_EQ(std::bit_cast<uint32_t>(actual), (bits & 0x8000) << 16 | 0x7f800000 | payload);
    } else {
      ASSERT_EQ(actual, expected) << bits;
      ASSERT_EQ(std::signbit(actual), std::signbit(expected)) << bits;
    }
  }
}

TEST(Float16, EveryHalfIsExact) { expect_exact(kHalf, float_from_half); }

TEST(Float16, EveryBfloat16IsExact) { expect_exact(kBfloat16, float_from_bfloat16); }

}  // namespace
}  // namespace bge
