#!/usr/bin/env python3
"""S3 that goes wrong: a proxy between ittybit and a real service answers with errors, resets
connections in the middle of bodies, lets bytes trickle, cuts answers, lies about ETags and says 200
with an error inside.

    s3_soak.py [--servers swift rgw] [--jobs 100] [--chance 0.15] [--seed N]

First the whole of test_s3.py runs against each service. Then every job must end; one that
succeeded must have left the very bytes that it leaves where nothing goes wrong; one that failed
must have left nothing under its name; and no multipart upload may stay open. Prints a table, and
fails when one of these was broken. `./dev test` runs a twentieth with a fresh seed, which is
printed."""
import argparse
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import cli
import look
import s3
import s3_proxy
from service import Server, wait_for

MEDIA = cli.ROOT / "build/test_media"
WAIT = 600

BODIES = {
    "parts": {"input": "noise.flac", "kind": "audio", "options": {"format": "wav"},
              "name": "noise.wav"},
    "video": {"input": "flash-720p.mp4", "kind": "video", "options": {"width": 320, "end": 1},
              "name": "film.mp4"},
    "stream": {"input": "flash-720p.mp4", "kind": "adaptive_video", "options": {"end": 2},
               "name": "show.m3u8"},
    "poster": {"input": "flash-1080p.mp4", "kind": "image", "options": {"start": 1},
               "name": "poster.jpg"},
}


def make_noise(folder):
    """Twenty megabytes of WAV once it is decoded: three parts."""
    path = pathlib.Path(folder) / "noise.flac"
    look.output_of("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                   "anoisesrc=r=48000:d=110:seed=1", "-ac", "2", path)
    return path


def shape(key, data):
    """What is equal for equal jobs: of h264 a few bytes vary with the timing of its threads."""
    if key.endswith(".m3u8"):
        return len(data.splitlines())
    if not key.endswith((".mp4", ".m4s")):
        return hashlib.md5(data).hexdigest()
    kinds, at = [], 0
    while at < len(data):
        kinds.append(data[at + 4:at + 8])
        at += int.from_bytes(data[at:at + 4], "big") or len(data)
    assert at == len(data), f"{key} is cut"
    return [kind for kind in kinds if kind != b"free"]


def fingerprint(service, job, prefix):
    """What lies below a prefix, whatever the job was called."""
    mark = job["id"][-8:]
    found = {}
    for key in service.keys(prefix):
        data = service.read(key).replace(mark.encode(), b"########")
        found[key[len(prefix):].replace(mark, "########")] = shape(key, data)
    return found


class Soak:
    def __init__(self, folder, service, chance, seed):
        self.service, self.seed = service, seed
        self.home = f"soak-{seed:x}"
        faults = s3_proxy.at_random(seed, chance)
        self.is_calm = True
        self.proxy = s3_proxy.Proxy(
            service.address, lambda *call: None if self.is_calm else faults(*call))
        for name in {body["input"] for body in BODIES.values()}:
            path = make_noise(folder) if name == "noise.flac" else MEDIA / name
            service.put(path, f"{self.home}/in/{name}")
        self.server = Server(folder, "--concurrency", "3")
        connection = service.connection(endpoint=self.proxy.url)
        assert self.server.post("/connections", connection).status_code == 201

    def run(self, name, number):
        body = BODIES[name]
        prefix = f"{self.home}/{number}/"
        request = {**body, "input": f"s3://{self.service.bucket}/{self.home}/in/{body['input']}",
                   "output": f"s3://{self.service.bucket}/{prefix}{body['name']}"}
        del request["name"]
        job = self.server.wait(self.server.job(**request), seconds=WAIT)
        return job, fingerprint(self.service, job, prefix), prefix

    def right(self):
        """What each body leaves where nothing goes wrong."""
        right = {}
        for name in BODIES:
            job, found, _ = self.run(name, f"right-{name}")
            assert job["status"] == "succeeded", job["error"]
            right[name] = found
        self.is_calm = False
        return right

    def close(self):
        self.is_calm = True
        try:
            wait_for(lambda: not self.service.open_uploads(self.home), 150, "uploads ended")
        except AssertionError:
            pass
        left = self.service.open_uploads(self.home)
        assert self.server.stop() == 0
        self.proxy.close()
        for key in self.service.keys(self.home):
            self.service.client.delete_object(Bucket=self.service.bucket, Key=key)
        return left


def faults(jobs, chance, seed, service):
    """Counts of how jobs ended; "wrong" is what must not be."""
    counts, wrong = collections.Counter(), []
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(pathlib.Path(folder), service, chance, seed)
        right = soak.right()

        def one(number):
            name = dice.choice(sorted(BODIES))
            job, found, prefix = soak.run(name, number)
            counts[job["status"]] += 1
            if job["status"] == "succeeded" and found != right[name]:
                counts["false successes"] += 1
                wrong.append(f"{name} {job['id']} succeeded with other bytes than it should have")
            if job["status"] == "failed":
                counts[job["error"]["kind"]] += 1
                if BODIES[name]["name"] in [key[len(prefix):] for key in service.keys(prefix)]:
                    wrong.append(f"{name} {job['id']} failed and left its output: {job['error']}")

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for ended in concurrent.futures.as_completed(
                    [pool.submit(one, number) for number in range(jobs)]):
                ended.result()
        counts["requests"] = len(soak.proxy.calls)
        counts["faults"] = sum(1 for call in soak.proxy.calls if call[2])
        left = soak.close()
        counts["open uploads"] = len(left)
        wrong += [f"the upload of {key} stayed open" for key in left]
    return counts, wrong


SERVERS = {"swift": "s3_server.sh", "rgw": "rgw_server.sh"}
COLUMNS = ["requests", "faults", "succeeded", "failed", "false successes", "open uploads"]


def suite(name, service):
    """test_s3.py against this service; what pytest says of it."""
    words = [sys.executable, "-m", "pytest", "-q", "-rf", cli.ROOT / "tests/test_s3.py"]
    env = {**os.environ, **service.variables}
    del env["ITTYBIT_TEST_RUN"]  # a run of its own, which does not stop the service at its end
    run = subprocess.run(words, cwd=cli.ROOT, env=env, capture_output=True, text=True, check=False)
    print(f"{name}: {run.stdout.strip().splitlines()[-1]}", flush=True)
    return [] if run.returncode == 0 else [f"{name}: {run.stdout[-8000:]}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--servers", nargs="*", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--chance", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    all_wrong, rows = [], []
    for name in given.servers:
        try:
            service = s3.Service(SERVERS[name])
            wrong = suite(name, service)
            counts, more = faults(given.jobs, given.chance, given.seed, service)
            wrong += more
        finally:
            s3.stop(SERVERS[name])
        rows.append([name, given.jobs, given.chance, given.seed,
                     *(counts[each] for each in COLUMNS)])
        print(rows[-1], *wrong, sep="\n", flush=True)
        all_wrong += wrong
    print("| server | jobs | chance | seed | " + " | ".join(COLUMNS) + " |")
    print("| --- " * (len(COLUMNS) + 4) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    return bool(all_wrong)


if __name__ == "__main__":
    sys.exit(main())
