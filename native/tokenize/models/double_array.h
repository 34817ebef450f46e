#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bge::tokenize {

// A byte trie over a fixed set of keys: one 8-byte unit per node, a child is found by one XOR and
// one label comparison. Immutable once built, but for erase().
class DoubleArray {
 public:
  struct Entry {
    std::string_view key;  // any bytes
    int32_t value;         // 0 or more
  };

  // Builds from entries in any order; of equal keys the last one counts. Throws std::length_error
  // where the trie would need more than 2^24 units.
  static DoubleArray build(const std::vector<Entry>& entries);

  static constexpr uint32_t kRoot = 256;
  static constexpr int32_t kNone = -1;

  // The child of `node` by `byte`; false where there is none.
  bool step(uint32_t& node, char byte) const {
    const auto label = static_cast<unsigned char>(byte);
    const uint32_t next = units_[node].base_and_label >> 8 ^ label;
    if ((units_[next].base_and_label & 0xFF) != label) return false;
    node = next;
    return true;
  }

  // How many different keys there are.
  size_t size() const { return size_; }

  // The value of the key that ends at `node`, or kNone.
  int32_t value(uint32_t node) const { return units_[node].value; }

  // Takes the value of a key away.
  void erase(std::string_view key) {
    uint32_t node = kRoot;
    for (const char byte : key) {
      if (!step(node, byte)) return;
    }
    units_[node].value = kNone;
  }

  std::optional<int32_t> find(std::string_view key) const {
    uint32_t node = kRoot;
    for (const char byte : key) {
      if (!step(node, byte)) return std::nullopt;
    }
    return value(node) == kNone ? std::nullopt : std::optional(value(node));
  }

 private:
  friend class DoubleArrayBuilder;
  struct Unit {
    uint32_t base_and_label = 0;
    int32_t value = kNone;
  };

  std::vector<Unit> units_;
  size_t size_ = 0;
};

}  // namespace bge::tokenize
