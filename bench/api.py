#!/usr/bin/env python3
"""Durable jobs a second: POST /jobs at ours, and at Node servers that use BullMQ and pg-boss.

    api.py [CONTENDER…] [--rounds N] [--seconds S] [--connections N] [--processes N] [--json FILE]

Each round gives every contender in turn a fresh store on disk, a moment to warm up and the same
load of wrk, so that whatever else the machine does meets all. Nobody takes the jobs. A job is
answered when it is synced: SQLite with synchronous = FULL, Redis with appendfsync always,
PostgreSQL with its defaults, ours and theirs set alike. The rivals add each job by itself, as their
manuals do; or together what came while the last group was under way, as ours does inside.

What is told are medians over the rounds, with the CPU time of all of a contender's processes, and
the ratio ours/theirs of each round: median, and the spread from the second lowest to the second
highest. An answer other than 201, or fewer jobs in the store than answers, ends it."""
import argparse
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import watch  # noqa: E402
from service import Receiver, Server, free_port, wait_for  # noqa: E402

BENCH = ROOT / "bench"
WARM_UP = 2
BODY = {
    "input": "https://media.example.com/uploads/2025/07/holiday-in-the-mountains.mov",
    "kind": "video",
    "options": {"format": "mp4", "codec": "h264", "quality": "high", "width": 1280, "fps": 30,
                "start": 1.5, "end": 61.5, "no_audio": False},
    "metadata": {"user": "usr_8d5f1c0a", "album": "Mountains", "tags": ["holiday", "family"]},
    "webhook_url": "https://app.example.com/hooks/media?tenant=42",
}


