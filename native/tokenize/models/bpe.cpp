#include "tokenize/models/bpe.h"

#include <algorithm>
#include <bit>
#include <random>
#include <utility>

#include "tokenize/pre_tokenizers/byte_level.h"

namespace bge::tokenize {
namespace {

constexpr uint64_t kNoPair = ~uint64_t{0};
constexpr uint64_t kErasedPair = kNoPair - 1;
constexpr size_t kKeptSymbols = size_t{1} << 16;  // a thread keeps no larger buffers than this
constexpr size_t kShortPiece = 24;  // bytes up to which all pairs are looked at for each merge
constexpr uint32_t kNoRank = ~uint32_t{0};
constexpr size_t kLongPiece = size_t{1} << 13;  // bytes from which on it may be encoded unfinished
// Of a vocabulary with longer tokens a piece is encoded only once it is known as a whole: what is
// settled before would take longer to find. Real ones stay below.
constexpr size_t kLongestSettled = 256;
constexpr size_t kNoCap = SIZE_MAX;

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

uint64_t random_odd_number() {
  std::random_device random;
  return uint64_t{random()} << 32 | random() | 1;
}

}  // namespace

// Scratch memory of one thread.
struct BpeModel::Word {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;

  // A heap of the earliest merge, of equal ones the leftmost, on top.
  static bool is_later(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  }
};

BpeModel::BpeModel(BpeVocabulary vocabulary)
    : names_(std::move(vocabulary.names)),
      id_bound_(vocabulary.id_bound),
      byte_ids_(vocabulary.byte_ids),
      hash_factor_(random_odd_number()) {
  add_merges(vocabulary.merges);
  add_direct_tokens(vocabulary);
}

// The product's highest bits, which every bit of the pair reaches.
size_t BpeModel::slot_of(uint64_t pair) const {
  return static_cast<size_t>((pair * hash_factor_) >> hash_shift_);
}

void BpeModel::add_merges(const std::vector<BpeMerge>& merges) {
  merges_.assign(std::bit_ceil(2 * merges.size() + 2), {kNoPair, 0, 0});
  hash_shift_ = 64 - std::countr_zero(merges_.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const uint64_t pair = pair_of(merges[rank].left, merges[rank].right);
    size_t slot = slot_of(pair);
    while (merges_[slot].pair != kNoPair && merges_[slot].pair != pair) {
      slot = (slot + 1) & (merges_.size() - 1);
    }
    merges_[slot] = {pair, static_cast<uint32_t>(rank), merges[rank].merged};
  }
}

// A token whose own bytes merge to it needs no merging when a piece is just it.
void BpeModel::add_direct_tokens(const BpeVocabulary& vocabulary) {
  std::vector<DoubleArray::Entry> direct;
  std::vector<int32_t> ids;
  for (const DoubleArray::Entry& token : vocabulary.tokens) {
    ids.clear();
    if (!vocabulary.ignore_merges) merge_piece(token.key, ids);
    if (vocabulary.ignore_merges || (ids.size() == 1 && ids.front() == token.value)) {
      direct.push_back(token);
      longest_token_ = std::max(longest_token_, token.key.size());
    }
  }
  direct_ = DoubleArray::build(direct);
}

const BpeModel::Merge* BpeModel::find_merge(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right);
  size_t slot = slot_of(pair);
  while (merges_[slot].pair != pair) {
    if (merges_[slot].pair == kNoPair) return nullptr;
    slot = (slot + 1) & (merges_.size() - 1);
  }
  return &merges_[slot];
}

void BpeModel::leave_out(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto id = names_.find(name);
    const auto bytes = bytes_of_token(name);
    if (!id || !bytes || bytes->size() == 1) continue;  // a text's bytes need their tokens
    direct_.erase(*bytes);
    for (Merge& merge : merges_) {
      if (merge.id == *id && merge.pair != kNoPair) merge.pair = kErasedPair;
    }
  }
}

size_t BpeModel::encode(const PreTokenized& stretch, bool is_last, size_t token_cap, OpenPiece&,
                        std::vector<int32_t>& ids) const {
  const std::string_view text = stretch.text;
  for (size_t i = 0; i < stretch.pieces.size(); ++i) {
    const auto [begin, end] = stretch.pieces[i];
    if (i < stretch.settled || is_last) {
      encode_piece(text.substr(begin, end - begin), ids);
      continue;
    }
    if (token_cap != kNoCap && stretch.certain_end > begin) {
      encode_up_to_cap(text.substr(begin, stretch.certain_end - begin), token_cap, ids);
    }
    return begin;
  }
  return text.size();
}

// Appends the first ids of a piece that starts with `piece`, if they are enough for the cap.
void BpeModel::encode_up_to_cap(std::string_view piece, size_t token_cap,
                                std::vector<int32_t>& ids) const {
  if (piece.size() < kLongPiece || longest_token_ > kLongestSettled) return;
  uint32_t node = DoubleArray::kRoot;
  const auto step = [&](char byte) { return direct_.step(node, byte); };
  if (std::all_of(piece.begin(), piece.end(), step)) return;  // it may become a token as a whole
  const size_t before = ids.size();
  for (size_t done = 0; ids.size() < token_cap;) {
    const size_t taken = encode_settled(piece.substr(done, 4 * longest_token_), ids);
    if (taken == 0) break;
    done += taken;
  }
  if (ids.size() < token_cap) ids.resize(before);
}

