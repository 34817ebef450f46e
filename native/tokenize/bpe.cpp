#include "tokenize/bpe.h"

#include <algorithm>
#include <bit>
#include <random>
#include <string>

#include "tokenize/byte_level.h"
#include "tokenize/json_node.h"

namespace bge::tokenize {
namespace {

constexpr uint64_t kNoPair = ~uint64_t{0};
constexpr size_t kKeptSymbols = size_t{1} << 16;  // a thread keeps no larger buffers than this

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

// What a merge gives is known by its id alone, so that each token needs one of its own.
void refuse_shared_ids(std::vector<DoubleArray::Entry> tokens) {
  std::sort(tokens.begin(), tokens.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].value == tokens[i - 1].value && tokens[i].key != tokens[i - 1].key) {
      throw_invalid("two tokens of one id", "/model/vocab/" + std::string(tokens[i].key));
    }
  }
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

BpeModel::BpeModel(const BpeVocabulary& vocabulary)
    : tokens_(DoubleArray::build(vocabulary.tokens)), hash_factor_(random_odd_number()) {
  add_tokens(vocabulary);
  add_merges(vocabulary);
  add_direct_tokens(vocabulary);
}

void BpeModel::add_tokens(const BpeVocabulary& vocabulary) {
  refuse_shared_ids(vocabulary.tokens);
  byte_ids_.fill(DoubleArray::kNone);
  for (const auto& [token, id] : vocabulary.tokens) {
    id_bound_ = std::max(id_bound_, static_cast<size_t>(id) + 1);
    const auto bytes = bytes_of_token(token);
    if (bytes && bytes->size() == 1) byte_ids_[static_cast<unsigned char>(bytes->front())] = id;
  }
  if (std::find(byte_ids_.begin(), byte_ids_.end(), DoubleArray::kNone) != byte_ids_.end()) {
    throw_unsupported("a BPE vocabulary without a token for every byte", "/model/vocab");
  }
}

size_t BpeModel::slot_of(uint64_t pair) const {
  return static_cast<size_t>((pair * hash_factor_) >> 32) & (merges_.size() - 1);
}

void BpeModel::add_merges(const BpeVocabulary& vocabulary) {
  merges_.assign(std::bit_ceil(2 * vocabulary.merges.size() + 1), {kNoPair, 0, 0});
  for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const auto& [left, right] = vocabulary.merges[rank];
    const auto left_id = token_to_id(left);
    const auto right_id = token_to_id(right);
    const auto id = token_to_id(std::string(left).append(right));
    if (!left_id || !right_id || !id) {
      throw_invalid("a merge of what is no token", "/model/merges/" + std::to_string(rank));
    }
    const uint64_t pair = pair_of(*left_id, *right_id);
    size_t slot = slot_of(pair);
    while (merges_[slot].pair != kNoPair && merges_[slot].pair != pair) {
      slot = (slot + 1) & (merges_.size() - 1);
    }
    // Of a pair that is listed twice the last rank counts, as in the reference's map.
    merges_[slot] = {pair, static_cast<uint32_t>(rank), *id};
  }
}

// A token whose own bytes merge to it needs no merging when a piece is just it.
void BpeModel::add_direct_tokens(const BpeVocabulary& vocabulary) {
  std::vector<std::pair<std::string, int32_t>> direct;
  std::vector<int32_t> ids;
  for (const auto& [token, id] : vocabulary.tokens) {
    auto bytes = bytes_of_token(token);
    if (!bytes) continue;
    ids.clear();
    if (!vocabulary.ignore_merges) merge_piece(*bytes, ids);
    if (vocabulary.ignore_merges || (ids.size() == 1 && ids.front() == id)) {
      direct.emplace_back(std::move(*bytes), id);
    }
  }
  std::vector<DoubleArray::Entry> entries;
  entries.reserve(direct.size());
  for (const auto& [bytes, id] : direct) entries.push_back({bytes, id});
  direct_ = DoubleArray::build(entries);
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

size_t BpeModel::encode(const PreTokenized& stretch, bool is_last, OpenPiece&,
                        std::vector<int32_t>& ids) const {
  const std::string_view text = stretch.text;
  for (const auto& [begin, end] : stretch.pieces) {
    const bool settled = is_last || end + ByteLevelPreTokenizer::kSettledBytes <= text.size();
    if (!settled) return begin;
    encode_piece(text.substr(begin, end - begin), ids);
  }
  return text.size();
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
  static thread_local Word word;
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
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->id != best.id) continue;
    left.id = best.id;
    left.next = right.next;
    right.is_gone = true;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = best.position;
    push_candidate(word, left.previous);
    push_candidate(word, best.position);
  }
  for (const Symbol& symbol : symbols) {
    if (!symbol.is_gone) ids.push_back(symbol.id);
  }
  if (symbols.capacity() > kKeptSymbols) word = {};
}

}  // namespace bge::tokenize
