#include "binding/stay_loaded.h"

#ifdef _WIN32
#include <windows.h>
#endif

namespace bge::binding {

void stay_loaded() noexcept {
#ifdef _WIN32
  HMODULE self = nullptr;
  const auto* inside = reinterpret_cast<LPCWSTR>(&stay_loaded);
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, inside,
                     &self);
#endif
}

}  // namespace bge::binding
