#include "kernels/isa.h"

#include <cstdlib>
#include <string>

#include "base/error.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace bge::kernels {
namespace {

constexpr Isa kAll[] = {Isa::kPortable,   Isa::kNeonDotprod, Isa::kNeonI8mm,
                        Isa::kNeonBf16,   Isa::kAvx2,        Isa::kAvxVnni,
                        Isa::kAvx512Vnni, Isa::kAvx512Bf16,  Isa::kAmx};

#if defined(__x86_64__)

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(unsigned word, int index) { return (word >> index) & 1; }

// The register states that the operating system saves on a context switch.
unsigned enabled_states() {
  if (!bit(cpuid(1, 0).c, 27)) return 0;  // OSXSAVE
  unsigned low = 0;
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Linux hands out the 8 KiB tile state only to processes that ask for it.
bool request_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

std::vector<Isa> detect() {
  std::vector<Isa> found = {Isa::kPortable};
  constexpr unsigned kAvxState = 0x6;
  constexpr unsigned kAvx512State = 0xE6;
  constexpr unsigned kTileState = 0x60000;
  const unsigned states = enabled_states();
  const Registers one = cpuid(1, 0);
  const Registers seven = cpuid(7, 0);
  const Registers seven_one = cpuid(7, 1);

  const bool avx2 = (states & kAvxState) == kAvxState && bit(seven.b, 5) && bit(one.c, 12);
  if (!avx2) return found;
  found.push_back(Isa::kAvx2);
  if (bit(seven_one.a, 4)) found.push_back(Isa::kAvxVnni);

  // Foundation, DQ, BW, VL, VNNI.
  const bool avx512 = (states & kAvx512State) == kAvx512State && bit(seven.b, 16) &&
                      bit(seven.b, 17) && bit(seven.b, 30) && bit(seven.b, 31) && bit(seven.c, 11);
  if (!avx512) return found;
  found.push_back(Isa::kAvx512Vnni);
  if (!bit(seven_one.a, 5)) return found;
  found.push_back(Isa::kAvx512Bf16);
  // AMX-BF16, AMX-TILE, AMX-INT8.
  const bool amx = (states & kTileState) == kTileState && bit(seven.d, 22) && bit(seven.d, 24) &&
                   bit(seven.d, 25) && request_tiles();
  if (amx) found.push_back(Isa::kAmx);
  return found;
}

#elif defined(__aarch64__)

bool has_dotprod() {
#if defined(__APPLE__)
  return true;  // since the first of Apple's own processors
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return false;
#endif
}

// The name that macOS has for an extension, and its bit of AT_HWCAP2, which older headers lack.
struct Extension {
  const char* feature;
  unsigned long hwcap2;
};
constexpr Extension kI8mm{"hw.optional.arm.FEAT_I8MM", 1UL << 13};
constexpr Extension kBf16{"hw.optional.arm.FEAT_BF16", 1UL << 14};

bool has(const Extension& extension) {
#if defined(__APPLE__)
  int found = 0;
  size_t size = sizeof found;
  return sysctlbyname(extension.feature, &found, &size, nullptr, 0) == 0 && found != 0;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP2) & extension.hwcap2) != 0;
#else
  return false;
#endif
}

std::vector<Isa> detect() {
  std::vector<Isa> found = {Isa::kPortable};
  if (!has_dotprod()) return found;
  found.push_back(Isa::kNeonDotprod);
  if (!has(kI8mm)) return found;
  found.push_back(Isa::kNeonI8mm);
  if (has(kBf16)) found.push_back(Isa::kNeonBf16);
  return found;
}

#else

std::vector<Isa> detect() { return {Isa::kPortable}; }

#endif

}  // namespace

std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kPortable: return "portable";
    case Isa::kNeonDotprod: return "neon-dotprod";
    case Isa::kNeonI8mm: return "neon-i8mm";
    case Isa::kNeonBf16: return "neon-bf16";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvxVnni: return "avx-vnni";
    case Isa::kAvx512Vnni: return "avx512-vnni";
    case Isa::kAvx512Bf16: return "avx512-bf16";
    case Isa::kAmx: return "amx";
  }
  return "unknown";
}

const std::vector<Isa>& supported_isas() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa choose_isa() {
  const std::vector<Isa>& supported = supported_isas();
  const char* forced = std::getenv("BGE_RERANKER_ISA");
  if (forced == nullptr || *forced == '\0') return supported.back();
  for (const Isa isa : supported)
    if (isa_name(isa) == forced) return isa;

  std::string known;
  for (const Isa isa : supported) known += (known.empty() ? "" : ", ") + std::string(isa_name(isa));
  for (const Isa isa : kAll)
    if (isa_name(isa) == forced)
      throw Error(ErrorCode::kInvalidOption, "BGE_RERANKER_ISA=" + std::string(forced) +
                                                 " needs instructions that this processor lacks; "
                                                 "use one of " +
                                                 known + ".");
  throw Error(ErrorCode::kInvalidOption, "BGE_RERANKER_ISA=" + std::string(forced) +
                                             " is not an instruction set; use one of " + known +
                                             ".");
}

}  // namespace bge::kernels
