#!/usr/bin/env python3
"""A fleet of which anything may go wrong: two servers and three workers, each on a machine of its
own (tests/machines.py), with one PostgreSQL and one S3.

    fleet_soak.py [--seconds 600] [--seed N]

Small jobs are asked for all the time, at either server. Meanwhile, at random: a process is killed
with signal 9, or stands still beyond its lease with all its children and goes on; a cable is pulled
or becomes slow; a machine loses PostgreSQL from sight and nothing else; PostgreSQL is restarted or
crashes; S3 answers one request in twenty wrongly. The machines' clocks are a minute or two apart.

In the end every job that was answered with 201 must be final, and done once: told of under one
webhook-id with one content; what succeeded must be whole, picture by picture as where nothing goes
wrong; what failed must be so by an input or output that could not be reached. No upload may stay
open, no object, scratch byte or process be there that belongs to nobody. `./dev test` runs a
twentieth with a fresh seed, which is printed."""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time

import requests

import apart
import cli
import look
import machines
import postgres
import s3
import s3_proxy
import s3_soak
import service
import watch

MEDIA = cli.ROOT / "build/test_media"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
CROWD = 8  # jobs that are not final at one time
LEASE = 15
SLACK = 10  # seconds that a busy machine may take for what should be done at once
TIDY = 150  # seconds, for the janitor's minute and an upload that may be somebody else's
MOST_ATTEMPTS = 3
FAR_END = {"download_failed", "upload_failed"}

BODIES = [
    {"input": "photo.jpg", "kind": "image", "width": 200},
    {"input": "flash-720p.mp4", "kind": "image", "start": 1},
    {"input": "tone.flac", "kind": "audio", "format": "opus"},
    {"input": "noise.flac", "kind": "audio", "format": "wav"},  # three parts
    {"input": "flash-small.mp4", "kind": "video", "width": 64, "end": 2},
    {"input": "flash-720p.mp4", "kind": "video", "width": 640},
    {"input": "flash-small.mp4", "kind": "animation", "width": 64, "end": 1},
    {"input": "flash-small.mp4", "kind": "adaptive_video", "quality": "very_low"},
]


def around_lease(dice):
    return dice.choice([dice.uniform(1, LEASE), dice.uniform(LEASE, 3 * LEASE)])


