#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "encoder/config.h"
#include "encoder/mapped_file.h"
#include "kernels/kernels.h"

namespace bge::encoder {

// Converted weights on disk. A file belongs to one state of one weights file (its size and time of
// change), one config and one dtype; anything else about it that does not fit makes it a miss.
class PackCache {
 public:
  // The weights begin this far into a cache file, on a page of their own.
  static constexpr size_t kHeaderBytes = 4096;

  PackCache(const std::string& folder, const std::string& weights_path, const EncoderConfig& config,
            kernels::Dtype dtype, size_t bytes);

  std::optional<MappedFile> open() const;
  // In one step, so that no other process sees half a file. A folder that cannot be written to is
  // no error: the next load converts again.
  void write(const void* weights) const noexcept;

 private:
  std::string header() const;

  std::string path_;
  uint64_t key_;
  size_t bytes_;
};

}  // namespace bge::encoder
