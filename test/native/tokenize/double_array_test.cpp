#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tokenize/models/double_array.h"

namespace bge::tokenize {
namespace {

int32_t find(const DoubleArray& trie, std::string_view key) {
  uint32_t node = DoubleArray::kRoot;
  for (const char byte : key) {
    if (!trie.step(node, byte)) return DoubleArray::kNone;
  }
  return trie.value(node);
}

std::string random_key(std::mt19937& random, unsigned letters) {
  std::string key(1 + random() % 9, '\0');
  for (char& byte : key) byte = static_cast<char>(random() % letters);
  return key;
}

class DoubleArrayTest : public testing::TestWithParam<unsigned> {};

TEST_P(DoubleArrayTest, FindsItsKeysAndNoOthers) {
  std::mt19937 random(GetParam());
  std::map<std::string, int32_t> want;
  std::vector<std::string> keys;
  for (int i = 0; i < 20000; ++i) keys.push_back(random_key(random, GetParam()));
  std::vector<DoubleArray::Entry> entries;
  for (size_t i = 0; i < keys.size(); ++i) {
    entries.push_back({keys[i], static_cast<int32_t>(i)});
    want[keys[i]] = static_cast<int32_t>(i);  // the last of equals counts
  }
  const DoubleArray trie = DoubleArray::build(entries);
  for (const auto& [key, value] : want) ASSERT_EQ(find(trie, key), value);
  for (int i = 0; i < 100000; ++i) {
    const std::string key = random_key(random, GetParam());
    const auto found = want.find(key);
    ASSERT_EQ(find(trie, key), found == want.end() ? DoubleArray::kNone : found->second);
  }
}

INSTANTIATE_TEST_SUITE_P(Letters, DoubleArrayTest, testing::Values(2u, 7u, 60u, 256u));

TEST(DoubleArrayTest, EmptyAndOneByteTries) {
  const DoubleArray empty = DoubleArray::build({});
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(find(empty, std::string(3, static_cast<char>(byte))), DoubleArray::kNone);
  }
  const DoubleArray one = DoubleArray::build({{"a", 5}});
  EXPECT_EQ(find(one, "a"), 5);
  EXPECT_EQ(find(one, "aa"), DoubleArray::kNone);
  EXPECT_EQ(find(one, std::string_view("\0", 1)), DoubleArray::kNone);
}

}  // namespace
}  // namespace bge::tokenize
