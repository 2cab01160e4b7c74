#!/usr/bin/env python3
"""Every file of a media collection through every kind of job.

    corpus.py [--all] [--only WORD] [--table FILE.md] [--log FILE.json]

The collection is $ITTYBIT_MEDIA, else ../shared/media beside the project: folders of files and a
CATALOG.tsv. Each run ends in a verified output or in a clear error of the published list; anything
else is WRONG and fails the command. Without --all every twelfth file is taken. Nothing may connect
to port 18999, which the hostile files point at."""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading

import cli
import look

KINDS = {  # what is asked of each kind: little, so that thousands of runs take minutes
    "probe": ("task", "probe"),
    "video": ("video", "--quality", "very_low", "--width", "160", "--end", "2"),
    "audio": ("audio", "--end", "4"),
    "image": ("image", "--format", "png", "--width", "160"),
    "animation": ("animation", "--format", "webp", "--width", "120", "--end", "1"),
    "adaptive_video": ("adaptive", "--quality", "very_low", "--end", "2"),
}
OUTPUTS = {"video": "o.mp4", "audio": "o.mp3", "image": "o.png", "animation": "o.webp",
           "adaptive_video": "o.m3u8"}
EXPECTED_ERRORS = {
    "unsupported_media", "corrupt_media", "no_video_stream", "no_audio_stream",
    "start_out_of_range", "limit_exceeded",
}
SECONDS = 120
LIBRARY_WORDS = re.compile(r"Invalid data found|AVERROR|Error number -|vips_|libav|Operation not")
CLASSES = [  # the catalogue's word for a container → the reader's
    (r"^mov,mp4|^ISO Media|^MP4$", "MP4, MOV, 3GP"), (r"matroska|Matroska", "Matroska, WebM"),
    (r"M3U", "HLS playlist"), (r"png_pipe|^PNG", "PNG"), (r"jpeg_pipe|^JPEG|image2", "JPEG"),
    (r"gif|GIF", "GIF"), (r"webp|WEBP", "WebP"), (r"AVIF", "AVIF"), (r"HEIC", "HEIC"),
    (r"tiff|TIFF", "TIFF"), (r"SVG", "SVG"), (r"XML|TXT|ASCII|JSON|WebVTT|script", "text"),
    (r"PDF|^PS$", "PDF, PostScript"),
    (r"Zip|Word|Web|executable|container|^tar$", "archive, program"),
    (r"^data$|^empty$", "unknown bytes"), (r"wav|WAVE", "WAV"),
]


def class_of(row):
    for pattern, name in CLASSES:
        if re.search(pattern, row["container"]):
            return name
    return row["container"].removesuffix("_pipe")


class Canary:
    """A listener where hostile files point; whoever connects is counted."""

    def __init__(self, port=18999):
        self.visits = []
        self.sockets = []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                self.sockets.append(socket.create_server((address, port), family=family))
            except OSError as error:
                print(f"no canary on {address}: {error}", file=sys.stderr)
        for listener in self.sockets:
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()

    def _listen(self, listener):
        while True:
            connection, _ = listener.accept()
            self.visits.append(connection.recv(200))
            connection.close()


def collection():
    places = [os.environ.get("ITTYBIT_MEDIA"), cli.ROOT.parent / "shared/media"]
    for place in filter(None, places):
        if (pathlib.Path(place) / "CATALOG.tsv").exists():
            return pathlib.Path(place)
    return None


