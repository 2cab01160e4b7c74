# The dashboard (web/): built by Vite, and packed into a source of `api` that holds its files.
# AUTO builds it where npm is and can get what web/package-lock.json names.
set(ITTYBIT_DASHBOARD AUTO CACHE STRING "Build the dashboard: ON, OFF, or AUTO where it can be")
set_property(CACHE ITTYBIT_DASHBOARD PROPERTY STRINGS AUTO ON OFF)
find_program(NPM npm)

set(mode ${ITTYBIT_DASHBOARD})
if(mode STREQUAL "AUTO" AND NOT NPM)
    message(STATUS "no npm: GET / will be a plain page (see ITTYBIT_DASHBOARD)")
    set(mode OFF)
endif()
set(packed ${CMAKE_BINARY_DIR}/dashboard/dashboard_files.cpp)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS web/src/*)
list(FILTER web_sources EXCLUDE REGEX openapi\\.d\\.ts$)  # types, which ./dev lint makes
add_custom_command(OUTPUT ${packed} ${CMAKE_BINARY_DIR}/dashboard/complete
    COMMAND ${CMAKE_SOURCE_DIR}/web/build.sh ${mode} ${CMAKE_BINARY_DIR}/dashboard
    DEPENDS ${web_sources} web/build.sh web/pack.mjs web/index.html web/vite.config.js
        web/package.json web/package-lock.json
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Building the dashboard (${mode})")
target_sources(api PRIVATE ${packed})
