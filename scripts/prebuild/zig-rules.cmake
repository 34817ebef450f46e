# Read after CMake's own rules for the platform, which would win over the toolchain file.
if(BGE_ZIG_SYSTEM STREQUAL "Darwin")
  # zig's linker crashes on -bundle; Node loads a dylib as well.
  set(CMAKE_SHARED_MODULE_CREATE_CXX_FLAGS -dynamiclib)
endif()
if(BGE_NODE_LIBRARY)
  string(APPEND CMAKE_CXX_STANDARD_LIBRARIES_INIT " ${BGE_NODE_LIBRARY}")
endif()
