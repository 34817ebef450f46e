# One compiler for all targets. BGE_ZIG, BGE_ZIG_TRIPLE, BGE_ZIG_SYSTEM and BGE_ZIG_PROCESSOR come from
# scripts/prebuild/cmake-options.mjs; BGE_NODE_LIBRARY, the import library of node.exe, for Windows only.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES
  BGE_ZIG BGE_ZIG_TRIPLE BGE_ZIG_SYSTEM BGE_ZIG_PROCESSOR BGE_NODE_LIBRARY)
set(CMAKE_SYSTEM_NAME ${BGE_ZIG_SYSTEM})
set(CMAKE_SYSTEM_PROCESSOR ${BGE_ZIG_PROCESSOR})
set(CMAKE_CXX_COMPILER ${BGE_ZIG} c++ -target ${BGE_ZIG_TRIPLE})

# The machine's own ar and ranlib know only its own object format.
set(CMAKE_AR ${BGE_ZIG})
set(CMAKE_RANLIB ${BGE_ZIG})
set(CMAKE_CXX_CREATE_STATIC_LIBRARY
  "<CMAKE_COMMAND> -E rm -f <TARGET>"
  "<CMAKE_AR> ar qc <TARGET> <OBJECTS>"
  "<CMAKE_RANLIB> ranlib <TARGET>")
set(CMAKE_USER_MAKE_RULES_OVERRIDE_CXX ${CMAKE_CURRENT_LIST_DIR}/zig-rules.cmake)
# Asked for on a Mac only; nothing is installed from this build.
set(CMAKE_INSTALL_NAME_TOOL ${BGE_ZIG})
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# The C++ runtime is always zig's own, linked statically: -static-libstdc++ says nothing here.
add_compile_options(-Wno-unused-command-line-argument)
add_link_options(-Wno-unused-command-line-argument)
# Stripped.
set(CMAKE_MODULE_LINKER_FLAGS_INIT -s)
if(BGE_ZIG_TRIPLE MATCHES musl)
  # Test programs: zig would link them statically, and a static program opens no library.
  set(CMAKE_EXE_LINKER_FLAGS_INIT -dynamic)
endif()
