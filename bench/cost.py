#!/usr/bin/env python3
"""What a job costs the database: transactions, rows, bytes of its log, on a PostgreSQL of its own.

Forty small images with a webhook each, two slots; what the service does while nothing happens is
measured before and taken off. The numbers of docs/scaling.md."""
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import cli
import postgres
from service import Receiver, Server

JOBS, IDLE = 40, 20
COUNTS = ("transactions", "rows inserted", "rows updated", "rows deleted", "bytes of log")


def counts(url):
    time.sleep(2)  # the statistics of a session are late by a second
    [row] = postgres.query(
        url, "SELECT xact_commit, tup_inserted, tup_updated, tup_deleted, "
             "pg_current_wal_lsn() - '0/0' FROM pg_stat_database "
             "WHERE datname = current_database()")
    return [float(count) for count in row], time.monotonic()


def main():
    url, origin = postgres.create(), Receiver(cli.ROOT / "build/test_media")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, "--concurrency", "2", database=url)
        image = {"input": f"{origin.url}/flash-small.mp4", "kind": "image",
                 "webhook_url": f"{origin.url}/x"}
        server.wait(server.job(**image))
        before, began = counts(url)
        time.sleep(IDLE)
        idle, now = counts(url)
        rates = [(there - here) / (now - began) for here, there in zip(before, idle)]
        for job in [server.job(**image, width=16 + number) for number in range(JOBS)]:
            server.wait(job, seconds=300)
        after, end = counts(url)
        server.stop()
    origin.close()
    for name, here, there, rate in zip(COUNTS, idle, after, rates):
        cost = (there - here - rate * (end - now)) / JOBS
        print(f"{name}: {cost:.1f} a job, {rate:.1f} a second idle")
    postgres.stop()


if __name__ == "__main__":
    main()
