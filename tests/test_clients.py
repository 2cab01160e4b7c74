"""The service as its users' own programs call it: the reference's examples and libraries."""
import base64
import json
import os
import shutil
import subprocess

import pytest
import requests

import cli
from service import WAIT, Receiver, Server, wait_for

CLIENTS = cli.ROOT / "tests/clients"
CHROMIUM = shutil.which("chromium")

# One of each kind, small.
KINDS = [
    ("video", {"width": 160, "frames": 10}, "video/mp4"),
    ("audio", {"format": "mp3", "bitrate": 64000}, "audio/mpeg"),
    ("image", {"start": 1.5, "width": 64, "format": "webp"}, "image/webp"),
    ("animation", {"end": 0.5, "width": 64}, "image/gif"),
    ("adaptive_video", {"end": 1, "quality": "low"}, "application/vnd.apple.mpegurl"),
]


def run_client(server, program, *words, timeout=WAIT, **more):
    env = {**os.environ, "ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key}
    return subprocess.run([CLIENTS / program, *words], env=env, timeout=timeout, check=True,
                          text=True, stdout=subprocess.PIPE, **more).stdout


@pytest.mark.parametrize("program", ["create.sh", "create.mjs", "create.py"])
def test_each_kind_of_job_is_made_and_fetched(server, clip, program):
    made = [json.loads(run_client(server, program, json.dumps(
        {"input": clip, "kind": kind, "options": options, "metadata": {"user": "é"}})))
        for kind, options, _ in KINDS]
    for job, (kind, options, media_type) in zip(made, KINDS):
        assert job["status"] == "queued" and job["options"] == options
        done = server.wait(job)
        assert done["status"] == "succeeded", done["error"]
        assert done["kind"] == kind and done["metadata"] == {"user": "é"}
        file = requests.get(done["output"], timeout=WAIT)
        assert file.headers["Content-Type"] == media_type
        assert len(file.content) > 100


def test_webhooks_are_verified_by_the_reference_library(tmp_path, clip):
    secret = "whsec_" + base64.b64encode(os.urandom(24)).decode()
    server, receiver = Server(tmp_path, secret=secret), Receiver()
    job = server.job(input=clip, kind="image", width=32, webhook_url=receiver.url)
    headers, body = receiver.wait_for(1)[0]

    def verify(**more):
        told = {"secret": secret, "headers": headers, "body": body.decode(), **more}
        return json.loads(run_client(server, "verify.mjs", input=json.dumps(told)))

    verified = verify()
    assert verified == json.loads(body)
    assert (verified["id"], verified["type"]) == (job["id"], "job.succeeded")
    assert verified["output"] == server.wait(job)["output"]
    assert "refused" in verify(body=body.decode().replace("succeeded", "failed", 1))
    assert "refused" in verify(headers={**headers, "webhook-id": "msg_other"})
    assert "refused" in verify(secret="whsec_" + base64.b64encode(b"x" * 24).decode())
    assert server.stop() == 0
    receiver.close()


def test_a_resend_during_a_try_comes_as_well(tmp_path):
    server, receiver = Server(tmp_path), Receiver()
    with receiver.hold():
        job = server.job(input="https://example.invalid/a", kind="image", webhook_url=receiver.url)
        receiver.wait_for(1)  # being sent, and not answered yet
        (delivery,) = server.get(f"/jobs/{job['id']}/webhooks").json()
        path = f"/jobs/{job['id']}/webhooks/{delivery['id']}/resend"
        assert server.post(path).status_code == 200
    first, second = receiver.wait_for(2)
    assert first[1] == second[1] and first[0]["webhook-id"] == second[0]["webhook-id"]

    def settled():
        (now,) = server.get(f"/jobs/{job['id']}/webhooks").json()
        return now if now["status"] == "delivered" and len(now["attempts"]) == 2 else None

    wait_for(settled, 10, "both tries in the log")
    assert server.stop() == 0
    receiver.close()


def test_a_receiver_that_is_gone_is_left_alone_until_a_resend(tmp_path):
    server, receiver = Server(tmp_path), Receiver()
    receiver.answers = [410, 302]
    job = server.job(input="https://example.invalid/a", kind="image", webhook_url=receiver.url)

    def delivery(status, tries):
        def look():
            for one in server.get(f"/jobs/{job['id']}/webhooks").json():
                if (one["status"], len(one["attempts"])) == (status, tries):
                    return one
            return None
        return wait_for(look, WAIT, f"{tries} tries and then {status}")

    gone = delivery("failed", 1)
    assert gone["attempts"][0]["status"] == 410
    assert server.post(f"/jobs/{job['id']}/webhooks/{gone['id']}/resend").status_code == 200
    redirected = delivery("pending", 2)
    assert redirected["attempts"][1]["status"] == 302, "a redirect is no delivery"
    assert [headers["webhook-id"] for headers, _ in receiver.wait_for(2)] == [gone["id"]] * 2
    assert server.post(f"/jobs/{job['id']}/webhooks/msg_x/resend").status_code == 404
    assert server.stop() == 0
    receiver.close()


def test_events_cut_off_and_resumed_miss_no_final_state(server, origin):
    with origin.stall() as url:
        job = server.job(input=url, kind="video")
        stream = server.events(job["id"])
        first = next(stream)
        stream.close()
    assert server.wait(job)["status"] == "failed"
    rest = list(server.events(job["id"], **{"Last-Event-ID": first["id"]}))
    assert [event["data"]["status"] for event in rest if event["event"] == "job"] == ["failed"]
    assert server.events(job["id"], **{"Last-Event-ID": rest[-1]["id"]}) is None


def test_a_browser_plays_a_stream_from_its_url_and_changes_the_rendition(server):
    film = (cli.ROOT / "build/test_media/flash-720p.mp4").read_bytes()
    upload = server.call("POST", "/uploads", data=film).json()
    job = server.wait(server.job(input=upload["url"], kind="adaptive_video"))
    assert job["status"] == "succeeded", job["error"]
    seen = json.loads(run_client(server, "play.mjs", CHROMIUM, server.url, job["output"]))
    assert seen["errors"] == []
    assert sorted(seen["levels"]) == ["1280x720", "320x180", "426x240", "640x360", "854x480"]
    assert seen["sizes"][0] == "320x180" and seen["sizes"][-1] == "1280x720"
    assert abs(seen["time"] - 6) < 0.1 and seen["sound"] > 0
    assert seen["frames"] > 30, "of 150: a busy machine drops many"


def test_eventsource_in_a_browser_follows_over_a_crash_and_stops_at_the_end(tmp_path):
    origin, server = Receiver(), Server(tmp_path)
    with origin.stall() as url:
        job = server.job(input=url, kind="video")
        words = [CLIENTS / "follow.mjs", CHROMIUM, server.url, job["id"]]
        env = {**os.environ, "ITTYBIT_API_KEY": server.key}
        browser = subprocess.Popen(words, env=env, text=True, stdout=subprocess.PIPE)
        assert json.loads(browser.stdout.readline()) == {"opened": True}
        server.kill()
        server.start()
    told, _ = browser.communicate(timeout=2 * WAIT)
    seen = json.loads(told)
    assert browser.returncode == 0
    assert seen["states"][-1] == "failed" and seen["states"].count("failed") == 1
    ids = [int(id) for id in seen["ids"]]
    assert ids == sorted(set(ids)), "no state comes twice"
    assert seen["answers"][0] == 200 and seen["answers"][-2:] == [200, 204]
    assert seen["answers"].count(204) == 1, "EventSource came back after the end"
    assert server.stop() == 0
    origin.close()
