#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bge {

// FNV-1a, carried on from an earlier value where one is given. Tells states of files apart; it is
// no protection against anyone.
class Hash {
 public:
  explicit Hash(uint64_t start = 0) : value_(start == 0 ? 0xCBF29CE484222325 : start) {}

  template <class T>
  Hash& add(const T& value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    return add_text({bytes, sizeof value});
  }
  Hash& add_text(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return *this;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_;
};

// Of a large block, at the speed of memory: shows damage.
uint64_t digest_of(const void* data, size_t bytes) noexcept;

}  // namespace bge
