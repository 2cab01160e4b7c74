#!/usr/bin/env python3
"""Whatever is killed, and whenever: no job is lost, stuck, half done, or told of as two.

    kill_soak.py [--jobs 300] [--kills 200] [--victims child zygote worker server] [--seed N]

A server and an `ittybit worker` on the same data work on small jobs; at random moments a child, a
zygote, the worker or the server is killed with signal 9, and what was started by hand is started
again. Every job must exist that was answered with 201, and end; what succeeded must be whole, what
failed have been hit as often as it may; each must be told of under one webhook-id. Nothing of the
killed may live on, and neither scratch nor storage hold what belongs to nobody. `./dev test` runs a
twentieth with a fresh seed, which is printed."""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time

import requests

import cli
import look
import service
import watch

MEDIA = cli.ROOT / "build/test_media"
CROWD = 10  # jobs that are not final at one time
LEASE = 15
SLACK = 10  # seconds that a busy machine may take for what should be done at once
MOST_ATTEMPTS, MOST_CRASHES = 3, 2

# Small work of every kind, and the seconds that come out.
BODIES = [
    ({"input": "one-pixel.png", "kind": "image"}, 0),
    ({"input": "photo.jpg", "kind": "image", "width": 200}, 0),
    ({"input": "flash-720p.mp4", "kind": "image", "start": 1}, 0),
    ({"input": "tone.flac", "kind": "audio", "format": "opus"}, 5),
    ({"input": "flash-small.mp4", "kind": "video", "width": 64, "end": 2}, 2),
    ({"input": "flash-small.mkv", "kind": "video", "no_audio": True}, 5),
    ({"input": "flash-small.mp4", "kind": "animation", "width": 64, "end": 1}, 1),
    ({"input": "flash-small.mp4", "kind": "adaptive_video", "quality": "very_low"}, 5),
]


