#!/usr/bin/env python3
"""A server whose data folder is a disk of 300 MB, uploads that do not fit, and jobs beside them.

Run by test_uploads.py inside `unshare -m`. Prints what was found as JSON; `wrong` must be empty."""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import service
from wire import Wire

DISK = 300_000_000
KEPT = DISK // 10  # of --keep-free, a tenth at most


def free(folder):
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


class Jobs(threading.Thread):
    """One small job after the other."""

    def __init__(self, server, url):
        super().__init__(daemon=True)
        self.server, self.url, self.ends, self.is_over = server, url, collections.Counter(), False
        self.start()

    def run(self):
        while not self.is_over:
            ended = self.server.wait(self.server.job(input=self.url, kind="image", width=16))
            self.ends[f"{ended['status']} {(ended['error'] or {}).get('kind', '')}"] += 1


def upload(server, size, *headers, chunk=0):
    """The answer, and what was said before it; `chunk`: sent in chunks of so many bytes."""
    with Wire(server) as wire:
        length = ["Transfer-Encoding: chunked"] if chunk else [f"Content-Length: {size}"]
        wire.head("POST /uploads?filename=a.bin", *length, *headers)
        try:
            piece = b"x" * (chunk or 1_000_000)
            for _ in range(size // len(piece)):
                wire.send(b"%x\r\n" % len(piece) + piece + b"\r\n" if chunk else piece)
            wire.send(b"0\r\n\r\n" if chunk else b"x" * (size % len(piece)))
        except OSError:
            pass  # the answer came before the end
        return wire.read()


def run(folder):
    data = folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(data)], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v",
                    "1", str(folder / "a.png")], check=True, stdin=subprocess.DEVNULL)
    origin, server = service.Receiver(folder), service.Server(folder, "--concurrency", "2")
    jobs, wrong = Jobs(server, f"{origin.url}/a.png"), []

    def expect(what, answer, status):
        if (answer.status, answer.before) != (status, []):
            wrong.append(f"{what}: {answer}")
        elif status == 507 and answer.json()["kind"] != "disk_full":
            wrong.append(f"{what}: {answer.body}")
        if free(data) < KEPT:
            wrong.append(f"{what}: {free(data)} bytes are left of the disk")

    with Wire(server) as wire:
        wire.head("POST /uploads", "Content-Length: 600000000", "Expect: 100-continue")
        expect("refused before a byte is sent", wire.read(), 507)
    expect("what fits", upload(server, 50_000_000), 201)
    expect("more than there is", upload(server, 600_000_000), 507)
    expect("the same in chunks", upload(server, 600_000_000, chunk=1_000_000), 507)
    last = [upload(server, 40_000_000).status for _ in range(6)]
    if last[0] != 201 or last[-1] != 507:
        wrong.append(f"one after the other: {last}")
    expect("a small one", upload(server, 1_000_000), 201)
    jobs.is_over = True
    jobs.join()
    if set(jobs.ends) != {"succeeded "}:
        wrong.append(f"jobs: {dict(jobs.ends)}")
    wrong += [] if server.stop() == 0 else ["the server does not end well"]
    origin.close()
    return {"ends": dict(jobs.ends), "one_by_one": last, "wrong": wrong}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ittybit-uploads-") as name:
        result = run(pathlib.Path(name))
        subprocess.run(["umount", str(pathlib.Path(name) / "data")], check=True)
    print(json.dumps(result))
    sys.exit(0)
