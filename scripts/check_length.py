#!/usr/bin/env python3
"""Fails on files, lines, and functions and classes of C++ that have grown too long."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMITS = {".cpp": 500, ".h": 500, ".py": 500, ".sh": 300, ".mjs": 500,
          ".ts": 300, ".tsx": 300}
TEST_LINES = 800
# Recipes, configuration, sentences, drawings.
TABLES = {"tests/make_media.sh", "tests/s3_server.sh", "web/src/words.ts", "web/src/icon.tsx"}
COLUMNS = 100
FUNCTION_LINES, CLASS_LINES = 60, 300  # between the braces
# Functions that are tables: of routes, migrations, words; in tests, of cases.
TABLE_FUNCTIONS = {"src/api/jobs.cpp": "job_routes", "src/api/tasks.cpp": "task_routes",
                   "src/base/error_kind.h": "names", "src/store/migrations.cpp": "steps",
                   "src/model/plan_test.cpp": "full_plan",
                   "src/model/read_order_test.cpp": "EveryProblemHasItsKindFieldAndWords",
                   "src/net/address_policy_test.cpp": "OfAnAddressAllMeanTheSame",
                   "src/net/url_test.cpp": "RefusesWhatIsNoPlainUrl",
                   "src/store/faults_test.cpp": "operations_of_the_rest"}
CLASS = re.compile(r"(template <.*> )?(class|struct|union|enum)\b")
VALUE = re.compile(r"[^(]* = ")


def tracked_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    command += [":!fuzz/corpus", ":!tests/media"]  # .ts is a film's name too
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in sorted(set(names.splitlines())) if (ROOT / name).is_file()]


def allowed_lines(path):
    is_test = path.stem.endswith("_test") or path.relative_to(ROOT).parts[0] == "tests"
    return TEST_LINES if is_test else LIMITS[path.suffix]


def blocks(lines):
    """(line, its number, lines between the braces, is a class) of what formatted C++ defines, not
    within functions. A block ends with a brace that is as far from the margin as its first line."""
    opened, first = [], 0
    for number, line in enumerate(lines, 1):
        text, margin = line.strip(), len(line) - len(line.lstrip())
        if opened and margin == opened[-1][0] and text.startswith("}"):
            _, begin, brace, is_class = opened.pop()
            yield lines[begin - 1].strip(), begin, number - brace - 1, is_class
            continue
        is_inside = opened and not opened[-1][3]
        level = opened[-1][0] + 4 if opened else 0
        if is_inside or margin < level or not text:
            continue
        if margin == level and not text.startswith(")"):
            first = number
        # Farther from the margin a constructor's list of members ends.
        begins = text.endswith("{") if margin == level else text.endswith((") {", "} {"))
        head = lines[first - 1].strip()
        if begins and not head.startswith(("namespace", "extern \"C\"")):
            opened.append((level, first, number, bool(CLASS.match(head))))


def long_blocks(name, lines):
    for head, number, length, is_class in blocks(lines):
        most = CLASS_LINES if is_class else FUNCTION_LINES
        is_table = VALUE.match(head) or TABLE_FUNCTIONS.get(name, "\0") in head
        if length > most and not is_table:
            yield f"{name}:{number}: {length} lines, at most {most}: {head}"


def complaints(path):
    lines = path.read_text().splitlines()
    name = str(path.relative_to(ROOT))
    if len(lines) > allowed_lines(path):
        yield f"{name}: {len(lines)} lines, at most {allowed_lines(path)}: split it by noun"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and name not in TABLES:
            yield f"{name}:{number}: {len(line)} columns, at most {COLUMNS}"
    if path.suffix in (".cpp", ".h"):
        yield from long_blocks(name, lines)


def main():
    found = [text for path in tracked_files() if path.suffix in LIMITS
             for text in complaints(path)]
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
