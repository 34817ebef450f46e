// Runs pairs that are tokenized already straight through ONNX Runtime's C API, one pair a run: what
// is left when everything of this package but the runtime is taken away.
//
//   bare_session RUNTIME_LIBRARY MODEL PAIRS THREADS
//
// PAIRS: int64 values of this machine's byte order: the number of pairs, then for each its length,
// its ids and its type ids. For every line on standard input one pass over all pairs is run and one
// line of JSON printed:
// {"elapsedMs": wall time, "cpuMs": CPU time of this process, "logits": one a pair}.

#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Pair {
  std::vector<int64_t> ids;
  std::vector<int64_t> type_ids;
  std::vector<int64_t> mask;
};

[[noreturn]] void fail(const std::string& message) {
  std::cerr << "bare_session: " << message << '\n';
  std::exit(1);
}

const OrtApi* api = nullptr;

void check(OrtStatus* status) {
  if (status != nullptr) fail(api->GetErrorMessage(status));
}

const OrtApi* open_runtime(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(dlerror());
  using GetApiBase = const OrtApiBase* (*)();
  const auto get_base = reinterpret_cast<GetApiBase>(dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) fail("the library has no OrtGetApiBase");
  const OrtApi* found = get_base()->GetApi(ORT_API_VERSION);
  if (found == nullptr) fail("the library is older than the header this was built with");
  return found;
}

std::vector<Pair> read_pairs(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const auto next = [&file] {
    int64_t value = 0;
    if (!file.read(reinterpret_cast<char*>(&value), sizeof value)) fail("PAIRS ends too early");
    return value;
  };
  std::vector<Pair> pairs(static_cast<size_t>(next()));
  for (Pair& pair : pairs) {
    const auto length = static_cast<size_t>(next());
    for (size_t i = 0; i < length; ++i) pair.ids.push_back(next());
    for (size_t i = 0; i < length; ++i) pair.type_ids.push_back(next());
    pair.mask.assign(length, 1);
  }
  return pairs;
}

// The session settings of native/onnxruntime/session_loader.cpp: the comparison is about all the
// rest.
OrtSession* open_session(const char* model) {
  OrtEnv* environment = nullptr;
  OrtSessionOptions* options = nullptr;
  OrtSession* session = nullptr;
  check(api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "bare", &environment));
  check(api->CreateSessionOptions(&options));
  check(api->SetIntraOpNumThreads(options, 1));
  check(api->SetInterOpNumThreads(options, 1));
  check(api->SetSessionExecutionMode(options, ORT_SEQUENTIAL));
  check(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
  check(api->DisableMemPattern(options));
  check(api->CreateSession(environment, model, options, &session));
  return session;
}

class BareSession {
 public:
  explicit BareSession(OrtSession* session) : session_(session) {
    OrtAllocator* allocator = nullptr;
    check(api->GetAllocatorWithDefaultOptions(&allocator));
    check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory_));
    size_t inputs = 0;
    check(api->SessionGetInputCount(session_, &inputs));
    for (size_t i = 0; i < inputs; ++i) {
      char* name = nullptr;
      check(api->SessionGetInputName(session_, i, allocator, &name));
      input_names_.push_back(name);
    }
    check(api->SessionGetOutputName(session_, 0, allocator, &output_name_));
  }

  float run(Pair& pair) const {
    std::vector<OrtValue*> inputs;
    for (const char* name : input_names_) inputs.push_back(tensor(column(pair, name)));
    OrtValue* output = nullptr;
    check(api->Run(session_, nullptr, input_names_.data(), inputs.data(), inputs.size(),
                   &output_name_, 1, &output));
    float* logits = nullptr;
    check(api->GetTensorMutableData(output, reinterpret_cast<void**>(&logits)));
    const float logit = logits[0];
    api->ReleaseValue(output);
    for (OrtValue* input : inputs) api->ReleaseValue(input);
    return logit;
  }

 private:
  static std::vector<int64_t>& column(Pair& pair, const std::string& name) {
    if (name == "input_ids") return pair.ids;
    if (name == "token_type_ids") return pair.type_ids;
    if (name == "attention_mask") return pair.mask;
    fail("the model wants an input that is not known here: " + name);
  }

  OrtValue* tensor(std::vector<int64_t>& values) const {
    const std::array<int64_t, 2> shape{1, static_cast<int64_t>(values.size())};
    OrtValue* value = nullptr;
    check(api->CreateTensorWithDataAsOrtValue(
        memory_, values.data(), values.size() * sizeof values[0], shape.data(), shape.size(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &value));
    return value;
  }

  OrtSession* session_;
  OrtMemoryInfo* memory_ = nullptr;
  std::vector<const char*> input_names_;
  char* output_name_ = nullptr;
};

std::vector<float> one_pass(const BareSession& session, std::vector<Pair>& pairs, int threads) {
  std::vector<float> logits(pairs.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < pairs.size(); i = next++) logits[i] = session.run(pairs[i]);
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  return logits;
}

void print(double elapsed_ms, double cpu_ms, const std::vector<float>& logits) {
  std::printf("{\"elapsedMs\":%.3f,\"cpuMs\":%.3f,\"logits\":[", elapsed_ms, cpu_ms);
  for (size_t i = 0; i < logits.size(); ++i) std::printf(i == 0 ? "%.17g" : ",%.17g", logits[i]);
  std::printf("]}\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) fail("expected RUNTIME_LIBRARY MODEL PAIRS THREADS");
  api = open_runtime(argv[1]);
  const BareSession session(open_session(argv[2]));
  std::vector<Pair> pairs = read_pairs(argv[3]);
  const int threads = std::atoi(argv[4]);
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const std::vector<float> logits = one_pass(session, pairs, threads);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    print(elapsed.count(), 1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC,
          logits);
  }
  // The session is left to the process's end, which is now.
  return 0;
}
