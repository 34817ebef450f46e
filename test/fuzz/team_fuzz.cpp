// A team whose leader and members do as the input says: runs and regions of any size, members that
// come, leave, pause or have no memory. Every task is done once, before its region ends, by a
// member that has prepared for the run.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/team.h"
#include "input.h"
#include "require.h"

namespace {

using bge::Team;
using bge::TeamMember;
using bge::fuzz::Input;
using bge::fuzz::require;

struct Hand final : TeamMember {
  size_t prepared = 0;
  size_t limit = SIZE_MAX;  // has no memory for more
  bool prepare(size_t size) noexcept override {
    if (size > limit) return false;
    prepared = std::max(prepared, size);
    return true;
  }
};

struct Region {
  size_t size;
  int yields;
  std::vector<int> done;  // not atomic: a task is one thread's, and the leader reads afterwards

  static void task(void* context, int task, TeamMember& member) {
    Region& region = *static_cast<Region*>(context);
    for (int i = 0; i < region.yields; ++i) std::this_thread::yield();
    require(static_cast<Hand&>(member).prepared >= region.size, "prepared for the run");
    ++region.done[static_cast<size_t>(task)];
  }
};

// Threads that take part over and over, each by its own script, until they are told to end.
class Members {
 public:
  Members(Team& team, Input& input) {
    for (size_t count = input.pick(4); count > 0; --count) {
      Script script;
      for (uint8_t& step : script) step = static_cast<uint8_t>(input.pick(256));
      threads_.emplace_back([this, &team, script] { take_part(team, script); });
    }
  }
  ~Members() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  using Script = std::array<uint8_t, 8>;

  void take_part(Team& team, const Script& script) {
    Hand hand;
    if (script[0] < 16) hand.limit = 500;
    for (size_t i = 0; !over_; ++i) {
      int stay = script[i % script.size()] % 64;
      const bool had_memory =
          team.take_part(hand, [&] { return over_.load() || --stay < 0; });
      require(had_memory || hand.limit != SIZE_MAX, "only memory keeps a member out");
      if (stay % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Team team;
  {
    const Members members(team, input);
    Hand leader;
    for (size_t runs = 0; runs < 12 && !input.empty(); ++runs) {
      const size_t run_size = 1 + input.pick(1000);
      leader.prepare(run_size);
      team.open(run_size);
      for (size_t regions = input.pick(8); regions > 0; --regions) {
        Region region{run_size, static_cast<int>(input.pick(5)),
                      std::vector<int>(1 + input.pick(20))};
        team.run(static_cast<int>(region.done.size()), &Region::task, &region, leader);
        require(std::count(region.done.begin(), region.done.end(), 1) ==
                    static_cast<ptrdiff_t>(region.done.size()),
                "every task is done once");
        if (input.pick(8) == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
      team.close();
      // A leader may go on without having been open.
      if (input.pick(4) == 0) {
        Region alone{0, 0, std::vector<int>(3)};
        team.run(3, &Region::task, &alone, leader);
        require(alone.done == std::vector<int>{1, 1, 1}, "alone too");
      }
    }
  }
  require(team.members() == 0, "all members have left");
  return 0;
}
