#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace bge {

// What a thread brings along to a Team's tasks: buffers of its own.
class TeamMember {
 public:
  virtual ~TeamMember() = default;
  // Makes room for tasks of a run of this size. False where there is no memory: the thread then
  // takes no task.
  virtual bool prepare(size_t size) noexcept = 0;
};

// One thread's work, shared with others while they have none of their own. The leader goes through
// regions, one after another: tasks that do not depend on one another, in any order, on whoever
// takes them first. It leaves a region when all of its tasks are done, so that what follows may
// rest on them. Members come and go between two tasks; the leader never waits for one that holds
// none.
//
// A member that has lost its processor to another process holds up the leader by the task that it
// has. Where that comes to a tenth of a run, the leader goes on alone, and so it starts its next
// runs: one, then two, then four, up to 64, until a run was shared without such loss.
//
// A region costs the leader well under a microsecond while nobody is there. Whoever finds no task
// spins for some microseconds, since the next region is mostly that near, then sleeps.
class Team {
 public:
  using Task = void (*)(void* context, int task, TeamMember& member);

  // Leader's thread, around a run: until close(), others may take part. `size` is what every member
  // prepares for, at most the largest of the run.
  void open(size_t size) noexcept;
  void close() noexcept;
  // False too where the leader wants to go on alone.
  bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }
  // Leader's thread: others who take part just now.
  int members() const noexcept { return members_.load(std::memory_order_relaxed); }

  // Leader's thread, while open: one region. Tasks must not throw.
  void run(int tasks, Task task, void* context, TeamMember& leader);

  // Any other thread: takes tasks until the run is over or `wanted_elsewhere()`, which is asked
  // between two tasks. False where the member could not prepare.
  bool take_part(TeamMember& member, const std::function<bool()>& wanted_elsewhere);

 private:
  // A region's number in the upper half, how many of its tasks nobody has taken in the lower.
  using Ticket = uint64_t;
  static constexpr Ticket kTaskMask = 0xFFFFFFFF;

  using Clock = std::chrono::steady_clock;

  bool take(TeamMember& member, Ticket ticket);
  void finish_task() noexcept;
  // False when the run is over, or at times, so that the caller can look elsewhere.
  bool wait_for_tasks(Ticket seen);
  void wait_until_done();
  void dismiss() noexcept;
  void note_loss(Clock::duration waited, Clock::duration longest_task) noexcept;

  std::atomic<bool> open_ = false;
  std::atomic<int> members_ = 0;
  std::atomic<size_t> size_ = 0;
  std::atomic<Ticket> ticket_ = 0;
  std::atomic<int> unfinished_ = 0;  // tasks of the region
  // Of the region: written by the leader while nobody holds a task, read by holders of one.
  Task task_ = nullptr;
  void* context_ = nullptr;

  // The leader's own.
  Clock::time_point opened_at_{};
  Clock::duration lost_{};  // waiting for members that were held up, since open()
  int runs_alone_ = 0;      // still to come
  int next_runs_alone_ = 1;

  // For those who sleep.
  std::mutex mutex_;
  std::condition_variable more_;  // tasks, or the end
  std::condition_variable done_;
  std::atomic<int> sleepers_ = 0;
  std::atomic<bool> leader_sleeps_ = false;
};

}  // namespace bge
