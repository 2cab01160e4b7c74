# Flags for every target. Warnings are errors; libraries' headers are SYSTEM and silent.
find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(ITTYBIT_WARNINGS
    -Wall -Wextra -Werror -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND ITTYBIT_WARNINGS -Wno-restrict) # false alarms on std::string (GCC bug 105651)
endif()
add_compile_options(-fstack-protector-strong)
add_compile_definitions(_GLIBCXX_ASSERTIONS)

if(ITTYBIT_SANITIZE)
    add_compile_options(-fsanitize=${ITTYBIT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${ITTYBIT_SANITIZE})
else()
    add_compile_definitions($<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=3>)
endif()
