#pragma once

#include <memory>

#include "backend/backend.h"
#include "base/team.h"
#include "schedule/scheduler.h"
#include "tokenize/pair_encoder.h"

namespace bge::engine {

// How pairs are cut.
struct PairLimits {
  size_t max_length;  // tokens, special tokens included
  tokenize::Truncation truncation;
};

// One thread's part in the engine: takes work from the scheduler until there is no more.
class Worker {
 public:
  Worker(schedule::Scheduler& scheduler, const tokenize::PairEncoder& encoder,
         std::unique_ptr<backend::Runner> runner, PairLimits limits);

  // The body of the worker's thread. Never throws: what fails settles its requests.
  void run() noexcept;

  // From any thread: a run in progress ends soon and fails.
  void cancel() noexcept { runner_->cancel(); }

 private:
  void tokenize(const schedule::TokenizeWork& work);
  void score(const schedule::RunWork& work);
  void help(const schedule::HelpWork& work);
  void encode(const schedule::Request& request, schedule::Pair& pair) const;
  void make_prefix(schedule::Request& request);

  schedule::Scheduler& scheduler_;
  const tokenize::PairEncoder& encoder_;
  std::unique_ptr<backend::Runner> runner_;
  PairLimits limits_;
  Team team_;  // of this worker's runs
};

}  // namespace bge::engine