class Soak:
    def __init__(self, folder, victims, dice):
        self.victims, self.dice = victims, dice
        self.origin = service.Receiver(MEDIA)
        self.server = service.Server(folder, "--concurrency", "2")
        self.worker = service.Worker(self.server, "--concurrency", "1")
        self.asked, self.wrong, self.kills = {}, [], collections.Counter()
        self.leases = {}  # when each was first seen as it is

    # The jobs.

    def ask(self, number):
        """Asks for job `number` until it is answered, however often the server dies meanwhile."""
        body, _ = BODIES[number % len(BODIES)]
        body = {**body, "input": f"{self.origin.url}/{body['input']}",
                "webhook_url": self.origin.url}
        while True:
            with contextlib.suppress(requests.RequestException):
                answer = self.server.post("/jobs", body, headers={"Idempotency-Key": f"{number}"})
                assert answer.status_code in (200, 201), answer.text
                self.asked[answer.json()["id"]] = number
                return
            time.sleep(0.02)

    def ask_all(self, count, kills):
        """In step with the kills, so that there is always something to hit."""
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for asked in [pool.submit(self.ask_in_turn, number, number * kills // count)
                          for number in range(count)]:
                asked.result()

    def ask_in_turn(self, number, kills):
        service.wait_for(lambda: self.kills.total() >= kills - CROWD
                         and len(self.unfinished()) < CROWD, 300, "fewer jobs at once")
        self.ask(number)

    def rows(self, sql):
        """From the database itself, which is there while the server is not."""
        path = self.server.data / "ittybit.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True,
                                                timeout=30)) as database:
            return database.execute(sql).fetchall()

    def unfinished(self):
        return self.rows("SELECT id, status FROM jobs WHERE finished_at IS NULL")

    # The kills.

    def kill(self):
        victim, pids = self.dice.choice(service.wait_for(self.living, service.WAIT, "a victim"))
        pid = self.dice.choice(pids)
        below = watch.descendants(pid)
        with contextlib.suppress(ProcessLookupError):
            if victim in ("server", "worker"):
                getattr(self, victim).kill()
            else:
                os.kill(pid, signal.SIGKILL)
        self.kills[victim] += 1
        self.see_end_of([pid, *below], f"a killed {victim}")
        if victim in ("server", "worker"):
            time.sleep(self.dice.choice([0, self.dice.uniform(0, 1)]))
            getattr(self, victim).start()
        if victim == "server":
            self.leases = {}  # whoever looks for lost ones begins anew

    def living(self):
        """Who may be killed, as (victim, pids). A zygote that was killed while there was no work is
        missing until there is."""
        pids = {"server": [self.server.process.pid], "worker": [self.worker.process.pid],
                "zygote": self.zygotes(), "child": self.media_children()}
        return [(victim, pids[victim]) for victim in self.victims if pids[victim]]

    def zygotes(self):
        return [child for program in (self.server, self.worker)
                for child in watch.children(program.process.pid)]

    def media_children(self):
        return [child for zygote in self.zygotes() for child in watch.children(zygote)]

    def see_end_of(self, pids, what):
        try:
            service.wait_for(lambda: not any(map(watch.is_alive, pids)), SLACK, "its end")
        except AssertionError:
            self.wrong.append(f"{what} left processes behind")
        orphans = set(pids) - {self.server.process.pid, self.worker.process.pid}
        watch.bury(orphans)

    def look_for_stuck(self):
        now, seen = time.monotonic(), {}
        for lease in self.rows("SELECT job_id, attempt, beat FROM leases"):
            since = seen[lease] = self.leases.get(lease, now)
            if now - since > LEASE + SLACK:
                self.wrong.append(f"{lease[0]} is held {now - since:.0f} s without a beat")
        self.leases = seen
        if self.worker.process.poll() is not None:
            self.wrong.append(f"the worker ended by itself: {self.worker.process.returncode}")
            self.worker.start()

    def run(self, jobs, kills):
        asker = threading.Thread(target=self.ask_all, args=(jobs, kills), daemon=True)
        asker.start()
        for number in range(kills):
            due = jobs * number // kills  # so that the kills are spread over the jobs
            service.wait_for(lambda: len(self.asked) >= due, 180, "jobs being asked for")
            time.sleep(self.dice.uniform(0, 0.8))
            self.kill()
            self.look_for_stuck()
            if number % 20 == 19:
                print(f"{number + 1} of {kills} kills, {len(self.asked)} of {jobs} jobs",
                      flush=True)
        asker.join(300)
        if len(self.asked) < jobs:
            self.wrong.append(f"only {len(self.asked)} jobs could be asked for")
        # What is held may have to wait for the end of a lease, and what was hit backs off.
        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: not self.unfinished(), 2 * LEASE + 60, "every job's end")
        self.wrong += [f"{id} is still {status}" for id, status in self.unfinished()]

    # What must be true then.

    def check_jobs(self):
        jobs = list(self.all_jobs())
        if lost := set(self.asked) - {job["id"] for job in jobs}:
            self.wrong.append(f"{len(lost)} jobs are lost: {sorted(lost)[:5]}")
        if made := {job["id"] for job in jobs} - set(self.asked):
            self.wrong.append(f"{len(made)} jobs were made twice: {sorted(made)[:5]}")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.check_job, jobs))
        return jobs

    def all_jobs(self):
        url = f"{self.server.url}/jobs?limit=100"
        while url:
            answer = self.server.get(url)
            yield from answer.json()
            url = answer.links.get("next", {}).get("url")

    def check_job(self, job):
        if job["status"] == "succeeded":
            seconds = BODIES[self.asked.get(job["id"], 0) % len(BODIES)][1]
            try:
                self.check_output(job, seconds)
            except AssertionError as broken:
                self.wrong.append(f"{job['id']} ({job['kind']}): {broken}")
        elif job["status"] == "failed":
            (attempts,), = self.rows(
                f"SELECT attempt - uncounted FROM jobs WHERE id = '{job['id']}'")
            if job["error"]["kind"] != "task_crashed" or attempts < MOST_CRASHES:
                self.wrong.append(f"{job['id']}: after {attempts} attempts: {job['error']}")

    def check_output(self, job, seconds):
        file = job["tasks"][3]["output"]
        service.check_bytes(self.server.get, job)
        complaints = look.decode_complaints(job["output"])
        assert not complaints, complaints
        if seconds:
            assert abs(look.duration(job["output"]) - seconds) < 0.2, "it is too short or too long"
            assert abs(file["duration"] - seconds) < 0.2, "its duration is not true"

    def check_webhooks(self, jobs):
        told = collections.defaultdict(set)
        with contextlib.suppress(AssertionError):  # one that was under way waits for its lease
            service.wait_for(lambda: len({headers["webhook-id"] for headers, _
                                          in list(self.origin.got)}) >= len(jobs), 60, "webhooks")
        for headers, body in self.origin.got:
            body = json.loads(body)
            told[body["id"]].add((headers["webhook-id"], body["type"]))
        for job in jobs:
            ids = told[job["id"]]
            if len(ids) != 1:
                self.wrong.append(f"{job['id']} was told of as {ids or 'nothing'}")
            elif (type := next(iter(ids))[1]) != f"job.{job['status']}":
                self.wrong.append(f"{job['id']} is {job['status']} and was told of as {type}")

    def check_leftovers(self, jobs):
        """A fresh start tidies up; then only outputs and what belongs to the living is there."""
        below = [pid for program in (self.server, self.worker)
                 for pid in watch.descendants(program.process.pid)]
        for status in (self.worker.stop(), self.server.stop()):
            if status != 0:
                self.wrong.append(f"the worker or the server ended with {status}")
        self.see_end_of(below, "an ended service")
        self.server.start()
        outputs = {job["output"].split("/")[4] for job in jobs if job["output"]}
        storage = self.server.data / "storage"

        def litter():
            uploads = [path.name for path in (storage / ".uploads").iterdir()]
            return uploads + [each.name for each in (storage / "files").iterdir()
                              if each.name not in outputs]

        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: not litter(), SLACK, "a tidy storage")
        if left := litter():
            self.wrong.append(f"{len(left)} things in storage belong to nobody: {left[:3]}")
        if (status := self.server.stop()) != 0:
            self.wrong.append(f"the server ended with {status}")
        if left := list((self.server.data / "scratch").iterdir()):
            self.wrong.append(f"left in scratch: {left}")
        if left := watch.descendants(os.getpid()):
            self.wrong.append(f"{len(left)} processes live on")

    def close(self):
        for program in (self.worker, self.server):
            program.process.kill()
            program.process.wait()
        self.origin.close()


def run(folder, jobs, kills, victims, seed):
    soak = Soak(folder, victims, random.Random(seed))
    try:
        soak.run(jobs, kills)
        found = soak.check_jobs()
        soak.check_webhooks(found)
        soak.check_leftovers(found)
    finally:
        soak.close()
    ends = collections.Counter(job["status"] for job in found)
    return {"seed": seed, "kills": dict(soak.kills), "jobs": dict(ends), "wrong": soak.wrong,
            "webhooks": len(soak.origin.got)}


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--jobs", type=int, default=300)
    words.add_argument("--kills", type=int, default=200)
    words.add_argument("--victims", nargs="+", default=["child", "zygote", "worker", "server"])
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words.add_argument("--keep", type=pathlib.Path, help="a folder for data and logs")
    given = words.parse_args()
    watch.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="ittybit-kills-") as folder:
        began = time.monotonic()
        found = run(given.keep or pathlib.Path(folder), given.jobs, given.kills, given.victims,
                    given.seed)
    print(json.dumps({"build": cli.build(), **found, "seconds": round(time.monotonic() - began)}))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
