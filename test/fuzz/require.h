#pragma once

#include <cstdio>
#include <cstdlib>

namespace bge::fuzz {

// Ends the process, which libFuzzer reports with the input, where `holds` is false.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace bge::fuzz
