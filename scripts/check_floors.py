#!/usr/bin/env python3
"""Fails when a source file includes from its own floor's siblings or from a floor above, or when
a codec and a credential meet: in one file, in one module, or in one executable."""
import pathlib
import re
import subprocess
import sys

FLOORS = [  # lowest first; modules on one floor never include each other
    {"base"},
    {"model", "net", "manifest"},
    {"media", "image", "conformance", "store", "storage", "sandbox"},
    {"tasks", "work"},
    {"api", "cli"},
    {"app"},
]
FLOOR_OF = {module: height for height, modules in enumerate(FLOORS) for module in modules}
INSIDE = {"media", "image", "conformance", "tasks"}  # what runs behind the process boundary
OUTSIDE = {"net", "store", "storage", "work", "api", "cli"}

# Which modules may see a library at all.
LIBRARIES = {
    r"libav\w+/|libsw\w+/": {"media", "tasks"},
    r"ass/": {"media"},
    r"ebur128": {"media"},
    r"vips/": {"image", "tasks"},
    r"tiffio": {"image"},
    r"curl/": {"net"},
    r"sqlite3|libpq": {"store"},
    r"openssl/": OUTSIDE | {"app"},
    r"boost/(beast|asio)": {"api"},
    r"CLI/": {"cli", "app"},
    r"seccomp": {"sandbox"},
}
CODEC_LIBRARY = re.compile(r"libav(format|codec|filter)|libvips")
CREDENTIAL_LIBRARY = re.compile(r"libcurl|libssl|libsqlite3|libpq")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def source_complaints(path, module):
    includes = INCLUDE.findall(path.read_text())
    modules = {name.split("/")[0] for name in includes} & FLOOR_OF.keys()
    for target in sorted(modules - {module}):
        if FLOOR_OF[target] >= FLOOR_OF[module]:
            yield f"{path}: {module} must not include {target}"
    if modules & INSIDE and modules & OUTSIDE:
        yield f"{path}: sees both a codec and a credential"
    for name in includes:
        for pattern, allowed in LIBRARIES.items():
            if re.match(pattern, name) and module not in allowed:
                yield f"{path}: <{name}> belongs to {', '.join(sorted(allowed))}"


def link_complaints(executable):
    """The executable's own needs, not what its libraries pull in."""
    dump = subprocess.run(["objdump", "-p", executable], check=True, capture_output=True, text=True)
    needed = re.findall(r"NEEDED\s+(\S+)", dump.stdout)
    codecs = [name for name in needed if CODEC_LIBRARY.match(name)]
    credentials = [name for name in needed if CREDENTIAL_LIBRARY.match(name)]
    if codecs and credentials:
        yield f"{executable}: links {', '.join(codecs)} and {', '.join(credentials)}"


def main(root, executables):
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix in {".h", ".cpp"}:
            found += source_complaints(path, path.relative_to(root).parts[0])
    for executable in executables:
        found += link_complaints(executable)
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
