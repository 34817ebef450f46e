// An ONNX Runtime whose CUDA provider is a stand-in: everything is passed on to the real library
// (STUB_RUNTIME), but for the functions that a CUDA session needs. Those write what they were
// given, a line of JSON each, to STUB_LOG, and the session computes on the CPU.
//
// STUB_FAILURE makes them fail: "append:MESSAGE" and "session:MESSAGE" as statuses, "log:MESSAGE"
// as the real library does for a missing shared library (the cause only in the log), "abort" and
// "hang" when the provider is appended. STUB_FAILURE_IN says where: "probe", "host" or, empty, both.
// STUB_PRINTS is what appending it prints. STUB_PINNED_DEVICE is the one device, or none, under
// which there is page-locked memory. STUB_DEVICES is how many devices must have begun a run before
// any run goes on (for a minute at most): so none is idle only because the others were quicker.
#include <dlfcn.h>
#include <onnxruntime_c_api.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

struct OrtCUDAProviderOptionsV2 {
  std::map<std::string, std::string> values;
};

namespace {

const OrtApi* real = nullptr;
OrtApi stub;
std::mutex mutex;
std::map<const void*, std::string> device_of;  // session options, sessions; guarded by mutex
std::map<const void*, std::string> pinned_info;
std::set<std::string> begun_devices;  // guarded by mutex
std::condition_variable device_begun;
OrtLoggingFunction log_function = nullptr;
void* log_param = nullptr;

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool in_probe() { return !env("BGE_RERANKER_CUDA_PROBE").empty(); }

std::string quoted(const std::string& text) { return '"' + text + '"'; }

// `fields`: further members of the JSON object.
void record(const std::string& event, const std::string& fields = {}) {
  std::lock_guard lock(mutex);
  FILE* file = std::fopen(env("STUB_LOG").c_str(), "a");
  if (file == nullptr) std::abort();
  std::fprintf(file, "{\"in\":\"%s\",\"pid\":%d,\"event\":\"%s\"%s%s}\n",
               in_probe() ? "probe" : "host", getpid(), event.c_str(), fields.empty() ? "" : ",",
               fields.c_str());
  std::fclose(file);
}

// The message of STUB_FAILURE when it is of this kind and for this process.
std::string failure(const std::string& kind) {
  const std::string where = env("STUB_FAILURE_IN");
  if (!where.empty() && where != (in_probe() ? "probe" : "host")) return {};
  const std::string asked = env("STUB_FAILURE");
  if (asked == kind) return kind;
  return asked.starts_with(kind + ":") ? asked.substr(kind.size() + 1) : std::string();
}

OrtStatus* error(const std::string& message) {
  return real->CreateStatus(ORT_EP_FAIL, message.c_str());
}

std::string device(const void* object) {
  std::lock_guard lock(mutex);
  const auto found = device_of.find(object);
  return found != device_of.end() ? found->second : "";
}

void set_device(const void* object, const std::string& id) {
  std::lock_guard lock(mutex);
  device_of[object] = id;
}

OrtStatus* ORT_API_CALL create_env(OrtLoggingFunction function, void* param, OrtLoggingLevel level,
                                   const char* id, OrtEnv** out) noexcept {
  log_function = function;
  log_param = param;
  return real->CreateEnvWithCustomLogger(function, param, level, id, out);
}

OrtStatus* ORT_API_CALL create_options(OrtCUDAProviderOptionsV2** out) noexcept {
  *out = new OrtCUDAProviderOptionsV2;
  return nullptr;
}

void ORT_API_CALL release_options(OrtCUDAProviderOptionsV2* options) noexcept { delete options; }

OrtStatus* ORT_API_CALL update_options(OrtCUDAProviderOptionsV2* options, const char* const* keys,
                                       const char* const* values, size_t count) noexcept {
  for (size_t i = 0; i < count; ++i) options->values[keys[i]] = values[i];
  return nullptr;
}

OrtStatus* ORT_API_CALL append(OrtSessionOptions* options,
                               const OrtCUDAProviderOptionsV2* cuda) noexcept {
  std::string fields;
  for (const auto& [key, value] : cuda->values) {
    fields += (fields.empty() ? "" : ",") + quoted(key) + ":" + quoted(value);
  }
  record("append", "\"options\":{" + fields + "}");
  std::printf("%s", env("STUB_PRINTS").c_str());
  std::fflush(stdout);
  if (!failure("abort").empty()) std::abort();
  if (!failure("hang").empty()) pause();
  if (const std::string message = failure("log"); !message.empty()) {
    if (log_function != nullptr) {
      log_function(log_param, ORT_LOGGING_LEVEL_ERROR, "", "", "", message.c_str());
    }
    return error("OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library");
  }
  if (const std::string message = failure("append"); !message.empty()) return error(message);
  set_device(options, cuda->values.at("device_id"));
  return nullptr;
}

// An address that was another session's, or other options', before.
OrtStatus* ORT_API_CALL create_session_options(OrtSessionOptions** out) noexcept {
  OrtStatus* status = real->CreateSessionOptions(out);
  if (status == nullptr) set_device(*out, "");
  return status;
}

OrtStatus* opened(OrtStatus* status, const OrtSessionOptions* options, OrtSession** out) {
  if (status == nullptr) set_device(*out, device(options));
  return status;
}

OrtStatus* ORT_API_CALL create_session(const OrtEnv* ort_env, const ORTCHAR_T* path,
                                       const OrtSessionOptions* options,
                                       OrtSession** out) noexcept {
  const std::string id = device(options);
  if (!id.empty()) record("session", "\"device\":" + id);
  if (const std::string message = failure("session"); !id.empty() && !message.empty()) {
    return error(message);
  }
  return opened(real->CreateSession(ort_env, path, options, out), options, out);
}

OrtStatus* ORT_API_CALL create_session_from_array(const OrtEnv* ort_env, const void* data,
                                                  size_t size, const OrtSessionOptions* options,
                                                  OrtSession** out) noexcept {
  if (const std::string message = failure("session"); !message.empty()) return error(message);
  return opened(real->CreateSessionFromArray(ort_env, data, size, options, out), options, out);
}

// Page-locked memory: the heap's, with the session's device and what is out of it.
struct PinnedAllocator : OrtAllocator {
  std::string id;
  std::set<std::pair<char*, size_t>> blocks;  // guarded by mutex
  const OrtMemoryInfo* memory_info;
};
std::set<PinnedAllocator*> allocators;  // guarded by mutex

void* ORT_API_CALL pinned_alloc(OrtAllocator* self, size_t size) {
  auto* allocator = static_cast<PinnedAllocator*>(self);
  record("pinned", "\"device\":" + allocator->id + ",\"bytes\":" + std::to_string(size));
  std::lock_guard lock(mutex);
  auto* block = static_cast<char*>(std::malloc(size));
  allocator->blocks.insert({block, size});
  return block;
}

void ORT_API_CALL pinned_free(OrtAllocator* self, void* block) {
  auto* allocator = static_cast<PinnedAllocator*>(self);
  std::lock_guard lock(mutex);
  if (std::erase_if(allocator->blocks, [&](auto& b) { return b.first == block; }) != 1) {
    std::abort();
  }
  std::free(block);
}

const OrtMemoryInfo* ORT_API_CALL pinned_info_of(const OrtAllocator* self) {
  return static_cast<const PinnedAllocator*>(self)->memory_info;
}

OrtStatus* ORT_API_CALL create_memory_info(const char* name, OrtAllocatorType type, int id,
                                           OrtMemType memory, OrtMemoryInfo** out) noexcept {
  OrtStatus* status = real->CreateMemoryInfo(name, type, id, memory, out);
  if (status == nullptr && std::strcmp(name, "CudaPinned") == 0) {
    if (type != OrtDeviceAllocator || memory != OrtMemTypeCPUOutput) return error("wrong type");
    std::lock_guard lock(mutex);
    pinned_info[*out] = std::to_string(id);
  }
  return status;
}

void ORT_API_CALL release_memory_info(OrtMemoryInfo* info) noexcept {
  {
    std::lock_guard lock(mutex);
    pinned_info.erase(info);
  }
  real->ReleaseMemoryInfo(info);
}

std::string pinned_id(const OrtMemoryInfo* info) {
  std::lock_guard lock(mutex);
  const auto found = pinned_info.find(info);
  return found != pinned_info.end() ? found->second : "";
}

OrtStatus* ORT_API_CALL create_allocator(const OrtSession* session, const OrtMemoryInfo* info,
                                         OrtAllocator** out) noexcept {
  const std::string id = pinned_id(info);
  if (id.empty() || device(session).empty()) return real->CreateAllocator(session, info, out);
  const std::string only = env("STUB_PINNED_DEVICE");
  if (!only.empty() && only != id) return error("no such allocator");
  auto* allocator = new PinnedAllocator;
  static_cast<OrtAllocator&>(*allocator) = {};
  allocator->version = ORT_API_VERSION;
  allocator->Alloc = pinned_alloc;
  allocator->Free = pinned_free;
  allocator->Info = pinned_info_of;
  allocator->id = id;
  allocator->memory_info = info;
  std::lock_guard lock(mutex);
  allocators.insert(allocator);
  *out = allocator;
  return nullptr;
}

void ORT_API_CALL release_allocator(OrtAllocator* given) noexcept {
  auto* allocator = static_cast<PinnedAllocator*>(given);
  bool ours = false;
  {
    std::lock_guard lock(mutex);
    ours = allocators.erase(allocator) == 1;
  }
  if (!ours) return real->ReleaseAllocator(given);
  record("released", "\"blocks\":" + std::to_string(allocator->blocks.size()));
  delete allocator;
}

bool is_pinned(const char* data, size_t size) {
  std::lock_guard lock(mutex);
  for (const PinnedAllocator* allocator : allocators) {
    for (const auto& [block, bytes] : allocator->blocks) {
      if (data >= block && data + size <= block + bytes) return true;
    }
  }
  return false;
}

OrtStatus* ORT_API_CALL create_tensor(const OrtMemoryInfo* info, void* data, size_t size,
                                      const int64_t* shape, size_t rank,
                                      ONNXTensorElementDataType type, OrtValue** out) noexcept {
  if (pinned_id(info).empty()) {
    return real->CreateTensorWithDataAsOrtValue(info, data, size, shape, rank, type, out);
  }
  if (!is_pinned(static_cast<char*>(data), size)) return error("not page-locked memory");
  OrtMemoryInfo* cpu = nullptr;
  if (OrtStatus* status = real->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &cpu)) {
    return status;
  }
  OrtStatus* status = real->CreateTensorWithDataAsOrtValue(cpu, data, size, shape, rank, type, out);
  real->ReleaseMemoryInfo(cpu);
  return status;
}

