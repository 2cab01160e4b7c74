#!/usr/bin/env python3
"""clang-tidy on our sources, what changed last first.

    tidy.py BUILD [--newest N] [--minutes N] [FILE…]

clangd runs the checks of .clang-tidy on each file alone, in a tenth of the time that clang-tidy
takes, which looks through all headers again for every source; clang-tidy itself runs what clangd
does not have. What was clean before is not looked at again: a file's stamp is the hash of all our
sources it includes, of its flags and of .clang-tidy. What the time did not suffice for is said,
and is no failure."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEFT_TO_CLANG_TIDY = "-*,bugprone-use-after-move"
# One of its checks takes copies of a std::function in CLI11 for leaks.
ANALYZER = ",clang-analyzer-*,-clang-analyzer-cplusplus.NewDeleteLeaks"


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def last_changed_first(newest):
    """The sources; of so many newest ones those that git knows to have changed. The first commit of
    a shallow clone, which seems to have changed all of them, does not count."""
    uncommitted = output_of("git", "ls-files", "-mo", "--exclude-standard").splitlines()
    log = ("git", "log", "--format=", "--name-only", "--min-parents=1")
    names = dict.fromkeys(uncommitted + output_of(*log).splitlines())
    if newest is None:
        names |= dict.fromkeys(output_of("git", "ls-files").splitlines())
    paths = (ROOT / name for name in names if name.startswith("src/"))
    found = [path for path in paths if path.suffix in (".cpp", ".h") and path.is_file()]
    return found[:newest]


def our_includes(command, folder):
    """The sources of this project that a compile command reads, itself included."""
    place = command.index("-o")
    listed = subprocess.run(
        [*command[:place], "-MM", *command[place + 2 :]],
        cwd=folder, capture_output=True, text=True, check=False,
    ).stdout
    words = (pathlib.Path(folder, word) for word in listed.split()[1:] if word != "\\")
    return sorted(path.resolve() for path in words if ROOT in path.resolve().parents)


class Tidy:
    def __init__(self, build, deadline):
        self.build, self.deadline = build, deadline
        commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
        self.entries = {pathlib.Path(entry["file"]): entry for entry in commands}

    def stamp_of(self, path):
        digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + path.read_bytes())
        entry = self.entries.get(path)
        if entry:
            command = [word for word in entry["command"].split() if word != "ccache"]
            digest.update(" ".join(command).encode())
            for include in our_includes(command, entry["directory"]):
                digest.update(include.read_bytes())
        return ROOT / "build/tidy" / digest.hexdigest()

    def complaint(self, path):
        """What is found in one file: empty when clean, None when there was no time."""
        stamp = self.stamp_of(path)
        if stamp.exists():
            return ""
        try:
            text = self.by_clangd(path) + (self.by_clang_tidy(path) if path in self.entries else "")
        except subprocess.TimeoutExpired:
            return None
        if not text:
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.touch()
        return text

    def run(self, *command):
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=max(0, self.deadline - time.monotonic()),
        )

    def by_clangd(self, path):
        done = self.run(
            "clangd-19", f"--check={path}", "--check-locations=false", "--log=info",
            "--clang-tidy", "--enable-config", f"--compile-commands-dir={self.build}",
        )
        found = [line for line in done.stderr.splitlines() if line.startswith("E[")]
        return "".join(f"{path.relative_to(ROOT)}: {line}\n" for line in found)

    def by_clang_tidy(self, path):
        # The analyzer takes the inside of a coroutine for uninitialized.
        analyzer = "" if "co_await" in path.read_text() else ANALYZER
        done = self.run(
            "clang-tidy-19", "--quiet", f"--checks={LEFT_TO_CLANG_TIDY}{analyzer}",
            "--warnings-as-errors=*", "-p", self.build, str(path),
        )
        return done.stdout if done.returncode else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--newest", type=int, help="how many files, where none is named")
    parser.add_argument("--minutes", type=float, default=20)
    options = parser.parse_intermixed_args()  # files may stand behind options
    paths = [path.resolve() for path in options.files] or last_changed_first(options.newest)
    tidy = Tidy(options.build, time.monotonic() + 60 * options.minutes)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        told = list(pool.map(tidy.complaint, paths))
    print("".join(text for text in told if text), end="")
    dirty = sum(1 for text in told if text)
    unseen = sum(1 for text in told if text is None)
    print(f"clang-tidy: {len(paths)} files, {dirty} with findings, {unseen} not reached")
    return bool(dirty)


sys.exit(main())
