"""A job that was answered with 201 is there for good: synced before, and found after kill -9."""
import contextlib
import math
import random
import shutil
import subprocess
import threading
import time

import pytest
import requests

from service import WAIT, Receiver, Server, wait_for

CLIENTS = 8


@pytest.fixture
def server(tmp_path):
    """One slot, which waits for an input that never comes: nobody writes but who asks for jobs."""
    origin = Receiver()
    with origin.stall() as url:
        server = Server(tmp_path, "--concurrency", "1")
        job = server.job(input=url, kind="image")
        wait_for(lambda: server.get(f"/jobs/{job['id']}").json()["status"] == "processing", WAIT,
                 "a busy slot")
        yield server
        server.kill()
    origin.close()


def ask(server, name, promised):
    """Asks for job after job until the server is gone."""
    with requests.Session() as session, contextlib.suppress(requests.RequestException):
        for number in range(1_000_000):
            metadata = {"asked": f"{name}-{number}"}
            answer = session.post(
                f"{server.url}/jobs", headers={"Authorization": f"Bearer {server.key}"},
                json={"input": "https://example.invalid/a", "kind": "image", "metadata": metadata},
                timeout=WAIT)
            assert answer.status_code == 201, answer.text
            promised.append((answer.json()["id"], metadata))


def test_what_was_answered_outlives_a_kill(server):
    promised = []
    for life in range(3):
        before = len(promised)
        clients = [threading.Thread(target=ask, args=(server, f"{life}-{number}", promised))
                   for number in range(CLIENTS)]
        for client in clients:
            client.start()
        wait_for(lambda: len(promised) > before, WAIT, "an answer")
        time.sleep(random.uniform(0.1, 0.5))
        server.kill()
        for client in clients:
            client.join()
        server.start()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {server.key}"
        for job, metadata in promised:
            answer = session.get(f"{server.url}/jobs/{job}", timeout=WAIT)
            assert answer.status_code == 200, f"{job} is lost: {answer.text}"
            assert answer.json()["metadata"] == metadata


@contextlib.contextmanager
def traced(process, folder):
    """Writes, syncs and answers of a process while one is in here; gives the file they go to."""
    trace, said = folder / "trace", folder / "strace.log"
    with open(said, "wb") as log:
        strace = subprocess.Popen(
            ["strace", "-f", "-y", "-s", "8192", "-e",
             "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg", "-o", trace, "-p",
             str(process.pid)], stderr=log)
    try:
        wait_for(lambda: "attached" in said.read_text() or strace.poll() is not None, WAIT,
                 "strace")
        if strace.poll() is not None:
            pytest.skip(f"a process cannot be traced here: {said.read_text().strip()}")
        yield trace
    finally:
        strace.terminate()
        strace.wait()


def calls(trace):
    """System calls as (when it began, when it ended, text), counted in lines."""
    begun = {}
    for number, line in enumerate(trace.read_text().splitlines()):
        thread, text = line.split(None, 1)
        if text.endswith("<unfinished ...>"):
            begun[thread] = (number, text)
        elif text.startswith("<... "):
            first, head = begun.pop(thread)
            yield first, number, head + text
        else:
            yield number, number, text


def test_an_answer_leaves_after_its_job_is_synced(server, tmp_path):
    names = [f"durable-{number}" for number in range(5)]
    with traced(server.process, tmp_path) as trace:
        for name in names:
            server.post("/jobs", {"input": "https://example.invalid/a", "kind": "image",
                                  "metadata": {"name": name}},
                        headers={"Accept-Encoding": "identity"})  # to be read in the trace
    seen = list(calls(trace))
    log = [call for call in seen if "ittybit.db-wal>" in call[2]]
    for name in names:
        written = min((end for _, end, text in log
                       if text.startswith("pwrite64(") and name in text), default=math.inf)
        synced = min((end for begin, end, text in log
                      if text.startswith(("fdatasync(", "fsync(")) and begin > written),
                     default=math.inf)
        answered = min(begin for begin, _, text in seen if "HTTP/1.1 201" in text and name in text)
        assert written < synced < answered, name


def test_working_files_that_are_taken_away_are_made_anew(tmp_path, clip):
    """As an operator, or one of the system's own cleaners, may do."""
    server = Server(tmp_path)
    first = server.wait(server.job(input=clip, kind="video", width=64))
    shutil.rmtree(server.data / "scratch")
    again = [server.job(input=clip, kind=kind, width=64) for kind in ("video", "image")]
    ends = [server.wait(job)["status"] for job in again]
    assert (first["status"], ends) == ("succeeded", ["succeeded"] * 2)
    assert server.stop() == 0