OrtStatus* ORT_API_CALL bind_input(OrtIoBinding* binding, const char* name,
                                   const OrtValue* value) noexcept {
  OrtTensorTypeAndShapeInfo* info = nullptr;
  int64_t shape[2] = {};
  if (OrtStatus* status = real->GetTensorTypeAndShape(value, &info)) return status;
  OrtStatus* status = real->GetDimensions(info, shape, 2);
  real->ReleaseTensorTypeAndShapeInfo(info);
  if (status != nullptr) return status;
  record("bind", "\"name\":" + quoted(name) + ",\"shape\":[" + std::to_string(shape[0]) + "," +
                     std::to_string(shape[1]) + "]");
  return real->BindInput(binding, name, value);
}

OrtStatus* ORT_API_CALL bind_output(OrtIoBinding* binding, const char* name,
                                    const OrtMemoryInfo* info) noexcept {
  const char* memory = nullptr;
  if (OrtStatus* status = real->MemoryInfoGetName(info, &memory)) return status;
  record("output", "\"name\":" + quoted(name) + ",\"memory\":" + quoted(memory));
  return real->BindOutputToDevice(binding, name, info);
}

OrtStatus* ORT_API_CALL synchronize_inputs(OrtIoBinding* binding) noexcept {
  record("inputs-ready");
  return real->SynchronizeBoundInputs(binding);
}

