#include "tokenize/normalizers/precompiled.h"

#include <algorithm>
#include <cstring>

#include "tokenize/unicode/grapheme.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr size_t kWholeClusterBytes = 6;  // shorter clusters are looked up as a whole

constexpr uint32_t kIsLeaf = 0x80000000;  // the rest of such a unit is a value
uint32_t label_of(uint32_t unit) { return unit & (kIsLeaf | 0xFF); }
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

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

std::unique_ptr<const PrecompiledNormalizer> PrecompiledNormalizer::parse(std::string_view blob) {
  const auto read = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(blob[at + i]);
    return value;
  };
  if (blob.size() < 8) return nullptr;
  const size_t trie_bytes = read(0);
  if (trie_bytes % 4 != 0 || trie_bytes < 4 || trie_bytes > blob.size() - 4) return nullptr;
  std::unique_ptr<PrecompiledNormalizer> map(new PrecompiledNormalizer);
  map->units_.resize(trie_bytes / 4);
  for (size_t i = 0; i < map->units_.size(); ++i) map->units_[i] = read(4 + 4 * i);
  map->replacements_ = blob.substr(4 + trie_bytes);
  map->replacements_.push_back('\0');
  if (!is_valid_utf8(map->replacements_) || !map->has_sound_replacements()) return nullptr;
  map->find_plain_scalars();
  return map;
}

bool PrecompiledNormalizer::has_sound_replacements() {
  // Units that no path reaches are free of leaves in what darts-clone writes, so that looking at
  // all of them asks no more of a sound file than following every path would.
  for (size_t index = 0; index < units_.size(); ++index) {
    const uint32_t unit = units_[index];
    if ((unit & kIsLeaf) != 0 || !has_leaf(unit)) continue;
    const size_t leaf = index ^ offset_of(unit);
    if (leaf >= units_.size()) return false;
    const size_t start = units_[leaf] & ~kIsLeaf;
    if (start >= replacements_.size() || is_continuation(replacements_[start])) return false;
    const auto replacement = std::string_view(replacements_).substr(start, kMaxReplacement + 1);
    const size_t length = replacement.find('\0');
    if (length == replacement.npos) return false;
    growth_ = std::max(growth_, length);
  }
  return true;
}

// Takes at most as many steps as the chunk has bytes, whatever the links are.
std::string_view PrecompiledNormalizer::lookup(std::string_view chunk) const {
  size_t position = offset_of(units_[0]);
  for (const char byte : chunk) {
    const auto label = static_cast<unsigned char>(byte);
    if (label == 0) break;
    position ^= label;
    if (position >= units_.size()) break;
    const uint32_t unit = units_[position];
    if (label_of(unit) != label) break;
    position ^= offset_of(unit);
    if (has_leaf(unit)) return replacements_.c_str() + (units_[position] & ~kIsLeaf);
  }
  return {};
}

void PrecompiledNormalizer::normalize_scalar(std::string_view scalar, std::string& out) const {
  const std::string_view target = lookup(scalar);
  out.append(target.data() != nullptr ? target : scalar);
}

void PrecompiledNormalizer::normalize_cluster(std::string_view cluster, std::string& out) const {
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

void PrecompiledNormalizer::find_plain_scalars() {
  std::string bytes;
  for (char32_t scalar = 0; scalar < kPlainScalars; ++scalar) {
    if (scalar >= 0xD800 && scalar < 0xE000) continue;
    bytes.clear();
    append_scalar(bytes, scalar);
    const std::string_view target = lookup(bytes);
    is_plain_[scalar] =
        always_breaks(properties(scalar).grapheme) && (target.data() == nullptr || target == bytes);
    if (scalar >= 0x20 && scalar < 0x7F) printable_ascii_is_plain_ &= is_plain_[scalar];
  }
}

// Copies the run of plain scalars at `position`, but for the last one where a cluster may go on
// from it.
size_t PrecompiledNormalizer::copy_plain(std::string_view text, size_t position,
                                         std::string& out) const {
  size_t end = position, last = position;  // `last`: where the run's last scalar starts
  while (end < text.size()) {
    if (printable_ascii_is_plain_ && end + 8 <= text.size() &&
        all_printable_ascii(text.data() + end)) {
      end += 8;
      last = end - 1;
      continue;
    }
    const char* next = text.data() + end;
    const char32_t scalar = next_scalar(next);
    if (scalar >= kPlainScalars || !is_plain_[scalar]) {
      if (!always_breaks(properties(scalar).grapheme)) end = last;
      break;
    }
    last = end;
    end = static_cast<size_t>(next - text.data());
  }
  out.append(text, position, end - position);
  return end;
}

void PrecompiledNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  for (size_t position = copy_plain(text, 0, out); position < text.size();
       position = copy_plain(text, position, out)) {
    const size_t end = grapheme_end(text, position);
    normalize_cluster(text.substr(position, end - position), out);
    position = end;
  }
}

}  // namespace bge::tokenize
