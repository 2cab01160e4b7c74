"""Addresses of files that expire (--sign-files)."""
import json
import re
import subprocess
import time

import cli
import pytest
import requests
from service import WAIT, Receiver, Server

SIGNED = re.compile(r"/files/([0-9a-f]{32})~(\d+)~([0-9a-f]{32})/")
LASTS = 3600


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("signing"), "--sign-files", "1h")
    yield made
    assert made.stop() == 0


def get(url, **more):
    return requests.get(url, timeout=WAIT, **more)


def upload(server, path):
    answer = server.call("POST", f"/uploads?filename={path.name}", data=path.read_bytes())
    assert answer.headers["Location"] == answer.json()["url"]
    return answer.json()["url"]


def addresses(value):
    """All addresses of files in an answer."""
    return re.findall(r'https?://[^"]*?/files/[^"]+', json.dumps(value))


def check(url):
    found = SIGNED.search(url)
    assert found, url
    left = int(found[2]) - time.time()
    assert LASTS * 7 / 8 - WAIT < left <= LASTS, left
    assert get(url).status_code == 200, url


def part_of(server, job, end):
    """The address of a part of its output."""
    return next(part["url"] for task in job["tasks"] if task["kind"] == "export"
                for part in server.get(f"/tasks/{task['id']}/parts?limit=100").json()
                if part["url"].endswith(end))


def test_every_answer_has_addresses_that_hold(signing, media):
    receiver = Receiver()
    source = upload(signing, media / "flash-720p.mp4")
    job = signing.job(input=source, kind="image", width=32, webhook_url=receiver.url,
                      metadata={"mine": source})
    events = list(signing.events(job["id"]))
    job = signing.wait(job)
    listed = signing.get("/jobs").json()[0]
    several = signing.wait(signing.job(input=source, outputs=[
        {"kind": "image", "options": {"width": 16}}, {"kind": "image", "options": {"width": 8}}]))
    task = signing.post("/tasks", {"kind": "image", "input": source}).json()
    task = signing.wait(task, "tasks")
    told = json.loads(receiver.wait_for(1)[0][1])
    last = [event["data"] for event in events if event["event"] == "job"][-1]
    files = signing.get("/files").json()
    for answer in (job, listed, several, task, told, last, files):
        found = addresses({**answer, "metadata": None} if isinstance(answer, dict) else answer)
        assert len(found) >= 2
        for url in found:
            check(url)
    assert job["metadata"] == {"mine": source}, "what is the user's own stays"
    assert told["output"].split("/")[-1] == job["output"].split("/")[-1]
    receiver.close()


def test_what_is_not_signed_or_no_longer_is_refused(signing, media):
    url = upload(signing, media / "corner.png")
    plain = SIGNED.sub(r"/files/\1/", url)
    found = SIGNED.search(url)
    later = url.replace(found[2], str(int(found[2]) + 60))
    other = url.replace(found[1], "0" * 32)
    spoilt = url.replace(found[3], found[3][:-1] + ("0" if found[3][-1] != "0" else "1"))
    for wrong in (plain, later, other, spoilt, url.replace(f"~{found[3]}", ""),
                  url.replace(found[3], "")):
        for method in ("GET", "HEAD"):
            refused = requests.request(method, wrong, timeout=WAIT)
            assert refused.status_code == 403, wrong
            assert "immutable" not in refused.headers.get("Cache-Control", "")
        told = get(wrong).json()
        assert told["kind"] == "token_invalid" and "GET /files" in told["message"]
    age = int(re.search(r"max-age=(\d+)", get(url).headers["Cache-Control"])[1])
    assert 0 < age <= int(found[2]) - time.time() + 1
    # Who has a key may use it as an input all the same, and others' addresses stay as they are.
    for source in (plain, later):
        job = signing.wait(signing.job(input=source, kind="image", width=8))
        assert job["status"] == "succeeded" and job["input"] == source
    foreign = "https://example.invalid/files/" + "a" * 32 + "/film.mp4"
    assert signing.job(input=foreign, kind="image")["input"] == foreign
    assert get(f"{signing.url}/health").status_code == 200


def test_they_expire_and_are_given_anew(tmp_path, media):
    made = Server(tmp_path, "--sign-files", "3s")
    url = upload(made, media / "corner.png")
    assert get(url).headers["Cache-Control"] in ("public, max-age=3, immutable",
                                                 "public, max-age=2, immutable")
    time.sleep(3.1)
    expired = get(url, headers={"If-None-Match": "*"})
    assert expired.status_code == 403 and "expired" in expired.json()["message"]
    assert get(made.get("/files").json()[0]["url"]).status_code == 200
    # Another time, or none: what was promised for longer holds, and what was not signed is open.
    assert made.stop() == 0
    made.flags = ["--allow-private-network"]
    made.start()
    assert get(url).status_code == 200 and get(SIGNED.sub(r"/files/\1/", url)).status_code == 200
    assert "~" not in made.get("/files").json()[0]["url"]
    assert made.stop() == 0


def test_streams_and_thumbnails_go_on_by_their_own_names(signing, media, tmp_path):
    source = upload(signing, media / "flash-720p.mp4")
    job = signing.wait(signing.job(input=source, kind="adaptive_video"))
    seen = cli.ittybit("validate", job["output"], cwd=tmp_path).last
    assert {found["message"] for found in seen["findings"]} <= {
        "served without TLS", "served without gzip"}, seen
    assert get(job["output"]).headers["Content-Encoding"] == "gzip"
    for manifest in (job["output"], part_of(signing, job, "manifest.mpd")):
        probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
                                "csv=p=0", manifest], text=True, capture_output=True, check=False)
        assert probe.returncode == 0 and float(probe.stdout) > 0, probe.stderr
    sprite = signing.wait(signing.job(input=source, kind="image", interval=1, end=3,
                                      sheet="sprite", width=32))
    track = part_of(signing, sprite, ".vtt")
    sheet = re.search(r"(\S+)#xywh", get(track).text)[1]
    assert get(track.rsplit("/", 1)[0] + "/" + sheet).headers["Content-Type"].startswith("image/")


def test_the_command_line_fetches_what_it_made(signing, media, tmp_path):
    env = {"ITTYBIT_API_URL": signing.url, "ITTYBIT_API_KEY": signing.key}
    done = cli.ittybit("adaptive", "-i", media / "flash-720p.mp4", "-o", "stream/", cwd=tmp_path,
                       env=env)
    assert done.status == 0, done.stderr
    assert list(tmp_path.glob("stream/**/master.m3u8"))
    printed = cli.ittybit("image", "-i", media / "corner.png", cwd=tmp_path, env=env)
    check(printed.last["output"] if isinstance(printed.last["output"], str)
          else printed.last["output"]["url"])
    url = signing.get("/files").json()[0]["url"]
    assert cli.ittybit("files", "delete", url, cwd=tmp_path, env=env).status == 0
    assert get(url).status_code == 404


def test_a_replayed_answer_is_signed_anew(signing, media):
    def send():
        return signing.call("POST", "/uploads", data=b"same", headers={"Idempotency-Key": "k"})

    first, again = send(), send()
    assert again.headers["Idempotent-Replayed"] == "true"
    for answer in (first, again):
        check(answer.json()["url"])
        assert answer.headers["Location"] == answer.json()["url"]
