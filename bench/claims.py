#!/usr/bin/env python3
"""What a claim takes: fifty workers, two claims a second each, when many jobs have been done and a
tenth as many wait. Ours and pg-boss' in turn, each on a fresh PostgreSQL that syncs.

    claims.py [--rounds N] [--ended N] [--seconds S]

Ours is src/store/claimers_test.cpp, the queue's own code with fifty databases open, and measures
beats too, and the same before anything was done; pg-boss' is bench/rivals/pgboss_claims.mjs, fifty
connections of one process."""
import argparse
import os
import pathlib
import subprocess

import api

OURS = ["build/release/store_test", "--gtest_brief=1", "--gtest_filter=Claimers*"]
THEIRS = ["node", api.BENCH / "rivals/pgboss_claims.mjs"]


class Store(api.OnPostgres, api.Contender):
    settings = {**api.OnPostgres.settings, "max_connections": "300"}


def measure(words, env):
    """What it prints of its numbers."""
    with api.on_disk() as place:
        store = Store(pathlib.Path(place))
        store.open_store()
        env = {**os.environ, **env, "SOCKET": str(store.socket), "ITTYBIT_BENCH_POSTGRES":
               f"postgres:///postgres?host={store.socket}&user=postgres"}
        try:
            told = subprocess.run(words, env=env, cwd=api.ROOT, capture_output=True, text=True,
                                  check=False)
        finally:
            store.close()
    if told.stderr:
        print(told.stderr)
    return [line for line in told.stdout.splitlines() if " claims, " in line or "Failure" in line]


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--ended", type=int, default=1_000_000)
    words.add_argument("--seconds", type=int, default=20)
    given = words.parse_args()
    env = {"ENDED": str(given.ended), "SECONDS": str(given.seconds),
           "ITTYBIT_FULL_TABLE": str(given.ended)}
    for _ in range(given.rounds):
        for command in OURS, THEIRS:
            for line in measure(command, env):
                print(f"{line}, load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