OrtStatus* ORT_API_CALL synchronize_outputs(OrtIoBinding* binding) noexcept {
  record("outputs-ready");
  return real->SynchronizeBoundOutputs(binding);
}

void await_devices(const std::string& id) {
  const std::string wanted = env("STUB_DEVICES");
  if (wanted.empty()) return;
  std::unique_lock lock(mutex);
  begun_devices.insert(id);
  device_begun.notify_all();
  device_begun.wait_for(lock, std::chrono::minutes(1),
                        [&] { return begun_devices.size() >= std::stoul(wanted); });
}

OrtStatus* ORT_API_CALL run(OrtSession* session, const OrtRunOptions* options,
                            const OrtIoBinding* binding) noexcept {
  record("run", "\"device\":" + device(session));
  await_devices(device(session));
  return real->RunWithBinding(session, options, binding);
}

const OrtApi* ORT_API_CALL get_api(uint32_t version) noexcept {
  real = reinterpret_cast<const OrtApiBase* (*)()>(
             dlsym(dlopen(env("STUB_RUNTIME").c_str(), RTLD_NOW | RTLD_LOCAL), "OrtGetApiBase"))()
             ->GetApi(version);
  std::memcpy(&stub, real, sizeof stub);
  stub.CreateEnvWithCustomLogger = create_env;
  stub.CreateCUDAProviderOptions = create_options;
  stub.ReleaseCUDAProviderOptions = release_options;
  stub.UpdateCUDAProviderOptions = update_options;
  stub.SessionOptionsAppendExecutionProvider_CUDA_V2 = append;
  stub.CreateSessionOptions = create_session_options;
  stub.CreateSession = create_session;
  stub.CreateSessionFromArray = create_session_from_array;
  stub.CreateMemoryInfo = create_memory_info;
  stub.ReleaseMemoryInfo = release_memory_info;
  stub.CreateAllocator = create_allocator;
  stub.ReleaseAllocator = release_allocator;
  stub.CreateTensorWithDataAsOrtValue = create_tensor;
  stub.BindInput = bind_input;
  stub.BindOutputToDevice = bind_output;
  stub.SynchronizeBoundInputs = synchronize_inputs;
  stub.SynchronizeBoundOutputs = synchronize_outputs;
  stub.RunWithBinding = run;
  return &stub;
}

const char* ORT_API_CALL get_version() noexcept { return "stub"; }

constexpr OrtApiBase kBase{&get_api, &get_version};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* ORT_API_CALL
OrtGetApiBase() noexcept {
  return &kBase;
}
