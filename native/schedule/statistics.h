#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bge::schedule {

// Counts durations in fixed buckets of milliseconds, as Prometheus histograms are.
class LatencyHistogram {
 public:
  static constexpr std::array<double, 16> kBoundsMs{0.1, 0.25, 0.5, 1,   2.5, 5,    10,   25,
                                                    50,  100,  250, 500, 1e3, 2500, 5000, 1e4};

  void record(std::chrono::nanoseconds duration) noexcept {
    const double ms = std::chrono::duration<double, std::milli>(duration).count();
    size_t bucket = 0;
    while (bucket < kBoundsMs.size() && ms > kBoundsMs[bucket]) ++bucket;
    ++counts[bucket];
    ++count;
    sum_ms += ms;
  }

  std::array<uint64_t, kBoundsMs.size() + 1> counts{};
  uint64_t count = 0;
  double sum_ms = 0;
};

// What the Scheduler has seen since it was made, and what it holds now. Copied out under its lock.
struct Statistics {
  size_t active_requests = 0;
  size_t queued_pairs = 0;
  size_t queued_tokens = 0;
  uint64_t admitted = 0;
  uint64_t completed = 0;
  uint64_t failed = 0;
  uint64_t aborted = 0;
  uint64_t timed_out = 0;
  uint64_t refused = 0;
  uint64_t scored_pairs = 0;
  uint64_t scored_tokens = 0;
  uint64_t batches = 0;
  LatencyHistogram tokenize;  // a request, worker time
  LatencyHistogram queue;     // a request, submit to first run
  LatencyHistogram run;       // a run of the model
  LatencyHistogram total;     // a request
};

}  // namespace bge::schedule
