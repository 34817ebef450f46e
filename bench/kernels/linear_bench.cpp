// Speed of the linear kernels on one thread, GOP/s. The cases of an instruction set take turns, and
// each gives its best round, so that their ratios hold on a machine that does other work. Beside
// AVX2: fused multiply-adds from registers, and the saturating byte product of other engines.
//   linear_bench [INSTRUCTION_SET]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/panels.h"
#if defined(__x86_64__)
#include "avx2_references.h"
#endif

using namespace bge::kernels;

namespace {

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<void, Free>;

Buffer allocate(size_t bytes) { return Buffer(std::aligned_alloc(64, (bytes + 63) / 64 * 64)); }

std::vector<float> gaussian(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(count);
  for (float& v : x) v = normal(random);
  return x;
}

struct Layer {
  Layer(Dtype dtype, int n, int k) {
    const std::vector<float> weights = gaussian(static_cast<size_t>(n) * k, 1);
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

struct Case {
  std::string name;
  std::function<double()> run;  // the operations that it did
  double best = 0;              // operations a second
};

// Long enough for the processor's clock to settle under these instructions.
constexpr int kRounds = 7;
constexpr double kRoundSeconds = 0.1;

void measure(std::vector<Case>& cases) {
  for (int round = 0; round < kRounds; ++round)
    for (Case& each : cases) {
      const double start = seconds();
      double took = 0;
      double done = 0;
      for (; took < kRoundSeconds; took = seconds() - start) done += each.run();
      each.best = std::max(each.best, done / took);
    }
  for (const Case& each : cases)
    std::printf("%s: %7.1f GOP/s\n", each.name.c_str(), each.best / 1e9);
}

constexpr int kRows = 256;

std::string shape_name(int n, int k) {
  return " rows=" + std::to_string(kRows) + " n=" + std::to_string(n) + " k=" + std::to_string(k);
}

const char* name_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32: return "fp32";
    case Dtype::kBf16: return "bf16";
    case Dtype::kInt8:
    case Dtype::kInt8Quads: return "int8";
    case Dtype::kFixed24: return "fixed24";
  }
  return "unknown";
}

void add_product(std::vector<Case>& cases, const Kernels& kernels, Dtype dtype, int n, int k) {
  const int d = static_cast<int>(dtype);
  const auto layer = std::make_shared<Layer>(dtype, n, k);
  const std::shared_ptr<void> rows(allocate(element_size(dtype) * kRows * k));
  const auto scales = std::make_shared<std::vector<RowScale>>(kRows);
  const auto out = std::make_shared<std::vector<float>>(static_cast<size_t>(kRows) * n);
  const Activations a{rows.get(), static_cast<size_t>(k), scales->data()};
  const std::vector<float> x = gaussian(static_cast<size_t>(kRows) * k, 2);
  kernels.convert[d](x.data(), k, kRows, k, a);
  for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kStoreGelu}) {
    const std::string gelu = epilogue == Epilogue::kStoreGelu ? " gelu=1" : " gelu=0";
    cases.push_back({std::string(isa_name(kernels.isa)) + " " + name_of(dtype) + shape_name(n, k) +
                         gelu,
                     [=, &kernels] {
                       (void)rows, (void)scales;  // owned by the case
                       const KernelScope scope(kernels);
                       kernels.linear[d]({a, kRows, &layer->matrix, 0, n / kPanel, epilogue,
                                          out->data(), static_cast<size_t>(n)});
                       return 2.0 * kRows * n * k;
                     }});
  }
}

#if defined(__x86_64__)
void add_references(std::vector<Case>& cases, int n, int k) {
  const auto layer = std::make_shared<Layer>(Dtype::kInt8, n, k);
  const auto rows = std::make_shared<std::vector<unsigned char>>(kRows * k, 1);
  const auto sums = std::make_shared<std::vector<int>>(kRows * kPanel);
  cases.push_back({"saturating int8" + shape_name(n, k), [=] {
                     bge::bench::multiply_saturating(
                         rows->data(), kRows, static_cast<const signed char*>(layer->panels.get()),
                         n, k, sums->data());
                     return 2.0 * kRows * n * k;
                   }});
}
#endif

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  for (const Isa isa : supported_isas()) {
    if (!only.empty() && only != isa_name(isa)) continue;
    if (only.empty() && isa == Isa::kPortable) continue;
    const Kernels& kernels = kernels_for(isa);
    std::vector<Dtype> dtypes = {kernels.int8_form, Dtype::kBf16, Dtype::kFp32};
    if (kernels.fp32_form != Dtype::kFp32) dtypes.push_back(kernels.fp32_form);
    std::vector<Case> cases;
    for (const auto& [n, k] : {std::pair{768, 768}, {384, 384}}) {
      for (const Dtype dtype : dtypes) add_product(cases, kernels, dtype, n, k);
#if defined(__x86_64__)
      if (isa == Isa::kAvx2) add_references(cases, n, k);
#endif
    }
#if defined(__x86_64__)
    if (isa == Isa::kAvx2)
      cases.push_back({"avx2 fp32 from registers", bge::bench::multiply_add_in_registers});
#endif
    measure(cases);
  }
}
