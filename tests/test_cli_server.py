"""The command line with a server configured."""
import http.server
import json
import re
import signal
import subprocess
import threading
import time

import pytest

import cli
import look
from test_cli import on_terminal


@pytest.fixture
def there(server, tmp_path):
    """there(words…): runs a command that has the server."""

    def run(*words, **how):
        return cli.ittybit(*words, cwd=tmp_path, env=access(server), **how)

    return run


def access(server):
    return {"ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key}


@pytest.fixture
def jobs(server, clip):
    """Three finished jobs, the newest first."""
    made = [server.job(input=clip, kind="image", options={"width": 16 + i}) for i in range(3)]
    return [server.wait(job) for job in reversed(made)]


def test_jobs_are_listed_filtered_and_paged(there, jobs):
    ids = [job["id"] for job in jobs]
    for words in (("jobs",), ("jobs", "list")):
        assert [job["id"] for job in there(*words).last][:3] == ids
    assert [job["id"] for job in there("jobs", "list", "--limit", "1").last] == ids[:1]
    assert [job["id"] for job in there("jobs", "list", "--after", ids[0], "--limit", "2").last] == (
        ids[1:])
    assert ids[0] in [job["id"] for job in there("jobs", "--before", ids[1]).last]
    assert there("jobs", "list", "--status", "failed", "--kind", "image").last == []
    wrong = there("jobs", "list", "--limit", "0")
    assert wrong.status == 2 and "limit" in wrong.stderr


@pytest.mark.parametrize("columns", [80, 200])
def test_the_table_of_jobs_fits_the_terminal(server, jobs, tmp_path, columns):
    status, text = on_terminal("jobs", "list", "--limit", "3", cwd=tmp_path, columns=columns,
                               env=access(server))
    lines = text.splitlines()
    assert status == 0 and max(map(len, lines)) <= columns, text
    assert [line.split()[:3] for line in lines[:3]] == (
        [[job["id"], "succeeded", "image"] for job in jobs])
    assert lines[0].endswith("flash-small.mp4") and "--after " + jobs[2]["id"] in lines[3]


def test_jobs_are_shown_retried_and_deleted(there, server, jobs):
    ids = [job["id"] for job in jobs]
    assert there("jobs", ids[0]).last == there("jobs", "show", ids[0]).last
    again = there("jobs", "retry", ids[0]).last
    assert server.wait(again)["status"] == "succeeded"
    gone = there("jobs", "delete", *ids[1:])
    assert (gone.status, gone.lines) == (0, [])
    assert server.get(f"/jobs/{ids[1]}").status_code == 404
    for words in (("show", ids[1]), ("watch", ids[1]), ("cancel", ids[1])):
        assert there("jobs", *words).error_kind == "job_not_found"
    wrong = there("jobs", "explode")
    assert wrong.status == 2 and "delete ID" in wrong.stderr


def test_a_local_path_in_a_new_job_is_uploaded(there, server, media):
    body = {"kind": "image", "input": str(media / "photo.jpg"), "options": {"width": 64}}
    for words, stdin in (((json.dumps(body),), None), (("-",), json.dumps(body))):
        made = there("jobs", "create", "--body", *words, stdin=stdin)
        assert made.status == 0, made.stderr
        assert server.wait(made.last)["status"] == "succeeded"
    assert there("jobs", "create").status == 2
    absent = there("jobs", "create", "--body", json.dumps({**body, "input": "no.jpg"}))
    assert absent.status == 2 and "no.jpg" in absent.stderr


@pytest.mark.parametrize("words", [
    ["jobs", "create", "--body", '{"input": "photo.jpg", "kind": "image", "width": 0}'],
    ["jobs", "create", "--body", '{"input": "photo.jpg", "kind": "image", "foo": 0}'],
    ["image", "-i", "photo.jpg", "--connection", "nope"],
    ["image", "-i", "photo.jpg", "-o", "s3://bucket/x.jpg"],
    ["image", "-i", "photo.jpg", "--webhook-url", "http://169.254.1.1/x"],
    ["task", "image", "-i", "photo.jpg", "--connection", "nope"],
    ["video", "-i", "photo.jpg", "--subtitle-url", "a.srt", "--connection", "nope"],
    ["run", "-i", "photo.jpg", "--body",
     '{"outputs": [{"kind": "video", "subtitle_url": "a.srt", "connection": "nope"}]}'],
    ["video", "-i", "http://169.254.1.1/a.mp4", "--subtitle-url", "a.srt"],
])
def test_what_the_server_refuses_is_not_uploaded(there, server, media, tmp_path, words):
    (tmp_path / "photo.jpg").write_bytes((media / "photo.jpg").read_bytes())
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    before = server.get("/files?role=upload&limit=100").json()
    refused = there(*words)
    assert refused.status == 2 and len(refused.lines) == 1, refused
    assert "file:" not in refused.message and "input must" not in refused.message
    assert server.get("/files?role=upload&limit=100").json() == before


def test_a_flag_goes_before_the_environment(server, tmp_path):
    preset = {**access(server), "ITTYBIT_CONNECTION": "preset"}
    words = ("image", "-i", "https://example.com/a.png")
    for more, name in (((), "preset"), (("--connection", "flag"), "flag")):
        refused = cli.ittybit(*words, *more, cwd=tmp_path, env=preset)
        assert (refused.status, refused.error_kind) == (2, "connection_required")
        assert f'"{name}"' in refused.message


def test_the_environment_goes_before_what_login_keeps(server, tmp_path):
    """Each of address and key by itself; an empty variable is none."""
    def kept(url, key):
        file = tmp_path / ".ittybit/config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"url": url, "key": key}))

    def status(**env):
        return cli.ittybit("jobs", cwd=tmp_path, env=env).status

    kept(server.url, server.key)
    assert status() == 0 and status(ITTYBIT_API_URL="", ITTYBIT_API_KEY="") == 0
    assert status(ITTYBIT_API_KEY="itty_wrong") == 3
    assert status(ITTYBIT_API_URL="http://127.0.0.1:9") == 4
    kept("http://127.0.0.1:9", "itty_wrong")
    assert status() == 4
    assert status(ITTYBIT_API_URL=server.url) == 3
    assert status(**access(server)) == 0


def test_async_makes_a_job_and_waits_for_nothing(there, server, clip, media, tmp_path):
    refused = there("image", "-i", clip, "-o", "o.jpg", "--async")
    assert (refused.status, refused.error_kind) == (2, "invalid_output"), refused
    assert "--async" in refused.message and not (tmp_path / "o.jpg").exists()
    for words in (("image", "-i", clip), ("image", "-i", media / "photo.jpg"),
                  ("task", "image", "-i", clip)):
        made = there(*words, "--width", "16", "--async")
        what = "task" if words[0] == "task" else "job"
        assert made.status == 0 and made.last["object"] == what, made
        assert made.last["status"] in ("queued", "waiting") and not made.last["output"]
        assert server.wait(made.last, f"{what}s")["status"] == "succeeded", "nobody cancelled it"


def test_a_connection_out_of_reach_is_exit_4(there, server, tmp_path):
    words = ("connections", "add", "s3", "--name", "away", "--endpoint", "http://127.0.0.1:9",
             "--access-key-id", "id", "--secret-access-key", "secret")
    for run in (there, lambda *words: cli.ittybit(*words, cwd=tmp_path)):
        assert run(*words).status == 0
        for bucket in ((), ("--bucket", "b")):
            tested = run("connections", "test", "away", *bucket)
            assert (tested.status, tested.last["kind"]) == (4, "unavailable"), tested
    server.call("DELETE", "/connections/away")


def test_all_tasks_of_a_watched_job_are_bars_on_a_terminal(server, media, tmp_path):
    upload = server.post("/uploads?filename=a.mp4", data=(media / "flash-720p.mp4").read_bytes())
    job = server.job(input=upload.json()["url"], kind="video",
                     options={"codec": "h265", "quality": "high"})
    status, text = on_terminal("jobs", "watch", job["id"], cwd=tmp_path, env=access(server))
    assert status == 0, text
    screens = [screen.replace("\r", "").split("\n") for screen in text.split("\r\x1b[K")]
    drawn = [[line for line in screen if not line.startswith("\x1b")] for screen in screens]
    while_encoding = [screen for screen in drawn if len(screen) == 4 and "━" in screen[2]]
    assert while_encoding, text
    probe, imported, video, export = while_encoding[0]
    assert probe == "probe  succeeded" and imported.startswith("import ")
    assert re.match(r"video +\d+% ━+", video) and export == "export waiting"
    assert "succeeded\nvideo" not in text.split("\x1b[K")[-1], "nothing is left of them"


def test_who_stops_watching_cancels_nothing(server, media, tmp_path):
    upload = server.post("/uploads?filename=a.mp4", data=(media / "flash-1080p.mp4").read_bytes())
    job = server.job(input=upload.json()["url"], kind="video",
                     options={"codec": "h265", "quality": "very_high"})
    watcher = subprocess.Popen(
        [cli.BINARY, "jobs", "watch", job["id"]], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**cli.environment(tmp_path), **access(server)},
    )
    time.sleep(1)
    watcher.send_signal(signal.SIGINT)
    _, told = watcher.communicate(timeout=10)
    assert watcher.returncode == 130 and "the job goes on" in told
    assert server.get(f"/jobs/{job['id']}").json()["status"] != "cancelled"
    server.post(f"/jobs/{job['id']}/cancel")
    seen = cli.ittybit("jobs", "watch", job["id"], cwd=tmp_path, env=access(server))
    assert seen.status == 1 and "somebody has cancelled it" in seen.stderr


