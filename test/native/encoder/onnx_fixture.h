#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bge::encoder {

// Protocol buffers by hand: a field of bytes, a field of one number.
inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
inline std::string field(int number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
inline std::string field(int number, uint64_t value) { return varint(number << 3) + varint(value); }

inline std::string initializer(const std::string& name, const std::vector<int64_t>& shape,
                               const std::string& data_field, int type = 1) {
  std::string out;
  for (const int64_t size : shape) out += field(1, static_cast<uint64_t>(size));
  return field(5, out + field(2, static_cast<uint64_t>(type)) + data_field + field(8, name));
}
inline std::string node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output, const std::string& attribute = "") {
  std::string out;
  for (const std::string& input : inputs) out += field(1, input);
  return field(1, out + field(2, output) + field(4, type) + attribute);
}

}  // namespace bge::encoder
