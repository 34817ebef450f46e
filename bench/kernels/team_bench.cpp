// How much sooner one pair is scored when other threads take part in its run: one thread and a team
// in turns, so that what else the machine does meets both.
//   team_bench FOLDER WEIGHTS TOKENS THREADS ROUNDS
// Prints for each dtype the least and the median milliseconds of both, and the ratios.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/team.h"
#include "encoder/encoder_backend.h"

namespace {

using bge::kernels::Dtype;

template <class Body>
double milliseconds(Body&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void measure(const char* name, const bge::encoder::EncoderBackend& backend, int tokens, int threads,
             int rounds) {
  const std::vector<int32_t> ids(tokens, 2000);
  const std::vector<int32_t> types(tokens, 0);
  const std::vector<bge::backend::Row> rows{{ids, types}};
  std::vector<float> logit(1);
  bge::Team team;
  std::atomic<bool> over{false};
  std::vector<std::thread> members;
  for (int i = 1; i < threads; ++i)
    members.emplace_back([&] {
      const auto runner = backend.make_runner();
      while (!over) {
        if (team.is_open())
          runner->help(team, [] { return false; });
        else
          std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  const auto runner = backend.make_runner();
  std::vector<double> alone;
  std::vector<double> shared;
  for (int round = 0; round < rounds; ++round) {
    alone.push_back(milliseconds([&] { runner->run(rows, logit); }));
    shared.push_back(milliseconds([&] {
      team.open(tokens);
      runner->run_shared(rows, logit, team);
      team.close();
    }));
  }
  over = true;
  for (std::thread& member : members) member.join();
  const double least = *std::ranges::min_element(alone);
  const double least_shared = *std::ranges::min_element(shared);
  std::printf("%s %s %d tokens: 1 thread %.1f (%.1f) ms, %d threads %.1f (%.1f) ms: %.3f (%.3f)\n",
              backend.info().instruction_set.c_str(), name, tokens, least, median(alone), threads,
              least_shared, median(shared), least_shared / least, median(shared) / median(alone));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return std::fprintf(stderr, "see the head of the source\n"), 2;
  constexpr std::pair<const char*, Dtype> kDtypes[] = {
      {"fp32", Dtype::kFp32}, {"bf16", Dtype::kBf16}, {"int8", Dtype::kInt8}};
  for (const auto& [name, dtype] : kDtypes) {
    const auto backend =
        bge::encoder::load_encoder_backend({argv[1], argv[2], dtype, "", nullptr});
    measure(name, *backend, std::stoi(argv[3]), std::stoi(argv[4]), std::stoi(argv[5]));
  }
}
