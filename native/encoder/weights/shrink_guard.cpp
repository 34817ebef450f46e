#include "encoder/weights/shrink_guard.h"

#include <utility>

#ifndef _WIN32
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#endif

namespace bge::encoder {

#ifdef _WIN32

ShrinkGuard::ShrinkGuard(const void*, size_t) {}
ShrinkGuard::~ShrinkGuard() = default;
bool ShrinkGuard::shrank() const noexcept { return false; }

#else

namespace {

// Read by the handler, which takes no lock: `begin` is written last, and taken back first.
struct Place {
  std::atomic<uintptr_t> begin{0};  // 0: free
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> shrank{false};
};
std::array<Place, ShrinkGuard::kMaxGuards> places;
std::mutex places_mutex;

struct sigaction others;  // what handled SIGBUS before
uintptr_t page_bytes;

void pass_on(int signal, siginfo_t* info, void* context) {
  if ((others.sa_flags & SA_SIGINFO) != 0 && others.sa_sigaction != nullptr) {
    others.sa_sigaction(signal, info, context);
  } else if (others.sa_handler != SIG_DFL && others.sa_handler != SIG_IGN) {
    others.sa_handler(signal);
  } else {
    // What raised it runs again and ends the process, as without us.
    sigaction(signal, &others, nullptr);
  }
}

// In the thread that read, at the read. Only calls that are safe there.
void on_sigbus(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  const auto at = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Place& place : places) {
    const uintptr_t begin = place.begin.load();
    const uintptr_t end = place.end.load();
    if (info->si_code != BUS_ADRERR || begin == 0 || at < begin || at >= end) continue;
    const uintptr_t page = at / page_bytes * page_bytes;
    place.shrank = true;
    const void* zeros = mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    errno = saved;
    if (zeros != MAP_FAILED) return;
    break;
  }
  pass_on(signal, info, context);
}

void install() {
  page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction ours{};
  ours.sa_sigaction = on_sigbus;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGBUS, &ours, &others);
}

}  // namespace

ShrinkGuard::ShrinkGuard(const void* data, size_t size) {
  static std::once_flag installed;
  std::call_once(installed, install);
  const std::lock_guard lock(places_mutex);
  for (int i = 0; i < kMaxGuards; ++i) {
    Place& place = places[static_cast<size_t>(i)];
    if (place.begin.load() != 0) continue;
    const auto begin = reinterpret_cast<uintptr_t>(data);
    place.shrank = false;
    place.end = begin + size;
    place.begin = begin;
    place_ = i;
    return;
  }
}

ShrinkGuard::~ShrinkGuard() {
  if (place_ < 0) return;
  const std::lock_guard lock(places_mutex);
  places[static_cast<size_t>(place_)].begin = 0;
}

bool ShrinkGuard::shrank() const noexcept {
  return place_ >= 0 && places[static_cast<size_t>(place_)].shrank.load();
}

#endif

ShrinkGuard::ShrinkGuard(ShrinkGuard&& other) noexcept : place_(std::exchange(other.place_, -1)) {}

ShrinkGuard& ShrinkGuard::operator=(ShrinkGuard&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

}  // namespace bge::encoder
