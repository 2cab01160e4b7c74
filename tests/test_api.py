"""The service as a client sees it: a real server, real HTTP, only the documentation known."""
import base64
import concurrent.futures
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import threading
import time

import pytest
import requests

import cli
import queue_soak
from service import WAIT, QuietServer, Receiver, Server, wait_for


# What is refused at once.

ERRORS = [
    ({}, 400, "input_required", "input"),
    ({"kind": "video"}, 400, "input_required", "input"),
    ({"input": "", "kind": "video"}, 400, "input_required", "input"),
    ({"input": "ftp://a/b", "kind": "video"}, 400, "invalid_input",
     "input must use http://, https://, or s3:// scheme"),
    ({"input": "file:///etc/passwd", "kind": "video"}, 400, "invalid_input",
     "input must use http://, https://, or s3:// scheme"),
    ({"input": 7, "kind": "video"}, 400, "invalid_input", "input"),
    ({"input": "https://", "kind": "video"}, 400, "invalid_input", "input"),
    ({"input": "https://a/b"}, 400, "kind_required", "kind"),
    ({"input": "https://a/b", "kind": "film"}, 400, "invalid_kind", "adaptive_video"),
    ({"input": "https://a/b", "kind": "probe"}, 400, "invalid_kind", "kind"),
    ({"input": "https://a/b", "kind": "video", "format": "avi"}, 400, "invalid_format", "format"),
    ({"input": "https://a/b", "kind": "video", "options": {"format": "webm", "codec": "h264"}}, 400,
     "invalid_codec", "vp9"),
    ({"input": "https://a/b", "kind": "video", "options": {"widht": 9}}, 400, "invalid_options",
     "width"),
    ({"input": "https://a/b", "kind": "audio", "options": {"width": 9}}, 400, "invalid_options",
     "width"),
    ({"input": "https://a/b", "kind": "audio", "width": 9}, 400, "invalid_options", "width"),
    ({"input": "https://a/b", "kind": "video", "width": 9, "options": {"width": 9}}, 400,
     "invalid_options", "twice"),
    ({"input": "https://a/b", "kind": "video", "fps": 61}, 400, "invalid_options", "60"),
    ({"input": "https://a/b", "kind": "animation"}, 400, "invalid_options", "end"),
    ({"input": "https://a/b", "kind": "video", "start": 5, "end": 5}, 400, "invalid_options",
     "end"),
    ({"input": "https://a/b", "kind": "video", "options": []}, 400, "invalid_options", "options"),
    ({"input": "https://a/b", "kind": "video", "output": "/tmp/x"}, 400, "invalid_output", "s3://"),
    ({"input": "https://a/b", "kind": "video", "output": "s3://bkt/{who}.mp4"}, 400,
     "invalid_output",
     "{who}"),
    ({"input": "https://a/b", "kind": "video", "output": "s3://bkt/k.mp3"}, 400, "invalid_output",
     ".mp3"),
    ({"input": "https://a/b", "kind": "video", "format": "mp4", "output": "s3://bkt/k.webm"}, 400,
     "invalid_output", "webm"),
    ({"input": "s3://bucket/key", "kind": "video"}, 400, "connection_required", "connection"),
    ({"input": "https://a/b", "kind": "video", "output": "s3://bkt/k.mp4"}, 400,
     "connection_required", "connection"),
    ({"input": "https://a/b", "kind": "video", "connection": "nobody"}, 400, "connection_required",
     "nobody"),
    ({"input": "https://a/b", "kind": "video", "connection": "nobody",
      "options": {"connection_id": [[1]]}}, 400, "invalid_options", "connection_id"),
    ({"input": "https://a/b", "kind": "video", "webhook_url": "ftp://a"}, 400,
     "invalid_webhook_url", "webhook_url"),
    ({"input": "https://a/b", "kind": "video", "metadata": []}, 400, "invalid_request", "metadata"),
    ({"input": "https://a/b", "kind": "video", "metadata": {"a": "x" * 17000}}, 400,
     "invalid_request", "16 KiB"),
    ({"input": "https://a/b", "kind": "video", "qualty_of": 1}, 400, "invalid_request",
     "qualty_of"),
    ({"input": "https://a/b", "kind": "image", "codec": "h264"}, 400, "invalid_options",
     "codec is an option of video, not of image"),
    ({"input": "https://a/b", "kind": "video", "priority": 11}, 400, "invalid_request",
     "priority must be between -10 and 10, not 11"),
    ({"input": "https://a/b", "kind": "video", "output": "s3://../x.mp4"}, 400, "invalid_output",
     "bucket"),
    ({"input": "s3://bucket/a/../b", "kind": "video"}, 400, "invalid_input", ".."),
    ({"input": "https://a/b", "kind": "video", "webhook_url": "http://169.254.169.254/"}, 400,
     "invalid_webhook_url", "webhook_url"),
    ({"input": "http://169.254.169.254/latest", "kind": "video"}, 400, "invalid_input", "input"),
    ({"input": "http://[fe80::1]/x.mp4", "kind": "video"}, 400, "invalid_input", "input"),
]


