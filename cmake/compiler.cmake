# Flags for every target. Warnings are errors; libraries' headers are SYSTEM and silent.
find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Line numbers in backtraces, and no more: full debug information takes a third of a build's time.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

set(ITTYBIT_WARNINGS
    -Wall -Wextra -Werror -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False alarms on std::string (GCC bugs 105651 and 105329), in GCC 14 too.
    list(APPEND ITTYBIT_WARNINGS -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
         -Wno-stringop-overread)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(ITTYBIT_WARNINGS -w) # for sanitizers alone; what to warn of is GCC's matter
    # Else no two builds have the same precompiled header, and ccache knows no source again.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
add_compile_options(-fstack-protector-strong -pthread)
add_compile_definitions(_GLIBCXX_ASSERTIONS)

if(ITTYBIT_SANITIZE)
    add_compile_options(-fsanitize=${ITTYBIT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${ITTYBIT_SANITIZE})
    if(ITTYBIT_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_compile_definitions(__SANITIZE_ADDRESS__) # as GCC does
    endif()
else()
    add_compile_definitions($<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=3>)
endif()
