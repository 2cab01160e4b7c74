"""Several servers and workers on one PostgreSQL, which may go away for a while."""
import contextlib
import json
import secrets
import subprocess
import time

import pytest
import requests

import cli
import postgres
from service import WAIT, Receiver, Server, Worker, free_port, wait_for
from test_status import read_metrics


@pytest.fixture
def pair(tmp_path):
    """Two servers with one slot each on one database and one data folder."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = Server(tmp_path / "one", "--concurrency", "1", database="postgres")
    other = Server(tmp_path / "other", "--concurrency", "1", database=one.database, data=one.data)
    yield one, other
    for server in one, other:
        if server.process.poll() is None:
            assert server.stop() == 0


@pytest.fixture
def hooks():
    made = Receiver()
    yield made
    made.close()


def told(hooks):
    """What the receiver of webhooks was told of each job, by its id."""
    by_job = {}
    for headers, body in list(hooks.got):
        message = json.loads(body)
        by_job.setdefault(message["id"], set()).add((headers["webhook-id"], message["type"]))
    return by_job


def ends(server, job):
    return [event["data"]["status"] for event in server.events(job["id"])
            if event["event"] == "job"][-1]


def test_servers_and_workers_share_the_jobs_and_none_is_done_twice(pair, clip, hooks):
    one, other = pair
    worker = Worker(one, "--concurrency", "1")
    jobs = [(one, other)[n % 2].job(input=clip, kind="image", width=16 + n,
                                    webhook_url=f"{hooks.url}/x") for n in range(12)]
    for number, job in enumerate(jobs):
        away = (other, one)[number % 2]
        assert ends(away, job) == "succeeded", "the events of one server's job, from the other"
        done = away.get(f"/jobs/{job['id']}").json()
        assert away.call("GET", done["output"]).content[:2] == b"\xff\xd8"
    assert worker.stop() == 0
    assert one.sql("SELECT max(attempt) FROM jobs") == [("1",)]
    wait_for(lambda: len(told(hooks)) == len(jobs), WAIT, "all webhooks")
    assert all(len(messages) == 1 for messages in told(hooks).values())
    assert len(hooks.got) == len(jobs)


def test_a_second_server_leaves_the_jobs_of_the_first_alone(pair, origin, clip):
    one, other = pair
    assert other.stop() == 0
    with origin.stall() as url:
        job = one.job(input=url, kind="image")
        wait_for(lambda: one.get(f"/jobs/{job['id']}").json()["status"] == "processing", WAIT,
                 "a job that is worked on")
        other.start()
        assert other.wait(other.job(input=clip, kind="image", width=16))["status"] == "succeeded"
        assert one.sql("SELECT attempt FROM jobs WHERE id = ?", job["id"]) == [("1",)]
        began = time.monotonic()
        assert other.post(f"/jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    wait_for(lambda: one.wait(one.job(input=clip, kind="image", width=16)), WAIT, "a free slot")
    assert time.monotonic() - began < 20


def test_the_work_of_a_server_that_is_killed_is_done_by_another(pair, origin, clip):
    one, other = pair
    with origin.stall() as url:
        job = one.job(input=url, kind="image")
        second = one.job(input=url, kind="image")
        ids = {job["id"], second["id"]}
        wait_for(lambda: len(one.sql("SELECT 1 FROM leases")) == 2, WAIT, "two jobs worked on")
        one.kill()
        again = other.job(input=clip, kind="image", width=16)
    assert other.wait(again)["status"] == "succeeded"
    ended = [other.wait({"id": id}) for id in ids]
    assert {each["status"] for each in ended} == {"failed"}, "/stall is no picture"
    assert other.sql("SELECT max(attempt), max(uncounted) FROM jobs") == [("2", "1")]
    _, metrics = read_metrics(other.get("/metrics").text)
    assert metrics["ittybit_jobs_lost_total"] == 1, "that of the server that was killed"


def test_workers_take_over_from_one_another_while_there_is_no_server(pair, origin):
    one, other = pair
    assert other.stop() == 0
    killed, alive = Worker(one, "--concurrency", "1"), None
    try:
        with origin.stall() as url:
            jobs = [one.job(input=url, kind="image") for _ in range(2)]
            wait_for(lambda: len(one.sql("SELECT 1 FROM leases")) == 2, WAIT, "both being busy")
            alive = Worker(one, "--concurrency", "1")
            killed.kill()
            one.kill()
        wait_for(lambda: not one.sql("SELECT 1 FROM jobs WHERE finished_at IS NULL"), WAIT,
                 "the end of both jobs")
        assert one.sql("SELECT max(attempt), max(uncounted) FROM jobs") == [("2", "1")]
        assert alive.stop() == 0
    finally:
        if alive and alive.process.poll() is None:
            alive.kill()
    one.start()
    assert {one.wait(job)["status"] for job in jobs} == {"failed"}, "/stall is no picture"


@pytest.fixture
def own_postgres():
    # Where whoever it runs as may enter, and by a short name, as sockets want.
    home = postgres.folder().with_name(f"{postgres.folder().name}-{secrets.token_hex(4)}")
    postgres.start(home)
    yield home
    with contextlib.suppress(AssertionError):
        postgres.control("stop", home, "immediate")


def test_jobs_end_well_and_once_though_postgresql_crashes(tmp_path, own_postgres, clip, hooks):
    server = Server(tmp_path, "--concurrency", "2", database=postgres.create(own_postgres))
    worker = Worker(server, "--concurrency", "1")
    jobs = []

    def ask(count):
        for _ in range(count):
            jobs.append(server.job(input=clip, kind="video", width=64 + len(jobs) % 8 * 2,
                                   webhook_url=f"{hooks.url}/x"))

    ask(12)
    for _ in range(2):
        before = len(hooks.got)
        wait_for(lambda: len(hooks.got) > before, WAIT, "a job's end")
        postgres.control("stop", own_postgres, "immediate")
        time.sleep(1)
        assert server.process.poll() is None and worker.process.poll() is None
        postgres.control("again", own_postgres)
        ask(4)
    for job in jobs:
        done = server.wait(job)
        assert done["status"] == "succeeded", done
        assert server.call("GET", done["output"]).content[4:8] == b"ftyp"
    wait_for(lambda: len(told(hooks)) == len(jobs), WAIT, "all webhooks")
    assert all(len(messages) == 1 for messages in told(hooks).values()), "one id a job"
    assert server.sql("SELECT count(*) FROM deliveries") == [(str(len(jobs)),)]
    assert worker.stop() == 0
    assert server.stop() == 0


def test_a_server_without_its_database_says_so_and_recovers(tmp_path, own_postgres, clip):
    server = Server(tmp_path, database=postgres.create(own_postgres))
    postgres.control("stop", own_postgres, "immediate")
    wait_for(lambda: requests.get(f"{server.url}/health", timeout=WAIT).status_code == 503, 30,
             "a server that is not well")
    assert "database" in requests.get(f"{server.url}/health", timeout=WAIT).text
    assert server.post("/jobs", {"input": clip, "kind": "image"}).status_code == 503
    postgres.control("again", own_postgres)
    wait_for(lambda: requests.get(f"{server.url}/health", timeout=WAIT).ok, 30, "health")
    assert server.wait(server.job(input=clip, kind="image", width=16))["status"] == "succeeded"
    assert server.stop() == 0


def test_tls_is_verified_as_its_url_says(tmp_path, own_postgres, clip):
    port, ca = free_port(), postgres.authority(tmp_path, "ours")
    created = postgres.create(own_postgres)
    name = created.split("///")[1].split("?")[0]
    postgres.listen_with_tls(own_postgres, ca, port)

    def url(authority, host="127.0.0.1"):
        return (f"postgres://postgres@{host}:{port}/{name}?sslmode=verify-full"
                f"&sslrootcert={authority}")

    server = Server(tmp_path, database=url(ca))
    assert server.wait(server.job(input=clip, kind="image", width=16))["status"] == "succeeded"
    [(ours, plain)] = server.sql(
        "SELECT count(*), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity "
        "USING (pid) WHERE datname = current_database() AND pid <> pg_backend_pid()")
    assert int(ours) > 1 and plain == "0"
    assert server.stop() == 0
    stranger = postgres.authority(tmp_path, "theirs")
    for wrong, words in ((url(stranger), "certificate verify failed"),
                         (url(ca, "localhost"), "does not match host name"),
                         (url(ca).replace("verify-full", "disable"), "no encryption")):
        assert words in refusal(server, ITTYBIT_DATABASE=wrong), wrong


def refusal(server, what="serve", **env):
    words = [cli.BINARY, what, *(["--listen", f"127.0.0.1:{free_port()}"] * (what == "serve"))]
    done = subprocess.run(words, env={**server.env, **env}, capture_output=True, text=True,
                          timeout=WAIT)
    assert done.returncode == 1, (done.returncode, done.stderr)
    return done.stderr


def test_who_has_not_the_secrets_or_the_files_of_a_database_is_refused(pair, tmp_path):
    one, _ = pair
    for what in "serve", "worker":
        assert "ITTYBIT_SECRET_KEY" in refusal(one, what, ITTYBIT_SECRET_KEY="ab" * 32)
        assert "another folder" in refusal(one, what, ITTYBIT_DATA=str(tmp_path / "elsewhere"))
    assert "ITTYBIT_WEBHOOK_SECRET" in refusal(one, ITTYBIT_WEBHOOK_SECRET="whsec_YWJjZA==")
    assert "cannot be reached" in refusal(one, ITTYBIT_DATABASE="postgres:///x?host=/nowhere")


def test_keys_are_made_in_the_database(pair):
    one, other = pair
    made = subprocess.run([cli.BINARY, "keys", "create", "mine", "--database", one.database],
                          env=cli.environment(one.folder), capture_output=True, text=True,
                          timeout=WAIT)
    assert made.returncode == 0, made.stderr
    other.key = made.stdout.strip()
    assert other.get("/jobs").status_code == 200
    refused = subprocess.run([cli.BINARY, "keys", "list", "--database", "mysql://x"],
                             env=one.env, capture_output=True, text=True, timeout=WAIT)
    assert refused.returncode == 2 and "postgres://" in refused.stderr
