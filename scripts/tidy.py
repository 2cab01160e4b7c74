#!/usr/bin/env python3
"""clang-tidy-19 on the sources of a build folder: tidy.py BUILD [--all] [--minutes N].

What was clean before is not looked at again: a file's stamp is the hash of all our sources it
includes, of its flags and of .clang-tidy. Without --all only sources that differ from the last
commit on origin/main (or HEAD~1) are looked at. Two at a time; what the time did not suffice for
is said, and is no failure."""
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


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def changed_since_main():
    base = output_of("git", "merge-base", "HEAD", "origin/main").strip()
    if not base or base == output_of("git", "rev-parse", "HEAD").strip():
        base = "HEAD~1"
    return {ROOT / name for name in output_of("git", "diff", "--name-only", base).splitlines()}


def our_includes(entry):
    """The sources of this project that a compile command reads, itself included."""
    command = [word for word in entry["command"].split() if word != "ccache"]
    place = command.index("-o")
    listed = output_of(*command[:place], "-MM", *command[place + 2 :])
    words = (pathlib.Path(entry["directory"], word) for word in listed.split()[1:] if word != "\\")
    return sorted(path.resolve() for path in words if ROOT in path.resolve().parents)


def stamp_of(entry):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + entry["command"].encode())
    for path in our_includes(entry):
        digest.update(path.read_bytes())
    return ROOT / "build/tidy" / digest.hexdigest()


def complaint(build, entry, deadline):
    """What clang-tidy says about one file: empty when clean, None when there was no time."""
    stamp = stamp_of(entry)
    if stamp.exists():
        return ""
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    command = ["clang-tidy-19", "--quiet", "-p", build, entry["file"]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode == 0:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        return ""
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("TIDY_MINUTES", 20)))
    options = parser.parse_args()
    entries = json.loads(pathlib.Path(options.build, "compile_commands.json").read_text())
    changed = changed_since_main()
    if not options.all:
        entries = [entry for entry in entries if pathlib.Path(entry["file"]) in changed]
    entries.sort(key=lambda entry: (pathlib.Path(entry["file"]) not in changed, entry["file"]))
    deadline = time.monotonic() + 60 * options.minutes
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        told = list(pool.map(lambda entry: complaint(options.build, entry, deadline), entries))
    print("".join(text for text in told if text), end="")
    unseen = [entry["file"] for entry, text in zip(entries, told) if text is None]
    dirty = sum(1 for text in told if text)
    print(f"clang-tidy: {len(entries)} files, {dirty} with findings, {len(unseen)} not reached")
    return bool(dirty)


sys.exit(main())
