#!/usr/bin/env python3
"""demo.py CLIP FOLDER: one clip becomes a web-ready MP4, a poster, an audio track, a GIF and an HLS
stream, each by one command, and a table says what came out."""
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("ITTYBIT", ROOT / "build/release/ittybit")
JOBS = [  # what it is for, the words behind `ittybit`, the output
    ("web-ready video", ["video", "--width", "1280", "--end", "12"], "bunny.mp4"),
    ("poster", ["image", "--start", "5", "--width", "960"], "poster.webp"),
    ("audio track", ["audio"], "bunny.mp3"),
    ("preview", ["animation", "--start", "4", "--end", "7", "--width", "320"], "preview.gif"),
    ("HLS stream", ["adaptive", "--end", "12"], "hls/master.m3u8"),
]


def human_size(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def facts_of(job):
    """The file that the encode task of a job made."""
    return next(task["output"] for task in job["tasks"] if task["kind"] == job["kind"])


def describe(purpose, out, file, seconds):
    codecs = "+".join(filter(None, file["codecs"].values())) or file["format"]
    picture = f"{file['width']}x{file['height']}" if file["width"] else ""
    length = f"{file['duration']:.1f} s" if file["duration"] else ""
    parts = file.get("parts") or {}
    size = parts.get("size") or file["size"]
    names = ", ".join(r["name"] for r in file.get("renditions") or [])
    made_in = f"{seconds:.1f} s"
    return [purpose, str(out), human_size(size), names or codecs, picture, length, made_in]


def run(clip, out, words):
    command = [PROGRAM, *words, "-i", clip, "-o", out]
    print("$ ittybit", *words, "-i", clip, "-o", out, flush=True)
    begin = time.monotonic()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"that failed (exit {done.returncode}): {done.stdout.splitlines()[-1:]}")
    return json.loads(done.stdout.splitlines()[-1]), time.monotonic() - begin


def main(clip, folder):
    rows = [["", "file", "size", "codecs", "picture", "length", "made in"]]
    (folder / "hls").mkdir(parents=True, exist_ok=True)
    for purpose, words, name in JOBS:
        job, seconds = run(clip, folder / name, words)
        rows.append(describe(purpose, folder / name, facts_of(job), seconds))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
