// Preloaded into a process whose ONNX Runtime has `ud2` for every `cpuid` (index.mjs): answers in
// its place, with the instruction sets left out that BENCH_HIDDEN names (of "avx512", "avx_vnni",
// "amx").
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define BIT(n) (UINT32_C(1) << (n))

// Intel's SDM, volume 2, CPUID, leaf 7.
static const struct {
  const char* name;
  uint32_t ebx, ecx, edx;       // subleaf 0
  uint32_t next_eax, next_edx;  // subleaf 1
} kSets[] = {
    {"avx512", BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31),
     BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14), BIT(2) | BIT(3) | BIT(8) | BIT(23), BIT(5),
     BIT(19)},
    {"avx_vnni", 0, 0, 0, BIT(4) | BIT(23), BIT(4) | BIT(10)},
    {"amx", 0, 0, BIT(22) | BIT(24) | BIT(25), BIT(21), BIT(8)},
};

static uint32_t hidden_ebx, hidden_ecx, hidden_edx, hidden_next_eax, hidden_next_edx;

static void answer(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX];
  uint32_t eax, ebx, ecx, edx;
  __cpuid_count(leaf, subleaf, eax, ebx, ecx, edx);
  if (leaf == 7 && subleaf == 0) {
    ebx &= ~hidden_ebx;
    ecx &= ~hidden_ecx;
    edx &= ~hidden_edx;
  } else if (leaf == 7 && subleaf == 1) {
    eax &= ~hidden_next_eax;
    edx &= ~hidden_next_edx;
  }
  registers[REG_RAX] = eax;
  registers[REG_RBX] = ebx;
  registers[REG_RCX] = ecx;
  registers[REG_RDX] = edx;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
  const char* hidden = getenv("BENCH_HIDDEN");
  for (size_t i = 0; hidden && i < sizeof kSets / sizeof *kSets; ++i) {
    if (!strstr(hidden, kSets[i].name)) continue;
    hidden_ebx |= kSets[i].ebx;
    hidden_ecx |= kSets[i].ecx;
    hidden_edx |= kSets[i].edx;
    hidden_next_eax |= kSets[i].next_eax;
    hidden_next_edx |= kSets[i].next_edx;
  }
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGILL, &action, NULL);
}