@pytest.mark.parametrize("body,status,kind,words", ERRORS, ids=range(len(ERRORS)))
def test_a_wrong_job_is_refused_in_words(server, body, status, kind, words):
    answer = server.post("/jobs", body)
    assert (answer.status_code, answer.json()["kind"]) == (status, kind), answer.text
    assert words in answer.json()["message"]


def test_null_is_as_if_it_were_not_there(server):
    body = {"input": "https://a.invalid/b", "kind": "animation", "start": None, "output": None,
            "options": {"format": None, "fps": None, "end": 2}, "metadata": None,
            "connection": None, "webhook_url": None, "priority": None}
    made = server.post("/jobs", body)
    assert made.status_code == 201, made.text
    assert made.json()["options"] == {"end": 2} and made.json()["metadata"] == {}
    wrong = server.post("/jobs", {**body, "options": {"end": None}})
    assert (wrong.status_code, wrong.json()["kind"]) == (400, "invalid_options")


def test_nothing_is_suggested_that_is_far(server):
    for field in ("foo", "interval", "subtitle_url"):
        answer = server.post("/jobs", {"input": "https://a/b", "kind": "video", field: 1})
        assert answer.status_code == 400 and "nearest" not in answer.json()["message"], answer.text


def test_a_retry_asks_for_the_same_again(server):
    first = server.post("/jobs", {"input": "https://a.invalid/b", "kind": "video", "width": "50%",
                                  "metadata": {"a": [1]}}).json()
    again = server.post(f"/jobs/{first['id']}/retry", {})
    assert again.status_code == 201, again.text
    for field in ("input", "kind", "options", "metadata"):
        assert again.json()[field] == first[field]
    assert again.json()["id"] != first["id"]


def test_a_hundred_of_very_many_mistakes_are_told(server):
    body = {"input": "https://a/b", "kind": "video", **{f"not_known_{i}": i for i in range(20_000)}}
    answer = server.post("/jobs", body)
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 100


def test_a_large_body_is_as_good_as_a_small_one(server):
    body = {"input": "https://a.invalid/b", "kind": "video", "metadata": {"a": "b"}}
    made = server.call("POST", "/jobs", data=json.dumps(body) + " " * 500_000)
    assert made.status_code == 201
    assert made.json()["metadata"] == body["metadata"]
    assert server.get(f"/jobs/{made.json()['id']}").json()["options"] == {}


def test_several_problems_are_all_listed_and_ranked(server):
    body = {"input": "ftp://x", "kind": "video", "options": {"fps": 99, "codec": "divx"},
            "webhook_url": "x", "output": "nowhere"}
    answer = server.post("/jobs", body).json()
    assert answer["kind"] == "invalid_input"
    kinds = [error["kind"] for error in answer["errors"]]
    assert kinds == ["invalid_input", "invalid_codec", "invalid_options", "invalid_output",
                     "invalid_webhook_url"]
    for error in answer["errors"]:
        assert error["message"] in answer["message"]


