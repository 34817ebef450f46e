#pragma once

#include <string_view>
#include <vector>

namespace bge::kernels {

// The instruction sets that the kernels are written for, slowest first.
enum class Isa {
  kPortable,
  kNeonDotprod,
  kNeonI8mm,
  kNeonBf16,
  kAvx2,
  kAvxVnni,
  kAvx512Vnni,
  kAvx512Bf16,
  kAmx
};

// As BGE_RERANKER_ISA and `info` spell it: portable, neon-dotprod, neon-i8mm, neon-bf16, avx2,
// avx-vnni, avx512-vnni, avx512-bf16, amx.
std::string_view isa_name(Isa isa) noexcept;

// Whether it multiplies bf16. Without that, bf16 is widened and slower than float32.
constexpr bool has_bf16(Isa isa) {
  return isa == Isa::kNeonBf16 || isa == Isa::kAvx512Bf16 || isa == Isa::kAmx;
}

// What this processor and operating system can run, slowest first; kPortable is always there. Asks
// the kernel for the AMX tile state once per process.
const std::vector<Isa>& supported_isas();

// The fastest supported one, or the one that the environment variable BGE_RERANKER_ISA names.
// Throws Error kInvalidOption when that name is unknown or the processor lacks it.
Isa choose_isa();

}  // namespace bge::kernels
