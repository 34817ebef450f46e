#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "base/team.h"
#include "encoder/encoder_backend.h"

namespace bge::encoder {

// Threads that take part in a team's runs until they are told to go.
class HelpingThreads {
 public:
  // How many tasks, about, thread i stays for, each time that it comes.
  using Patience = std::function<int(int thread)>;

  HelpingThreads(
      const EncoderBackend& backend, Team& team, int count,
      const Patience& patience = [](int) { return 1'000'000'000; }) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([this, &backend, &team, patience, i] {
        const auto runner = backend.make_runner();
        while (!over_) {
          int stay = patience(i);
          EXPECT_TRUE(runner->help(team, [&stay] { return --stay < 0; }));
        }
      });
  }
  ~HelpingThreads() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  HelpingThreads(const HelpingThreads&) = delete;
  HelpingThreads& operator=(const HelpingThreads&) = delete;

 private:
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bge::encoder
