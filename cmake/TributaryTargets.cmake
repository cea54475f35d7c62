# Flags for our own code, and the one way to declare a folder of it.
add_library(tributary_flags INTERFACE)
target_compile_options(tributary_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wno-missing-field-initializers -Werror=return-type -Werror=unused-result -fno-omit-frame-pointer)
# g++ 12 reports these inside its own standard library when optimising (GCC bugs 105329, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tributary_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
# clang 19 reports libstdc++ 12's own use of get_temporary_buffer in std::stable_sort, and `&` of two conditions, which
# decoders use to save a branch.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tributary_flags INTERFACE -Wno-deprecated-declarations -Wno-bitwise-instead-of-logical)
endif()
if(TRIBUTARY_SANITIZE)
  target_compile_options(tributary_flags INTERFACE -fsanitize=${TRIBUTARY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tributary_flags INTERFACE -fsanitize=${TRIBUTARY_SANITIZE})
endif()

if(TRIBUTARY_FUZZ)
  # Coverage for the fuzzer in our libraries; the targets themselves add -fsanitize=fuzzer.
  target_compile_options(tributary_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set_property(GLOBAL PROPERTY TRIBUTARY_UNIT_TESTS "")
set_property(GLOBAL PROPERTY TRIBUTARY_UNIT_LIBS "")

# tributary_library(NAME DEPS lib...): the .cc files below the current folder are the library tributary_NAME;
# the *_test.cc files beside them join the one unit test program; *_bench.cc files join the one benchmark program.
function(tributary_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  if(NOT sources)
    add_library(tributary_${name} INTERFACE)
    target_link_libraries(tributary_${name} INTERFACE tributary_flags ${ARG_DEPS})
  else()
    add_library(tributary_${name} STATIC ${sources})
    target_link_libraries(tributary_${name} PUBLIC tributary_flags ${ARG_DEPS})
  endif()
  set_property(GLOBAL APPEND PROPERTY TRIBUTARY_UNIT_TESTS ${tests})
  set_property(GLOBAL APPEND PROPERTY TRIBUTARY_UNIT_LIBS tributary_${name})
endfunction()
