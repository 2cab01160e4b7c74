#!/usr/bin/env python3
"""What the service holds in memory: idle, and while large files go in.

    memory.py [--gigabytes 5]

An upload, an import and a job read a file of so many gigabytes: a short MP4 with a `free` box
behind it, which is a hole on our disk and zeros on the line. What is told is the highest RSS of
`ittybit`; and idle also that of all our processes, what they share counted once."""
import argparse
import http.server
import os
import pathlib
import re
import struct
import sys
import tempfile
import threading
import time

import cli
import service

MEDIA = cli.ROOT / "build/test_media"
LARGEST_IDLE, LARGEST_WITH_ZYGOTE, LARGEST_BUSY = 40, 90, 120  # MB


def make_large(path, size):
    """The short clip, and a box that says nothing up to `size`."""
    clip = (MEDIA / "flash-small.mp4").read_bytes()
    with open(path, "wb") as file:
        file.write(clip)
        file.write(struct.pack(">I4sQ", 1, b"free", size - len(clip)))
        file.truncate(size)
    return path


class Ranges(http.server.BaseHTTPRequestHandler):
    """One file, whole or from somewhere on, at little cost to this process."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        file = self.server.file
        size = file.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, size - 1
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"large"')
        self.send_header("Content-Length", f"{last + 1 - first}")
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        self.wfile.flush()
        with open(file, "rb") as source:
            try:
                while first <= last:
                    first += os.sendfile(self.connection.fileno(), source.fileno(), first,
                                         min(last + 1 - first, 1 << 20))
            except OSError:
                self.close_connection = True  # it has read enough

    def log_message(self, *_):
        pass


class Origin:
    def __init__(self, file):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
        self.http.file = file
        self.url = f"http://127.0.0.1:{self.http.server_port}/large.mp4"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def family_of(process):
    """A process and all below it."""
    found = [process]
    for one in found:
        for children in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(word) for word in children.read_text().split()]
    return found


def rss(process, name="VmRSS"):
    """Megabytes; with VmHWM the most since forget_highest()."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1.024 / 1000


def together(process):
    """Megabytes of a process and all below it, what they share counted once: their PSS if nobody
    else on this machine had a file open that they have."""
    private, files = 0, {}
    for one in family_of(process):
        for mapping in read_mappings(one):
            if mapping["inode"] == "0":
                private += mapping["Pss"]
            else:
                key = mapping["inode"], mapping["offset"]
                files[key] = max(files.get(key, 0), mapping["Rss"])
    return (private + sum(files.values())) * 1.024 / 1000


def read_mappings(process):
    mapping = None
    for line in pathlib.Path(f"/proc/{process}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0]:
            if mapping:
                yield mapping
            mapping = {"offset": words[2], "inode": words[4]}
        elif words[0] in ("Rss:", "Pss:"):
            mapping[words[0][:-1]] = int(words[1])
    yield mapping


def forget_highest(process):
    pathlib.Path(f"/proc/{process}/clear_refs").write_text("5")


def measure(server, gigabytes, folder):
    """{what: megabytes} of one server that has done nothing yet."""
    process = server.process.pid
    time.sleep(2)  # the janitor's first round, the zygote's first child
    found = {"idle": rss(process), "idle with its zygote": together(process)}
    large = make_large(folder / "large.mp4", int(gigabytes * 1e9))
    origin = Origin(large)

    def highest(work):
        forget_highest(process)
        work()
        return rss(process, "VmHWM")

    def upload():
        with open(large, "rb") as body:
            answer = server.call("POST", "/uploads", data=body)
        assert answer.status_code == 201, answer.text

    def work(path, **body):
        ended = server.wait(server.post(f"/{path}", body).json(), path, seconds=3600)
        assert ended["status"] == "succeeded", ended["error"]
        return ended

    found["upload"] = highest(upload)
    for kept in filter(pathlib.Path.is_file, (server.data / "storage").rglob("*")):
        os.truncate(kept, 0)  # room for the next
    found["import"] = highest(lambda: work("tasks", kind="import", input=origin.url))
    found["job"] = highest(lambda: work("jobs", kind="video", input=origin.url, width=64))
    origin.close()
    return found


def problems(found):
    limits = {"idle": LARGEST_IDLE, "idle with its zygote": LARGEST_WITH_ZYGOTE}
    return [f"{what}: {held:.0f} MB, more than {limits.get(what, LARGEST_BUSY)}"
            for what, held in found.items() if held > limits.get(what, LARGEST_BUSY)]


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--gigabytes", type=float, default=5)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top)
        server = service.Server(folder)
        try:
            found = measure(server, given.gigabytes, folder)
        finally:
            server.stop()
    for what, held in found.items():
        print(f"{what}: {held:.1f} MB")
    sys.exit("\n".join(problems(found)) or 0)


if __name__ == "__main__":
    main()