def test_health_asks_the_server(there, server, tmp_path):
    asked = there("health")
    assert asked.status == 0 and asked.last["server"] == server.url
    here = there("health", "--local")
    assert here.status == 0 and "sandbox" in here.last and "server" not in here.last
    for env in ({}, {"ITTYBIT_API_KEY": "itty_x"}):
        dead = cli.ittybit("health", cwd=tmp_path, env={"ITTYBIT_API_URL": "http://127.0.0.1:9",
                                                        **env})
        assert dead.status == 4


def test_tasks_run_on_the_server(there, server, media, tmp_path):
    probe = there("task", "probe", "-i", media / "corner-stored-90.mp4")
    assert probe.status == 0, probe.stderr
    assert probe.last["object"] == "task" and probe.last["output"]["rotation"] == 90
    assert probe.last["id"] in [task["id"] for task in server.get("/tasks").json()]
    made = there("task", "image", "-i", json.dumps(probe.last["output"]), "-o", "o.png", "--width",
                 "32")
    assert made.status == 0, made.stderr
    assert look.probe(tmp_path / "o.png")["video"][0]["width"] == 32
    assert made.last["output"]["url"] == (tmp_path / "o.png").as_uri()
    kept = there("task", "adaptive", "-i", media / "flash-small.mp4", "-o", "s/master.m3u8")
    assert kept.status == 0 and not look.decode_complaints(tmp_path / "s/master.m3u8"), kept.stderr
    here = there("task", "probe", "-i", media / "photo.jpg", "--local")
    assert here.status == 0
    assert here.last["id"] not in [task["id"] for task in server.get("/tasks").json()]


