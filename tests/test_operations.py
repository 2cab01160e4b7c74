"""What operators do with an installation (docs/operations.md): it moves, and is restored."""
import contextlib
import secrets
import shutil
import sqlite3
import subprocess
import threading

import pytest
import requests

import cli
import postgres
import s3
from service import WAIT, Server, wait_for


def migrate(server, to, *more, env=None):
    """Runs it beside or after `server`."""
    words = [cli.BINARY, "migrate", "--from", server.data, "--to", to, *more]
    return subprocess.Popen(words, env={**cli.environment(server.folder), **(env or {})},
                            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def moved(server, to, *more, env=None):
    told = migrate(server, to, *more, env=env)
    _, said = told.communicate(timeout=WAIT)
    assert told.returncode == 0, said
    return said


def done(server, **body):
    ended = server.wait(server.job(**body))
    assert ended["status"] == "succeeded", ended
    return ended


def content(server, url):
    """Of a managed file, wherever its server was when it was made."""
    answer = requests.get(f"{server.url}/files/{url.split('/files/')[1]}", timeout=WAIT)
    assert answer.status_code == 200, (url, answer.text)
    return answer.content


@pytest.fixture(scope="module")
def service():
    return s3.Service()


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    server = Server(folder, "--concurrency", "1", secret="whsec_c2VjcmV0", database="sqlite")
    yield server
    if server.process.poll() is None:
        server.stop()


def on_new_database(tmp_path, old, database, *flags, env=None):
    folder = tmp_path / "new"
    folder.mkdir()
    server = Server(folder, "--concurrency", "1", *flags, secret="whsec_c2VjcmV0",
                    database=database, data=old.data, env=env)
    server.key = old.key
    return server


def test_a_running_installation_moves_with_its_jobs_keys_and_files(
        tmp_path, old, clip, origin, service):
    image = done(old, input=clip, kind="image", metadata={"who": "Zoë"})
    stream = done(old, input=clip, kind="adaptive_video", options={"end": 2})
    upload = old.call("POST", "/uploads?filename=mine.mp4", data=b"kept" * 1000).json()
    connection = old.post("/connections", service.connection()).json()
    picture = content(old, image["output"])
    database, place = postgres.create(), f"s3://{service.bucket}/moved-{secrets.token_hex(4)}"
    told = migrate(old, database, "--storage", place, env=service.aws())
    said = []
    reader = threading.Thread(target=lambda: said.extend(told.stderr), daemon=True)
    reader.start()
    wait_for(lambda: any("stop it" in line for line in said), WAIT, "a request to stop")
    with origin.stall() as url:
        late = done(old, input=clip, kind="image", width=48)  # it works on, meanwhile
        held = old.job(input=url, kind="image")
        waiting = old.job(input=clip, kind="image", width=32, priority=3)
        wait_for(lambda: old.get(f"/jobs/{held['id']}").json()["status"] == "processing", WAIT,
                 "work")
        old.kill()
        assert told.wait(WAIT) == 0, said
    reader.join(WAIT)
    new = on_new_database(tmp_path, old, database, "--storage", place, env=service.aws())
    try:
        assert new.wait(waiting)["status"] == "succeeded"
        assert new.wait(held)["error"]["kind"] != "internal_error"  # /stall is no picture
        for before in image, stream, late:
            now = new.get(f"/jobs/{before['id']}").json()
            assert now["status"] == "succeeded"
            assert now["output"].split("/files/")[1] == before["output"].split("/files/")[1]
            assert now["metadata"] == before["metadata"]
        assert content(new, image["output"]) == picture
        assert content(new, upload["url"]) == b"kept" * 1000
        parts = new.get(f"/tasks/{stream['tasks'][-1]['id']}/parts?limit=100").json()
        assert parts and all(len(content(new, part["url"])) == part["size"] for part in parts)
        assert new.post(f"/connections/{connection['id']}/test",
                        {"bucket": service.bucket}).json()["ok"] is True
        assert [job["id"] for job in new.get("/jobs?metadata.who=Zoë").json()] == [image["id"]]
        assert new.stop() == 0
    finally:
        if new.process.poll() is None:
            new.kill()


def test_files_may_stay_where_they_are(tmp_path, old, clip):
    image = done(old, input=clip, kind="image")
    database = postgres.create()
    assert old.stop() == 0
    said = moved(old, database)
    assert f"--data {old.data}" in said
    new = on_new_database(tmp_path, old, database)
    assert content(new, new.get(f"/jobs/{image['id']}").json()["output"])[:2] == b"\xff\xd8"
    assert done(new, input=clip, kind="image", width=32)
    assert new.stop() == 0


def test_the_old_installation_says_where_it_went(old, clip):
    done(old, input=clip, kind="image")
    assert old.stop() == 0
    database = postgres.create() + "&password=hidden"
    moved(old, database)
    for words in (["serve", "--listen", "127.0.0.1:0"], ["worker"], ["keys", "list"]):
        told = subprocess.run([cli.BINARY, *words, "--data", old.data], check=False, text=True,
                              env=cli.environment(old.folder), capture_output=True, timeout=WAIT)
        assert told.returncode != 0, words
        assert "was moved to postgres:///" in told.stderr and "hidden" not in told.stderr


def test_a_database_that_is_in_use_is_left_alone(tmp_path, old, clip):
    done(old, input=clip, kind="image")
    assert old.stop() == 0
    folder = tmp_path / "other"
    folder.mkdir()
    other = Server(folder, database="postgres")
    job = done(other, input=clip, kind="image")
    told = migrate(old, other.database)
    _, said = told.communicate(timeout=WAIT)
    assert told.returncode == 2 and "is in use" in said and "empty" in said
    assert [each["id"] for each in other.get("/jobs").json()] == [job["id"]]
    assert other.stop() == 0
    old.start()  # nothing happened to it either
    assert len(old.get("/jobs").json()) == 1
    assert old.stop() == 0


@pytest.mark.parametrize("words, reason", [
    (["--to", "mysql://x/y"], "postgres://"),
    (["--to", "postgres:///nothing?host=/nowhere"], "connect"),
    ([], "--to"),
])
def test_what_cannot_be_moved_is_refused_in_words(old, words, reason):
    assert old.stop() == 0
    told = subprocess.run([cli.BINARY, "migrate", "--from", old.data, *words], check=False,
                          env=cli.environment(old.folder), capture_output=True, timeout=WAIT,
                          text=True)
    assert told.returncode in (1, 2), told
    assert reason in told.stderr


def test_a_folder_without_a_server_is_refused(tmp_path):
    told = subprocess.run([cli.BINARY, "migrate", "--from", tmp_path, "--to", "postgres:///x"],
                          check=False, env=cli.environment(tmp_path), capture_output=True,
                          timeout=WAIT, text=True)
    assert told.returncode == 2 and "no server's database" in told.stderr


# Upgrades: others of a newer version are at work on the same database.

@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_older_version_ends_what_it_has_and_leaves_the_rest_to_the_newer(
        tmp_path, origin, clip, database):
    server = Server(tmp_path, "--concurrency", "1", database=database)
    with origin.stall() as url:
        begun = server.job(input=url, kind="image")
        wait_for(lambda: server.get(f"/jobs/{begun['id']}").json()["status"] == "processing",
                 WAIT, "a job that runs")
        server.sql("INSERT INTO schema (version) VALUES (1000)")
        late = server.job(input=clip, kind="image", width=32)
    assert server.wait(begun)["error"]["kind"] != "internal_error"
    wait_for(lambda: "schema 1000" in requests.get(f"{server.url}/health", timeout=WAIT).text,
             WAIT, "health that says why")
    assert server.get(f"/jobs/{late['id']}").json()["status"] == "queued"
    server.sql("DELETE FROM schema WHERE version = 1000")
    assert server.wait(late)["status"] == "succeeded"
    assert server.stop() == 0


# Backups, taken while jobs run.

@pytest.fixture
def busy(request, tmp_path, clip, origin):
    """A server with a job that is done, one that runs and one that waits."""
    folder = tmp_path / "busy"
    folder.mkdir()
    server = Server(folder, "--concurrency", "1", database=request.param)
    jobs = [done(server, input=clip, kind="image")]
    with contextlib.ExitStack() as until_copied:
        jobs.append(server.job(input=until_copied.enter_context(origin.stall()), kind="image"))
        wait_for(lambda: server.get(f"/jobs/{jobs[1]['id']}").json()["status"] == "processing",
                 WAIT, "a job that runs")
        jobs.append(server.job(input=clip, kind="image", width=32))
        yield server, jobs, until_copied
    if server.process.poll() is None:
        server.kill()


def restored(busy, tmp_path, database):
    """A server on what was copied, whose jobs all end."""
    server, jobs, until_copied = busy
    folder = tmp_path / "restored"
    for name in ("storage", "secret-key", "webhook-secret", "first-key"):
        copy = shutil.copytree if name == "storage" else shutil.copy
        copy(server.data / name, folder / "data" / name)
    server.kill()
    until_copied.close()
    again = Server(folder, "--concurrency", "1", database=database)
    ended = [again.wait(job) for job in jobs]
    assert [job["status"] for job in ended] == ["succeeded", "failed", "succeeded"]
    assert content(again, ended[0]["output"])[:2] == b"\xff\xd8"
    assert again.stop() == 0


@pytest.mark.parametrize("busy", ["sqlite"], indirect=True)
def test_an_installation_on_sqlite_is_restored(busy, tmp_path):
    copy = tmp_path / "restored/data/ittybit.db"
    copy.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(busy[0].data / "ittybit.db")) as there:
        with contextlib.closing(sqlite3.connect(copy)) as here:
            there.backup(here)
    restored(busy, tmp_path, "sqlite")


@pytest.mark.parametrize("busy", ["postgres"], indirect=True)
def test_an_installation_on_postgresql_is_restored(busy, tmp_path):
    (tmp_path / "restored/data").mkdir(parents=True)
    url = postgres.create()
    dump = subprocess.run(["pg_dump", busy[0].database], check=True, capture_output=True,
                          timeout=WAIT)
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url], input=dump.stdout, check=True,
                   capture_output=True, timeout=WAIT)
    restored(busy, tmp_path, url)