def cpu_seconds(pids):
    """Of processes that live, with the threads and children they have buried."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def on_disk():
    """A folder of its own, which other users may enter, on a disk rather than in memory."""
    return tempfile.TemporaryDirectory(prefix="ittybit-bench-", dir="/var/tmp")


class Contender:
    """What is started in its folder ends with it."""

    def __init__(self, folder):
        os.chmod(folder, 0o755)
        self.folder, self.started = folder, []
        self.log = open(folder / "log", "ab")

    def start(self, command, **more):
        process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log,
                                   **more)
        self.started.append(process)
        return process

    def pids(self):
        return [pid for process in self.started
                for pid in (process.pid, *watch.descendants(process.pid))]

    def close(self):
        for process in reversed(self.started):
            process.terminate()
            process.wait()
        self.log.close()


class Ours(Contender):
    """One slot, which is kept busy by an input that never comes: the rest stays queued."""

    database = "sqlite"

    def __init__(self, folder, _processes):
        super().__init__(folder)
        self.open_store()
        self.origin = Receiver()
        self.stalled = self.origin.stall()
        self.server = Server(folder, "--concurrency", "1", "--max-queued", "1000000000",
                             database=self.database)
        self.url, self.key = self.server.url, self.server.key
        job = self.server.job(input=self.stalled.__enter__(), kind="image")
        wait_for(lambda: self.server.get(f"/jobs/{job['id']}").json()["status"] == "processing",
                 30, "a busy slot")

    def open_store(self):
        """There is nothing to open."""

    def pids(self):
        return [self.server.process.pid, *super().pids()]

    def count(self):
        with contextlib.closing(sqlite3.connect(self.server.data / "ittybit.db")) as database:
            return database.execute("SELECT count(*) FROM jobs").fetchone()[0] - 1

    def close(self):
        self.server.kill()
        self.stalled.__exit__(None, None, None)
        self.origin.close()
        super().close()


class OnPostgres:
    """A PostgreSQL of the contender's own. It will not run as root: there it runs as the user that
    Debian made for it."""

    settings = {
        "listen_addresses": "", "shared_buffers": "512MB", "max_wal_size": "8GB",
        "checkpoint_timeout": "30min", "wal_buffers": "64MB", "wal_level": "minimal",
        "max_wal_senders": 0, "wal_compression": "lz4", "jit": "off",
    }

    def open_store(self):
        self.socket = self.folder / "pg"
        self.socket.mkdir()
        self.user = []
        if os.getuid() == 0:
            shutil.chown(self.socket, "postgres")
            self.user = ["runuser", "-u", "postgres", "--"]
        found = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
        self.bin = max(found, key=lambda path: int(path.parent.name))
        data = self.socket / "data"
        subprocess.run([*self.user, self.bin / "initdb", "-D", data, "-U", "postgres", "-A",
                        "trust", "-E", "UTF8"], stdout=self.log, stderr=self.log, cwd="/",
                       check=True)
        settings = {**self.settings, "unix_socket_directories": self.socket}
        words = [word for item in settings.items() for word in ("-c", "{}={}".format(*item))]
        self.start([*self.user, self.bin / "postgres", "-D", data, *words], cwd="/")
        wait_for(lambda: self.ask("SELECT 1") == "1", 30, "PostgreSQL")

    def ask(self, sql):
        told = subprocess.run([*self.user, "psql", "-h", self.socket, "-U", "postgres", "-Atc",
                               sql], capture_output=True, text=True, cwd="/", check=False)
        return told.stdout.strip()


class OursOnPostgres(OnPostgres, Ours):
    @property
    def database(self):
        return f"postgres:///postgres?host={self.socket}&user=postgres"

    def count(self):
        return int(self.ask("SELECT count(*) FROM jobs")) - 1


class Rival(Contender):
    """A Node server in front of a store; both are started here, in a folder of their own.

    How many processes, and how many groups of jobs under way in each (`lanes`; 0: one by one), is
    what was fastest on two cores, of one to three processes and one to eight lanes."""

    processes, lanes = 1, 0

    def __init__(self, folder, processes):
        super().__init__(folder)
        try:
            self.open_store()
            port, self.key = free_port(), secrets.token_hex(20)
            self.url = f"http://127.0.0.1:{port}"
            env = {**os.environ, "PORT": str(port), "KEY": self.key, "SOCKET": str(self.socket),
                   "PROCESSES": str(processes or self.processes), "LANES": str(self.lanes),
                   "NODE_ENV": "production"}
            self.start(["node", BENCH / "rivals" / self.script], env=env)
            wait_for(self.answers, 30, f"{self.script} that answers: {self.log.name}")
        except BaseException:
            self.close()
            raise

    def answers(self):
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health", timeout=5).ok


class BullMq(Rival):
    script = "bullmq.mjs"

    def open_store(self):
        self.socket = self.folder / "redis.sock"
        self.start(["redis-server", "--port", 0, "--unixsocket", self.socket, "--dir", self.folder,
                    "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                    "--auto-aof-rewrite-percentage", 0])
        wait_for(lambda: self.ask("PING") == "PONG", 30, "Redis")

    def ask(self, *words):
        told = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True,
                              text=True, check=False)
        return told.stdout.strip()

    def count(self):
        return int(self.ask("LLEN", "bull:jobs:wait"))


class BullMqBulk(BullMq):
    processes, lanes = 2, 2


class PgBoss(OnPostgres, Rival):
    script = "pgboss.mjs"
    processes = 2

    def count(self):
        return int(self.ask("SELECT count(*) FROM pgboss.job WHERE name = 'jobs'"))


class PgBossInsert(PgBoss):
    lanes = 4


CONTENDERS = {"ours": Ours, "ours on PostgreSQL": OursOnPostgres, "BullMQ add": BullMq,
              "BullMQ addBulk": BullMqBulk, "pg-boss send": PgBoss, "pg-boss insert": PgBossInsert}


def load(contender, folder, seconds, connections):
    """What wrk tells, with the jobs that it was promised."""
    body = folder / "body.json"
    body.write_text(json.dumps(BODY))
    command = ["wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "--timeout", "30s", "-s",
               BENCH / "post.lua", f"{contender.url}/jobs", "--", body, contender.key]
    told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    found = json.loads(told.stdout.splitlines()[-1])
    if found["refused"] or found["broken"] or not found["requests"]:
        sys.exit(f"not every request was answered with 201: {found}")
    return found


def measure(name, given):
    with on_disk() as place:
        folder = pathlib.Path(place)
        contender = CONTENDERS[name](folder, given.processes)
        try:
            warm = load(contender, folder, WARM_UP, given.connections)
            before = cpu_seconds(contender.pids())
            found = load(contender, folder, given.seconds, given.connections)
            found["cpu"] = (cpu_seconds(contender.pids()) - before) / found["requests"]
            stored, promised = contender.count(), warm["requests"] + found["requests"]
        finally:
            contender.close()
    # Whoever was not answered when time was up is stored too, or not.
    if not promised <= stored <= promised + 2 * given.connections:
        sys.exit(f"{name}: {promised} jobs were answered with 201, {stored} are stored")
    found["rate"] = found["requests"] / found["microseconds"] * 1e6
    line = "{} {:.0f}/s, p50 {:.1f} ms, p99 {:.1f} ms, CPU {:.0f} µs".format(
        name, found["rate"], found["p50"] / 1e3, found["p99"] / 1e3, found["cpu"] * 1e6)
    print(f"<!-- {line}, load {os.getloadavg()[0]:.1f} -->", flush=True)
    return found


def spread(values):
    ordered = sorted(values)
    inner = ordered[1:-1] if len(ordered) > 4 else ordered
    return f"{statistics.median(ordered):.2f} ({inner[0]:.2f}–{inner[-1]:.2f})"


def tell(rounds):
    print("| POST /jobs | a second | p50 | p99 | CPU a job | ours/theirs |\n" + "| --- " * 6 + "|")
    ours = next((name for name in rounds if name.startswith("ours")), None)
    for name, found in rounds.items():
        rate, p50, p99, cpu = (statistics.median(each[what] for each in found)
                               for what in ("rate", "p50", "p99", "cpu"))
        ratio = ""
        if ours and name != ours:
            pairs = zip(rounds[ours], found)
            ratio = spread([mine["rate"] / theirs["rate"] for mine, theirs in pairs])
        print(f"| {name} | {rate:.0f} | {p50 / 1e3:.1f} ms | {p99 / 1e3:.1f} ms | "
              f"{cpu * 1e6:.0f} µs | {ratio} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("contenders", nargs="*", metavar="CONTENDER", help=", ".join(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--processes", type=int, help="of each Node server; else its best")
    parser.add_argument("--json", default=str(ROOT / "build/bench/api.json"))
    given = parser.parse_args()
    # Ended like by Ctrl-C, so that nothing stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = given.contenders or [""]
    rounds = {name: [] for name in CONTENDERS if any(word in name for word in wanted)}
    for _ in range(given.rounds):
        for name, found in rounds.items():
            found.append(measure(name, given))
    tell(rounds)
    path = pathlib.Path(given.json)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