@pytest.mark.parametrize("lie", [{"outputs": []}, {"outputs": None, "tasks": []}, {"tasks": []}])
def test_a_server_that_tells_less_than_was_ordered_is_not_believed(server, clip, tmp_path, lie):
    body = {"input": clip, "outputs": [{"kind": "image", "width": 16}]}
    told = server.wait(server.post("/jobs", body).json())

    class Liar(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self):
            text = json.dumps(told | lie).encode()
            self.send_response(201 if self.command == "POST" else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar) as liar:
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        body["outputs"][0]["output"] = "poster.jpg"
        done = cli.ittybit("run", "--body", json.dumps(body), cwd=tmp_path, env={
            "ITTYBIT_API_URL": f"http://127.0.0.1:{liar.server_port}", "ITTYBIT_API_KEY": "itty_x"})
        liar.shutdown()
    assert 1 <= done.status < 100 and done.stderr, done
    assert not (tmp_path / "poster.jpg").exists()


def test_an_interrupt_cancels_a_job_whose_state_is_being_asked_for(server, clip, tmp_path):
    told = server.wait(server.job(input=clip, kind="image", options={"width": 16}))
    asked, cancelled = threading.Event(), threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/cancel"):
                cancelled.set()
            self.answer(201, "cancelled" if cancelled.is_set() else "processing")

        def do_GET(self):
            asked.set()
            cancelled.wait(10)
            self.answer(200, "processing")

        def answer(self, code, status):
            text = json.dumps(told | {"status": status}).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as slow:
        threading.Thread(target=slow.serve_forever, daemon=True).start()
        client = subprocess.Popen(
            [cli.BINARY, "image", "-i", clip, "-o", "o.png"], cwd=tmp_path,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**cli.environment(tmp_path), "ITTYBIT_API_KEY": "itty_x",
                 "ITTYBIT_API_URL": f"http://127.0.0.1:{slow.server_port}"})
        assert asked.wait(20)
        client.send_signal(signal.SIGINT)
        assert client.wait(timeout=10) != 0
        assert cancelled.is_set()
        slow.shutdown()


def test_outputs_that_are_none_are_told(there):
    done = there("run", "--body", '{"input": "https://example.com/a", "outputs": null}')
    assert done.status == 2 and done.stderr


def test_login_says_what_it_did_and_keeps_the_key(server, tmp_path):
    words = ("login", "--url", server.url)
    done = cli.ittybit(*words, cwd=tmp_path, stdin=server.key + "\n")
    assert done.status == 0 and server.key not in done.stderr
    config = tmp_path / ".ittybit/config.json"
    assert json.loads(config.read_text()) == {"url": server.url, "key": server.key}
    assert config.stat().st_mode & 0o777 == 0o600
    bad = cli.ittybit(*words, cwd=tmp_path, stdin="itty_wrong\n")
    assert bad.status == 3


def test_secrets_come_from_the_environment_or_standard_input(tmp_path):
    words = ("connections", "add", "s3", "--endpoint", "https://s3.example.com", "--region", "eu")
    by_environment = cli.ittybit(
        *words, "--name", "one", cwd=tmp_path,
        env={"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret-one"},
    )
    assert by_environment.status == 0, by_environment.stderr
    by_input = cli.ittybit(*words, "--name", "two", "--access-key-id", "id",
                           "--secret-access-key", "-", cwd=tmp_path, stdin="secret-two\n")
    assert by_input.status == 0, by_input.stderr
    kept = (tmp_path / ".ittybit/connections.json").read_text()
    assert "secret-one" in kept and "secret-two" in kept
    assert "secret" not in json.dumps(by_input.lines + by_environment.lines).replace(
        "secret_access_key", "")
