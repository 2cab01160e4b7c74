#!/usr/bin/env python3
"""Damaged files of every kind, as jobs of a real server.

    mutations.py [--jobs 5000] [--seed N] [--media FOLDER]

Each job ends with a result or an error of SPEC; nothing but a child may ever crash; afterwards the
scratch folder is empty and the server as small as before. A job is known by seed and number:
`--only N` does it alone, and keeps its input."""
import argparse
import collections
import hashlib
import http.server
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

import cli
import service
import watch

MEDIA = cli.ROOT / "build/test_media"
COLLECTION = pathlib.Path(os.environ.get("ITTYBIT_MEDIA", cli.ROOT.parent / "shared/media"))
LARGEST = 8_000_000  # bytes of a file that is mutated

# Cheap work of every kind: damage shows while reading.
KINDS = [
    ("video", {"end": 1, "width": 64, "quality": "very_low"}),
    ("video", {"end": 1, "format": "webm", "height": 48, "quality": "very_low"}),
    ("video", {"format": "mp4"}),  # copies, where it can
    ("audio", {"end": 2, "format": "opus"}),
    ("audio", {"end": 2, "format": "wav"}),
    ("image", {"width": 100}),
    ("image", {"format": "webp", "start": 0.5, "height": 50}),
    ("animation", {"end": 1, "width": 64}),
    ("animation", {"end": 1, "format": "webp", "width": 64}),
    ("adaptive_video", {"end": 1, "width": 320, "quality": "very_low"}),
]
# How a job that is nobody's fault but the file's may end.
FAIR = {"unsupported_media", "corrupt_media", "no_video_stream", "no_audio_stream",
        "start_out_of_range", "limit_exceeded", "task_timeout"}
# So that the longest job is short. What is honest takes far less.
LIMITS = {"pixels": 30_000_000, "frames": 20_000, "idle-seconds": 20, "wall-seconds": 60,
          "output-bytes": 200_000_000}
HANG = 60 + 30  # the wall limit, twice where a crash is tried again, and a busy machine


def sources(collection):
    """Every file that may be mutated, in a fixed order."""
    folders = [MEDIA, *([collection] if collection.is_dir() else [])]
    files = [path for folder in folders for path in sorted(folder.rglob("*"))
             if path.is_file() and 16 <= path.stat().st_size <= LARGEST]
    return [path for path in files if path.suffix not in (".md", ".txt", ".json", ".py")]


def flip(data, choose):
    for _ in range(choose.choice([1, 4, 30, 300])):
        data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)


def flip_head(data, choose):
    for _ in range(choose.choice([1, 3, 10])):
        data[choose.randrange(min(len(data), 2000))] = choose.randrange(256)


def lie_about_a_size(data, choose):
    """A number of four bytes, near the front or the back, becomes another."""
    near = choose.choice([min(len(data), 4000), len(data)])
    at = choose.randrange(max(1, near - 4))
    value = choose.choice([0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, choose.getrandbits(32)])
    data[at:at + 4] = value.to_bytes(4, choose.choice(["big", "little"]))


def cut(data, choose):
    del data[choose.randrange(1, len(data)):]


def remove(data, choose):
    at = choose.randrange(len(data))
    del data[at:at + choose.choice([1, 17, 1000, 65536])]


def repeat(data, choose):
    at, length = choose.randrange(len(data)), choose.choice([4, 188, 5000])
    data[at:at] = data[at:at + length] * choose.choice([1, 3, 20])


def blank(data, choose):
    at, length = choose.randrange(len(data)), choose.choice([16, 4096, 100_000])
    data[at:at + length] = bytes(len(data[at:at + length]))


def noise(data, choose):
    at = choose.randrange(len(data))
    length = min(choose.choice([16, 500, 20_000]), len(data) - at)
    data[at:at + length] = choose.randbytes(length)


WAYS = [flip, flip_head, flip_head, lie_about_a_size, lie_about_a_size, cut, remove, repeat, blank,
        noise]


