"""What API keys may do, for how long and how much, on a real server."""
import socket
import subprocess
import threading
import time

import pytest

import cli
import service
from service import wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = service.Server(tmp_path_factory.mktemp("keys"))
    yield one
    one.stop()


def make(server, **wanted):
    answer = server.post("/keys", {"name": "test", **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()


def bearer(key):
    return {"headers": {"Authorization": f"Bearer {key if isinstance(key, str) else key['key']}"}}


def keys_command(server, *words):
    return subprocess.run([cli.BINARY, "keys", *words], env=server.env, text=True,
                          capture_output=True, check=False)


def test_a_key_that_could_not_be_printed_is_none(server):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([cli.BINARY, "keys", "create", "unseen"], env=server.env, text=True,
                              stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode not in (0, -6) and "printed" in done.stderr
    assert "unseen" not in keys_command(server, "list").stdout


@pytest.fixture
def silent_origin():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        held = []

        def accept():
            while True:
                try:
                    held.append(listening.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/a.mp4"


def test_a_scope_allows_what_it_says(server):
    read, create = make(server, scopes=["read"]), make(server, scopes=["create"])
    assert read["scopes"] == ["read"] and create["scopes"] == ["read", "create"]
    body = {"kind": "image", "input": "https://example.com/a.jpg"}
    assert server.get("/jobs", **bearer(read)).status_code == 200
    refused = server.post("/jobs", body, **bearer(read))
    assert refused.status_code == 403 and refused.json()["kind"] == "token_invalid"
    assert "create" in refused.json()["message"]
    job = server.post("/jobs", body, **bearer(create))
    assert job.status_code == 201
    path = f"/jobs/{job.json()['id']}"
    assert server.get(path, **bearer(read)).status_code == 200
    assert server.call("DELETE", path, **bearer(read)).status_code == 403
    assert server.call("DELETE", path, **bearer(create)).status_code == 204
    for path in ("/keys", "/connections"):
        assert server.get(path, **bearer(create)).status_code == 403
        assert server.get(path).status_code == 200
    assert server.post("/keys", {"name": "more"}, **bearer(create)).status_code == 403


def test_the_document_names_the_scope_of_each_operation(server):
    paths = server.get("/openapi.json").json()["paths"]
    assert paths["/jobs"]["get"]["security"] == [{"key": ["read"]}]
    assert paths["/jobs"]["post"]["security"] == [{"key": ["create"]}]
    assert "403" in paths["/jobs"]["post"]["responses"]
    assert paths["/keys"]["get"]["security"] == [{"key": ["admin"]}]
    assert paths["/health"]["get"]["security"] == []


def test_an_expired_key_is_refused_and_its_event_streams_end(server):
    key = make(server, expires_in="3s")
    stream = server.get("/jobs/events", stream=True, **bearer(key))
    assert stream.status_code == 200
    begun = time.monotonic()
    for _ in stream.iter_lines():
        pass
    assert 1 < time.monotonic() - begun < 8
    late = server.get("/jobs", **bearer(key))
    assert late.status_code == 401 and late.json()["kind"] == "token_invalid"
    assert "expired" in late.json()["message"]


def test_a_key_has_a_rate_of_its_own(server):
    key = make(server, rate_limit=3)
    answers = [server.get("/jobs", **bearer(key)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert server.get("/jobs").status_code == 200


def test_last_use_is_noted(server):
    key = make(server)
    assert key["last_used_at"] is None

    def noted():
        return next(one for one in server.get("/keys").json() if one["id"] == key["id"])

    server.get("/jobs", **bearer(key))
    used = wait_for(lambda: noted()["last_used_at"], 5, "a use noted")
    assert abs(used - time.time() * 1000) < 60_000


def test_a_key_has_no_more_jobs_running_than_it_may(server, silent_origin):
    key = make(server, max_running=1)
    body = {"kind": "video", "input": silent_origin}
    jobs = [server.post("/jobs", body, **bearer(key)).json()["id"] for _ in range(3)]

    def states():
        return [server.get(f"/jobs/{job}").json()["status"] for job in jobs]

    wait_for(lambda: "processing" in states(), 10, "the first job")
    time.sleep(1)
    assert states() == ["processing", "queued", "queued"]
    free = server.post("/jobs", body).json()["id"]
    wait_for(lambda: server.get(f"/jobs/{free}").json()["status"] == "processing", 10, "others")
    server.post(f"/jobs/{jobs[0]}/cancel")
    wait_for(lambda: states() == ["cancelled", "processing", "queued"], 10, "the next one")
    for job in (*jobs, free):
        server.call("DELETE", f"/jobs/{job}")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_one_job_waits_for_one_of_the_many_of_another_key(tmp_path, clip, database):
    server = service.Server(tmp_path, "--concurrency", "1", database=database)
    many, few = make(server), make(server)
    body = {"kind": "image", "input": clip, "options": {"width": 16}}
    crowd = {server.post("/jobs", body, **bearer(many)).json()["id"] for _ in range(300)}
    one = server.post("/jobs", body, **bearer(few)).json()
    assert server.wait(one)["status"] == "succeeded"
    [[waiting]] = server.sql("SELECT count(*) FROM jobs WHERE started_at IS NULL")
    assert int(waiting) > 50, "the others did not wait: the test says nothing"
    # One was at work when it came; one more may have begun while it was written down.
    between = server.sql(
        "SELECT id FROM jobs WHERE started_at > ? AND started_at < "
        "(SELECT started_at FROM jobs WHERE id = ?)", one["created_at"], one["id"])
    assert len(between) <= 1 and {row[0] for row in between} <= crowd
    assert server.stop() == 0


def test_the_command_line_makes_lists_and_ends_keys(server):
    made = keys_command(server, "create", "--name", "shop", "--scope", "create", "--expires", "30d",
                        "--rate-limit", "600", "--max-running", "2")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    shown = next(one for one in server.get("/keys").json() if key.startswith(one["hint"]))
    assert shown["name"] == "shop" and shown["scopes"] == ["read", "create"]
    assert shown["rate_limit"] == 600 and shown["max_running"] == 2
    assert abs(shown["expires_at"] / 1000 - time.time() - 30 * 86400) < 60
    [line] = [line for line in keys_command(server).stdout.splitlines() if "shop" in line]
    assert shown["id"] in line and "create" in line and "not used" in line
    for words in (("--scope", "all"), ("--expires", "soon"), ("--max-running", "0")):
        refused = keys_command(server, "create", "x", *words)
        assert refused.returncode == 2, words
    assert server.get("/jobs", **bearer(key)).status_code == 200
    assert keys_command(server, "revoke", "shop").returncode == 0


def test_the_last_key_that_may_do_everything_stays(tmp_path):
    server = service.Server(tmp_path)
    make(server, scopes=["read"])
    make(server, expires_in="30d")
    first = next(one for one in server.get("/keys").json() if one["name"] == "first")
    refused = server.call("DELETE", f"/keys/{first['id']}")
    assert refused.status_code == 400 and "last API key" in refused.json()["message"]
    assert keys_command(server, "revoke", "first").returncode == 2
    make(server)
    assert server.call("DELETE", f"/keys/{first['id']}").status_code == 204
    server.stop()
