# ittybit_module(name [MODULES m…] [LIBRARIES l…]): the static library of src/name, and the test
# program name_test from its *_test.cpp files (kept beside the code).
function(ittybit_module name)
    cmake_parse_arguments(ARG "" "" "MODULES;LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS src/${name}/*.cpp)
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    if(NOT sources)
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${ARG_MODULES} ${ARG_LIBRARIES})
        return()
    endif()
    add_library(${name} STATIC ${sources})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(${name} PUBLIC src)
    target_compile_options(${name} PRIVATE ${ITTYBIT_WARNINGS})
    target_link_libraries(${name} PUBLIC ${ARG_MODULES} ${ARG_LIBRARIES})
    ittybit_parse_once(${name})
    if(tests AND ITTYBIT_TESTS)
        add_executable(${name}_test ${tests})
        target_compile_options(${name}_test PRIVATE ${ITTYBIT_WARNINGS})
        target_link_libraries(${name}_test PRIVATE ${name} GTest::gmock GTest::gtest_main)
        ittybit_parse_once(${name}_test)
        add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
endfunction()

# What nearly every file includes is parsed once, with `base`, and read back by all others: half of
# the compile time. Sources include what they use all the same.
function(ittybit_parse_once target)
    if(target STREQUAL base)
        target_precompile_headers(base PRIVATE
            <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <stop_token>
            <string> <thread> <tuple> <variant> <vector> <boost/json.hpp> <fmt/format.h>)
    else()
        target_precompile_headers(${target} REUSE_FROM base)
    endif()
endfunction()
