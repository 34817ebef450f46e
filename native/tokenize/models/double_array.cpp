#include "tokenize/models/double_array.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace bge::tokenize {
namespace {

constexpr uint32_t kBlockSize = 256;
constexpr size_t kOpenBlocks = 32;  // tried for a place before a new block is opened
constexpr size_t kMaxUnits = size_t{1} << 24;

using Bits = std::array<uint64_t, 4>;  // one bit for each unit of a block

void set_bit(Bits& bits, uint32_t index) { bits[index >> 6] |= uint64_t{1} << (index & 63); }
void clear_bit(Bits& bits, uint32_t index) { bits[index >> 6] &= ~(uint64_t{1} << (index & 63)); }

// Bit i of the result is bit i ^ label of the input.
Bits permuted(const Bits& bits, uint32_t label) {
  static constexpr uint64_t kLower[6] = {0x5555555555555555, 0x3333333333333333,
                                         0x0F0F0F0F0F0F0F0F, 0x00FF00FF00FF00FF,
                                         0x0000FFFF0000FFFF, 0x00000000FFFFFFFF};
  Bits out;
  for (uint32_t word = 0; word < 4; ++word) {
    uint64_t x = bits[word ^ label >> 6];
    for (uint32_t k = 0; k < 6; ++k) {
      const uint32_t shift = 1u << k;
      if (label & shift) x = (x & kLower[k]) << shift | (x >> shift & kLower[k]);
    }
    out[word] = x;
  }
  return out;
}

// An entry with its first eight bytes as a number, so that most comparisons touch no key.
struct SortedEntry {
  uint64_t prefix;
  uint32_t order;
  DoubleArray::Entry entry;
};

uint64_t prefix_of(std::string_view key) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  }
  return prefix;
}

std::vector<SortedEntry> sorted(const std::vector<DoubleArray::Entry>& entries) {
  std::vector<SortedEntry> out;
  out.reserve(entries.size());
  for (const auto& entry : entries) {
    out.push_back({prefix_of(entry.key), static_cast<uint32_t>(out.size()), entry});
  }
  std::sort(out.begin(), out.end(), [](const SortedEntry& a, const SortedEntry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = a.entry.key.compare(b.entry.key);
    return order != 0 ? order < 0 : a.order < b.order;
  });
  return out;
}

}  // namespace

class DoubleArrayBuilder {
 public:
  DoubleArray build(const std::vector<SortedEntry>& entries) {
    entries_ = &entries;
    open_block();  // block 0 stays empty: where steps from a childless node end
    blocks_[0].free = {};
    units_[0].base_and_label = 1;  // so that the byte 0 does not match there either
    open_block();
    clear_bit(blocks_[1].free, 0);  // the root
    set_bit(blocks_[1].taken_bases, 0);
    open_.push_back(1);
    std::vector<Range> stack{{DoubleArray::kRoot, 0, entries.size(), 0}};
    while (!stack.empty()) {
      const Range range = stack.back();
      stack.pop_back();
      expand(range, stack);
    }
    units_.shrink_to_fit();
    DoubleArray out;
    out.units_ = std::move(units_);
    out.size_ = size_;
    return out;
  }

 private:
  struct Block {
    Bits free = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};
    Bits taken_bases = {};  // one base for one node, else labels could not tell parents apart
  };
  struct Range {  // the entries that share the path to `node`, `depth` bytes long
    uint32_t node;
    size_t begin;
    size_t end;
    size_t depth;
  };

  std::string_view key(size_t index) const { return (*entries_)[index].entry.key; }

  void expand(Range range, std::vector<Range>& stack) {
    for (bool first = true; range.begin < range.end && key(range.begin).size() == range.depth;
         first = false, ++range.begin) {
      size_ += first;
      units_[range.node].value = (*entries_)[range.begin].entry.value;
    }
    if (range.begin == range.end) return;
    children_.clear();
    labels_.clear();
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto label = static_cast<unsigned char>(key(i)[range.depth]);
      if (labels_.empty() || labels_.back() != label) {
        labels_.push_back(label);
        children_.push_back(i);
      }
    }
    children_.push_back(range.end);
    const uint32_t base = place(range.node);
    for (size_t i = labels_.size(); i-- > 0;) {
      stack.push_back({base ^ labels_[i], children_[i], children_[i + 1], range.depth + 1});
    }
  }

  // Takes units for the children labels_ of `node`; returns the base.
  uint32_t place(uint32_t node) {
    const uint32_t base = find_base();
    Block& block = blocks_[base / kBlockSize];
    set_bit(block.taken_bases, base % kBlockSize);
    units_[node].base_and_label = base << 8 | (units_[node].base_and_label & 0xFF);
    for (const uint32_t label : labels_) {
      clear_bit(block.free, (base ^ label) % kBlockSize);
      units_[base ^ label].base_and_label = label;
    }
    if (block.free == Bits{}) std::erase(open_, base / kBlockSize);
    return base;
  }

  uint32_t find_base() {
    for (size_t i = open_.size(); i-- > 0;) {
      Bits bases = blocks_[open_[i]].free;
      bases = permuted(bases, labels_[0]);
      for (size_t k = 1; k < labels_.size(); ++k) {
        const Bits other = permuted(blocks_[open_[i]].free, labels_[k]);
        for (size_t word = 0; word < 4; ++word) bases[word] &= other[word];
      }
      for (uint32_t word = 0; word < 4; ++word) {
        bases[word] &= ~blocks_[open_[i]].taken_bases[word];
        if (bases[word] != 0) {
          return open_[i] * kBlockSize + word * 64 +
                 static_cast<uint32_t>(std::countr_zero(bases[word]));
        }
      }
    }
    if (open_.size() == kOpenBlocks) open_.erase(open_.begin());
    open_.push_back(static_cast<uint32_t>(blocks_.size()));
    open_block();
    return open_.back() * kBlockSize;
  }

  void open_block() {
    blocks_.emplace_back();
    if (blocks_.size() * kBlockSize > kMaxUnits) throw std::length_error("too many trie nodes");
    units_.resize(blocks_.size() * kBlockSize);
  }

  const std::vector<SortedEntry>* entries_ = nullptr;
  std::vector<DoubleArray::Unit> units_;
  size_t size_ = 0;
  std::vector<Block> blocks_;
  std::vector<uint32_t> open_;
  std::vector<uint32_t> labels_;  // of the node being expanded
  std::vector<size_t> children_;  // where each label's entries begin, then the end
};

DoubleArray DoubleArray::build(const std::vector<Entry>& entries) {
  return DoubleArrayBuilder().build(sorted(entries));
}

}  // namespace bge::tokenize
