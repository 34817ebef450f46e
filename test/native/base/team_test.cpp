#include "base/team.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace bge {
namespace {

struct Hand : TeamMember {
  std::atomic<size_t> prepared = 0;
  bool prepare(size_t size) noexcept override {
    prepared = size;
    return size < kTooLarge;
  }
  static constexpr size_t kTooLarge = 1'000'000;
};

// One region's tasks: each counts itself, and notes a member that is not prepared for it.
struct Region {
  explicit Region(int tasks, size_t run_size) : size(run_size), done(tasks) {}
  void run(Team& team, Hand& leader) {
    team.run(
        static_cast<int>(done.size()),
        [](void* context, int task, TeamMember& member) {
          Region& region = *static_cast<Region*>(context);
          ++region.done[task];
          if (static_cast<Hand&>(member).prepared < region.size) region.unprepared = true;
        },
        this, leader);
  }
  size_t size;
  std::vector<std::atomic<int>> done;
  std::atomic<bool> unprepared = false;
};

TEST(Team, TheLeaderAloneDoesAllTasks) {
  Team team;
  Hand leader;
  leader.prepare(7);
  team.open(7);
  for (const int tasks : {1, 2, 100}) {
    Region region(tasks, 7);
    region.run(team, leader);
    for (const auto& count : region.done) EXPECT_EQ(count, 1);
  }
  team.close();
  EXPECT_EQ(team.members(), 0);
}

TEST(Team, AMemberLeavesWhenTheRunIsOverOrItIsWantedElsewhere) {
  Team team;
  Hand hand;
  EXPECT_TRUE(team.take_part(hand, [] { return false; })) << "closed: nothing to wait for";
  team.open(1);
  EXPECT_TRUE(team.take_part(hand, [] { return true; }));
  std::thread member([&] { EXPECT_TRUE(team.take_part(hand, [] { return false; })); });
  while (team.members() == 0) std::this_thread::yield();
  team.close();
  member.join();
  EXPECT_EQ(team.members(), 0);
}

TEST(Team, AMemberWithoutMemoryTakesNoTask) {
  Team team;
  Hand leader, hand;
  leader.prepare(Hand::kTooLarge);
  std::atomic<bool> refused = false;
  // A leader that lost its processor goes on alone for some runs: the member comes again.
  std::thread member([&] {
    while (team.take_part(hand, [] { return false; })) std::this_thread::yield();
    refused = true;
  });
  while (!refused) {
    team.open(Hand::kTooLarge);
    Region region(3, Hand::kTooLarge);
    region.run(team, leader);
    for (const auto& count : region.done) EXPECT_EQ(count, 1);
    team.close();
  }
  member.join();
}

// A member that has just seen a run open when that run ends, and the next one is not opened.
TEST(Team, NobodyTakesATaskOfARunThatIsNotOpen) {
  Team team;
  Hand leader, hand;
  leader.prepare(1000);
  team.open(1);
  std::atomic<bool> looked = false, published = false, left = false;
  std::thread member([&] {
    int looks = 0;
    team.take_part(hand, [&] {
      if (++looks > 1) return true;
      looked = true;
      while (!published) std::this_thread::yield();
      return false;
    });
    left = true;
  });
  while (!looked) std::this_thread::yield();
  team.close();
  struct Run {
    std::atomic<bool>&published, &left;
    Hand& leader;
    std::atomic<int> by_others = 0;
  } run{published, left, leader};
  team.run(
      2,
      [](void* context, int, TeamMember& by) {
        Run& all = *static_cast<Run*>(context);
        if (&by != &all.leader) ++all.by_others;
        all.published = true;
        while (&by == &all.leader && !all.left && all.by_others == 0) std::this_thread::yield();
      },
      &run, leader);
  member.join();
  EXPECT_EQ(run.by_others, 0);
}

// Every task of every region once, before the region ends, by somebody who is prepared, while
// members join and leave in the middle of everything.
TEST(Team, EveryTaskIsDoneOnceWhileMembersComeAndGo) {
  constexpr int kMembers = 4;
  constexpr int kRuns = 300;
  Team team;
  Hand leader;
  std::atomic<bool> over = false;
  std::vector<std::thread> members;
  for (int i = 0; i < kMembers; ++i)
    members.emplace_back([&team, &over, i] {
      Hand hand;
      std::mt19937 random(static_cast<unsigned>(i));
      while (!over) {
        int stay = static_cast<int>(random() % 50);
        team.take_part(hand, [&] { return --stay < 0; });
        if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    });
  std::mt19937 random(99);
  for (int run = 0; run < kRuns; ++run) {
    const size_t size = 1 + random() % 1000;
    leader.prepare(size);
    team.open(size);
    for (unsigned i = 0; i < 1 + random() % 20; ++i) {
      Region region(1 + static_cast<int>(random() % 12), size);
      region.run(team, leader);
      for (const auto& count : region.done) ASSERT_EQ(count, 1);
      ASSERT_FALSE(region.unprepared);
      if (random() % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    team.close();
  }
  over = true;
  for (std::thread& member : members) member.join();
  EXPECT_EQ(team.members(), 0);
}

}  // namespace
}  // namespace bge
