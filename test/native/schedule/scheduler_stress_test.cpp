#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "scheduler_fixture.h"

namespace bge::schedule {
namespace {

// Workers, callers and cancellers at once. What must hold: every admitted request is settled
// exactly once, and the queue's counts return to zero. Meant for the sanitizers as much as for the
// asserts.
TEST(SchedulerStress, EveryRequestIsSettledOnce) {
  constexpr int kCallers = 4;
  constexpr int kRequestsPerCaller = 400;
  Scheduler scheduler({.max_queued_tokens = 20'000,
                       .max_length = 512,
                       .batch_limits = {.max_rows = 3, .max_tokens = 64, .padded = true},
                       .workers = 1});
  std::vector<std::atomic<int>> settled(kCallers * kRequestsPerCaller);
  std::atomic<int> admitted = 0;
  std::atomic<int> refused = 0;

  std::vector<std::thread> workers;
  for (int w = 0; w < 3; ++w) {
    workers.emplace_back([&scheduler, w] {
      std::mt19937 random(static_cast<unsigned>(w));
      while (const std::optional<Work> work = scheduler.next()) {
        if (random() % 64 == 0) {
          scheduler.failed(*work, Error(ErrorCode::kInferenceFailed, "injected"));
        } else if (const auto* tokenizing = std::get_if<TokenizeWork>(&*work)) {
          do_tokenize(scheduler, *tokenizing);
        } else {
          do_run(scheduler, std::get<RunWork>(*work));
        }
      }
    });
  }

  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&, c] {
      std::mt19937 random(static_cast<unsigned>(100 + c));
      for (int r = 0; r < kRequestsPerCaller; ++r) {
        const auto id = static_cast<uint64_t>(c * kRequestsPerCaller + r);
        std::vector<std::string> texts;
        for (unsigned i = 0; i < random() % 12; ++i) {
          texts.push_back(std::to_string(1 + random() % 40) + ":" + std::to_string(random() % 8));
        }
        try {
          scheduler.submit(request(id, std::move(texts)),
                           [&settled, id](Outcome) { ++settled[id]; });
          ++admitted;
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::kOverloaded);
          ++refused;
        }
        if (random() % 4 == 0) scheduler.cancel(id, ErrorCode::kAborted);
        if (random() % 16 == 0) scheduler.cancel(random() % settled.size(), ErrorCode::kTimeout);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  scheduler.close();
  for (std::thread& worker : workers) worker.join();

  int total = 0;
  for (const std::atomic<int>& count : settled) {
    EXPECT_LE(count, 1);
    total += count;
  }
  EXPECT_EQ(total, admitted);
  EXPECT_EQ(admitted + refused, kCallers * kRequestsPerCaller);
  const Statistics end = scheduler.statistics();
  EXPECT_EQ(end.queued_tokens, 0u);
  EXPECT_EQ(end.queued_pairs, 0u);
  EXPECT_EQ(end.active_requests, 0u);
}

// stop() may come at any moment; whoever waits must wake, and nothing may be called afterwards.
TEST(SchedulerStress, StopWhileBusy) {
  for (unsigned round = 0; round < 50; ++round) {
    Scheduler scheduler(
        {.max_queued_tokens = 1'000'000, .max_length = 512, .batch_limits = {}, .workers = 1});
    std::atomic<bool> stopped = false;
    std::vector<std::thread> workers;
    for (int w = 0; w < 2; ++w) {
      workers.emplace_back([&scheduler] {
        while (const std::optional<Work> work = scheduler.next()) {
          if (const auto* tokenizing = std::get_if<TokenizeWork>(&*work)) {
            do_tokenize(scheduler, *tokenizing);
          } else {
            do_run(scheduler, std::get<RunWork>(*work));
          }
        }
      });
    }
    for (uint64_t id = 0; id < round; ++id) {
      scheduler.submit(request(id, texts_of({9, 5, 7, 3})), [](Outcome) {});
    }
    scheduler.stop();
    for (std::thread& worker : workers) worker.join();
    EXPECT_THROW(scheduler.submit(request(999, texts_of({1})), [](Outcome) {}), Error);
  }
}

}  // namespace
}  // namespace bge::schedule
