#!/usr/bin/env python3
"""Cancelled at any moment: answered at once, and within 2 s nothing of the job is left.

    cancel_soak.py [--cancels 100] [--seed N]

One job at a time, of every kind and too long to end by itself, is cancelled after a random time:
while it waits for its input, while it is probed, fetched, encoded, exported. The answer must be the
cancelled job, and then no process but the spare one, no scratch file and no byte in storage may
stay longer than 2 s. `./dev test` runs a twentieth with a fresh seed, which is printed."""
import argparse
import collections
import json
import random
import sys
import tempfile
import time

import cli
import service
import watch

MEDIA = cli.ROOT / "build/test_media"
AT_ONCE, GONE = 1, 2  # seconds; the first is what a busy machine may make of nothing

BODIES = [
    {"input": "flash-1080p.mp4", "kind": "video", "format": "webm", "quality": "very_high"},
    {"input": "flash-1080p.mp4", "kind": "adaptive_video", "quality": "very_high"},
    {"input": "flash-720p.mp4", "kind": "animation", "format": "webp", "end": 6, "fps": 25},
    {"input": "photo-24mp.jpg", "kind": "image", "format": "avif", "quality": "very_high"},
    {"input": "flash-prores.mov", "kind": "video", "codec": "h265"},
    {"input": "surround.flac", "kind": "audio", "format": "wav"},
    {"input": "stall", "kind": "video"},
]


class Soak:
    def __init__(self, folder, dice):
        self.dice, self.wrong, self.phases = dice, [], collections.Counter()
        self.answers, self.ends = [], []
        self.origin = service.Receiver(MEDIA)
        self.server = service.Server(folder, "--concurrency", "1")
        (self.zygote,) = watch.children(self.server.process.pid)

    def cancel_one(self, number):
        """Whether the job was still to be cancelled."""
        body = BODIES[number % len(BODIES)]
        job = self.server.job(**{**body, "input": f"{self.origin.url}/{body['input']}"})
        # Most of a job's life is encoding; its first moments are as interesting.
        if body["input"] != "stall" and self.dice.random() < 0.6:
            service.wait_for(lambda: self.is_encoding(job), service.WAIT, "an encode")
        time.sleep(self.dice.uniform(0, 0.5))
        began = time.monotonic()
        answer = self.server.post(f"/jobs/{job['id']}/cancel")
        took = time.monotonic() - began
        if answer.status_code == 409:
            assert self.server.call("DELETE", f"/jobs/{job['id']}").status_code == 204
        elif answer.status_code != 200 or answer.json()["status"] != "cancelled":
            self.wrong.append(f"{job['id']}: {answer.status_code} {answer.text[:200]}")
        else:
            self.answers.append(took)
            tasks = answer.json()["tasks"]
            begun = [task["kind"] for task in tasks if task["started_at"]]
            self.phases[begun[-1] if begun else "queued"] += 1
            if took > AT_ONCE:
                self.wrong.append(f"{job['id']}: answered after {took:.2f} s")
        self.see_end(f"{job['id']} ({body['kind']}, {answer.status_code})", began + took)
        return answer.status_code == 200

    def is_encoding(self, job):
        now = self.server.get(f"/jobs/{job['id']}").json()
        return now["tasks"][2]["started_at"] or now["status"] in service.FINAL

    def left(self):
        """What is there beside the spare child and its empty folder."""
        children = watch.children(self.zygote)
        return {name: what for name, what in {
            "processes": children if len(children) > 1 else [],
            "scratch": watch.open_scratch(self.server),
            "storage": watch.files_below(self.server.data / "storage"),
        }.items() if what}

    def see_end(self, name, began):
        try:
            service.wait_for(lambda: not self.left(), GONE, "nothing")
            self.ends.append(time.monotonic() - began)
        except AssertionError:
            self.wrong.append(f"{name}: left after {GONE} s: {self.left()}")
            service.wait_for(lambda: not self.left(), service.WAIT, "an end")

    def close(self):
        self.origin.may_go_on.set()
        if (status := self.server.stop()) != 0:
            self.wrong.append(f"the server ended with {status}")
        if left := list((self.server.data / "scratch").iterdir()):
            self.wrong.append(f"left in scratch: {left}")
        self.origin.close()


def run(folder, cancels, seed):
    soak = Soak(folder, random.Random(seed))
    try:
        number = done = 0
        while done < cancels and number < 3 * cancels:
            done += soak.cancel_one(number)
            number += 1
    finally:
        soak.close()
    if done < cancels:
        soak.wrong.append(f"only {done} jobs could be cancelled before their end")
    return {"seed": seed, "cancels": done, "ended_before": number - done,
            "phases": dict(soak.phases), "slowest_answer_s": round(max(soak.answers), 3),
            "longest_end_s": round(max(soak.ends), 3), "wrong": soak.wrong}


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--cancels", type=int, default=100)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="ittybit-cancels-") as folder:
        found = run(folder, given.cancels, given.seed)
    print(json.dumps({"build": cli.build(), **found}))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
