# What an installation holds, and the packages made of it (`./dev package`): a .deb, and a .tar.gz that
# runs from wherever it is unpacked.
include(GNUInstallDirs)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Manual pages, completions and the configuration file, as the program itself says.
set(made ${CMAKE_BINARY_DIR}/packaging)
add_custom_command(OUTPUT ${made}/ittybit.1
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/packaging/make_pages.py
        $<TARGET_FILE:ittybit> ${CMAKE_SOURCE_DIR}/docs/ittybit.toml ${made}
    DEPENDS ittybit packaging/make_pages.py docs/ittybit.toml)
add_custom_target(pages ALL DEPENDS ${made}/ittybit.1)
configure_file(packaging/ittybit.service ${made}/ittybit.service @ONLY)
configure_file(packaging/ittybit-worker@.service ${made}/ittybit-worker@.service @ONLY)

install(TARGETS ittybit ittybit-media RUNTIME COMPONENT programs)
install(FILES ${made}/ittybit.1 ${made}/ittybit-media.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT programs)
install(FILES ${made}/ittybit.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT programs)
install(FILES ${made}/ittybit.bash RENAME ittybit
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT programs)
install(FILES ${made}/ittybit.zsh RENAME _ittybit
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT programs)
install(FILES ${made}/ittybit.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT programs)
install(FILES README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
    COMPONENT programs)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
install(FILES ${made}/ittybit.service ${made}/ittybit-worker@.service
    DESTINATION lib/systemd/system COMPONENT service)
install(FILES ${made}/ittybit.toml DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/ittybit
    COMPONENT service)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME ittybit)
set(CPACK_PACKAGE_CONTACT "ittybit <ittybit@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "media processing service with a command line")
set(CPACK_PACKAGE_DESCRIPTION
"Makes video, sound, pictures, animations and adaptive streams that play everywhere out of any media
file: as a command, or as a service with an HTTP API, a queue and webhooks. Media is only parsed in
processes that have no network, no credentials and no file but their own.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/cmake/package_each.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What writes AVIF is a package of its own since libheif 1.16 (Debian 13).
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "adduser, ca-certificates, fonts-noto-core, libheif-plugin-aomenc | libheif1 (<< 1.16)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS fonts-noto-cjk) # Chinese, Japanese and Korean
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/postinst ${CMAKE_SOURCE_DIR}/packaging/prerm
    ${CMAKE_SOURCE_DIR}/packaging/postrm ${CMAKE_SOURCE_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
