#include "tokenize/models/unigram.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>

#include "tokenize/pre_tokenizers/metaspace.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

constexpr double kUnreached = -std::numeric_limits<double>::infinity();
constexpr double kUnknownPenalty = 10.0;
constexpr size_t kKeptNodes = size_t{1} << 16;  // a thread keeps no larger lattice than this

}  // namespace

// Scratch memory of one thread.
struct UnigramModel::Lattice {
  std::unique_ptr<Node[]> nodes;  // one for each byte position; what no token reaches is never read
  size_t capacity = 0;
  // The best scores of the positions that tokens from the current one can reach, by position modulo
  // the size, a power of two. Between two searches all are kUnreached.
  std::vector<double> window;
  std::vector<uint32_t> ends;  // of the tokens of the best path, last one first
  std::vector<bool> is_live;   // for encode_open

  void prepare(size_t positions, size_t longest_piece) {
    if (positions > capacity) {
      capacity = std::max(positions, 2 * capacity);
      nodes = std::make_unique_for_overwrite<Node[]>(capacity);
    }
    if (window.size() <= longest_piece) window.resize(std::bit_ceil(longest_piece + 1), kUnreached);
  }
  double& best(size_t position) { return window[position & (window.size() - 1)]; }
};

UnigramModel::UnigramModel(const UnigramVocabulary& vocabulary)
    : scores_(vocabulary.scores),
      unknown_id_(vocabulary.unknown_id),
      unknown_score_(*std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty),
      byte_fallback_(vocabulary.byte_fallback) {
  size_t bytes = 0;
  for (const auto piece : vocabulary.pieces) bytes += piece.size();
  std::string keys;
  keys.reserve(kMetaspace.size() * bytes);  // never grown, so that the views below stay
  std::vector<DoubleArray::Entry> entries;
  entries.reserve(vocabulary.pieces.size());
  for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    const size_t begin = keys.size();
    exchange_metaspaces(vocabulary.pieces[id], keys);
    entries.push_back({std::string_view(keys).substr(begin), static_cast<int32_t>(id)});
    longest_piece_ = std::max(longest_piece_, entries.back().key.size());
  }
  trie_ = DoubleArray::build(entries);
  for (unsigned byte = 0; byte < 256; ++byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    const char name[] = {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
    byte_ids_[byte] = trie_.find({name, sizeof name}).value_or(DoubleArray::kNone);
  }
}

std::optional<int32_t> UnigramModel::token_to_id(std::string_view token) const {
  std::string key;
  exchange_metaspaces(token, key);
  return trie_.find(key);
}

void UnigramModel::leave_out(const std::vector<std::string>& names) {
  std::string key;
  for (const std::string& name : names) {
    key.clear();
    exchange_metaspaces(name, key);
    trie_.erase(key);
  }
}

size_t UnigramModel::encode(const PreTokenized& stretch, bool is_last, size_t, OpenPiece& open,
                            std::vector<int32_t>& ids) const {
  static thread_local Lattice lattice;
  const std::string_view text = stretch.text;
  size_t rest = text.size();
  for (size_t i = 0; i < stretch.pieces.size(); ++i) {
    const auto [begin, end] = stretch.pieces[i];
    const std::string_view piece = text.substr(begin, end - begin);
    if (i >= stretch.settled && !is_last) {
      rest = begin + encode_open(piece, open, lattice, ids);
    } else {
      encode_closed(piece, open, lattice, ids);
    }
  }
  if (lattice.capacity > kKeptNodes) lattice = {};
  return rest;
}

// Fills the nodes that tokens starting before `limit` reach. Leaves the window as it is at `limit`.
// Every position that starts a scalar is reached: from the one before it there is a token of just
// that scalar, be it the unknown one. No other position is, since text and pieces are valid UTF-8.
void UnigramModel::search(std::string_view text, size_t limit, double score,
                          Lattice& lattice) const {
  lattice.prepare(text.size() + 1, longest_piece_);
  Node* const nodes = lattice.nodes.get();
  double* const window = lattice.window.data();
  const size_t mask = lattice.window.size() - 1;
  const auto offer = [=](size_t start, size_t end, double candidate, int32_t id) {
    double& best = window[end & mask];
    if (candidate > best) {
      best = candidate;
      nodes[end] = {id, static_cast<uint32_t>(end - start)};
    }
  };
  window[0] = score;
  for (size_t start = 0; start < limit;) {
    const size_t scalar_end = start + scalar_length(text[start]);
    const double base = window[start & mask];
    bool has_scalar = false;
    uint32_t node = DoubleArray::kRoot;
    for (size_t at = start; at < text.size() && trie_.step(node, text[at]);) {
      ++at;
      const int32_t id = trie_.value(node);
      if (id == DoubleArray::kNone) continue;
      offer(start, at, scores_[static_cast<size_t>(id)] + base, id);
      has_scalar |= at == scalar_end;
    }
    if (!has_scalar) offer(start, scalar_end, unknown_score_ + base, unknown_id_);
    window[start & mask] = kUnreached;
    start = scalar_end;
  }
}

