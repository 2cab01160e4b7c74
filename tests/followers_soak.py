#!/usr/bin/env python3
"""Whoever follows a job may leave at any moment, in any way, and many at once.

    followers_soak.py [--leaves 20000] [--seed N]

Rounds of up to 800 followers of one job, who leave together while jobs are posted and cancelled
beside them: before they read a byte, amid events, by closing, by a reset, by closing one half. The
server must live, answer others meanwhile, tell those who stay, and keep no connection. `./dev test`
runs a twentieth with a fresh seed, which is printed."""
import argparse
import json
import os
import pathlib
import random
import resource
import socket
import struct
import sys
import tempfile
import threading
import time

import cli
import service

RESET = struct.pack("ii", 1, 0)


def close(follower):
    follower.close()


def reset(follower):
    follower.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    follower.close()


def close_one_half(follower):
    follower.shutdown(socket.SHUT_WR)
    follower.close()


def target_of(descriptor):
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:  # closed since the folder was read
        return ""


class Soak:
    def __init__(self, folder, dice):
        self.dice, self.wrong, self.is_over = dice, [], threading.Event()
        self.slowest, self.posts = 0, 0
        self.origin = service.Receiver()
        self.server = service.Server(folder, "--concurrency", "1")
        self.job = self.post()
        self.load = threading.Thread(target=self.change_jobs, daemon=True)

    def post(self):
        return self.server.job(input=f"{self.origin.url}/stall", kind="image")

    def change_jobs(self):
        """Each commit is something that followers may have to be told."""
        while not self.is_over.is_set():
            began = time.monotonic()
            job = self.post()
            self.server.post(f"/jobs/{job['id']}/cancel")
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.posts += 1
            self.is_over.wait(self.dice.uniform(0, 0.04))

    def follow(self):
        follower = socket.create_connection(("127.0.0.1", self.server.port), timeout=service.WAIT)
        follower.sendall(f"GET /jobs/{self.job['id']}/events HTTP/1.1\r\nHost: a\r\n"
                         f"Authorization: Bearer {self.server.key}\r\n\r\n".encode())
        return follower

    def round(self, count):
        followers = [self.follow() for _ in range(count)]
        for follower in followers:
            if self.dice.random() < 0.7 and not follower.recv(100_000).startswith(b"HTTP/1.1 200"):
                self.wrong.append("a follower got no events")
        time.sleep(self.dice.uniform(0, 0.3))
        self.dice.shuffle(followers)
        for follower in followers:
            self.dice.choice([close, close, reset, close_one_half])(follower)
        if self.server.process.poll() is not None:
            self.wrong.append(f"the server ended with {self.server.process.returncode}")
        elif not self.server.get("/health").ok:
            self.wrong.append("the server is not well")

    def connections(self):
        descriptors = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        return sum("socket" in target_of(one) for one in descriptors.iterdir())

    def run(self, leaves):
        before, left = self.connections(), leaves
        self.load.start()
        while left > 0 and not self.wrong:
            count = min(left, self.dice.randint(1, min(800, leaves)))
            self.round(count)
            left -= count
        self.is_over.set()
        self.load.join()
        if self.wrong:
            return
        with self.follow() as last:
            assert self.server.post(f"/jobs/{self.job['id']}/cancel").ok
            told = last.makefile("rb").read()
            if b'"status":"cancelled"' not in told:
                self.wrong.append(f"who stayed was not told: {told[-500:]}")
        service.wait_for(lambda: self.connections() <= before + 4, 20, "an end of connections")

    def close(self):
        self.is_over.set()
        self.origin.may_go_on.set()
        if (status := self.server.stop()) != 0:
            self.wrong.append(f"the server ended with {status}")
        self.origin.close()


def run(folder, leaves, seed):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    soak = Soak(folder, random.Random(seed))
    try:
        soak.run(leaves)
    finally:
        soak.close()
    return {"seed": seed, "leaves": leaves, "posts": soak.posts,
            "slowest_post_and_cancel_s": round(soak.slowest, 3), "wrong": soak.wrong}


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--leaves", type=int, default=20_000)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="ittybit-followers-") as folder:
        found = run(folder, given.leaves, given.seed)
    print(json.dumps({"build": cli.build(), **found}))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
