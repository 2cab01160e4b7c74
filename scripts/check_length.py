#!/usr/bin/env python3
"""Fails on files and lines that have grown too long. Functions are clang-tidy's to measure."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMITS = {".cpp": 500, ".h": 500, ".py": 500, ".sh": 300, ".mjs": 500,
          ".ts": 300, ".tsx": 300}
TEST_LINES = 800
# Recipes, configuration, sentences, drawings.
TABLES = {"tests/make_media.sh", "tests/s3_server.sh", "web/src/words.ts", "web/src/icon.tsx"}
COLUMNS = 100


def tracked_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    command += [":!fuzz/corpus", ":!tests/media"]  # .ts is a film's name too
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in sorted(set(names.splitlines())) if (ROOT / name).is_file()]


def allowed_lines(path):
    is_test = path.stem.endswith("_test") or path.relative_to(ROOT).parts[0] == "tests"
    return TEST_LINES if is_test else LIMITS[path.suffix]


def complaints(path):
    lines = path.read_text().splitlines()
    name = path.relative_to(ROOT)
    if len(lines) > allowed_lines(path):
        yield f"{name}: {len(lines)} lines, at most {allowed_lines(path)}: split it by noun"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and str(name) not in TABLES:
            yield f"{name}:{number}: {len(line)} columns, at most {COLUMNS}"


found = [text for path in tracked_files() if path.suffix in LIMITS for text in complaints(path)]
print("\n".join(found), end="\n" if found else "")
sys.exit(bool(found))
