#include "base/memory.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace bge {

void give_memory_back() noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace bge
