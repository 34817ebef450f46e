// Speed of the linear kernels on one thread, beside the ceiling of the same instruction run from
// registers. Prints one line per instruction set, dtype and shape: GOP/s.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/panels.h"

using namespace bge::kernels;

namespace {

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<void, Free>;

Buffer allocate(size_t bytes) { return Buffer(std::aligned_alloc(64, (bytes + 63) / 64 * 64)); }

struct Layer {
  Layer(Dtype dtype, int n, int k) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> weights(static_cast<size_t>(n) * k);
    for (float& w : weights) w = normal(random);
    std::vector<Column> columns(n);
    for (int i = 0; i < n; ++i) columns[i] = {weights.data() + static_cast<size_t>(i) * k, 1, 0.1f};
    panels = allocate(panel_bytes(dtype, n, k));
    floats = allocate(sizeof(float) * n * 3);
    float* f = static_cast<float*>(floats.get());
    convert_to_panels(dtype, columns, k, {panels.get(), f, f + n, f + 2 * n});
    matrix = {dtype, n, k, panels.get(), f, f + n, f + 2 * n};
  }
  Buffer panels, floats;
  PanelMatrix matrix;
};

// Of this thread alone, so that other work on the machine counts less.
double seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Long enough for the processor's clock to settle under these instructions.
constexpr int kRounds = 7;
constexpr double kRoundSeconds = 0.1;

void measure(const Kernels& kernels, Dtype dtype, int rows, int n, int k, Epilogue epilogue) {
  const Layer layer(dtype, n, k);
  const int d = static_cast<int>(dtype);
  std::vector<float> x(static_cast<size_t>(rows) * k, 0.5f);
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (float& v : x) v = normal(random);
  const int padded = (rows + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  const Buffer a = allocate(element_size(dtype) * padded * k);
  std::vector<RowScale> scales(padded);
  const Activations activations{a.get(), static_cast<size_t>(k), scales.data()};
  kernels.convert[d](x.data(), k, rows, k, activations);
  std::vector<float> out(static_cast<size_t>(rows) * n);
  const LinearArgs args{activations, rows,     &layer.matrix, 0,
                        n / kPanel,  epilogue, out.data(),    static_cast<size_t>(n)};
  const KernelScope scope(kernels);
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double start = seconds();
    double took = 0;
    int repeats = 0;
    for (; took < kRoundSeconds; took = seconds() - start, ++repeats) kernels.linear[d](args);
    best = std::min(best, took / repeats);
  }
  static const char* const names[] = {"fp32", "bf16", "int8", "fixed24"};
  std::printf("%-12s %s rows=%d n=%d k=%d gelu=%d: %7.1f GOP/s\n", isa_name(kernels.isa).data(),
              names[d], rows, n, k, epilogue == Epilogue::kStoreGelu,
              2.0 * rows * n * k / best / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  for (const Isa isa : supported_isas()) {
    if (!only.empty() && only != isa_name(isa)) continue;
    if (only.empty() && isa == Isa::kPortable) continue;
    std::vector<Dtype> dtypes = {Dtype::kInt8, Dtype::kBf16, Dtype::kFp32};
    if (kernels_for(isa).fp32_form != Dtype::kFp32) dtypes.push_back(kernels_for(isa).fp32_form);
    for (const Dtype dtype : dtypes) {
      for (const auto& [n, k] : {std::pair{768, 768}, {384, 384}}) {
        measure(kernels_for(isa), dtype, 256, n, k, Epilogue::kStore);
        measure(kernels_for(isa), dtype, 256, n, k, Epilogue::kStoreGelu);
      }
    }
  }
}
