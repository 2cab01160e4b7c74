"""The store as users meet it: rows that cannot be read, lists, health, keys and addresses."""
import contextlib
import http.server
import io
import json
import subprocess
import threading
import time
import wave

import pytest
import requests

import cli
from service import WAIT, QuietServer, Server, Worker, free_port, wait_for


def raw(server, path, text):
    return server.call("POST", path, data=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999", "12345678901234567890123"])
def test_a_number_that_no_double_holds_is_refused_and_the_queue_goes_on(server, clip, number):
    for path, text in [
        ("/jobs", '{"input":"%s","kind":"image",\n"metadata":{"x":%s}}' % (clip, number)),
        ("/tasks", '{"kind":"probe",\n"input":{"object":"file","url":"%s","duration":%s}}'
         % (clip, number)),
    ]:
        answer = raw(server, path, text)
        assert answer.status_code == 400, answer.text
        assert answer.json()["kind"] == "invalid_json"
        assert "line 2, column" in answer.json()["message"]
    done = server.wait(server.job(input=clip, kind="image", width=16))
    assert done["status"] == "succeeded"


@pytest.mark.parametrize("column", ["options", "metadata", "request"])
def test_a_row_that_cannot_be_read_fails_alone(server, clip, origin, column):
    with origin.stall() as url:  # holds all slots while the row is broken
        blockers = [server.job(input=url, kind="image") for _ in range(4)]
        broken = server.job(input=clip, kind="image", width=16)
        server.sql(f"UPDATE jobs SET {column} = ? WHERE id = ?", '{"x":Infinity}', broken["id"])
        good = server.job(input=clip, kind="image", width=16)
        listed = server.get("/jobs?limit=100").json()
        assert {broken["id"], good["id"]} <= {job["id"] for job in listed}
        for job in blockers:
            server.post(f"/jobs/{job['id']}/cancel")
    assert server.wait(good)["status"] == "succeeded"
    ended = server.wait(broken)
    assert ended["status"] == "failed" and ended["error"]["kind"] == "internal_error"
    assert column in ended["error"]["message"]
    again = server.post(f"/jobs/{broken['id']}/retry")
    assert again.status_code == 400 and "send it anew" in again.json()["message"]
    assert server.call("DELETE", f"/jobs/{broken['id']}").status_code == 204


def test_lists_filter_by_all_that_is_told(server, clip, origin):
    before = int(time.time() * 1000)
    made = [server.job(input=f"{origin.url}/none-{n}.mp4", kind="image",
                       metadata={"order": n, "batch": "lists", "deep": {"a": 1}}) for n in range(5)]
    ended = [server.wait(job) for job in made]
    assert {job["status"] for job in ended} == {"failed"}
    def ids(query):
        return [job["id"] for job in server.get(f"/jobs?{query}").json()]
    newest_first = [job["id"] for job in reversed(made)]
    assert ids("metadata.batch=lists") == newest_first
    assert ids("metadata.order=3") == [made[3]["id"]]
    assert ids("metadata.order=3&metadata.batch=lists&status=failed&kind=image") == [made[3]["id"]]
    assert ids("metadata.order=3&metadata.batch=other") == []
    assert ids("metadata.deep=1") == []
    assert set(newest_first) <= set(ids("error=download_failed&limit=100"))
    assert set(newest_first) <= set(ids("status=failed,cancelled&limit=100"))
    assert ids(f"status=queued,processing&created_after={before}") == []
    assert ids(f"created_after={made[0]['created_at'] - 1}&metadata.batch=lists") == newest_first
    assert ids(f"created_before={made[0]['created_at']}&metadata.batch=lists") == []
    assert ids(f"created_after={ended[4]['created_at']}&metadata.batch=lists") == []
    for bad in ("status=failed,", "status=failed,none", "error=none", "created_after=x",
                "created_before=-1", "metadata=1", "after=nonsense"):
        assert server.get(f"/jobs?{bad}").status_code == 400, bad


def test_a_page_goes_on_when_its_cursor_is_deleted(server, origin):
    made = [server.job(input=f"{origin.url}/gone.mp4", kind="audio", metadata={"batch": "cursor"})
            for _ in range(6)]
    for job in made:
        server.wait(job)
    url, seen = "/jobs?metadata.batch=cursor&limit=2", []
    while url:
        answer = server.get(url)
        for job in answer.json():
            seen.append(job["id"])
            assert server.call("DELETE", f"/jobs/{job['id']}").status_code == 204
        url = answer.links.get("next", {}).get("url")
    assert seen == [job["id"] for job in reversed(made)]


def test_a_task_is_found_by_its_id_before_and_after_it_is_claimed(server, clip, origin):
    with origin.stall() as url:
        blockers = [server.job(input=url, kind="image") for _ in range(4)]
        waiting = server.job(input=clip, kind="image", width=16)
        for task in waiting["tasks"]:
            assert server.get(f"/tasks/{task['id']}").json() == task
        for job in blockers:
            server.post(f"/jobs/{job['id']}/cancel")
    done = server.wait(waiting)
    for before, task in zip(waiting["tasks"], done["tasks"]):
        assert before["id"] == task["id"]
        assert server.get(f"/tasks/{task['id']}").json() == task


def test_health_says_when_nothing_can_be_written_and_what(tmp_path, clip):
    server = Server(tmp_path)
    assert server.get("/health").status_code == 200
    assert requests.get(f"{server.url}/ready", timeout=WAIT).json() == {"status": "ready"}
    server.sql("ALTER TABLE settings RENAME TO gone")
    server.sql("ALTER TABLE leases RENAME TO lost")
    time.sleep(1.1)
    for path in ("/health", "/ready"):
        answer = requests.get(server.url + path, timeout=WAIT)
        assert answer.status_code == 503 and answer.json()["kind"] == "unavailable"
    assert "cannot be written" in requests.get(f"{server.url}/health", timeout=WAIT).text
    server.sql("ALTER TABLE gone RENAME TO settings")
    server.job(input=clip, kind="image")
    wait_for(lambda: "no job can be taken" in requests.get(f"{server.url}/health").text, 20,
             "a server that says it takes no jobs")
    assert requests.get(f"{server.url}/ready", timeout=WAIT).status_code == 200
    size = (tmp_path / "server.log").stat().st_size
    time.sleep(3)
    grown = (tmp_path / "server.log").stat().st_size - size
    assert grown < 2000, f"the log grew by {grown} bytes in 3 s"
    server.sql("ALTER TABLE lost RENAME TO leases")
    wait_for(lambda: requests.get(f"{server.url}/health").ok, 30, "a server that is well again")
    assert server.stop() == 0


def test_a_damaged_database_is_refused_at_the_start(tmp_path, clip):
    server = Server(tmp_path)
    for _ in range(50):
        server.job(input=clip, kind="image", metadata={"x": "y" * 2000})
    assert server.stop() == 0
    path = server.data / "ittybit.db"
    server.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    for page in range(20, min(60, len(content) // 4096)):
        content[page * 4096:(page + 1) * 4096] = bytes(4096)
    path.write_bytes(content)
    refused = subprocess.run([cli.BINARY, "serve", "--listen", f"127.0.0.1:{free_port()}"],
                             env=server.env, capture_output=True, text=True, timeout=WAIT)
    assert refused.returncode != 0 and "damaged" in refused.stderr, refused.stderr


@pytest.mark.parametrize("action", [["list"], ["revoke", "x"]])
def test_looking_for_keys_makes_no_database(tmp_path, action):
    folder = tmp_path / "typo/x"
    done = subprocess.run([cli.BINARY, "keys", *action, "--data", folder], capture_output=True,
                          text=True, env=cli.environment(tmp_path), timeout=WAIT)
    assert done.returncode == 2 and str(folder) in done.stderr
    assert not folder.parent.exists()


def test_a_new_server_takes_the_key_it_is_given(tmp_path):
    port, data = free_port(), tmp_path / "data"
    env = {**cli.environment(tmp_path), "ITTYBIT_DATA": str(data), "ITTYBIT_API_KEY": "itty_mine"}
    with subprocess.Popen([cli.BINARY, "serve", "--listen", f"127.0.0.1:{port}"], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        url = f"http://127.0.0.1:{port}/jobs"
        def answer():
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(url, headers={"Authorization": "Bearer itty_mine"}, timeout=9)
        assert wait_for(answer, WAIT, "an answer").status_code == 200
        assert not (data / "first-key").exists()
        process.terminate()
        assert "itty_mine" not in process.stdout.read()


def test_a_log_does_not_learn_the_first_key(tmp_path):
    server = Server(tmp_path)
    assert server.stop() == 0
    log = (tmp_path / "server.log").read_text()
    assert server.key not in log and "first-key" in log


def test_links_and_outputs_follow_the_host_of_the_request(server, clip):
    there = {"Host": "media.example:8443"}
    made = server.call("POST", "/jobs", json={"input": clip, "kind": "image", "width": 16},
                       headers=there).json()
    done = server.wait(made)
    assert done["output"].startswith("http://media.example:8443/files/"), done["output"]
    assert server.wait(server.job(input=clip, kind="image", width=16))["output"].startswith(
        f"{server.url}/files/")
    link = server.call("GET", "/jobs?limit=1", headers=there).links["next"]["url"]
    assert link.startswith("http://media.example:8443/jobs?")
    upload = server.call("POST", "/uploads", data=b"x", headers=there).json()["url"]
    assert upload.startswith("http://media.example:8443/files/")


def test_workers_agree_with_the_server_on_the_public_url(tmp_path, clip):
    server = Server(tmp_path, "--public-url", "https://media.example/itty/", "--concurrency", "1")
    worker = Worker(server, "--concurrency", "1")
    answer = server.post("/jobs", {"input": clip, "kind": "image", "width": 16})
    assert answer.headers["Location"] == f"/itty/jobs/{answer.json()['id']}"
    made = [answer.json()] + [server.job(input=clip, kind="image", width=16) for _ in range(11)]
    for job in made:
        assert server.wait(job)["output"].startswith("https://media.example/itty/files/")
    log = (tmp_path / "worker.log").read_text().splitlines()
    did = {json.loads(line).get("job") for line in log if line.startswith("{")}
    assert did & {job["id"] for job in made}, "the worker did nothing: the test says nothing"
    assert worker.stop() == 0
    assert server.stop() == 0


@pytest.fixture
def slow_clip():
    """An address whose bytes take eight seconds to come, of which a look needs less than two."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 48000, 0, "NONE", None))
        sound.writeframes(bytes(2 * 48000 * 64))
    data = file.getvalue()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            piece = len(data) // 40 + 1
            for at in range(0, len(data), piece):
                self.wfile.write(data[at : at + piece])
                time.sleep(0.2)

        def log_message(self, *_):
            pass

    with QuietServer(("127.0.0.1", 0), Slow) as slow:
        threading.Thread(target=slow.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{slow.server_port}/a.wav"
        slow.shutdown()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_progress_of_another_process_is_followed_and_its_work_cancelled(
        tmp_path, origin, clip, slow_clip, database):
    server = Server(tmp_path, "--concurrency", "1", database=database)
    film = {"input": slow_clip, "kind": "audio", "options": {"format": "wav"}}

    def is_worked_on(job):
        return server.get(f"/jobs/{job['id']}").json()["status"] == "processing"

    with origin.stall() as url:
        held = server.job(input=url, kind="image")
        wait_for(lambda: is_worked_on(held), WAIT, "a server that has no slot")
        worker = Worker(server, "--concurrency", "1")
        job = server.job(**film)
        events = list(server.events(job["id"]))
        states = [each["data"]["status"] for each in events if each["event"] == "job"]
        assert states[-1] == "succeeded" and "processing" in states, states
        told = [each["data"] for each in events if each["event"] == "progress"]
        percents = [it["percent"] for it in told if it["task"] == job["tasks"][1]["id"]]
        assert len(set(percents)) > 1 and percents == sorted(percents), told
        long = server.job(**film)
        wait_for(lambda: is_worked_on(long), WAIT, "another job of the worker's")
        assert server.post(f"/jobs/{long['id']}/cancel").json()["status"] == "cancelled"
        after = server.job(input=clip, kind="image", width=16)
        assert server.wait(after)["status"] == "succeeded", "its slot was not free again"
        log = (tmp_path / "worker.log").read_text().splitlines()
        started = [line["job"] for line in map(json.loads, log) if line["message"] == "job started"]
        assert started == [job["id"], long["id"], after["id"]]
        server.post(f"/jobs/{held['id']}/cancel")
    assert worker.stop() == 0
    assert server.stop() == 0
