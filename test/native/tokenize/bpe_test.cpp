// BPE against its definition, and the first ids of pieces that are not at their end.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tokenize/models/bpe.h"

namespace bge::tokenize {
namespace {

constexpr std::string_view kLetters = "abc";

// A vocabulary of random merges, in a random order, so that a merge may come before those that make
// its parts.
struct RandomVocabulary {
  std::vector<std::string> names;  // by id: all bytes, then what merges give
  std::vector<BpeMerge> merges;

  RandomVocabulary(std::mt19937& random, size_t merge_count, bool in_order) {
    std::map<std::string, int32_t> ids;
    for (int byte = 0; byte < 256; ++byte) {
      names.push_back(std::string(1, static_cast<char>(byte)));
      ids[names.back()] = byte;
    }
    std::vector<int32_t> known(kLetters.begin(), kLetters.end());
    for (size_t i = 0; i < merge_count; ++i) {
      const int32_t left = known[random() % known.size()], right = known[random() % known.size()];
      const std::string name = names[static_cast<size_t>(left)] + names[static_cast<size_t>(right)];
      if (name.size() > 24) continue;
      const auto [place, is_new] = ids.emplace(name, static_cast<int32_t>(names.size()));
      if (is_new) {
        names.push_back(name);
        known.push_back(place->second);
      }
      merges.push_back({left, right, place->second});
    }
    if (!in_order) std::shuffle(merges.begin(), merges.end(), random);
  }

  BpeVocabulary vocabulary() const {
    BpeVocabulary out;
    for (size_t id = 0; id < names.size(); ++id) {
      out.tokens.push_back({names[id], static_cast<int32_t>(id)});
      if (id < 256) out.byte_ids[id] = static_cast<int32_t>(id);
    }
    out.names = DoubleArray::build(out.tokens);
    out.merges = merges;
    out.ignore_merges = false;
    out.id_bound = names.size();
    return out;
  }
};

// Again and again the earliest merge there is, of equal ones the leftmost. By rank and place, in an
// ordered map, so that a test of thousands of bytes takes no minutes.
std::vector<int32_t> defined_ids(const RandomVocabulary& vocabulary, std::string_view text) {
  std::map<std::pair<int32_t, int32_t>, std::pair<size_t, int32_t>> ranks;
  for (size_t i = 0; i < vocabulary.merges.size(); ++i) {
    const auto& [left, right, merged] = vocabulary.merges[i];
    ranks[{left, right}] = {i, merged};
  }
  std::map<size_t, int32_t> symbols;  // by where they start
  for (size_t i = 0; i < text.size(); ++i) symbols[i] = static_cast<unsigned char>(text[i]);
  std::map<std::pair<size_t, size_t>, int32_t> candidates;  // by rank and place: what it gives
  const auto update = [&](std::map<size_t, int32_t>::iterator at, bool add) {
    if (at == symbols.end() || std::next(at) == symbols.end()) return;
    const auto rank = ranks.find({at->second, std::next(at)->second});
    if (rank == ranks.end()) return;
    const std::pair<size_t, size_t> key{rank->second.first, at->first};
    if (add) {
      candidates[key] = rank->second.second;
    } else {
      candidates.erase(key);
    }
  };
  for (auto at = symbols.begin(); at != symbols.end(); ++at) update(at, true);
  while (!candidates.empty()) {
    const auto [key, merged] = *candidates.begin();
    const auto at = symbols.find(key.second);
    const auto before = at == symbols.begin() ? symbols.end() : std::prev(at);
    for (const auto neighbour : {before, at, std::next(at)}) update(neighbour, false);
    symbols.erase(std::next(at));
    at->second = merged;
    for (const auto neighbour : {before, at}) update(neighbour, true);
  }
  std::vector<int32_t> ids;
  for (const auto& [start, id] : symbols) ids.push_back(id);
  return ids;
}

std::string random_text(std::mt19937& random, size_t size) {
  std::string text;
  const unsigned letters = 1 + random() % kLetters.size();
  while (text.size() < size) {
    const char letter = kLetters[random() % letters];
    text.append(1 + (random() % 8 == 0 ? random() % 40 : 0), letter);
  }
  return text;
}

std::vector<int32_t> encoded(const BpeModel& model, const std::string& text, bool is_open,
                             size_t cap) {
  PreTokenized stretch;
  stretch.text = text;
  stretch.pieces = {{0, static_cast<uint32_t>(text.size())}};
  stretch.settled = is_open ? 0 : 1;
  stretch.certain_end = text.size();
  OpenPiece open;
  std::vector<int32_t> ids;
  model.encode(stretch, !is_open, cap, open, ids);
  return ids;
}

class BpeTest : public testing::TestWithParam<bool> {};

TEST_P(BpeTest, MergesAsDefined) {
  std::mt19937 random(11);
  for (int i = 0; i < 60; ++i) {
    const RandomVocabulary vocabulary(random, 5 + random() % 200, GetParam());
    const BpeModel model(vocabulary.vocabulary());
    const std::string text = random_text(random, random() % 5000);
    ASSERT_EQ(encoded(model, text, false, SIZE_MAX), defined_ids(vocabulary, text)) << i;
  }
}

TEST_P(BpeTest, TheIdsUpToACapAreThoseOfAnyLongerPiece) {
  std::mt19937 random(12);
  size_t early = 0;
  for (int i = 0; i < 60; ++i) {
    const RandomVocabulary vocabulary(random, 5 + random() % 200, GetParam());
    const BpeModel model(vocabulary.vocabulary());
    const std::string known = random_text(random, 20000);
    const auto some = encoded(model, known, true, 80);
    early += !some.empty();
    for (int k = 0; k < 3; ++k) {
      const auto all = defined_ids(vocabulary, known + random_text(random, random() % 60));
      ASSERT_LE(some.size(), all.size());
      ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << i;
    }
  }
  EXPECT_GT(early, 40u);
}

INSTANTIATE_TEST_SUITE_P(Merges, BpeTest, testing::Values(true, false));

}  // namespace
}  // namespace bge::tokenize
