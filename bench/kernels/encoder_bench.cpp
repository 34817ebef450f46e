// Scores tokenized pairs with the packed encoder and prints logits and speed.
//   encoder_bench FOLDER WEIGHTS fp32|bf16|int8 PAIRS THREADS [LOGITS_OUT] [MODE]
// PAIRS: binary, for each pair int32 length, then ids, then type ids. MODE: single (one pair a run,
// the default), packed (as many as batch_limits() allows).
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "encoder/encoder_backend.h"

namespace {

struct Pair {
  std::vector<int32_t> ids;
  std::vector<int32_t> types;
};

std::vector<Pair> read_pairs(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<Pair> pairs;
  const auto read = [&](std::vector<int32_t>& to, int32_t count) {
    to.resize(count);
    in.read(reinterpret_cast<char*>(to.data()), count * sizeof(int32_t));
  };
  for (int32_t length; in.read(reinterpret_cast<char*>(&length), sizeof length);) {
    pairs.emplace_back();
    read(pairs.back().ids, length);
    read(pairs.back().types, length);
  }
  return pairs;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of all threads of this process: what remains comparable while others use the machine.
double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return std::fprintf(stderr, "see the head of the source\n"), 2;
  using bge::kernels::Dtype;
  const std::string dtype_name = argv[3];
  const Dtype dtype = dtype_name == "int8"   ? Dtype::kInt8
                      : dtype_name == "bf16" ? Dtype::kBf16
                                             : Dtype::kFp32;
  const std::vector<Pair> pairs = read_pairs(argv[4]);
  const int threads = std::stoi(argv[5]);
  const bool packed = argc > 7 && std::string(argv[7]) == "packed";

  const double load_start = seconds();
  const char* cache = std::getenv("BENCH_CACHE");
  const auto backend = bge::encoder::load_encoder_backend(
      {argv[1], argv[2], dtype, cache == nullptr ? "" : cache, nullptr});
  const double load = seconds() - load_start;

  std::vector<bge::backend::Row> rows;
  size_t tokens = 0;
  for (const Pair& pair : pairs) {
    rows.push_back({pair.ids, pair.types});
    tokens += pair.ids.size();
  }
  std::vector<float> logits(rows.size());
  std::atomic<size_t> next{0};
  const size_t chunk = packed ? 16 : 1;
  const double start = seconds();
  const double cpu_start = cpu_seconds();
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      const auto runner = backend->make_runner();
      for (size_t first; (first = next.fetch_add(chunk)) < rows.size();) {
        const size_t count = std::min(chunk, rows.size() - first);
        runner->run(std::span(rows).subspan(first, count), std::span(logits).subspan(first, count));
      }
    });
  for (std::thread& worker : workers) worker.join();
  const double took = seconds() - start;
  const double cpu = cpu_seconds() - cpu_start;
  std::printf(
      "%s %s threads=%d load=%.2fs pairs/s=%.1f tokens/s=%.0f tokens/cpu-s=%.0f weights=%.0fMB\n",
      backend->info().instruction_set.c_str(), dtype_name.c_str(), threads, load,
      rows.size() / took, tokens / took, tokens / cpu, backend->info().weight_bytes / 1e6);
  if (argc > 6 && *argv[6] != '\0')
    std::ofstream(argv[6], std::ios::binary)
        .write(reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(float));
}
