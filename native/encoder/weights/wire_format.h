#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace bge::encoder {

// Walks one protocol buffer message: enough of the wire format to read an ONNX graph in place.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Moves to the next field; false at the end or where the bytes are no message (see valid()).
  bool next() {
    if (rest_.empty() || !valid_) return false;
    const uint64_t tag = take_varint();
    field_ = static_cast<int>(tag >> 3);
    if (tag >> 3 == 0 || tag >> 3 > kMaxField) valid_ = false;
    wire_ = static_cast<int>(tag & 7);
    switch (wire_) {
      case 0:
        number_ = take_varint();
        bytes_ = {};
        break;
      case 1: bytes_ = take(8); break;
      case 2: bytes_ = take(take_varint()); break;
      case 5: bytes_ = take(4); break;
      default: valid_ = false;
    }
    return valid_;
  }

  bool valid() const { return valid_; }
  // Whether this is that field, in the form that it should have: of another form it is unknown.
  bool is_number(int field) const { return field_ == field && wire_ == 0; }
  bool is_bytes(int field) const { return field_ == field && wire_ == 2; }
  uint64_t number() const { return number_; }
  // Points into the message.
  std::string_view bytes() const { return bytes_; }

  // For packed repeated numbers: the next varint of this message.
  bool next_varint(uint64_t& value) {
    if (rest_.empty() || !valid_) return false;
    value = take_varint();
    return valid_;
  }

 private:
  static constexpr uint64_t kMaxField = (1u << 29) - 1;

  uint64_t take_varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    valid_ = false;
    return 0;
  }

  std::string_view take(uint64_t size) {
    if (size > rest_.size()) {
      valid_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  std::string_view bytes_;
  uint64_t number_ = 0;
  int field_ = 0;
  int wire_ = 0;
  bool valid_ = true;
};

}  // namespace bge::encoder
