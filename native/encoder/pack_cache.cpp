#include "encoder/pack_cache.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/error.h"

namespace bge::encoder {
namespace {

// Raise when the layout or the meaning of the packed weights changes.
constexpr char kMagic[] = "bge-packed-1";

// FNV-1a.
class Hash {
 public:
  template <class T>
  Hash& add(const T& value) {
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (const unsigned char byte : bytes) value_ = (value_ ^ byte) * 0x100000001B3;
    return *this;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325;
};

uint64_t key_of(const std::string& weights_path, const EncoderConfig& config,
                kernels::Dtype dtype) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(weights_path, failure);
  const auto written = std::filesystem::last_write_time(weights_path, failure);
  if (failure)
    throw Error(ErrorCode::kModelNotFound, "Put a readable weights file here.", weights_path);
  Hash hash;
  for (const char c : weights_path) hash.add(c);
  hash.add(size).add(written.time_since_epoch().count());
  hash.add(config.family).add(config.vocabulary).add(config.hidden).add(config.layers);
  hash.add(config.heads).add(config.intermediate).add(config.positions).add(config.types);
  return hash.add(dtype).value();
}

}  // namespace

PackCache::PackCache(const std::string& folder, const std::string& weights_path,
                     const EncoderConfig& config, kernels::Dtype dtype, size_t bytes)
    : key_(key_of(weights_path, config, dtype)), bytes_(bytes) {
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.packed", static_cast<unsigned long long>(key_));
  path_ = (std::filesystem::path(folder) / name).string();
}

std::string PackCache::header() const {
  std::string header(kHeaderBytes, '\0');
  std::memcpy(header.data(), kMagic, sizeof kMagic);
  std::memcpy(header.data() + 16, &key_, sizeof key_);
  std::memcpy(header.data() + 24, &bytes_, sizeof bytes_);
  return header;
}

std::optional<MappedFile> PackCache::open() const {
  try {
    MappedFile file(path_);
    if (file.size() == kHeaderBytes + bytes_ &&
        std::memcmp(file.data(), header().data(), kHeaderBytes) == 0) {
      return file;
    }
  } catch (const Error&) {
    // Not there, empty or unreadable: it is made again.
  }
  return std::nullopt;
}

void PackCache::write(const void* weights) const noexcept {
  try {
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
    // Not the process id alone: threads share it, and containers may on one volume.
    std::random_device random;
    const std::string temporary = path_ + "." + std::to_string(random()) + std::to_string(random());
    std::ofstream file(temporary, std::ios::binary);
    const std::string head = header();
    file.write(head.data(), static_cast<std::streamsize>(head.size()));
    file.write(static_cast<const char*>(weights), static_cast<std::streamsize>(bytes_));
    file.close();
    if (file.good())
      std::filesystem::rename(temporary, path_);
    else
      std::filesystem::remove(temporary);
  } catch (const std::exception&) {
    // Only time is lost.
  }
}

}  // namespace bge::encoder