void UnigramModel::encode_closed(std::string_view piece, OpenPiece& open, Lattice& lattice,
                                 std::vector<int32_t>& ids) const {
  search(piece, piece.size(), open.score, lattice);
  lattice.best(piece.size()) = kUnreached;
  trace_back(piece.size(), lattice);
  emit(piece, open, lattice, ids);
  open = {};
}

// Every path to text not yet seen passes one of the nodes that tokens from before `limit` reach.
// Where the best paths to all of these meet, the path before the meeting point is settled. Starting
// anew from there with the same score gives the same sums, so the outcome is that of one long
// search.
size_t UnigramModel::encode_open(std::string_view piece, OpenPiece& open, Lattice& lattice,
                                 std::vector<int32_t>& ids) const {
  if (piece.size() <= longest_piece_) return 0;
  size_t limit = piece.size() - longest_piece_;
  while (is_continuation(piece[limit])) --limit;
  search(piece, limit, open.score, lattice);
  const size_t meeting = find_meeting(piece.size(), limit, lattice);
  if (meeting == 0) return 0;
  trace_back(meeting, lattice);
  for (size_t i = lattice.ends.size(); i-- > 0;) {  // the same sums as in the search
    const Node& node = lattice.nodes[lattice.ends[i]];
    open.score += score_of(node.id, piece.substr(lattice.ends[i] - node.length, node.length));
  }
  emit(piece, open, lattice, ids);
  return meeting;
}

// The score with which `token` came into the best path. The unknown id is either its own piece or
// not.
double UnigramModel::score_of(int32_t id, std::string_view token) const {
  return id == unknown_id_ && !trie_.find(token) ? unknown_score_
                                                 : scores_[static_cast<size_t>(id)];
}

// The last position on all of the best paths to the positions from `limit` to `end` that are
// reached.
size_t UnigramModel::find_meeting(size_t end, size_t limit, Lattice& lattice) const {
  const Node* const nodes = lattice.nodes.get();
  auto& is_live = lattice.is_live;
  is_live.assign(end + 1, false);
  size_t live = 0;
  for (size_t i = limit; i <= end; ++i) {
    is_live[i] = lattice.best(i) != kUnreached;
    lattice.best(i) = kUnreached;
    live += is_live[i];
  }
  size_t meeting = end;
  for (; live > 1 || !is_live[meeting]; --meeting) {
    if (!is_live[meeting]) continue;
    const size_t before = meeting - nodes[meeting].length;
    live -= is_live[before];
    is_live[before] = true;
  }
  while (byte_fallback_ && meeting > 0 && nodes[meeting].id == unknown_id_) {
    meeting -= nodes[meeting].length;  // a run of unknown scalars is told as a whole
  }
  return meeting;
}

void UnigramModel::trace_back(size_t end, Lattice& lattice) const {
  lattice.ends.clear();
  for (; end > 0; end -= lattice.nodes[end].length) {
    lattice.ends.push_back(static_cast<uint32_t>(end));
  }
}

void UnigramModel::emit(std::string_view text, OpenPiece& open, const Lattice& lattice,
                        std::vector<int32_t>& ids) const {
  for (size_t i = lattice.ends.size(); i-- > 0;) {
    const Node& node = lattice.nodes[lattice.ends[i]];
    if (node.id != unknown_id_) {
      ids.push_back(node.id);
      open.after_unknown = false;
      continue;
    }
    if (byte_fallback_) {
      const size_t begin = lattice.ends[i] - node.length;
      while (i > 0 && lattice.nodes[lattice.ends[i - 1]].id == unknown_id_) --i;
      if (emit_bytes(text.substr(begin, lattice.ends[i] - begin), ids)) continue;
    }
    if (!open.after_unknown) ids.push_back(unknown_id_);
    open.after_unknown = true;
  }
}

// The ids of the bytes of `run`; false where the run is itself a piece or a byte has no id.
bool UnigramModel::emit_bytes(std::string_view run, std::vector<int32_t>& ids) const {
  if (trie_.find(run)) return false;
  const size_t before = ids.size();
  std::string bytes;
  exchange_metaspaces(run, bytes);
  for (const char byte : bytes) ids.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  if (std::find(ids.begin() + static_cast<ptrdiff_t>(before), ids.end(), DoubleArray::kNone) ==
      ids.end()) {
    return true;
  }
  ids.resize(before);
  return false;
}

}  // namespace bge::tokenize
