#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "encoder/weights/mapped_file.h"
#include "encoder/weights/weight_file.h"
#include "kernels/kernels.h"

namespace bge::encoder {

// Converted weights on disk. A file belongs to one state of the files that the weights come from
// (external data included), one layout and one dtype; anything else about it that does not fit
// makes it a miss.
//
// A state is path, size, time of change, 64 samples of the content and the tensors' element types.
// A digest of all of it would take longer than converting. Path, size and time alone would mistake
// one fine-tuned model for another where an image or archive sets all times alike; their weights
// differ in every sample.
class WeightCache {
 public:
  // The weights begin this far into a cache file, on a page of their own.
  static constexpr size_t kHeaderBytes = 4096;

  // `layout`: WeightBinder::fingerprint() of the model; `bytes` is what it takes.
  WeightCache(const std::string& folder, const WeightFile& weights, uint64_t layout,
              kernels::Dtype dtype, size_t bytes);

  // Nothing where no file fits, content included. Throws Error kInvalidOption where others than
  // this user could write into the folder: they could exchange the weights.
  std::optional<MappedFile> open() const;
  // In one step once the bytes are on the disk, so that neither another process nor a power cut
  // leaves half a file. A folder that cannot be written to is no error, as the next load converts
  // again: the reason comes back, empty where all is well.
  std::string write(const void* weights) const;

  const std::string& path() const { return path_; }

 private:
  std::string header(uint64_t digest) const;

  std::string path_;
  uint64_t key_;
  size_t bytes_;
};

}  // namespace bge::encoder
