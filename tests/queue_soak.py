#!/usr/bin/env python3
"""Many jobs queued at once: claimed in order of arrival, all end, none is worked on twice.

    queue_soak.py [--jobs 1000]"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import time

import cli
import service

MEDIA = cli.ROOT / "build/test_media"
SLOTS = 2


def run(server, origin, count):
    """What was broken, in words. The slots are kept busy while the jobs arrive."""
    with origin.stall() as url, concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(SLOTS):
            server.job(input=url, kind="image")
        service.wait_for(lambda: len(server.get("/jobs?status=processing").json()) == SLOTS, 20,
                         "both slots being busy")
        body = {"input": f"{origin.url}/one-pixel.png", "kind": "image"}
        jobs = [job["id"] for job in pool.map(lambda _: server.job(**body), range(count))]
    ended = []
    deadline = time.monotonic() + 60 + count
    while len(ended) < count and time.monotonic() < deadline:
        time.sleep(0.5)
        ended = [job for job in listed(server) if job["id"] in set(jobs)
                 and job["status"] in service.FINAL]
    starts = collections.Counter(
        line["job"] for line in read_log(server) if line["message"] == "job started")
    times = [job["started_at"] for job in sorted(ended, key=lambda job: job["id"])]
    return [what for what, is_true in {
        f"{count - len(ended)} jobs did not end": len(ended) < count,
        "two jobs have one id": len(set(jobs)) < count,
        "not all succeeded": any(job["status"] != "succeeded" for job in ended),
        "a job was worked on twice": any(starts[id] != 1 for id in jobs),
        "jobs were not claimed in order of arrival": times != sorted(times),
    }.items() if is_true]


def listed(server):
    url = f"{server.url}/jobs?limit=100"
    while url:
        answer = server.get(url)
        yield from answer.json()
        url = answer.links.get("next", {}).get("url")


def read_log(server):
    lines = (pathlib.Path(server.folder) / "server.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("--jobs", type=int, default=1000)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        origin = service.Receiver(MEDIA)
        server = service.Server(folder, "--concurrency", f"{SLOTS}")
        begin = time.monotonic()
        try:
            broken = run(server, origin, given.jobs)
            status = server.stop()
        finally:
            server.process.kill()
            origin.close()
    print(f"{given.jobs} jobs in {time.monotonic() - begin:.0f} s:",
          "; ".join(broken) or "in order, all ended, none twice")
    sys.exit(bool(broken) or status)


if __name__ == "__main__":
    main()
