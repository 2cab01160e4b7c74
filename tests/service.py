"""A real `ittybit serve`, and what a test needs around it: an origin and receiver of webhooks."""
import contextlib
import http.server
import json
import os
import pathlib
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time

import requests

import cli
import postgres

WAIT = 60
FINAL = ("succeeded", "failed", "cancelled")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """The first of so many ports in a row that nobody uses."""
    for first in range(28000 + os.getpid() % 500 * 5, 32000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise AssertionError(f"no {count} free ports in a row")


def wait_for(condition, seconds, what):
    """Looks often until `condition` gives something true, and gives that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} not within {seconds} s")


def all_slots(flags):
    """Who says how many slots there are means all of them."""
    counts = "--concurrency" in flags and "--light-slots" not in flags
    return [*flags, *(["--light-slots", "0"] if counts else [])]


class Server:
    """`ittybit serve` on a data folder of its own; can be killed and started again. `database` is
    "sqlite", "postgres" for a new one there, or a URL; else as pytest's --postgres says."""

    def __init__(self, folder, *flags, secret=None, allows_private=True, env=None, database=None,
                 data=None):
        self.folder, self.port = pathlib.Path(folder), free_port()
        self.flags = [*all_slots(flags), *(["--allow-private-network"] if allows_private else [])]
        self.data = data or self.folder / "data"
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**cli.environment(folder), "ITTYBIT_DATA": str(self.data), **(env or {})}
        if secret:
            self.env["ITTYBIT_WEBHOOK_SECRET"] = secret
        wanted = database or os.environ.get("ITTYBIT_TEST_DATABASE", "sqlite")
        self.database = postgres.create() if wanted == "postgres" else wanted
        if self.database != "sqlite":
            self.env["ITTYBIT_DATABASE"] = self.database
        self.start()

    def start(self):
        self.log = open(self.folder / "server.log", "ab")
        words = [cli.BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", *self.flags]
        self.process = subprocess.Popen(words, env=self.env, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/health", timeout=5).ok:
                    break
            except requests.ConnectionError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                time.sleep(0.05)
        self.key = (self.data / "first-key").read_text().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=WAIT)
        self.log.close()
        return status

    def sql(self, statement, *values):
        """Runs a statement, whose values are ?, on the database; gives the rows."""
        if self.database != "sqlite":
            return postgres.query(self.database, statement, *values)
        path = self.data / "ittybit.db"
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
            with database:
                return database.execute(statement, values).fetchall()

    def call(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        url = path if path.startswith("http") else self.url + path
        return requests.request(method, url, headers=headers, timeout=WAIT, **more)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, json=body, **more)

    def job(self, **body):
        answer = self.post("/jobs", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def wait(self, job, what="jobs", seconds=WAIT):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = self.get(f"/{what}/{job['id']}").json()
            if now["status"] in FINAL:
                return now
            time.sleep(0.1)
        raise AssertionError(f"still {now['status']}: {now}")

    def events(self, job_id, what="jobs", **headers):
        """Each event of a job as {event, id?, data, at}; None when there is none to come."""
        answer = self.get(f"/{what}/{job_id}/events", stream=True, headers=headers)
        if answer.status_code == 204:
            return None
        assert answer.headers["Content-Type"] == "text/event-stream"
        return read_events(answer)


class Worker:
    """`ittybit worker` on the data folder of a server; can be killed and started again."""

    def __init__(self, server, *flags):
        self.server, self.flags = server, all_slots(flags)
        self.start()

    def start(self):
        self.log = open(self.server.folder / "worker.log", "ab")
        words = [cli.BINARY, "worker", "--public-url", self.server.url, "--allow-private-network",
                 *self.flags]
        seen = self.log.tell()
        self.process = subprocess.Popen(words, env=self.server.env, stdout=self.log,
                                        stderr=self.log)
        wait_for(lambda: b'"working"' in pathlib.Path(self.log.name).read_bytes()[seen:], WAIT,
                 "a worker that works")

    kill, stop = Server.kill, Server.stop


def bytes_at(url):
    answer = requests.get(url, timeout=WAIT)
    assert answer.ok, f"{answer.status_code} {answer.text}"
    return answer.content


def check_bytes(get, job):
    """A job's output, with all of its parts, has as many bytes as it tells; `get` asks the API."""
    made = job["tasks"][3]["output"]
    content = bytes_at(job["output"])
    if job["kind"] != "adaptive_video":
        assert len(content) == made["size"], f"{len(content)} of {made['size']} bytes"
        return
    parts = get(f"/tasks/{job['tasks'][3]['id']}/parts?limit=100").json()
    assert len(parts) == made["parts"]["count"], "parts are missing"
    for part in parts:
        size = len(bytes_at(part["url"]))
        assert size == part["size"], f"{part['name']} has {size} of {part['size']} bytes"


def read_events(answer):
    event = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if not line:
            if "data" in event:
                yield {**event, "data": json.loads(event["data"]), "at": time.monotonic()}
            event = {}
        elif not line.startswith(":"):
            name, value = line.split(": ", 1)
            event[name] = value


class QuietServer(http.server.ThreadingHTTPServer):
    """Whoever hangs up, being killed or having enough, is no news."""

    daemon_threads, request_queue_size = True, 256

    def handle_error(self, *_):
        pass


class Receiver:
    """Takes POSTs and PUTs and serves a folder; `answers` are the statuses to come, then 200.
    /endless is a film whose index stands at an end that never comes: two kilobytes a second, which
    is not too slow."""

    def __init__(self, folder=None, address="127.0.0.1"):
        self.got, self.answers, self.changed = [], [], threading.Condition()
        self.may_go_on, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/stall":
                    outer.may_go_on.wait(WAIT)
                if self.path == "/endless":
                    return self.send_without_end()
                return super().do_GET()

            def send_without_end(self):
                self.send_response(200)
                self.send_header("Content-Length", str((1 << 30) + 4096))
                self.end_headers()
                self.wfile.write(struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 0, b"isom",
                                             b"mp42") + struct.pack(">I4s", 1 << 30, b"mdat"))
                while True:
                    self.wfile.write(bytes(200))
                    time.sleep(0.1)

            def __init__(self, *args):
                super().__init__(*args, directory=str(folder) if folder else None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.changed:
                    outer.got.append((dict(self.headers), body))
                    status = outer.answers.pop(0) if outer.answers else 200
                    outer.changed.notify_all()
                outer.may_answer.wait(WAIT)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        self.http = QuietServer((address, 0), Handler)
        self.url = f"http://{address}:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, WAIT), "no webhook came"
            return self.got[:count]

    @contextlib.contextmanager
    def stall(self):
        """A URL that answers nothing as long as it is asked here."""
        self.may_go_on.clear()
        try:
            yield f"{self.url}/stall"
        finally:
            self.may_go_on.set()

    @contextlib.contextmanager
    def hold(self):
        """POSTs are taken and not answered as long as one is in here."""
        self.may_answer.clear()
        try:
            yield
        finally:
            self.may_answer.set()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
