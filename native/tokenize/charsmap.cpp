#include "tokenize/charsmap.h"

#include <cstring>

#include "tokenize/grapheme.h"
#include "tokenize/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kWholeClusterBytes = 6;  // shorter clusters are looked up as a whole

uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

bool is_printable_ascii(char byte) { return byte >= 0x20 && byte < 0x7F; }

// Eight bytes at once: true where each is printable ASCII.
bool all_printable_ascii(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  if (word & kHigh) return false;
  const uint64_t at_least_space = word + (0x80 - 0x20) * kOnes;  // no carries: every byte < 0x80
  const uint64_t above_tilde = word + (0x80 - 0x7F) * kOnes;
  return (at_least_space & ~above_tilde & kHigh) == kHigh;
}

}  // namespace

std::optional<Charsmap> Charsmap::parse(std::string_view blob) {
  const auto read = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(blob[at + i]);
    return value;
  };
  if (blob.size() < 8) return std::nullopt;
  const size_t trie_bytes = read(0);
  if (trie_bytes % 4 != 0 || trie_bytes < 4 || trie_bytes > blob.size() - 4) return std::nullopt;
  Charsmap map;
  map.units_.resize(trie_bytes / 4);
  for (size_t i = 0; i < map.units_.size(); ++i) map.units_[i] = read(4 + 4 * i);
  map.replacements_ = blob.substr(4 + trie_bytes);
  map.replacements_.push_back('\0');
  map.ascii_is_plain_ = true;
  for (char byte = 0x20; byte < 0x7F; ++byte) {
    const std::string_view target = map.lookup({&byte, 1});
    if (target.data() != nullptr && target != std::string_view(&byte, 1)) {
      map.ascii_is_plain_ = false;
    }
  }
  return map;
}

std::string_view Charsmap::lookup(std::string_view chunk) const {
  size_t position = offset_of(units_[0]);
  for (const char byte : chunk) {
    const auto label = static_cast<unsigned char>(byte);
    if (label == 0) break;
    position ^= label;
    if (position >= units_.size()) break;
    const uint32_t unit = units_[position];
    if (label_of(unit) != label) break;
    position ^= offset_of(unit);
    if (has_leaf(unit)) {
      if (position >= units_.size()) break;
      const size_t start = units_[position] & 0x7FFFFFFF;
      if (start >= replacements_.size()) break;
      return replacements_.c_str() + start;
    }
  }
  return {};
}

void Charsmap::normalize_scalar(std::string_view scalar, std::string& out) const {
  const std::string_view target = lookup(scalar);
  out.append(target.data() != nullptr ? target : scalar);
}

void Charsmap::normalize_cluster(std::string_view cluster, std::string& out) const {
  if (cluster.size() < kWholeClusterBytes) {
    // What follows the matched prefix inside the cluster is lost, as in the reference.
    const std::string_view target = lookup(cluster);
    if (target.data() != nullptr) {
      out.append(target);
      return;
    }
  }
  for (size_t i = 0; i < cluster.size();) {
    const size_t length = scalar_length(cluster[i]);
    normalize_scalar(cluster.substr(i, length), out);
    i += length;
  }
}

// Copies the run of printable ASCII at `position`, but for its last byte, which may start a
// cluster.
size_t Charsmap::copy_plain_ascii(std::string_view text, size_t position, std::string& out) const {
  size_t end = position;
  while (end + 8 <= text.size() && all_printable_ascii(text.data() + end)) end += 8;
  while (end < text.size() && is_printable_ascii(text[end])) ++end;
  if (end != text.size() && end != position) --end;
  out.append(text, position, end - position);
  return end;
}

void Charsmap::normalize(std::string_view text, std::string& out) const {
  size_t position = 0;
  while (position < text.size()) {
    if (ascii_is_plain_) {
      position = copy_plain_ascii(text, position, out);
      if (position == text.size()) return;
    }
    size_t length = scalar_length(text[position]);
    const size_t next = position + length;
    const bool alone =
        next == text.size() || (always_breaks(properties(scalar_at(text, position)).grapheme) &&
                                always_breaks(properties(scalar_at(text, next)).grapheme));
    if (alone) {
      normalize_scalar(text.substr(position, length), out);
    } else {
      length = grapheme_end(text, position) - position;
      normalize_cluster(text.substr(position, length), out);
    }
    position += length;
  }
}

}  // namespace bge::tokenize
