# The kernels: one translation unit per instruction set, each with its own flags. Contraction is off
# so that a fused multiply-add stands only where the source says so: that keeps all of them
# bit-equal.
# Under a sanitizer a file takes minutes at -O3.
if(BGE_SANITIZE)
  set(BGE_KERNELS_OPTIMISE -O1)
else()
  set(BGE_KERNELS_OPTIMISE -O3)
endif()
set(BGE_KERNELS_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/isa.cpp
    ${CMAKE_CURRENT_LIST_DIR}/isa_portable.cpp
    ${CMAKE_CURRENT_LIST_DIR}/kernels.cpp
    ${CMAKE_CURRENT_LIST_DIR}/panels.cpp
    ${CMAKE_CURRENT_LIST_DIR}/quad_panels.cpp)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/isa_portable.cpp
                            ${CMAKE_CURRENT_LIST_DIR}/panels.cpp
                            ${CMAKE_CURRENT_LIST_DIR}/quad_panels.cpp
                            PROPERTIES COMPILE_OPTIONS "${BGE_KERNELS_OPTIMISE};-ffp-contract=off")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx2 ${BGE_KERNELS_OPTIMISE} -ffp-contract=off -mavx2 -mfma)
  set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
             -mprefer-vector-width=512)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns about its own avx512fintrin.h (GCC bug 105593).
    list(APPEND avx512 -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
  set(flags_avx2 ${avx2})
  set(flags_avx_vnni ${avx2} -mavxvnni)
  set(flags_avx512_vnni ${avx512})
  set(flags_avx512_bf16 ${avx512} -mavx512bf16)
  set(flags_amx ${avx512} -mamx-tile -mamx-int8 -mamx-bf16)
  foreach(isa avx2 avx_vnni avx512_vnni avx512_bf16 amx)
    set(source ${CMAKE_CURRENT_LIST_DIR}/isa_${isa}.cpp)
    list(APPEND BGE_KERNELS_SOURCES ${source})
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${flags_${isa}}")
  endforeach()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ARM64")
  set(flags_neon_dotprod generic+dotprod)
  set(flags_neon_i8mm generic+dotprod+i8mm)
  set(flags_neon_bf16 generic+dotprod+i8mm+bf16)
  foreach(isa neon_dotprod neon_i8mm neon_bf16)
    set(source ${CMAKE_CURRENT_LIST_DIR}/isa_${isa}.cpp)
    list(APPEND BGE_KERNELS_SOURCES ${source})
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                                "${BGE_KERNELS_OPTIMISE};-ffp-contract=off;-mcpu=${flags_${isa}}")
  endforeach()
endif()
