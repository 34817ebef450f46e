#include "onnxruntime/shared_library.h"

#include <cstdint>

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <dlfcn.h>
#ifdef __GLIBC__
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#endif
#endif

namespace bge::onnxruntime {

#ifdef _WIN32

void* open_library(const std::string& path, std::string& error) {
  const std::filesystem::path wide = std::filesystem::u8path(path);
  HMODULE library = LoadLibraryExW(
      wide.c_str(), nullptr, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR);
  if (library == nullptr) error = "Windows error " + std::to_string(GetLastError());
  return library;
}

void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

#else

namespace {

#ifdef __GLIBC__

struct ReadOnlyAfterRelocation {
  ElfW(Addr) base;  // of the library it is asked for
  uintptr_t first = 0;
  uintptr_t last = 0;

  bool contains(const void* address) const noexcept {
    const auto at = reinterpret_cast<uintptr_t>(address);
    return at >= first && at < last;
  }
};

int find_read_only(dl_phdr_info* info, size_t, void* given) {
  auto* found = static_cast<ReadOnlyAfterRelocation*>(given);
  if (info->dlpi_addr != found->base) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & header = info->dlpi_phdr[i];
    if (header.p_type != PT_GNU_RELRO) continue;
    found->first = info->dlpi_addr + header.p_vaddr;
    found->last = found->first + header.p_memsz;
  }
  return 1;
}

// glibc gives whoever asks for a SONAME the library that is open under it, of whatever version and
// wherever it lies: after ours, another onnxruntime-node would get our ONNX Runtime and fail on its
// symbol versions. Without the entry it gets its own; the same file is still known by its inode.
void forget_soname(void* library) {
  link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) return;
  ElfW(Dyn)* entry = map->l_ld;
  while (entry->d_tag != DT_NULL && entry->d_tag != DT_SONAME) ++entry;
  if (entry->d_tag == DT_NULL) return;

  ReadOnlyAfterRelocation read_only{.base = map->l_addr};
  dl_iterate_phdr(find_read_only, &read_only);
  // Entries are of 16 bytes and aligned (8 in 32 bits), so each is in one page.
  const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(entry) & ~(page_bytes - 1));
  if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return;
  entry->d_un.d_val = 0;  // The string table starts with the empty string.
  if (read_only.contains(entry)) mprotect(page, page_bytes, PROT_READ);
}

#else

// The other loaders tell libraries apart by their files.
void forget_soname(void*) {}

#endif

}  // namespace

void* open_library(const std::string& path, std::string& error) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* message = dlerror();
    error = message != nullptr ? message : "unknown error";
  } else {
    forget_soname(library);
  }
  return library;
}

void* find_symbol(void* library, const char* name) { return dlsym(library, name); }

#endif

}  // namespace bge::onnxruntime
