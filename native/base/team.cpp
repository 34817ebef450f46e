#include "base/team.h"

#include <algorithm>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace bge {
namespace {

// What a sleeper's waking costs, about: to spin for longer would not pay.
constexpr std::chrono::microseconds kSpin(30);
// How soon a sleeper sees that it is wanted elsewhere.
constexpr std::chrono::milliseconds kNap(1);

constexpr int kMostRunsAlone = 64;

void pause() noexcept {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Until `ready()`, but not for long. False: it is not.
template <class Ready>
bool spin_until(Ready&& ready) {
  constexpr int kPausesPerLook = 16;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace

void Team::open(size_t size) noexcept {
  if (runs_alone_ > 0) {
    --runs_alone_;
    return;
  }
  size_.store(size, std::memory_order_relaxed);
  opened_at_ = Clock::now();
  lost_ = {};
  open_.store(true);
}

void Team::close() noexcept {
  if (!is_open()) return;
  next_runs_alone_ = 1;
  dismiss();
}

void Team::dismiss() noexcept {
  open_.store(false);
  if (sleepers_.load() == 0) return;
  {
    const std::lock_guard lock(mutex_);
  }
  more_.notify_all();
}

void Team::note_loss(Clock::duration waited, Clock::duration longest_task) noexcept {
  // A task of another thread may well take longer than the leader's own.
  constexpr std::chrono::microseconds kUsual(500);
  const Clock::duration loss = waited - 2 * longest_task - kUsual;
  if (loss <= Clock::duration::zero()) return;
  lost_ += loss;
  if (lost_ * 10 < Clock::now() - opened_at_) return;
  runs_alone_ = next_runs_alone_;
  next_runs_alone_ = std::min(2 * next_runs_alone_, kMostRunsAlone);
  dismiss();
}

void Team::run(int tasks, Task task, void* context, TeamMember& leader) {
  task_ = task;
  context_ = context;
  unfinished_.store(tasks, std::memory_order_relaxed);
  const Ticket region = (ticket_.load(std::memory_order_relaxed) | kTaskMask) + 1;
  ticket_.store(region + static_cast<Ticket>(tasks));
  // A sleeper counts itself before it looks at the ticket: one of the two sees the other.
  if (sleepers_.load() > 0) {
    {
      const std::lock_guard lock(mutex_);
    }
    more_.notify_all();
  }
  Clock::duration longest{};
  Clock::time_point begun = Clock::now();
  while (take(leader, ticket_.load(std::memory_order_relaxed))) {
    const Clock::time_point now = Clock::now();
    longest = std::max(longest, now - begun);
    begun = now;
  }
  wait_until_done();
  note_loss(Clock::now() - begun, longest);
}

// Takes a task and does it. False: there was none, or somebody else was quicker with the last one.
bool Team::take(TeamMember& member, Ticket ticket) {
  const Ticket region = ticket >> 32;
  // A later region may be of a run that the member has not prepared for.
  while ((ticket & kTaskMask) > 0 && ticket >> 32 == region) {
    // Acquires what the leader wrote before it published the region. While this task is not
    // finished the leader stays in the region, so all of that stays as it is.
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
      continue;
    task_(context_, static_cast<int>((ticket & kTaskMask) - 1), member);
    finish_task();
    return true;
  }
  return false;
}

void Team::finish_task() noexcept {
  if (unfinished_.fetch_sub(1) != 1 || !leader_sleeps_.load()) return;
  {
    const std::lock_guard lock(mutex_);
  }
  done_.notify_one();
}

void Team::wait_until_done() {
  const auto done = [this] { return unfinished_.load() == 0; };
  if (spin_until(done)) return;
  std::unique_lock lock(mutex_);
  leader_sleeps_.store(true);
  done_.wait(lock, done);
  leader_sleeps_.store(false);
}

bool Team::wait_for_tasks(Ticket seen) {
  const auto changed = [this, seen] { return ticket_.load() != seen || !open_.load(); };
  if (!spin_until(changed)) {
    std::unique_lock lock(mutex_);
    ++sleepers_;
    more_.wait_for(lock, kNap, changed);
    --sleepers_;
  }
  return open_.load();
}

bool Team::take_part(TeamMember& member, const std::function<bool()>& wanted_elsewhere) {
  bool prepared = true;
  ++members_;
  while (!wanted_elsewhere()) {
    const Ticket ticket = ticket_.load(std::memory_order_acquire);
    // Looked at after the ticket: while the ticket's region has tasks it stays as it is, so that
    // nobody takes a task of a run that was never opened, for which nobody has prepared.
    if (!open_.load()) break;
    if ((ticket & kTaskMask) == 0) {
      if (!wait_for_tasks(ticket)) break;
      continue;
    }
    // Of the ticket's region, or of a later one, whose ticket is another.
    prepared = member.prepare(size_.load(std::memory_order_relaxed));
    if (!prepared) break;
    take(member, ticket);
  }
  --members_;
  return prepared;
}

}  // namespace bge