class Program:
    """`ittybit serve` or `ittybit worker` on a machine of its own, whose supervisor starts it again
    when it is gone."""

    def __init__(self, what, number, clock, env, folder):
        self.name = f"{what} {number}"
        self.machine = machines.Machine(number)
        self.url = f"http://{self.machine.address}:8080"
        self.words = [what, "--concurrency", "1", "--allow-private-network"]
        if what == "serve":
            self.words += ["--listen", f"{self.machine.address}:8080"]
        self.data, self.log = folder / f"{number}", folder / f"{number}.log"
        self.env = {**cli.environment(folder), **env, "ITTYBIT_DATA": str(self.data),
                    "LD_PRELOAD": FAKETIME, "FAKETIME": f"{clock:+}", "DONT_FAKE_MONOTONIC": "1"}
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.seen = log.tell()
            self.process = subprocess.Popen(
                self.machine.command(cli.BINARY, *self.words), env=self.env, stdout=log,
                stderr=log)

    def lines(self, since=0):
        for line in self.log.read_bytes()[since:].splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)

    def is_up(self):
        return any(line["message"] in ("listening", "working") for line in self.lines(self.seen))

    def pids(self):
        return [self.process.pid, *watch.descendants(self.process.pid)]

    def signal(self, number):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class Soak:
    def __init__(self, folder, seed):
        self.seed, self.wrong, self.troubles = seed, [], collections.Counter()
        self.asked, self.is_over = {}, threading.Event()
        machines.make_wire()
        self.media = folder / "media"
        self.media.mkdir()
        for path in MEDIA.iterdir():
            (self.media / path.name).symlink_to(path)
        s3_soak.make_noise(self.media)
        self.origin = service.Receiver(self.media, machines.HERE)
        self.home = pathlib.Path(f"{postgres.folder()}-fleet")
        self.database = self.make_database()
        self.service = s3.Service()
        self.prefix = f"fleet-{seed}"
        faults = s3_proxy.at_random(seed, 0.05)
        self.proxy = s3_proxy.Proxy(
            self.service.address, lambda *call: None if self.is_calm else faults(*call),
            address=machines.HERE)
        self.is_calm = True
        self.programs = self.make_programs(folder)

    def make_database(self):
        """Reached by its socket from here, by the wire from the machines."""
        postgres.start(self.home)
        database = postgres.create(self.home)
        postgres.query(database, f"ALTER SYSTEM SET listen_addresses = '{machines.DATABASE}'")
        with open(self.home / "data/pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all 10.9.0.0/24 trust\n")
        postgres.control("stop", self.home)
        postgres.control("again", self.home)
        return database

    def make_programs(self, folder):
        name = self.database.split("/")[3].split("?")[0]
        env = {
            **self.service.aws(AWS_ENDPOINT_URL_S3=self.proxy.url),
            "ITTYBIT_DATABASE": f"postgres://postgres@{machines.DATABASE}/{name}",
            "ITTYBIT_STORAGE": f"s3://{self.service.bucket}/{self.prefix}",
            "ITTYBIT_SECRET_KEY": secrets.token_hex(32), "ITTYBIT_WEBHOOK_SECRET": "whsec_c2VjcmV0",
        }
        fleet = [("serve", 2, 0), ("serve", 3, 60), ("worker", 4, -60), ("worker", 5, 60),
                 ("worker", 6, 0)]
        programs = []
        for what, number, clock in fleet:
            program = Program(what, number, clock, env, folder)
            programs.append(program)
            service.wait_for(program.is_up, service.WAIT, f"{program.name} that is up")
            ahead = next(program.lines())["time"] / 1000 - time.time()
            assert abs(ahead - clock) < SLACK, f"the clock of {program.name} is {ahead} s ahead"
        self.servers = programs[:2]
        self.key = (programs[0].data / "first-key").read_text().strip()
        return programs

    # The jobs.

    def call(self, method, url, **more):
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        return requests.request(method, url, headers=headers, **{"timeout": service.WAIT, **more})

    def ask(self, number, dice):
        """Asks for job `number` at either server until it is answered."""
        body = BODIES[number % len(BODIES)]
        body = {**body, "input": f"{self.origin.url}/{body['input']}",
                "webhook_url": f"{self.origin.url}/hook"}
        while True:
            with contextlib.suppress(requests.RequestException):
                answer = self.call("POST", f"{dice.choice(self.servers).url}/jobs", json=body,
                                   headers={"Idempotency-Key": f"{number}"}, timeout=5)
                if answer.status_code in (200, 201):
                    self.asked[answer.json()["id"]] = number
                    return answer.json()
                # A server without its database says so.
                if answer.status_code != 503:
                    self.wrong.append(f"POST /jobs: {answer.status_code} {answer.text}")
            time.sleep(0.1)

    def ask_all(self):
        dice, number = random.Random(f"{self.seed} jobs"), len(BODIES)
        while not self.is_over.is_set():
            with contextlib.suppress(AssertionError):  # PostgreSQL is away
                if len(self.unfinished()) < CROWD:
                    self.ask(number, dice)
                    number += 1
            time.sleep(0.1)

    def rows(self, sql):
        return postgres.query(self.database, sql)

    def unfinished(self):
        return self.rows("SELECT id, status FROM jobs WHERE finished_at IS NULL")

    def look_at_right_ones(self):
        """What each body makes where nothing goes wrong; one by one, for S3 is slow at first."""
        dice, self.right = random.Random(self.seed), []
        for number in range(len(BODIES)):
            job = self.ask(number, dice)
            service.wait_for(lambda: not self.unfinished(), 120, "its end")
            self.right.append(self.measured(self.shown(job["id"])))

    def shown(self, id):
        return self.call("GET", f"{self.servers[0].url}/jobs/{id}").json()

    def measured(self, job):
        """Streams with their pictures or packets, seconds, and whether every byte is there."""
        assert job["status"] == "succeeded", job["error"]
        service.check_bytes(lambda path: self.call("GET", self.servers[0].url + path), job)
        complaints = look.decode_complaints(job["output"])
        assert not complaints, complaints
        told = json.loads(look.output_of(
            "ffprobe", "-v", "error", "-count_frames", "-show_entries",
            "stream=codec_name,width,height,nb_read_frames,duration", "-of", "json",
            job["output"]))
        return told["streams"]

    # The troubles.

    def trouble(self, program):
        """One program's, one after the other."""
        dice = random.Random(f"{self.seed} {program.name}")
        while not self.is_over.wait(dice.uniform(1, 10)):
            kind = dice.choice(["kill", "stop", "cut", "slow", "lose"])
            self.troubles[kind] += 1
            try:
                getattr(self, kind)(program, dice)
            except Exception as error:  # it must not end unseen
                self.wrong.append(f"{kind} of {program.name}: {error!r}")
            self.supervise(program)

    def supervise(self, program):
        """A program may end by itself only because it cannot begin."""
        if program.process.poll() is None:
            return
        if program.is_up():
            self.wrong.append(f"{program.name} ended by itself: {program.process.returncode}")
        self.troubles["started in vain"] += 1
        program.start()

    def kill(self, program, dice):
        pids = program.pids()
        program.process.kill()
        program.process.wait()
        self.see_end_of(pids, f"the killed {program.name}")
        time.sleep(dice.choice([0, dice.uniform(0, LEASE + 10)]))
        program.start()

    def stop(self, program, dice):
        program.signal(signal.SIGSTOP)
        time.sleep(dice.uniform(LEASE + 2, 3 * LEASE))
        program.signal(signal.SIGCONT)

    def cut(self, program, dice):
        program.machine.cut()
        time.sleep(around_lease(dice))
        program.machine.mend()

    def lose(self, program, dice):
        program.machine.lose(machines.DATABASE)
        time.sleep(around_lease(dice))
        program.machine.find(machines.DATABASE)

    def slow(self, program, dice):
        program.machine.slow_down()
        time.sleep(dice.uniform(3, LEASE))
        program.machine.speed_up()

    def trouble_database(self):
        dice = random.Random(f"{self.seed} database")
        while not self.is_over.wait(dice.uniform(8, 40)):
            mode = dice.choice(["fast", "immediate"])
            self.troubles[f"postgresql {mode}"] += 1
            postgres.control("stop", self.home, mode)
            time.sleep(dice.choice([0, dice.uniform(0, 12)]))
            postgres.control("again", self.home)

    def see_end_of(self, pids, what):
        try:
            service.wait_for(lambda: not any(map(watch.is_alive, pids)), SLACK, "its end")
        except AssertionError:
            self.wrong.append(f"{what} left processes behind")
        watch.bury(set(pids) - {program.process.pid for program in self.programs})

    def run(self, seconds):
        self.look_at_right_ones()
        self.is_calm = False
        threads = [threading.Thread(target=self.trouble, args=[program], daemon=True)
                   for program in self.programs]
        threads += [threading.Thread(target=work, daemon=True)
                    for work in (self.trouble_database, self.ask_all)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(30, max(0, end - time.monotonic())))
            print(f"{len(self.asked)} jobs, {dict(self.troubles)}", flush=True)
        self.is_over.set()
        for thread in threads:
            thread.join(180)
            assert not thread.is_alive(), "a thread of the soak does not end"
        self.is_calm = True
        for program in self.programs:
            self.supervise(program)
        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: not self.unfinished(), 2 * LEASE + 120, "every job's end")
        self.wrong += [f"{id} is still {status}" for id, status in self.unfinished()]

    # What must be true then.

    def check_jobs(self):
        jobs = [self.shown(id) for (id,) in self.rows("SELECT id FROM jobs ORDER BY id")]
        if lost := set(self.asked) - {job["id"] for job in jobs}:
            self.wrong.append(f"{len(lost)} jobs are lost: {sorted(lost)[:5]}")
        if made := {job["id"] for job in jobs} - set(self.asked):
            self.wrong.append(f"{len(made)} jobs were made twice: {sorted(made)[:5]}")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.check_job, jobs))
        return jobs

    def check_job(self, job):
        if job["status"] == "failed" and job["error"]["kind"] in FAR_END:
            return
        try:
            found, right = self.measured(job), self.right[self.asked[job["id"]] % len(BODIES)]
            assert found == right, f"{found} in place of {right}"
        except AssertionError as broken:
            self.wrong.append(f"{job['id']} ({job['kind']}): {broken}")

    def check_that_once(self, jobs):
        """By what each attempt and each file is on record."""
        for id, attempt, uncounted in self.rows("SELECT id, attempt, uncounted FROM jobs"):
            if not 1 <= int(attempt) - int(uncounted) <= MOST_ATTEMPTS:
                self.wrong.append(f"{id}: {attempt} attempts, {uncounted} of them uncounted")
        ended = collections.Counter(
            line["job"] for program in self.programs for line in program.lines()
            if line.get("message") == "job ended")
        self.wrong += [f"{id} ended {count} times" for id, count in ended.items() if count > 1]
        shown = dict(self.rows("SELECT job_id, count(*) FROM files WHERE role = 'output' AND "
                               "is_ready = 1 GROUP BY job_id"))
        for job in jobs:
            if int(shown.get(job["id"], 0)) != (job["status"] == "succeeded"):
                self.wrong.append(f"{job['id']} is {job['status']}, files: {shown.get(job['id'])}")
        if leases := self.rows("SELECT job_id, worker FROM leases"):
            self.wrong.append(f"leases of nothing: {leases}")

    def check_webhooks(self, jobs):
        def told():
            by_job = collections.defaultdict(set)
            for headers, body in list(self.origin.got):
                message = json.loads(body)
                by_job[message["id"]].add((headers["webhook-id"], message["type"], body))
            return by_job

        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: len(told()) >= len(jobs), 120, "webhooks")
        by_job = told()
        for job in jobs:
            if len(by_job[job["id"]]) != 1:
                self.wrong.append(f"{job['id']} was told of as {by_job[job['id']] or 'nothing'}")
            elif (type := next(iter(by_job[job["id"]]))[1]) != f"job.{job['status']}":
                self.wrong.append(f"{job['id']} is {job['status']} and was told of as {type}")
        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: not self.pending(), 60, "deliveries")
        self.wrong += [f"the webhook of {id} is {status}" for id, status in self.pending()]

    def pending(self):
        return self.rows("SELECT job_id, status FROM deliveries WHERE status <> 'delivered'")

    def litter(self):
        """What is in S3 and belongs to nobody."""
        known = {id for (id,) in self.rows("SELECT id FROM files WHERE is_ready = 1")}
        keys = [key for key in self.service.keys(f"{self.prefix}/")
                if key.split("/")[2] not in known]
        return keys + self.service.open_uploads(f"{self.prefix}/")

    def check_leftovers(self):
        with contextlib.suppress(AssertionError):
            service.wait_for(lambda: not self.litter(), TIDY, "a tidy bucket")
        if left := self.litter():
            self.wrong.append(f"{len(left)} things in S3 belong to nobody: {left[:3]}")
        if left := self.rows("SELECT receipt FROM open_uploads"):
            self.wrong.append(f"uploads that are gone are on record: {left[:3]}")
        for program in self.programs:
            pids = program.pids()
            program.process.terminate()
            if (status := program.process.wait(service.WAIT)) != 0:
                self.wrong.append(f"{program.name} ended with {status}")
            self.see_end_of(pids, f"the ended {program.name}")
            if left := watch.files_below(program.data / "scratch"):
                self.wrong.append(f"left in the scratch folder of {program.name}: {left[:3]}")
        ours = [pid for pid in watch.descendants(os.getpid()) if watch.name_of(pid) in
                ("ittybit", "ittybit-media")]
        if ours:
            self.wrong.append(f"{len(ours)} processes live on")

    def close(self):
        self.is_over.set()
        for program in self.programs:
            program.signal(signal.SIGKILL)
            program.machine.close()
        self.proxy.close()
        self.origin.close()
        s3.stop()
        with contextlib.suppress(AssertionError):
            postgres.control("stop", self.home, "immediate")


