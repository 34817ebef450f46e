#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bge::onnxruntime {

// How the CUDA provider is to run.
struct CudaOptions {
  // Ordinals as CUDA_VISIBLE_DEVICES leaves them, distinct, not empty: a session on each.
  std::vector<int32_t> device_ids;
  // Bytes that the runtime's arena may take on a device; 0 for no limit.
  uint64_t memory_limit_bytes;
  // As the runtime spells it: kNextPowerOfTwo or kSameAsRequested.
  std::string arena_extend_strategy;
  // fp32 products with 10 bits of mantissa: faster, and not within 1e-3 of the CPU.
  bool tf32;
  // Tokens of a run, padding included.
  size_t max_batch_tokens;
};

}  // namespace bge::onnxruntime