class Mutation:
    """Number `number` of a seed: a file, what is done to it, and the job it is the input of."""

    def __init__(self, seed, number, files):
        choose = random.Random(f"{seed}/{number}")
        self.number, self.path = number, choose.choice(files)
        self.kind, self.options = choose.choice(KINDS)
        self.choose, self.files = choose, files

    def bytes(self):
        data = bytearray(self.path.read_bytes())
        if self.choose.random() < 0.1:  # the front of one, the back of another
            other = self.choose.choice(self.files).read_bytes()
            data = data[:self.choose.randrange(1, len(data))] + other[len(other) // 2:]
        for _ in range(self.choose.choice([1, 1, 2, 4])):
            if len(data) > 8:
                self.choose.choice(WAYS)(data, self.choose)
        return bytes(data)


class Origin:
    """Serves /N, mutation N: half of them with ranges, half without."""

    def __init__(self, seed, files):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                number = int(self.path[1:])
                data = Mutation(seed, number, files).bytes()
                asked = self.headers.get("Range", "")
                begin, end, status = 0, len(data), 200
                if number % 2 and asked.startswith("bytes=") and data:
                    first, last = asked[6:].split("-")
                    begin, end = int(first), min(len(data), int(last or len(data)) + 1)
                    status = 206 if begin < end else 416
                self.send_response(status)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
                self.send_header("ETag", f'"{hashlib.md5(data).hexdigest()}"')
                self.send_header("Content-Length", str(max(0, end - begin)))
                self.end_headers()
                self.wfile.write(data[begin:end])

            def log_message(self, *_):
                pass

        self.http = service.QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


class Crowd:
    """Jobs under way, at most so many at once."""

    def __init__(self, server, origin, seed, files, most=6):
        self.server, self.origin, self.most = server, origin, most
        self.seed, self.files = seed, files
        self.waiting, self.ends, self.longest = {}, collections.Counter(), 0.0
        self.wrong, self.crashed = [], []

    def ask(self, number):
        mutation = Mutation(self.seed, number, self.files)
        job = self.server.job(input=f"{self.origin.url}/{number}", kind=mutation.kind,
                              options=mutation.options)
        self.waiting[job["id"]] = (mutation, time.monotonic())
        while len(self.waiting) >= self.most:
            self.collect()

    def collect(self):
        for id, (mutation, began) in list(self.waiting.items()):
            job = self.server.get(f"/jobs/{id}").json()
            if job["status"] in service.FINAL:
                self.note(mutation, job)
                del self.waiting[id]
            elif time.monotonic() - began > HANG * 2:
                self.wrong.append(f"{self.name(mutation)}: still {job['status']}")
                del self.waiting[id]
        time.sleep(0.02)

    def finish(self):
        while self.waiting:
            self.collect()

    def name(self, mutation):
        return f"{mutation.number} ({mutation.kind} of {mutation.path.name})"

    def note(self, mutation, job):
        kind = (job["error"] or {}).get("kind", job["status"])
        self.ends[kind] += 1
        took = (job["finished_at"] - (job["started_at"] or job["created_at"])) / 1000
        self.longest = max(self.longest, took)
        if kind == "task_crashed":
            self.crashed.append(f"{self.name(mutation)}: {job['error']['message']}")
        elif job["status"] == "cancelled" or (job["error"] and kind not in FAIR):
            self.wrong.append(f"{self.name(mutation)}: {job['error']}")
        if kind == "limit_exceeded" and "limit" not in job["error"]:
            self.wrong.append(f"{self.name(mutation)}: the limit is not named: {job['error']}")


def run(folder, jobs, seed, collection=COLLECTION, only=None):
    files = sources(collection)
    if not collection.is_dir():
        print(f"the media collection is absent ({collection}): only the made clips are mutated")
    origin = Origin(seed, files)
    flags = [word for name, value in LIMITS.items() for word in (f"--limit-{name}", str(value))]
    server = service.Server(folder, "--concurrency", "2", *flags)
    crowd = Crowd(server, origin, seed, files)
    if only is not None:
        pathlib.Path("mutation").write_bytes(Mutation(seed, only, files).bytes())
        crowd.ask(only)
        crowd.finish()
        server.stop()
        return {"ends": crowd.ends, "wrong": crowd.wrong, "crashed": crowd.crashed}
    warm = jobs // 5  # what the server allocates once, as pages of the database, is no leak
    for number in range(warm):
        crowd.ask(number)
    crowd.finish()
    time.sleep(1)
    before, pid = watch.resident(server.process.pid), server.process.pid
    for number in range(warm, jobs):
        crowd.ask(number)
        if number % 500 == 0:
            held = watch.resident(pid) >> 20
            print(f"{number} of {jobs}, {held} MB: {dict(crowd.ends)}", flush=True)
    crowd.finish()
    wrong = crowd.wrong
    try:
        service.wait_for(lambda: not watch.open_scratch(server), 10, "an empty scratch folder")
    except AssertionError:
        wrong.append(f"left in scratch: {watch.open_scratch(server)}")
    grown = watch.resident(server.process.pid) - before
    if grown > 16 << 20:
        wrong.append(f"the server has grown by {grown >> 20} MB")
    if server.process.poll() is not None or server.process.pid != pid:
        wrong.append("the server ended")
    elif server.stop() != 0:
        wrong.append("the server does not end well")
    return {"seed": seed, "jobs": jobs, "files": len(files), "ends": dict(crowd.ends),
            "longest_s": round(crowd.longest, 1), "grown_mb": round(grown / 1e6, 1), "wrong": wrong,
            "crashed": crowd.crashed}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--media", type=pathlib.Path, default=COLLECTION)
    parser.add_argument("--only", type=int, help="one number of a seed; its input is kept")
    words = parser.parse_args()
    commit = subprocess.run(["git", "-C", cli.ROOT, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=False).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="ittybit-mutations-") as folder:
        found = run(folder, words.jobs, words.seed, words.media, words.only)
    print(json.dumps({"commit": commit, **found}, indent=1))
    sys.exit(1 if found["wrong"] or found["crashed"] else 0)


if __name__ == "__main__":
    main()