def run(folder, seconds, seed):
    soak = Soak(folder, seed)
    try:
        soak.run(seconds)
        jobs = soak.check_jobs()
        soak.check_that_once(jobs)
        soak.check_webhooks(jobs)
        soak.check_leftovers()
    finally:
        soak.close()
    return {"seed": seed, "troubles": dict(soak.troubles),
            "jobs": dict(collections.Counter(job["status"] for job in jobs)),
            "s3 faults": sum(1 for call in soak.proxy.calls if call[2]),
            "webhooks": len(soak.origin.got), "wrong": soak.wrong}


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--seconds", type=int, default=600)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words.add_argument("--keep", type=pathlib.Path, help="a folder for data and logs")
    given = words.parse_args()
    apart.go("-n")
    print(f"seed {given.seed}", flush=True)
    watch.adopt_orphans()
    # A run of its own, whose S3 and PostgreSQL are on the wire.
    for name in s3.NAMES:
        os.environ.pop(name, None)
    os.environ["ITTYBIT_TEST_RUN"] = str(os.getpid())
    with tempfile.TemporaryDirectory(prefix="ittybit-fleet-") as folder:
        began = time.monotonic()
        found = run(given.keep or pathlib.Path(folder), given.seconds, given.seed)
    print(json.dumps({"build": cli.build(), **found, "took": round(time.monotonic() - began)}))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
