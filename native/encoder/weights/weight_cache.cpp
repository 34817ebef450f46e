#include "encoder/weights/weight_cache.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace bge::encoder {
namespace {

// Raise when the layout or the meaning of the converted weights changes.
constexpr char kMagic[] = "bge-weights-2";

void add_content(const MappedFile& file, Hash& hash) {
  constexpr size_t kSamples = 64;
  constexpr size_t kSampleBytes = 1024;
  const size_t last = file.size() - std::min(file.size(), kSampleBytes);
  for (size_t i = 0; i < kSamples; ++i) {
    // From the header at the front to the very end.
    const size_t at = last / (kSamples - 1) * i + last % (kSamples - 1) * i / (kSamples - 1);
    const size_t end = std::min(file.size(), at + kSampleBytes);
    hash.add_text({file.data() + at, end - at});
  }
}

void add_state(const MappedFile& file, Hash& hash) {
  std::error_code failure;
  const auto written = std::filesystem::last_write_time(file.path(), failure);
  // In whole seconds, as the layers of container images keep it.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(written.time_since_epoch());
  hash.add_text(file.path()).add(file.size()).add(seconds.count());
  add_content(file, hash);
}

// The samples of the content may miss what the header says of a tensor: the same bytes of one size
// are other weights as float16 than as bfloat16.
void add_elements(const Tensors& tensors, Hash& hash) {
  for (const auto& [name, tensor] : tensors) {
    hash.add_text(name).add(tensor.element);
  }
}

uint64_t key_of(const WeightFile& weights, uint64_t layout, kernels::Dtype dtype) {
  Hash hash;
  for (const MappedFile& file : weights.files()) add_state(file, hash);
  add_elements(weights.tensors(), hash);
  return hash.add(layout).add(dtype).value();
}

// Goes away with its owner, unless it was moved to its final name.
class TemporaryFile {
 public:
  // Not the process id alone: threads share it, and containers may on one volume.
  explicit TemporaryFile(const std::string& target) : path_(target) {
    std::random_device random;
    path_ += '.';
    path_ += std::to_string(random());
    path_ += std::to_string(random());
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What processes that were killed in the middle of writing `target` left.
void remove_abandoned(const std::filesystem::path& target) {
  constexpr std::chrono::hours kLongestWrite(1);
  const auto oldest = std::filesystem::file_time_type::clock::now() - kLongestWrite;
  const std::string start = target.filename().string() + ".";
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path())) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(start) && entry.last_write_time() < oldest)
      std::filesystem::remove(entry.path(), ignored);
  }
}

// A stream says that it failed, not why: the system's last word is the best there is.
[[noreturn]] void throw_last_failure() {
  throw std::system_error(errno == 0 ? EIO : errno, std::generic_category());
}

}  // namespace

WeightCache::WeightCache(const std::string& folder, const WeightFile& weights, uint64_t layout,
                         kernels::Dtype dtype, size_t bytes)
    : key_(key_of(weights, layout, dtype)), bytes_(bytes) {
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.weights", static_cast<unsigned long long>(key_));
  path_ = (std::filesystem::path(folder) / name).string();
}

std::string WeightCache::header(uint64_t digest) const {
  std::string header(kHeaderBytes, '\0');
  std::memcpy(header.data(), kMagic, sizeof kMagic);
  std::memcpy(header.data() + 16, &key_, sizeof key_);
  std::memcpy(header.data() + 24, &bytes_, sizeof bytes_);
  std::memcpy(header.data() + 32, &digest, sizeof digest);
  return header;
}

std::optional<MappedFile> WeightCache::open() const {
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (std::filesystem::exists(folder) && !only_ours(folder))
    throw Error(ErrorCode::kInvalidOption,
                "Others can write into the folder of the weight cache: make it yours alone (chmod "
                "700), set BGE_RERANKER_CACHE to another folder, or load without weightCache.",
                folder.string());
  if (!only_ours(path_)) return std::nullopt;
  try {
    MappedFile file(path_);
    if (file.size() != kHeaderBytes + bytes_) return std::nullopt;
    const uint64_t digest = digest_of(file.data() + kHeaderBytes, bytes_);
    const bool fits = std::memcmp(file.data(), header(digest).data(), kHeaderBytes) == 0;
    // Only what runs read is to be resident.
    MappedFile::release(file.data(), file.size());
    if (fits) return file;
  } catch (const Error&) {
    // Empty or unreadable: it is made again.
  }
  return std::nullopt;
}

std::string WeightCache::write(const void* weights) const {
  try {
    using std::filesystem::perms;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    if (std::filesystem::create_directories(folder))
      std::filesystem::permissions(folder, perms::owner_all);
    remove_abandoned(path_);
    const TemporaryFile temporary(path_);
    errno = 0;
    std::ofstream file(temporary.path(), std::ios::binary);
    if (!file) throw_last_failure();
    std::filesystem::permissions(temporary.path(), perms::owner_read | perms::owner_write);
    const std::string head = header(digest_of(weights, bytes_));
    file.write(head.data(), static_cast<std::streamsize>(head.size()));
    file.write(static_cast<const char*>(weights), static_cast<std::streamsize>(bytes_));
    file.close();
    if (!file.good() || !flush_to_disk(temporary.path())) throw_last_failure();
    std::filesystem::rename(temporary.path(), path_);
    flush_to_disk(folder);
    return {};
  } catch (const std::system_error& failure) {
    return failure.code().message();
  }
}

}  // namespace bge::encoder