def files_of(folder, unpacked):
    """(path, class, area) of every file of the catalogue, and of the archive of awkward names."""
    with open(folder / "CATALOG.tsv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            path = folder / row["path"]
            if path.name == "names.tar":
                with tarfile.open(path) as archive:
                    archive.extractall(unpacked)
                for inner in sorted(pathlib.Path(unpacked).rglob("*")):
                    if inner.is_file():
                        yield inner, "awkward names", "hostile"
            elif path.is_file():
                yield path, class_of(row), row["path"].split("/")[0]


def output_fault(kind, out, folder):
    """What is wrong with an output that was called done; empty when nothing."""
    if kind == "probe":
        return ""
    if not out.exists():
        return "succeeded without an output"
    if kind in ("image", "animation"):
        try:
            look.still(out, folder)
        except AssertionError as error:
            return f"not readable: {error}"
        return look.checker_complaints(out, out.suffix[1:])
    if kind == "adaptive_video":
        checker = [sys.executable, cli.ROOT / "tests/check_hls.py", out]
        checked = subprocess.run(checker, capture_output=True, text=True, check=False)
        if checked.returncode:
            return checked.stdout.strip()[-300:]
    return look.decode_complaints(out)


def verdict(path, kind):
    """`done`, the kind of a clear error, or `WRONG: why`."""
    with tempfile.TemporaryDirectory(prefix="ittybit-corpus-") as name:
        folder = pathlib.Path(name)
        out = folder / OUTPUTS.get(kind, "none")
        words = [*KINDS[kind], "-i", path] + (["-o", out] if kind in OUTPUTS else [])
        try:
            run = cli.ittybit(*words, cwd=folder, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"WRONG: hangs, not over after {SECONDS} s"
        if run.status == 0:
            fault = output_fault(kind, out, folder)
            return f"WRONG: {fault}" if fault else "done"
        left = [file.name for file in folder.rglob("*") if file.is_file()]
        if run.status != 1 or run.error_kind not in EXPECTED_ERRORS:
            told = run.last or run.stderr[-300:]
            return f"WRONG: exit {run.status}, {run.error_kind}: {run.message or told}"
        if left:
            return f"WRONG: failed and left {left}"
        if LIBRARY_WORDS.search(run.message) or len(run.message) < 15:
            return f"WRONG: says only {run.message!r}"
        return run.error_kind


def table_of(results):
    """One row per class of file: what each kind makes of it, and of how many."""
    rows = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for (folder, name, _, kind), told in results.items():
        rows[(folder, name)][kind][told.split(":")[0]] += 1
    lines = ["| files | " + " | ".join(KINDS) + " |", "| --- " * (len(KINDS) + 1) + "|"]
    for (folder, name), kinds in sorted(rows.items()):
        cells = ["<br>".join(f"{told} {count}" for told, count in kinds[kind].most_common())
                 for kind in KINDS]
        lines.append(f"| {folder}: {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


HEAD = """# What happens to which input

Made by `./dev soak corpus` over {count} files of a collection: each goes through every kind of job
(`probe` is the task). `done` is an output that FFmpeg, libvips and the format's own checker read
without complaint; any other word is the `error.kind` of a clean failure. The number counts files.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--table")
    parser.add_argument("--log", default=str(cli.ROOT / "build/corpus.json"))
    options = parser.parse_args()
    folder = collection()
    if not folder:
        print("THE MEDIA COLLECTION IS ABSENT: set ITTYBIT_MEDIA; nothing was checked here")
        return 0
    canary = Canary()
    unpacked = tempfile.mkdtemp(prefix="ittybit-names-")
    files = [row for row in files_of(folder, unpacked) if options.only in str(row[0])]
    if not options.all and not options.only:
        files = files[::12]
    jobs = [(path, name, area, kind) for path, name, area in files for kind in KINDS]
    results = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for job, told in zip(jobs, pool.map(lambda job: verdict(job[0], job[3]), jobs)):
            path, name, area, kind = job
            results[(area, name, str(path.name), kind)] = told
            if told.startswith("WRONG"):
                print(f"{area}/{path.name} → {kind}: {told}", flush=True)
    shutil.rmtree(unpacked)
    wrong = sum(told.startswith("WRONG") for told in results.values())
    pathlib.Path(options.log).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.log).write_text(json.dumps(
        [dict(zip(("area", "class", "file", "kind"), key), verdict=told)
         for key, told in results.items()], indent=1))
    if options.table:
        text = HEAD.format(count=len(files)) + table_of(results) + "\n"
        pathlib.Path(options.table).write_text(text)
    if canary.visits:
        print(f"WRONG: something connected to the canary: {canary.visits}")
    planted = list(pathlib.Path("/tmp").glob("*-was-here*"))
    if planted:
        print(f"WRONG: planted files: {planted}")
    print(f"corpus: {len(files)} files, {len(results)} runs, {wrong} wrong")
    return bool(wrong or canary.visits or planted)


if __name__ == "__main__":
    sys.exit(main())