def test_bad_json_is_located(server):
    answer = server.call("POST", "/jobs", data='{"input": "a",\n  "kind": }',
                         headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["kind"] == "invalid_json"
    assert "line 2, column" in answer.json()["message"]


def test_other_refusals(server):
    assert server.post("/jobs", {"input": "x" * (2 << 20)}).status_code == 413
    other = server.call("POST", "/jobs", data="<a/>", headers={"Content-Type": "text/xml"})
    assert (other.status_code, other.json()["kind"]) == (415, "unsupported_media_type")
    nothing = requests.get(f"{server.url}/jobs", timeout=WAIT)
    assert (nothing.status_code, nothing.json()["kind"]) == (401, "token_missing")
    wrong = requests.get(f"{server.url}/jobs", headers={"Authorization": "Bearer x"}, timeout=WAIT)
    assert (wrong.status_code, wrong.json()["kind"]) == (401, "token_invalid")
    assert server.get("/nowhere").json()["kind"] == "route_not_found"
    put = server.call("PUT", "/jobs")
    assert (put.status_code, put.json()["kind"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(put.headers["Allow"].replace(",", " ").split())
    for path, kind in [("/jobs/job_x", "job"), ("/tasks/task_x", "task"),
                       ("/connections/conn_x", "connection"),
                       ("/files/" + "0" * 32 + "/a", "file")]:
        answer = server.get(path)
        assert (answer.status_code, answer.json()["kind"]) == (404, f"{kind}_not_found")


def test_preflights_and_open_pages(server):
    preflight = requests.options(f"{server.url}/jobs", timeout=WAIT)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    for header in ("Content-Length", "Content-Range", "ETag", "Link", "Has-More", "Location"):
        assert header in preflight.headers["Access-Control-Expose-Headers"]
    assert requests.get(f"{server.url}/health", timeout=WAIT).json()["status"] == "ok"
    document = requests.get(f"{server.url}/openapi.json", timeout=WAIT).json()
    assert document["openapi"].startswith("3.1")
    assert "/jobs/{id}/webhooks/{delivery}/resend" in document["paths"]
    assert "ittybit" in requests.get(server.url, timeout=WAIT).text
    assert "ittybit_jobs_queued" in server.get("/metrics").text


def test_a_new_job_has_four_waiting_tasks(server):
    job = server.job(input="https://example.invalid/a.mp4", kind="video", width=320,
                     options={"quality": "low"}, metadata={"mine": [1]})
    assert job["status"] == "queued" and job["object"] == "job"
    assert [task["kind"] for task in job["tasks"]] == ["probe", "import", "video", "export"]
    assert {task["status"] for task in job["tasks"]} == {"waiting"}
    assert job["options"] == {"quality": "low", "width": 320}
    assert job["metadata"] == {"mine": [1]} and job["output"] is None
    ended = server.wait(job)
    assert ended["status"] == "failed"
    assert ended["error"]["kind"] == "download_failed"
    assert ended["error"]["task"] == job["tasks"][0]["id"]


def test_one_idempotency_key_makes_one_job(server):
    body = {"input": "https://example.invalid/once.mp4", "kind": "audio"}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(
            lambda _: server.post("/jobs", body, headers={"Idempotency-Key": '"one"'}), range(100)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = server.post("/jobs", {**body, "kind": "video"}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["kind"]) == (422, "idempotency_key_reused")
    bad = server.post("/jobs", {"kind": "x"}, headers={"Idempotency-Key": "two"})
    assert bad.status_code == 400
    assert server.post("/jobs", body, headers={"Idempotency-Key": "two"}).status_code == 201


def test_lists_page_filter_and_refuse(server):
    url = "https://example.invalid/listed.mp4"
    ids = [server.job(input=url, kind="image")["id"] for _ in range(5)]
    first = server.get("/jobs", params={"input": url, "limit": 2})
    assert [job["id"] for job in first.json()] == ids[:2:-1]
    assert first.headers["Has-More"] == "true" and first.headers["Limit"] == "2"
    following = server.get(first.links["next"]["url"])
    assert [job["id"] for job in following.json()] == [ids[2], ids[1]]
    last = server.get(following.links["next"]["url"])
    assert [job["id"] for job in last.json()] == [ids[0]]
    assert last.headers["Has-More"] == "false" and "next" not in last.links
    upward = server.get("/jobs", params={"input": url, "order": "asc", "after": ids[3]}).json()
    assert [job["id"] for job in upward] == [ids[4]]
    back = server.get("/jobs", params={"input": url, "before": ids[1], "limit": 2}).json()
    assert [job["id"] for job in back] == [ids[3], ids[2]]
    for bad in ({"limit": 0}, {"limit": "x"}, {"after": "job_x"}, {"colour": "red"},
                {"status": "happy"}, {"order": "up"}):
        answer = server.get("/jobs", params=bad)
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_request"), bad


# Work that is really done.

def test_a_job_ends_in_a_file_with_ranges(server, clip):
    job = server.job(input=clip, kind="video", width=64, frames=10)
    done = server.wait(job)
    assert done["status"] == "succeeded", done
    assert all(task["status"] == "succeeded" for task in done["tasks"])
    assert all(task["progress"] == 100 for task in done["tasks"])
    assert done["tasks"][0]["output"]["streams"]
    assert done["tasks"][1]["output"]["url"] is None, "nobody can have the working copy"
    assert done["tasks"][3]["output"]["url"] == done["output"]
    whole = requests.get(done["output"], timeout=WAIT)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Security-Policy"] == "sandbox"
    assert whole.headers["Access-Control-Allow-Origin"] == "*"
    data = whole.content
    assert len(data) == done["tasks"][3]["output"]["size"]

    def part(value, **more):
        return requests.get(done["output"], headers={"Range": value, **more}, timeout=WAIT)

    assert part("bytes=0-9").content == data[:10] and part("bytes=0-9").status_code == 206
    assert part("bytes=-5").content == data[-5:]
    assert part("bytes=10-").content == data[10:]
    assert part("bytes=10-").headers["Content-Range"] == f"bytes 10-{len(data) - 1}/{len(data)}"
    assert part(f"bytes={len(data)}-").status_code == 416
    assert part("bytes=5-2").content == data and part("lines=1-2").status_code == 200
    assert part("bytes=0-9", **{"If-Range": whole.headers["ETag"]}).status_code == 206
    assert part("bytes=0-9", **{"If-Range": '"other"'}).status_code == 200
    head = requests.head(done["output"], timeout=WAIT)
    assert int(head.headers["Content-Length"]) == len(data) and not head.content
    same = requests.get(done["output"], headers={"If-None-Match": whole.headers["ETag"]},
                        timeout=WAIT)
    assert same.status_code == 304
    for name in ("none.mp4", "%2F%C3%BC", "..%2F..%2Fittybit.db", "a%00b", "%01", "a" * 2000):
        missing = requests.get(f"{done['output'].rsplit('/', 1)[0]}/{name}", timeout=WAIT)
        assert (missing.status_code, missing.json()["kind"]) == (404, "file_not_found"), name
    assert "streams" not in json.dumps(server.get("/jobs", params={"input": clip}).json())
    assert server.post(f"/jobs/{job['id']}/cancel").json()["kind"] == "job_finished"
    assert server.call("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert server.get(f"/jobs/{job['id']}").status_code == 404
    assert requests.get(done["output"], timeout=WAIT).status_code == 404


def test_an_upload_is_an_input(server, media, clip):
    data = (media / clip.rsplit("/", 1)[1]).read_bytes()
    answer = server.call("POST", "/uploads", params={"filename": "my clip.mp4"}, data=data)
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert file["object"] == "external_file"
    served = requests.get(file["url"], timeout=WAIT)
    assert hashlib.sha256(served.content).digest() == hashlib.sha256(data).digest()
    done = server.wait(server.job(input=file["url"], kind="image", width=32))
    assert done["status"] == "succeeded", done
    assert done["output"].endswith(".jpg")


def test_standalone_tasks_chain(server, clip):
    probe = server.post("/tasks", {"kind": "probe", "input": clip}).json()
    assert probe["status"] == "waiting" and probe["input"]["object"] == "external_file"
    probed = server.wait(probe, "tasks")
    assert probed["status"] == "succeeded", probed
    copied = server.wait(server.post("/tasks", {"kind": "import", "input": clip}).json(), "tasks")
    image = server.post("/tasks", {"kind": "image", "input": copied["output"], "width": 40}).json()
    made = server.wait(image, "tasks")
    assert made["status"] == "succeeded" and made["output"]["width"] == 40, made
    listed = [task["id"] for task in server.get("/tasks").json()]
    assert image["id"] in listed
    assert server.get(f"/jobs/{image['id']}").status_code == 404


def test_a_standalone_task_is_followed_cancelled_and_deleted_like_a_job(server, origin):
    receiver = Receiver()
    with origin.stall() as url:
        task = server.post("/tasks", {
            "kind": "image", "input": url, "width": 40, "webhook_url": receiver.url,
            "metadata": {"order": 7}}).json()
        assert task["metadata"] == {"order": 7}
        path = f"/tasks/{task['id']}"
        assert server.get(path).json()["metadata"] == {"order": 7}
        cancelled = server.post(f"{path}/cancel")
        assert cancelled.status_code == 200 and cancelled.json()["status"] == "cancelled"
        assert server.post(f"{path}/cancel").status_code == 200
    told = json.loads(receiver.wait_for(1)[0][1])
    assert told["type"] == "task.cancelled" and told["metadata"] == {"order": 7}
    (event,) = server.events(task["id"], "tasks")
    assert event["event"] == "task" and event["data"]["status"] == "cancelled"
    assert server.events(task["id"], "tasks", **{"Last-Event-ID": event["id"]}) is None
    (delivery,) = server.get(f"{path}/webhooks").json()
    resend = f"{path}/webhooks/{delivery['id']}/resend"
    assert server.post(resend).status_code == 200 and receiver.wait_for(2)
    unknown = server.post(f"{path}/webhooks/msg_x/resend")
    assert unknown.status_code == 404 and unknown.json()["kind"] == "delivery_not_found"
    assert server.call("DELETE", path).status_code == 204
    assert server.get(path).json()["kind"] == "task_not_found"
    assert server.call("DELETE", path).status_code == 404


def test_a_finished_task_and_a_jobs_task_are_not_cancelled(server, clip):
    done = server.wait(server.post("/tasks", {"kind": "probe", "input": clip}).json(), "tasks")
    refused = server.post(f"/tasks/{done['id']}/cancel")
    assert refused.status_code == 409 and refused.json()["kind"] == "job_finished"
    job = server.job(input=clip, kind="image")
    for answer in (server.post(f"/tasks/{job['tasks'][0]['id']}/cancel"),
                   server.call("DELETE", f"/tasks/{job['tasks'][0]['id']}")):
        assert answer.status_code == 400 and job["id"] in answer.json()["message"]


def test_events_end_with_the_final_state_and_resume(server, clip):
    job = server.job(input=clip, kind="video", width=64, frames=5, quality="low")
    events = [event for event in server.events(job["id"]) if event["event"] == "job"]
    states = [event["data"]["status"] for event in events]
    assert states[-1] == "succeeded"
    revisions = [int(event["id"]) for event in events]
    assert revisions == sorted(set(revisions))
    assert server.events(job["id"], **{"Last-Event-ID": str(revisions[-1])}) is None
    again = list(server.events(job["id"], **{"Last-Event-ID": "1"}))
    assert again[-1]["data"]["status"] == "succeeded"


def test_cancel_is_at_once_and_once(server, origin):
    job = server.job(input=f"{origin.url}/none", kind="video")
    cancelled = server.post(f"/jobs/{job['id']}/cancel")
    if cancelled.status_code == 200:
        assert cancelled.json()["status"] == "cancelled"
        assert server.post(f"/jobs/{job['id']}/cancel").status_code == 200
    else:
        assert cancelled.json()["kind"] == "job_finished"
    again = server.post(f"/jobs/{job['id']}/retry")
    assert again.status_code == 201 and again.json()["id"] != job["id"]


def test_keys_are_made_shown_once_and_revoked(server):
    made = server.post("/keys", {"name": "nightly"})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    key = made.json()
    as_it = {"Authorization": f"Bearer {key['key']}"}
    assert server.get("/jobs", headers=as_it).status_code == 200
    listed = {one["id"]: one for one in server.get("/keys").json()}
    del key["key"]
    key["last_used_at"] = listed[key["id"]]["last_used_at"]  # which is noted a little later
    assert listed[key["id"]] == key and made.json()["key"].startswith(key["hint"])
    again = {"Idempotency-Key": "the same"}
    keys = {server.post("/keys", {"name": "two"}, headers=again).json()["key"] for _ in range(2)}
    assert len(keys) == 2, "no answer with a key in it is kept"
    for body in ({}, {"name": ""}, {"name": "x" * 101}, {"name": 1}):
        refused = server.post("/keys", body)
        assert refused.status_code == 400 and "name" in refused.json()["message"]
    assert "scopes" in server.post("/keys", {"name": "x", "scope": "all"}).json()["message"]
    assert server.call("DELETE", f"/keys/{key['id']}").status_code == 204
    assert server.call("DELETE", f"/keys/{key['id']}").status_code == 404
    assert server.call("DELETE", "/keys/two").status_code == 404, "a name is no id"
    unclear = subprocess.run([cli.BINARY, "keys", "revoke", "two"], env=server.env, text=True,
                             capture_output=True, check=False)
    assert unclear.returncode == 2 and "2 keys are called two" in unclear.stderr
    for one in server.get("/keys").json():
        if not server.key.startswith(one["hint"]):
            assert server.call("DELETE", f"/keys/{one['id']}").status_code == 204
    [mine] = server.get("/keys").json()
    last = server.call("DELETE", f"/keys/{mine['id']}")
    assert last.status_code == 400 and "last API key" in last.json()["message"]
    wait_for(lambda: server.get("/jobs", headers=as_it).status_code == 401, 3, "a key refused")


def test_connections_keep_their_secret(server):
    body = {"kind": "s3", "name": "store", "endpoint": "https://s3.example.com", "region": "eu",
            "access_key_id": "AK", "secret_access_key": "hush-hush", "is_default": True}
    made = server.post("/connections", body)
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert id.startswith("conn_") and "hush" not in made.text
    assert server.post("/connections", body).json()["kind"] == "connection_exists"
    changed = server.call("PATCH", f"/connections/{id}", json={"region": "us"})
    assert changed.json()["region"] == "us" and "hush" not in changed.text
    assert server.get("/connections").json()[0]["name"] == "store"
    assert server.post("/connections", {"kind": "s3", "name": "x"}).status_code == 400
    for path in (server.folder / "data").glob("ittybit.db*"):
        assert b"hush-hush" not in path.read_bytes()
    assert server.call("DELETE", f"/connections/{id}").status_code == 204
    assert server.get(f"/connections/{id}").status_code == 404


def test_a_session_token_is_taken_away_by_an_empty_one_alone(server):
    tokens = []

    class Buckets(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            tokens.append(self.headers.get("x-amz-security-token"))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with QuietServer(("127.0.0.1", 0), Buckets) as buckets:
        threading.Thread(target=buckets.serve_forever, daemon=True).start()
        made = server.post("/connections", {
            "kind": "s3", "name": "token", "endpoint": f"http://127.0.0.1:{buckets.server_port}",
            "access_key_id": "AK", "secret_access_key": "hush", "session_token": "hush too"}).json()
        at = f"/connections/{made['id']}"
        for token in (None, ""):
            assert server.call("PATCH", at, json={"session_token": token}).status_code == 200
            server.post(f"{at}/test")
        buckets.shutdown()
    assert tokens == ["hush too", None]
    server.call("DELETE", at)


def test_a_connections_secrets_do_not_follow_it_to_a_new_endpoint(server):
    made = server.post("/connections", {
        "kind": "s3", "name": "moving", "endpoint": "https://s3.example.com", "region": "eu",
        "access_key_id": "AK", "secret_access_key": "hush", "session_token": "hush too"}).json()

    def change(**fields):
        return server.call("PATCH", f"/connections/{made['id']}", json=fields)

    refused = change(endpoint="https://elsewhere.example.com")
    assert refused.status_code == 400 and "secret_access_key" in refused.json()["message"]
    assert server.get(f"/connections/{made['id']}").json()["endpoint"] == "https://s3.example.com"
    assert change(endpoint="https://s3.example.com", region=None).json()["region"] == "eu"
    moved = change(endpoint="https://elsewhere.example.com", secret_access_key="new")
    assert moved.status_code == 200 and moved.json()["endpoint"] == "https://elsewhere.example.com"
    server.call("DELETE", f"/connections/{made['id']}")


@pytest.mark.parametrize("endpoint", [
    "http://user:PW@s3.example.com", "https://s3.example.com/?a=b", "https://s3.example.com/#x",
    "ftp://s3.example.com", "s3.example.com", "http://169.254.169.254", "http://[fd00:ec2::254]:80",
    "https://s3 example.com", "http://0xa9fea9fe/"])
def test_an_endpoint_is_the_address_of_a_service(server, endpoint):
    answer = server.post("/connections", {
        "kind": "s3", "name": "never", "endpoint": endpoint, "region": "eu",
        "access_key_id": "AK", "secret_access_key": "hush"})
    assert answer.status_code == 400 and answer.json()["kind"] == "invalid_request"
    assert "endpoint" in answer.json()["message"] and "PW" not in answer.text


def test_webhooks_are_signed_both_ways_tried_again_and_logged(tmp_path):
    key = base64.b64encode(os.urandom(32)).decode()
    secret = "whsec_" + key
    server, receiver = Server(tmp_path, secret=secret), Receiver()
    receiver.answers = [500]
    job = server.job(input="https://example.invalid/a", kind="image", webhook_url=receiver.url)
    (_, first), (headers, body) = receiver.wait_for(2)
    assert first == body
    assert headers["Ittybit-Signature"] == hmac.new(
        secret.encode(), body, hashlib.sha256).hexdigest()
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(base64.b64decode(key), text, hashlib.sha256).digest())
    assert headers["webhook-signature"] == "v1," + wanted.decode()
    assert json.loads(body)["type"] == "job.failed" and json.loads(body)["id"] == job["id"]
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        (delivery,) = server.get(f"/jobs/{job['id']}/webhooks").json()
        if delivery["status"] == "delivered":
            break
        time.sleep(0.1)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 200]
    receiver.answers = [410]
    path = f"/jobs/{job['id']}/webhooks/{delivery['id']}/resend"
    assert server.post(path).status_code == 200
    again = receiver.wait_for(3)[2]
    assert again[0]["webhook-id"] == headers["webhook-id"]
    assert server.stop() == 0


def test_kill_minus_nine_loses_nothing(tmp_path, clip):
    server = Server(tmp_path)
    jobs = [server.job(input=clip, kind="image", width=16 + n) for n in range(12)]
    for _ in range(2):  # a job has three attempts
        time.sleep(0.4)
        server.kill()
        server.start()
    for job in jobs:
        done = server.wait(job)
        assert done["status"] == "succeeded", done["error"]
        file = requests.get(done["output"], timeout=WAIT)
        assert len(file.content) == done["tasks"][3]["output"]["size"]
    assert server.stop() == 0


def test_a_command_on_the_same_data_takes_nothing_away(tmp_path):
    server = Server(tmp_path)
    assert server.stop() == 0
    server.start()
    subprocess.run([cli.BINARY, "keys", "create", "other"], env=server.env, check=True,
                   stdout=subprocess.DEVNULL)
    job = server.job(input="https://example.invalid/a", kind="image")
    server.kill()
    server.start()
    assert server.get(f"/jobs/{job['id']}").status_code == 200
    assert server.stop() == 0


def test_jobs_queued_at_once_are_claimed_in_order_and_once(tmp_path, origin):
    server = Server(tmp_path, "--concurrency", f"{queue_soak.SLOTS}")
    assert queue_soak.run(server, origin, 50) == []
    assert server.stop() == 0
