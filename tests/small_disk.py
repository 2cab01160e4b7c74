#!/usr/bin/env python3
"""A server whose scratch folder is a disk of 200 MB, and jobs that need more.

Run by test_limits.py inside `unshare -m`. Prints what was found as JSON; `wrong` must be empty."""
import collections
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import service

DISK = 200_000_000
SECOND = 4 * 44100


def wav_header(size):
    """Of a file of this many bytes: stereo, 16 bits, 44.1 kHz."""
    data = size - 44
    return (b"RIFF" + (data + 36).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
            + b"\1\0\2\0" + (44100).to_bytes(4, "little") + SECOND.to_bytes(4, "little")
            + b"\4\0\x10\0data" + data.to_bytes(4, "little"))


class Silence(http.server.BaseHTTPRequestHandler):
    """/ranges/N and /plain/N are N bytes of silence as WAV, with and without ranges; all else lies
    in a folder."""

    protocol_version = "HTTP/1.1"
    folder = pathlib.Path()

    def do_GET(self):
        _, way, name = self.path.split("/")
        if way == "file":
            return self.send((self.folder / name).read_bytes(), None, 200)
        size = int(name)
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if way == "plain" or not asked:
            return self.send_silence(size, 0, size, 200)
        begin, end = int(asked[1]), int(asked[2] or size - 1) + 1
        return self.send_silence(size, begin, min(end, size), 206)

    def send_silence(self, size, begin, end, status):
        self.head(status, end - begin, f"bytes {begin}-{end - 1}/{size}")
        head = wav_header(size)[begin:end]
        self.wfile.write(head)
        left, zeros = end - begin - len(head), bytes(1 << 20)
        while left > 0:
            self.wfile.write(zeros[:left])
            left -= len(zeros)

    def send(self, data, place, status):
        self.head(status, len(data), place)
        self.wfile.write(data)

    def head(self, status, length, place):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if status == 206:
            self.send_header("Content-Range", place)
        self.end_headers()

    def log_message(self, *_):
        pass


class Pulse(threading.Thread):
    """Asks for /health all the time, and notes the longest wait for it."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.longest, self.count, self.is_over = server, 0.0, 0, False
        self.start()

    def run(self):
        while not self.is_over:
            began = time.monotonic()
            assert self.server.get("/health").status_code in (200, 503)  # full, but it answers
            self.longest = max(self.longest, time.monotonic() - began)
            self.count += 1
            time.sleep(0.05)


def used(folder):
    facts = os.statvfs(folder)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def bodies(url):
    """50 jobs that need more than there is, in three ways; and three that only fit one by one."""
    big, fits = 300_000_000, 120_000_000
    audio = {"kind": "audio", "options": {"format": "flac"}}
    too_much = [{**audio, "input": f"{url}/ranges/{big}"}] * 25
    too_much += [{**audio, "input": f"{url}/plain/{big}"}] * 15
    # Little to read, and much to write.
    too_much += [{"kind": "audio", "input": f"{url}/file/silence.flac",
                  "options": {"format": "wav"}}] * 10
    return too_much, [{**audio, "input": f"{url}/ranges/{fits}"}] * 3


def run(folder):
    scratch = folder / "data/scratch"
    scratch.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(scratch)],
                   check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=d=1700",
                    str(folder / "silence.flac")], check=True, stdin=subprocess.DEVNULL)
    Silence.folder = folder
    origin = service.QuietServer(("127.0.0.1", 0), Silence)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{origin.server_port}"
    server = service.Server(folder, "--concurrency", "4")
    before, pulse = used(scratch), Pulse(server)
    too_much, one_by_one = bodies(url)
    wrong, ends = [], collections.Counter()
    for some, expected in ((too_much, "failed disk_full"), (one_by_one, "succeeded ")):
        for job in [server.job(**body) for body in some]:
            ended = server.wait(job, seconds=240)
            end = f"{ended['status']} {(ended['error'] or {}).get('kind', '')}"
            ends[end] += 1
            if end != expected:
                wrong.append(f"{job['input']}: {end}: {ended['error']}")
    pulse.is_over = True
    pulse.join()
    try:
        service.wait_for(lambda: used(scratch) <= before, 10, "an empty scratch")
    except AssertionError:
        wrong.append(f"{used(scratch) - before} bytes are left in scratch")
    if pulse.longest > 2 or pulse.count < 10:
        wrong.append(f"/health took {pulse.longest:.1f} s ({pulse.count} answers)")
    wrong += [] if server.stop() == 0 else ["the server does not end well"]
    return {"ends": dict(ends), "health_s": round(pulse.longest, 3), "wrong": wrong}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ittybit-disk-") as name:
        result = run(pathlib.Path(name))
        subprocess.run(["umount", str(pathlib.Path(name) / "data/scratch")], check=True)
    print(json.dumps(result))
    sys.exit(0)
