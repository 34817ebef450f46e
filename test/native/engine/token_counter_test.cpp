#include "engine/token_counter.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tokenize/fixtures.h"

namespace bge::engine {
namespace {

using Counted = std::variant<size_t, Error>;

class TokenCounterTest : public testing::Test {
 protected:
  std::unique_ptr<const tokenize::Tokenizer> tokenizer_ =
      tokenize::Tokenizer::from_json(tokenize::fixtures::read("wordpiece.json"));
};

TEST_F(TokenCounterTest, CountsWhatTheTokenizerGivesInOrder) {
  TokenCounter counter(*tokenizer_);
  const std::vector<std::string> texts = {"", "one", "two words", std::string(5000, 'a') + " b"};
  std::vector<size_t> order;
  std::promise<void> done;
  for (size_t i = 0; i < texts.size(); ++i) {
    counter.count(texts[i], [&, i](const Counted& counted) {
      EXPECT_EQ(std::get<size_t>(counted), tokenizer_->encode(texts[i]).ids.size());
      order.push_back(i);
      if (order.size() == texts.size()) done.set_value();
    });
  }
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3}));
}

TEST_F(TokenCounterTest, StopDropsWhatHasNotBegun) {
  std::promise<void> begun;
  std::promise<void> go_on;
  int completed = 0;
  TokenCounter counter(*tokenizer_);
  counter.count("first", [&](const Counted&) {
    begun.set_value();
    go_on.get_future().wait();
    ++completed;
  });
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> queued = held;
  for (int i = 0; i < 10; ++i) counter.count("next", [&, held](const Counted&) { ++completed; });
  held.reset();
  begun.get_future().wait();
  // The first one ends only once the others are gone.
  std::thread releaser([&] {
    while (!queued.expired()) std::this_thread::yield();
    go_on.set_value();
  });
  counter.stop();
  releaser.join();
  EXPECT_EQ(completed, 1);
}

TEST_F(TokenCounterTest, StopsWhenNothingWasCounted) { TokenCounter counter(*tokenizer_); }

}  // namespace
}  // namespace bge::engine