// Appends the ids that a piece has which starts with `text`, however it goes on; returns how many
// bytes they are. Wherever in the whole piece one token ends and the next begins, no merge went
// across, so that the ids before are those of just the text before. At one of the last places in
// `text` a token does end: what the texts up to each of them have in common is settled.
size_t BpeModel::encode_settled(std::string_view text, std::vector<int32_t>& ids) const {
  static thread_local Word word;
  static thread_local std::vector<std::pair<size_t, int32_t>> common;  // where each id ends
  if (text.size() < 2 * longest_token_) return 0;
  for (size_t cut = 0; cut < longest_token_; ++cut) {
    merge(text.substr(0, text.size() - cut), word);
    size_t same = 0;
    for (int32_t at = 0; at >= 0; at = word.symbols[static_cast<size_t>(at)].next) {
      const Symbol& symbol = word.symbols[static_cast<size_t>(at)];
      const size_t end = symbol.next < 0 ? text.size() - cut : static_cast<size_t>(symbol.next);
      if (cut == 0) common.emplace_back(end, symbol.id);
      if (same == common.size() || common[same] != std::pair(end, symbol.id)) break;
      ++same;
    }
    common.resize(same);
  }
  for (const auto& [end, id] : common) ids.push_back(id);
  const size_t taken = common.empty() ? 0 : common.back().first;
  common.clear();
  return taken;
}

void BpeModel::encode_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  uint32_t node = DoubleArray::kRoot;
  const bool is_key =
      std::all_of(piece.begin(), piece.end(), [&](char byte) { return direct_.step(node, byte); });
  const int32_t id = is_key ? direct_.value(node) : DoubleArray::kNone;
  if (id != DoubleArray::kNone) {
    ids.push_back(id);
  } else {
    merge_piece(piece, ids);
  }
}

void BpeModel::push_candidate(Word& word, int32_t left) const {
  const int32_t right = left < 0 ? -1 : word.symbols[static_cast<size_t>(left)].next;
  if (right < 0) return;
  const Merge* merge = find_merge(word.symbols[static_cast<size_t>(left)].id,
                                  word.symbols[static_cast<size_t>(right)].id);
  if (merge == nullptr) return;
  word.heap.push_back({merge->rank, left, merge->id});
  std::push_heap(word.heap.begin(), word.heap.end(), Word::is_later);
}

void BpeModel::merge_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  if (piece.size() <= kShortPiece) return merge_short_piece(piece, ids);
  static thread_local Word word;
  merge(piece, word);
  for (const Symbol& symbol : word.symbols) {
    if (!symbol.is_gone) ids.push_back(symbol.id);
  }
  if (word.symbols.capacity() > kKeptSymbols) word = {};
}

// The same merges in the same order, found faster without a heap.
void BpeModel::merge_short_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  struct ShortSymbol {
    int32_t id;
    int32_t merged;  // what it becomes with the next symbol
    uint32_t rank;   // of that merge, kNoRank where there is none
  };
  std::array<ShortSymbol, kShortPiece> symbols;
  size_t count = 0;
  for (const char byte : piece) symbols[count++].id = byte_ids_[static_cast<unsigned char>(byte)];
  const auto look_up = [&](size_t at) {
    const Merge* merge = at + 1 < count ? find_merge(symbols[at].id, symbols[at + 1].id) : nullptr;
    symbols[at].rank = merge != nullptr ? merge->rank : kNoRank;
    symbols[at].merged = merge != nullptr ? merge->id : 0;
  };
  for (size_t at = 0; at < count; ++at) look_up(at);
  while (count > 1) {
    size_t best = 0;
    for (size_t at = 1; at + 1 < count; ++at) {
      if (symbols[at].rank < symbols[best].rank) best = at;
    }
    if (symbols[best].rank == kNoRank) break;
    symbols[best].id = symbols[best].merged;
    for (size_t at = best + 2; at < count; ++at) symbols[at - 1] = symbols[at];
    --count;
    look_up(best);
    if (best > 0) look_up(best - 1);
  }
  for (size_t at = 0; at < count; ++at) ids.push_back(symbols[at].id);
}

void BpeModel::merge(std::string_view piece, Word& word) const {
  auto& symbols = word.symbols;
  symbols.clear();
  word.heap.clear();
  const auto count = static_cast<int32_t>(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
    symbols.push_back({byte_ids_[byte], i - 1, i + 1 < count ? i + 1 : -1, false});
  }
  for (int32_t i = 0; i + 1 < count; ++i) push_candidate(word, i);
  while (!word.heap.empty()) {
    std::pop_heap(word.heap.begin(), word.heap.end(), Word::is_later);
    const Candidate best = word.heap.back();
    word.heap.pop_back();
    Symbol& left = symbols[static_cast<size_t>(best.position)];
    if (left.is_gone || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    // One of the two has changed since: what they are now was pushed anew.
    const Merge* found = find_merge(left.id, right.id);
    if (found == nullptr || found->id != best.id) continue;
    left.id = best.id;
    left.next = right.next;
    right.is_gone = true;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = best.position;
    push_candidate(word, left.previous);
    push_candidate(word, best.position);
  }
}

}  // namespace bge::tokenize
