#include "tokenize/models/bpe.h"

#include <algorithm>
#include <bit>
#include <random>
#include <utility>

#include "tokenize/pre_tokenizers/byte_level.h"

namespace bge::tokenize {
namespace {

constexpr uint64_t kNoPair = ~uint64_t{0};
constexpr size_t kKeptSymbols = size_t{1} << 16;  // a thread keeps no larger buffers than this
constexpr size_t kWindowBytes = size_t{1} << 13;  // of a long piece that are merged at a time
constexpr size_t kNoCap = SIZE_MAX;
constexpr int64_t kNoRank = INT64_MAX;

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

size_t BpeModel::slot_of(uint64_t pair) const {
  return static_cast<size_t>((pair * hash_factor_) >> 32) & (merges_.size() - 1);
}

void BpeModel::add_merges(const std::vector<BpeMerge>& merges) {
  merges_.assign(std::bit_ceil(2 * merges.size() + 1), {kNoPair, 0, 0});
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
    if (!vocabulary.ignore_merges) merge_piece(token.key, true, ids);
    if (vocabulary.ignore_merges || (ids.size() == 1 && ids.front() == token.value)) {
      direct.push_back(token);
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
  uint32_t node = DoubleArray::kRoot;
  const bool may_be_direct =
      std::all_of(piece.begin(), piece.end(), [&](char byte) { return direct_.step(node, byte); });
  if (piece.size() < kWindowBytes || may_be_direct) return;
  const size_t before = ids.size();
  encode_settled(piece, token_cap, ids);
  if (ids.size() < token_cap) ids.resize(before);
}

void BpeModel::encode_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  uint32_t node = DoubleArray::kRoot;
  const bool is_key =
      std::all_of(piece.begin(), piece.end(), [&](char byte) { return direct_.step(node, byte); });
  const int32_t id = is_key ? direct_.value(node) : DoubleArray::kNone;
  if (id != DoubleArray::kNone) {
    ids.push_back(id);
    return;
  }
  const size_t done = piece.size() > kWindowBytes ? encode_settled(piece, kNoCap, ids) : 0;
  merge_piece(piece.substr(done), true, ids);
}

// Appends the ids that are settled whatever follows the piece, window by window so that the memory
// is that of a window. Returns how many bytes they are.
size_t BpeModel::encode_settled(std::string_view piece, size_t token_cap,
                                std::vector<int32_t>& ids) const {
  size_t done = 0;
  for (size_t window = kWindowBytes; ids.size() < token_cap;) {
    const std::string_view rest = piece.substr(done);
    const size_t taken = merge_piece(rest.substr(0, window), false, ids);
    done += taken;
    if (window >= rest.size()) break;
    window = taken == 0 ? 2 * window : kWindowBytes;
  }
  return done;
}

// The lowest rank of a merge of `left` with a token that could come to start at `begin`; none: no
// merge can cross that place. Below every rank where the text ends before that is known.
int64_t BpeModel::lowest_rank_across(int32_t left, std::string_view text, size_t begin) const {
  int64_t lowest = kNoRank;
  uint32_t node = DoubleArray::kRoot;
  for (size_t at = begin;; ++at) {
    if (at == text.size()) return -1;
    if (!direct_.step(node, text[at])) return lowest;
    const int32_t right = direct_.value(node);
    const Merge* merge = right == DoubleArray::kNone ? nullptr : find_merge(left, right);
    if (merge != nullptr) lowest = std::min(lowest, int64_t{merge->rank});
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

// Where the text goes on behind the piece, its last symbol may have been joined with what follows
// by the time of a later merge; then so may the one before it, and so on. `Edge` is the last symbol
// of which that is not so: whatever follows, it was not joined by any merge that went before.
struct BpeModel::Edge {
  int32_t symbol = -1;     // -1: none is left
  size_t end = 0;          // of its bytes
  int64_t rank = kNoRank;  // a merge across the end can go before those of higher rank
};

void BpeModel::move_edge(const Word& word, std::string_view piece, Edge& edge) const {
  edge.end = static_cast<size_t>(edge.symbol);
  edge.symbol = word.symbols[edge.end].previous;
  if (edge.symbol >= 0) rank_edge(word, piece, edge);
}

void BpeModel::rank_edge(const Word& word, std::string_view piece, Edge& edge) const {
  const int32_t id = word.symbols[static_cast<size_t>(edge.symbol)].id;
  edge.rank = lowest_rank_across(id, piece, edge.end);
}

size_t BpeModel::merge_piece(std::string_view piece, bool is_whole,
                             std::vector<int32_t>& ids) const {
  static thread_local Word word;
  start_word(piece, word);
  auto& symbols = word.symbols;
  Edge edge{static_cast<int32_t>(piece.size()) - 1, piece.size(), kNoRank};
  if (!is_whole && edge.symbol >= 0) rank_edge(word, piece, edge);
  while (!word.heap.empty()) {
    std::pop_heap(word.heap.begin(), word.heap.end(), Word::is_later);
    const Candidate best = word.heap.back();
    word.heap.pop_back();
    Symbol& left = symbols[static_cast<size_t>(best.position)];
    if (left.is_gone || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    // One of the two has changed since: what they are now was pushed anew.
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->id != best.id) continue;
    while (edge.symbol >= 0 && edge.rank < best.rank) move_edge(word, piece, edge);
    if (left.next > edge.symbol) continue;
    const bool was_edge = left.next == edge.symbol;
    left.id = best.id;
    left.next = right.next;
    right.is_gone = true;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = best.position;
    if (was_edge) edge.symbol = best.position;
    if (was_edge && !is_whole) rank_edge(word, piece, edge);
    push_candidate(word, left.previous);
    push_candidate(word, best.position);
  }
  while (edge.symbol >= 0 && edge.rank != kNoRank) move_edge(word, piece, edge);
  for (size_t i = 0; i < edge.end; ++i) {
    if (!symbols[i].is_gone) ids.push_back(symbols[i].id);
  }
  if (symbols.capacity() > kKeptSymbols) word = {};
  return edge.symbol < 0 ? 0 : edge.end;
}

void BpeModel::start_word(std::string_view piece, Word& word) const {
  word.symbols.clear();
  word.heap.clear();
  const auto count = static_cast<int32_t>(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
    word.symbols.push_back({byte_ids_[byte], i - 1, i + 1 < count ? i + 1 : -1, false});
  }
  for (int32_t i = 0; i + 1 < count; ++i) push_candidate(word, i);
}

}  // namespace bge::tokenize
