#include "tokenize/json/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace bge::tokenize {
namespace {

constexpr int kMaxPower = 308;

// Correctly rounded powers of ten, as the literals in serde_json are.
const std::array<double, kMaxPower + 1>& powers_of_ten() {
  static const auto powers = [] {
    std::array<double, kMaxPower + 1> out;
    for (int i = 0; i <= kMaxPower; ++i) {
      const std::string text = "1e" + std::to_string(i);
      std::from_chars(text.data(), text.data() + text.size(), out[static_cast<size_t>(i)]);
    }
    return out;
  }();
  return powers;
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// f64_from_parts of serde_json.
std::optional<double> scaled(uint64_t digits, int exponent) {
  auto value = static_cast<double>(digits);
  while (exponent < -kMaxPower && value != 0.0) {
    value /= powers_of_ten()[kMaxPower];
    exponent += kMaxPower;
  }
  if (value == 0.0) return value;
  if (exponent > kMaxPower) return std::nullopt;
  const double power = powers_of_ten()[static_cast<size_t>(std::abs(exponent))];
  value = exponent >= 0 ? value * power : value / power;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<double> read() {
    const bool negative = take('-');
    if (!read_integer() || !read_fraction() || !read_exponent() || position_ != text_.size()) {
      return std::nullopt;
    }
    auto value = scaled(digits_, exponent_);
    if (value && negative) *value = -*value;
    return value;
  }

 private:
  bool at_digit() const { return position_ < text_.size() && is_digit(text_[position_]); }
  bool take(char byte) {
    const bool found = position_ < text_.size() && text_[position_] == byte;
    position_ += found;
    return found;
  }

  // Takes the next digit into digits_; false from the first one on for which there is no room.
  bool add_digit() {
    const auto digit = static_cast<uint64_t>(text_[position_++] - '0');
    constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
    full_ = full_ || digits_ > kMax / 10 || (digits_ == kMax / 10 && digit > kMax % 10);
    if (!full_) digits_ = digits_ * 10 + digit;
    return !full_;
  }

  bool read_integer() {
    if (!at_digit()) return false;
    if (take('0')) return !at_digit();
    while (at_digit()) exponent_ += !add_digit();
    return true;
  }

  bool read_fraction() {
    if (!take('.')) return true;
    if (!at_digit()) return false;
    while (at_digit()) exponent_ -= add_digit();
    return true;
  }

  bool read_exponent() {
    if (!take('e') && !take('E')) return true;
    const bool negative = take('-');
    if (!negative) take('+');
    if (!at_digit()) return false;
    constexpr int kEnough = 1 << 24;  // beyond it every value is zero or too large
    int exponent = 0;
    for (; at_digit(); ++position_) {
      if (exponent < kEnough) exponent = exponent * 10 + (text_[position_] - '0');
    }
    exponent_ += negative ? -exponent : exponent;
    return true;
  }

  std::string_view text_;
  size_t position_ = 0;
  uint64_t digits_ = 0;
  int exponent_ = 0;
  bool full_ = false;
};

}  // namespace

std::optional<double> parse_serde_number(std::string_view text) { return Reader(text).read(); }

}  // namespace bge::tokenize
