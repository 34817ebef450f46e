#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bge::fuzz {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// libFuzzer counts what code is reached without atomics, which ThreadSanitizer would report. Under
// it the code is not counted; which bytes stand where in an input takes the place of coverage.
#define BGE_FUZZ_COUNTS_INPUTS
__attribute__((section("__libfuzzer_extra_counters"))) inline uint8_t input_counters[4096];
#endif
#endif

// Takes values from a fuzzer's input, from its front; zeros once it is used up.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {
#ifdef BGE_FUZZ_COUNTS_INPUTS
    for (size_t i = 0; i < size; ++i) input_counters[(i * 31 + data[i]) % 4096] = 1;
#endif
  }

  bool empty() const { return at_ == end_; }
  uint32_t number() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  // From 0 to `count` - 1.
  size_t pick(size_t count) {
    size_t value = byte();
    if (count > 256) value = value << 16 | size_t{byte()} << 8 | byte();
    return value % count;
  }
  // Up to `at_most` bytes.
  std::string bytes(size_t at_most) {
    const size_t asked = pick(at_most + 1);
    const size_t size = std::min(asked, static_cast<size_t>(end_ - at_));
    std::string out(at_, at_ + size);
    at_ += size;
    return out;
  }
  std::string rest() {
    std::string out(at_, end_);
    at_ = end_;
    return out;
  }

 private:
  uint8_t byte() { return empty() ? 0 : *at_++; }

  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace bge::fuzz
