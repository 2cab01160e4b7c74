"""S3 in and out, against a real service that checks signatures, with its objects read by boto3 and
awscli."""
import datetime
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys

import pytest
import requests

import cli
import look
import s3
import s3_proxy
import s3_soak
from service import Server, wait_for

WAIT = 120


@pytest.fixture(scope="module")
def service():
    return s3.Service()


@pytest.fixture(scope="module")
def server(tmp_path_factory, service):
    made = Server(tmp_path_factory.mktemp("server"))
    answer = made.post("/connections", service.connection())
    assert answer.status_code == 201, answer.text
    made.connection = answer.json()["id"]
    yield made
    assert made.stop() == 0


@pytest.fixture
def prefix():
    return f"t-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def film(service, media):
    return service.put(media / "flash-720p.mp4", "in/a film (1).mp4")


def done(server, **body):
    job = server.wait(server.job(**body), seconds=WAIT)
    assert job["status"] == "succeeded", job["error"]
    return job


# In and out.

KINDS = [
    ("video", {"width": 160, "end": 2}, "mp4", "video/mp4", "h264"),
    ("audio", {"format": "ogg"}, "ogg", "audio/ogg", "vorbis"),
    ("image", {"start": 1, "width": 64}, "jpg", "image/jpeg", "mjpeg"),
    ("animation", {"end": 1, "width": 64}, "gif", "image/gif", "gif"),
    ("audio", {"waveform": "png"}, "png", "image/png", "png"),
]


@pytest.mark.parametrize("kind, options, extension, type_, codec", KINDS)
def test_each_kind_goes_from_bucket_to_bucket(
        server, service, film, prefix, tmp_path, kind, options, extension, type_, codec):
    output = f"s3://{service.bucket}/{prefix}/{{date}}/{{filename}}-{{kind}}-{{id}}.{{format}}"
    before = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    job = done(server, input=film, kind=kind, options=options, output=output)
    after = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    # What has a meaning in URLs is none of a name taken from one.
    pattern = rf"{prefix}/({before}|{after})/a_film__1_-{kind}-{job['id']}\.{extension}"
    [key] = service.keys(prefix)
    assert re.fullmatch(pattern, key), key
    assert job["output"] == f"s3://{service.bucket}/{key}"
    facts = service.head(key)
    assert facts["ContentType"] == type_
    assert facts["CacheControl"] == "public, max-age=300"
    assert facts["ContentLength"] == job["tasks"][-1]["output"]["size"]
    path = tmp_path / f"out.{extension}"
    path.write_bytes(service.read(key))
    stream = (look.probe(path)["video"] + look.probe(path)["audio"])[0]
    assert stream["codec_name"] == codec
    assert service.open_uploads(prefix) == []


def test_the_extension_of_a_key_asks_for_a_waveform(server, service, film, prefix):
    key = f"{prefix}/wave.json"
    done(server, input=film, kind="audio", output=f"s3://{service.bucket}/{key}")
    assert service.head(key)["ContentType"] == "application/json"
    assert len(json.loads(service.read(key))["data"]) == 200


def test_several_outputs_go_to_places_of_their_own(server, service, film, prefix):
    folder = f"s3://{service.bucket}/{prefix}"
    job = server.wait(server.job(input=film, outputs=[
        {"kind": "image", "options": {"width": 64}, "output": f"{folder}/a"},
        {"kind": "audio", "options": {"end": 1}, "output": f"{folder}/{{kind}}.{{format}}"},
        # The same as the first: an image of a film is a JPEG, as is known once it was looked at.
        {"kind": "image", "options": {"format": "jpeg"}, "output": f"{folder}/a.jpg"},
        {"kind": "image", "options": {"width": 32}, "name": "small"}]), seconds=WAIT)
    assert job["status"] == "failed" and job["error"]["kind"] == "invalid_output", job["error"]
    assert job["outputs"][2]["error"]["task"] == job["outputs"][2]["tasks"][1]
    assert service.keys(prefix) == [f"{prefix}/a.jpg", f"{prefix}/audio.mp3"]
    assert [output["output"] for output in job["outputs"][:3]] == [
        f"{folder}/a.jpg", f"{folder}/audio.mp3", None]
    assert requests.get(job["outputs"][3]["output"], timeout=WAIT).content[:2] == b"\xff\xd8"


def test_a_stream_is_published_playlist_last(server, service, film, prefix, tmp_path):
    output = f"s3://{service.bucket}/{prefix}/show.m3u8"
    job = done(server, input=film, kind="adaptive_video", options={"end": 7}, output=output)
    assert job["output"] == output
    keys = service.keys(prefix)
    folder = f"{prefix}/show-{job['id'][-8:]}/"
    assert [key for key in keys if not key.startswith(folder)] == [f"{prefix}/show.m3u8"]
    facts = {key: service.head(key) for key in keys}
    made = {key: fact["LastModified"] for key, fact in facts.items()}
    segments = [key for key in keys if not key.endswith((".m3u8", ".mpd"))]
    playlists = [key for key in keys if key not in segments and key.startswith(folder)]
    assert max(made[key] for key in segments) <= min(made[key] for key in playlists)
    assert max(made[key] for key in playlists) <= made[f"{prefix}/show.m3u8"]
    for key in segments + playlists:
        assert facts[key]["CacheControl"] == "public, max-age=31536000, immutable", key
    assert facts[f"{prefix}/show.m3u8"]["ContentType"] == "application/vnd.apple.mpegurl"
    types = {key: facts[key]["ContentType"] for key in playlists}
    assert types.pop(f"{folder}manifest.mpd") == "application/dash+xml"
    assert set(types.values()) == {"application/vnd.apple.mpegurl"}
    parts = job["tasks"][-1]["output"]["parts"]
    assert parts == {"count": len(keys) - 1,
                     "size": sum(facts[key]["ContentLength"] for key in segments + playlists)}
    saved = service.save(prefix, tmp_path / "show")
    checker = [sys.executable, cli.ROOT / "tests/check_hls.py", saved / "show.m3u8"]
    checked = subprocess.run(checker, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    # What boto3 saved, awscli reads alike.
    awscli(service, "sync", f"s3://{service.bucket}/{prefix}", tmp_path / "again")
    assert not subprocess.run(["diff", "-r", saved, tmp_path / "again"], check=False).returncode


def awscli(service, *words):
    """Debian's, which speaks a protocol that all services know."""
    subprocess.run(["/usr/bin/aws", "--endpoint-url", service.url, "s3", *words, "--quiet"],
                   check=True, env={**os.environ, **service.aws(AWS_DEFAULT_REGION="us-east-1")})


def test_a_large_output_leaves_in_parts_and_is_read_by_awscli(server, service, prefix, tmp_path):
    tone = tmp_path / "noise.flac"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   "anoisesrc=r=48000:d=120:seed=1", "-ac", "2", tone)
    source = service.put(tone, f"{prefix}/noise.flac")
    job = done(server, input=source, kind="audio", options={"format": "wav"},
               output=f"s3://{service.bucket}/{prefix}/noise.wav")
    assert job["tasks"][-1]["output"]["size"] > 20_000_000
    path = tmp_path / "noise.wav"
    awscli(service, "cp", job["output"], path)
    assert path.read_bytes() == service.read(f"{prefix}/noise.wav")  # by boto3
    local = tmp_path / "local.wav"
    assert cli.ittybit("audio", "-i", tone, "-o", local, cwd=tmp_path).status == 0
    assert path.read_bytes() == local.read_bytes()
    assert service.open_uploads(prefix) == []


def test_single_tasks_read_and_write_s3(server, service, film, prefix):
    def task(**body):
        answer = server.post("/tasks", body)
        assert answer.status_code == 201, answer.text
        ended = server.wait(answer.json(), "tasks")
        assert ended["status"] == "succeeded", ended["error"]
        return ended

    assert task(kind="probe", input=film)["output"]["width"] == 1280
    managed = task(kind="import", input=film)["output"]
    copy = task(kind="export", input=managed,
                options={"url": f"s3://{service.bucket}/{prefix}/copy.mp4",
                         "connection_id": server.connection})
    assert copy["output"]["url"] == f"s3://{service.bucket}/{prefix}/copy.mp4"
    assert service.read(f"{prefix}/copy.mp4") == service.read("in/a film (1).mp4")


# Connections.

def test_a_connection_is_found_by_id_name_default_or_being_alone(tmp_path, service, film):
    server = Server(tmp_path)

    def refused(**more):
        answer = server.post("/jobs", {"input": film, "kind": "image", **more})
        return answer.json().get("kind") if answer.status_code == 400 else None

    assert refused() == "connection_required"
    one = server.post("/connections", service.connection(name="one")).json()
    assert "secret_access_key" not in one
    for chosen in ({}, {"connection": "one"}, {"connection": one["id"]},
                   {"options": {"connection_id": "one"}}):
        done(server, input=film, kind="image", **chosen)
    server.post("/connections", service.connection(name="two", secret_access_key="wrong"))
    assert refused() == "connection_required"  # which of the two?
    assert refused(connection="three") == "connection_required"
    server.call("PATCH", f"/connections/{one['id']}", json={"is_default": True})
    done(server, input=film, kind="image")
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert service.secret.encode() not in path.read_bytes(), f"{path} holds the secret"
    assert service.secret not in (tmp_path / "server.log").read_text()
    assert server.stop() == 0


def test_a_new_secret_key_replaces_the_old(tmp_path, service, film):
    server = Server(tmp_path)
    assert server.post("/connections", service.connection()).status_code == 201
    server.stop()
    key_file = tmp_path / "data/secret-key"
    old = key_file.read_text()
    flags, server.flags = server.flags, [*server.flags, "--rotate-secret-key"]
    server.start()
    done(server, input=film, kind="image", options={"width": 16})
    assert server.stop() == 0
    assert len(key_file.read_text().split()) == 1 and key_file.read_text() != old
    assert key_file.stat().st_mode & 0o777 == 0o600
    # The same by the environment, which goes before the file.
    server.flags = flags
    server.env["ITTYBIT_SECRET_KEY"] = f"{'ab' * 32},{key_file.read_text().strip()}"
    server.start()
    server.stop()
    server.env["ITTYBIT_SECRET_KEY"] = "ab" * 32
    server.start()
    done(server, input=film, kind="image", options={"width": 16})
    assert server.stop() == 0


WRONG = {
    "wrong key": ({"access_key_id": "nobody"}, "access_key_id"),
    "wrong secret": ({"secret_access_key": "guessed"},
                     "the secret_access_key does not belong to the access_key_id"),
    "wrong region": ({"region": "eu-west-3"}, 'set the connection\'s region to "us-east-1"'),
    "missing bucket": ({}, 'there is no bucket "no-such-bucket" at'),
    "denied write": ({}, "allow s3:PutObject"),
    "expired token": ({}, "the session_token has expired; get new temporary keys"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_connection_is_said_each_in_its_own_words(
        server, service, film, prefix, case):
    change, words = WRONG[case]
    bucket, proxy = service.bucket, None
    if case == "wrong region" and not service.region:
        pytest.skip("this service takes any region")
    if case == "missing bucket":
        bucket = "no-such-bucket"
    if case == "denied write":
        change = service.other
    if case == "expired token":  # a service that has them wants minutes: see s3_soak.py
        proxy = Answering("ExpiredToken")
        change = {"endpoint": proxy.url}
    body = service.connection(name=prefix, **change)
    assert server.post("/connections", body).status_code == 201
    tested = server.post(f"/connections/{prefix}/test", {"bucket": bucket}).json()
    assert (tested["ok"], words in tested["message"]) == (False, True), tested
    up = server.call("POST", "/uploads?filename=a.mp4", data=service.read("in/a film (1).mp4"))
    messages = [tested["message"]]
    for way in ({"input": film}, {"input": up.json()["url"],
                                  "output": f"s3://{bucket}/{prefix}/x.jpg"}):
        if case == "missing bucket":
            way = {**way, "input": way["input"].replace(service.bucket, bucket)}
        job = server.wait(server.job(kind="image", connection=prefix, **way))
        kind = "upload_failed" if "output" in way else "download_failed"
        assert (job["status"], job["error"]["kind"]) == ("failed", kind), job["error"]
        expected = words if "output" in way else words.replace("PutObject", "GetObject")
        assert expected in job["error"]["message"]
        messages.append(job["error"]["message"])
    for text in messages:
        for secret in ("guessed", service.secret, service.other["secret_access_key"]):
            assert secret not in text
    if proxy:
        proxy.close()
    assert not [key for key in service.keys() if key.startswith("ittybit-test-")]


def test_a_clock_that_is_wrong_is_said(here, service, tmp_path):
    """The service is asked by a machine whose clock is an hour ahead."""
    add(here, service, "mine")
    run = subprocess.run(
        ["faketime", "-f", "+1h", cli.BINARY, "connections", "test", "mine", "--bucket",
         service.bucket],
        cwd=tmp_path, env=cli.environment(tmp_path), timeout=WAIT, capture_output=True, text=True,
        check=False)
    assert run.returncode == 1, run.stderr
    words = "this machine's clock is 60 minutes ahead of the S3 service's; set it right"
    assert words in run.stderr


class Answering(s3_proxy.Proxy):
    """Answers everything with one error."""

    def __init__(self, code):
        super().__init__(None)
        self.code = code

    def one(self, client):
        head = s3_proxy.read_head(client.rfile)
        if not head:
            return False
        s3_proxy.drain(client.rfile, s3_proxy.length_of(head))
        is_head = head[0].startswith("HEAD")
        body = b"" if is_head else s3_proxy.error_xml(self.code)
        return s3_proxy.answer(client, "400 Bad Request", body)


def test_a_connection_that_works_is_said_to(server, service):
    tested = server.post(f"/connections/{server.connection}/test", {"bucket": service.bucket})
    assert tested.json()["ok"] is True, tested.text
    assert server.post("/connections/store/test").json()["bucket"] in (None, service.bucket)
    assert server.post("/connections/nobody/test").status_code == 404
    wrong = server.post("/connections/store/test", {"buckt": "x"})
    assert (wrong.status_code, wrong.json()["kind"]) == (400, "invalid_request")
    assert not [key for key in service.keys() if key.startswith("ittybit-test-")]


# The command line alone.

@pytest.fixture
def here(tmp_path):
    """here('video', …, env={…}): ittybit on this machine, with a home of its own."""
    def run(*words, env=None):
        return cli.ittybit(*words, cwd=tmp_path, timeout=WAIT, env=env)

    run.folder = tmp_path
    return run


def add(here, service, name, *more):
    return here("connections", "add", "s3", "--name", name, "--endpoint", service.url,
                "--access-key-id", service.key, "--secret-access-key", service.secret, *more)


def test_connections_of_the_command_line(here, service, tmp_path):
    assert add(here, service, "mine").status == 0
    assert add(here, service, "mine").error_kind == "connection_exists"
    kept = tmp_path / ".ittybit/connections.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    listed = here("connections", "list")
    assert [each["name"] for each in listed.last] == ["mine"]
    assert service.secret not in json.dumps(listed.last)
    tested = here("connections", "test", "mine", "--bucket", service.bucket)
    assert (tested.status, tested.last["ok"]) == (0, True), tested.last
    bad = here("connections", "test", "mine", "--bucket", "no-such-bucket")
    assert bad.status == 1 and "no-such-bucket" in bad.stderr
    assert here("connections", "test", "theirs").status == 2
    assert here("connections", "delete", "mine").status == 0
    assert here("connections", "delete", "mine").status == 2
    assert json.loads(kept.read_text()) == []


def test_s3_without_a_server(here, service, film, prefix, tmp_path):
    none = here("image", "-i", film, "-o", "x.jpg")
    assert (none.status, none.error_kind) == (2, "connection_required"), none.last
    assert "AWS_ACCESS_KEY_ID" in none.stderr
    # By AWS's variables.
    run = here("image", "-i", film, "-o", "x.jpg", "--width", "64", env=service.aws())
    assert run.status == 0, run.stderr
    assert look.picture(tmp_path / "x.jpg").shape[1] == 64
    # By a connection of one's own, whose name may come from the environment.
    add(here, service, "mine")
    to = f"s3://{service.bucket}/{prefix}/{{filename}}.{{format}}"
    run = here("video", "-i", film, "-o", to, "--width", "160", "--end", "1",
               "--connection", "mine")
    assert (run.status, run.last["output"]) == (
        0, f"s3://{service.bucket}/{prefix}/a_film__1_.mp4"), (run.last, run.stderr)
    path = tmp_path / "back.mp4"
    path.write_bytes(service.read(f"{prefix}/a_film__1_.mp4"))
    assert look.probe(path)["video"][0]["width"] == 160
    run = here("image", "-i", film, "-o", "y.jpg", env={"ITTYBIT_CONNECTION": "other"})
    assert (run.status, run.error_kind) == (2, "connection_required")
    task = here("task", "export", "-i", path, "-o", f"s3://{service.bucket}/{prefix}/copy.mp4")
    assert task.status == 0, task.stderr
    assert service.read(f"{prefix}/copy.mp4") == path.read_bytes()
    assert here("video", "-i", film, "-o", "ftp://a/b.mp4").error_kind == "invalid_output"
    assert here("video", "-i", film, "-o", "s3://bkt/{who}.mp4").error_kind == "invalid_output"


def test_nothing_here_is_written_over_what_the_same_order_made(here, service, film, prefix):
    folder = f"s3://{service.bucket}/{prefix}"
    body = {"outputs": [
        {"kind": "image", "options": {"width": 64}, "output": f"{folder}/{{filename}}.jpg"},
        {"kind": "image", "options": {"width": 32}, "output": f"{folder}/a_film__1_.jpg"}]}
    run = here("run", "-i", film, "--body", json.dumps(body), env=service.aws())
    assert (run.status, run.error_kind) == (2, "invalid_output"), run.last
    assert service.keys(prefix) == [f"{prefix}/a_film__1_.jpg"]
    first = pathlib.Path(here.folder) / "first.jpg"
    first.write_bytes(service.read(f"{prefix}/a_film__1_.jpg"))
    assert look.picture(first).shape[1] == 64
    # Nor over what another input made: of both the key would hold the same name.
    run = here("image", "-i", film, "-i", film.replace(" (1)", " [1]"), "-o",
               f"{folder}/{{filename}}.png", env=service.aws())
    assert (run.status, run.error_kind) == (2, "invalid_output"), run.last
    assert service.keys(prefix) == [f"{prefix}/a_film__1_.jpg"]


def test_a_key_is_called_after_its_input(here, service, film, prefix, media):
    source = service.put(media / "flash-small.mp4", f"{prefix}/in/talk.2024.mp4")
    folder = f"s3://{service.bucket}/{prefix}/out"
    for kind, name, output in [
            ("image", "talk.2024.jpg", f"{folder}/{{filename}}"),
            ("audio", "TALK.MP3", f"{folder}/TALK.MP3")]:
        run = here(kind, "-i", source, "-o", output, env=service.aws())
        assert (run.status, run.last["output"]) == (0, f"{folder}/{name}"), run.stderr
    assert service.head(f"{prefix}/out/TALK.MP3")["ContentType"] == "audio/mpeg"
    run = here("task", "export", "-i", source, "-o", f"{folder}/{{filename}}-copy.{{format}}",
               env=service.aws())
    assert run.status == 0, run.stderr
    assert service.head(f"{prefix}/out/talk.2024-copy.mp4")["ContentType"] == "video/mp4"


def test_awss_files_and_authorities_are_read(here, service, film, tmp_path):
    """Keys by profile from AWS's two files, and a service whose certificate only we know."""
    pem = tmp_path / "own.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=s3",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", pem],
                   check=True, capture_output=True)
    proxy = s3_proxy.Proxy(service.address, certificate=pem)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"[films]\naws_access_key_id = {service.key}\n"
        f"aws_secret_access_key = {service.secret}\n")
    (tmp_path / ".aws/config").write_text(
        f"[profile films]\nregion = us-east-1\nendpoint_url = {proxy.url}\n")
    words = ["image", "-i", film, "-o", "x.jpg", "--width", "64"]
    unknown = here(*words, env={"AWS_PROFILE": "films"})
    assert unknown.status != 0 and "certificate" in unknown.stderr, unknown.stderr
    run = here(*words, env={"AWS_PROFILE": "films", "AWS_CA_BUNDLE": str(pem)})
    assert run.status == 0, run.stderr
    assert look.picture(tmp_path / "x.jpg").shape[1] == 64
    none = here(*words, env={"AWS_PROFILE": "books", "AWS_CA_BUNDLE": str(pem)})
    assert none.error_kind == "connection_required" and "books" in none.stderr
    proxy.close()


def test_a_stream_goes_to_s3_without_a_server(here, service, film, prefix, tmp_path):
    to = f"s3://{service.bucket}/{prefix}/show.m3u8"
    run = here("adaptive", "-i", film, "-o", to, "--end", "3", env=service.aws())
    assert (run.status, run.last["output"]) == (0, to), run.stderr
    saved = service.save(prefix, tmp_path / "show")
    checker = [sys.executable, cli.ROOT / "tests/check_hls.py", saved / "show.m3u8"]
    checked = subprocess.run(checker, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


# Managed files in a bucket.

def storage_server(folder, service, prefix, *flags):
    return Server(folder, "--storage", f"s3://{service.bucket}/{prefix}", *flags, env=service.aws())


def test_managed_files_may_lie_in_a_bucket(tmp_path, service, prefix, media):
    server = storage_server(tmp_path, service, prefix)
    source = (media / "flash-720p.mp4").read_bytes()
    up = server.call("POST", "/uploads?filename=clip.mp4", data=source)
    assert up.status_code == 201, up.text
    for child in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        for number in child.read_text().split():  # what media is parsed in
            seen = pathlib.Path(f"/proc/{number}/environ").read_bytes()
            assert b"AWS_" not in seen and service.secret.encode() not in seen
    job = done(server, input=up.json()["url"], kind="video", options={"width": 160, "end": 2})
    [key] = [key for key in service.keys(prefix) if key.endswith("clip.mp4") and
             job["output"].split("/files/")[1] in key]
    whole = service.read(key)
    get = requests.get(job["output"], timeout=WAIT)
    assert (get.status_code, get.content) == (200, whole)
    assert get.headers["Content-Type"] == "video/mp4"
    assert get.headers["X-Content-Type-Options"] == "nosniff"
    part = requests.get(job["output"], timeout=WAIT, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    head = requests.head(job["output"], timeout=WAIT)
    assert head.headers["Content-Length"] == str(len(whole))
    same = requests.get(job["output"], timeout=WAIT,
                        headers={"If-None-Match": get.headers["ETag"]})
    assert same.status_code == 304
    beyond = requests.get(job["output"], timeout=WAIT, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert server.call("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert requests.get(job["output"], timeout=WAIT).status_code == 404
    wait_for(lambda: key not in service.keys(prefix), 30, "the object went")
    assert server.stop() == 0


def test_files_in_a_bucket_may_be_fetched_there(tmp_path, service, film, prefix):
    server = storage_server(tmp_path, service, prefix, "--redirect-files")
    server.post("/connections", service.connection())
    job = done(server, input=film, kind="adaptive_video", options={"end": 3})
    master = requests.get(job["output"], timeout=WAIT, allow_redirects=False)
    assert master.status_code == 200 and "#EXTM3U" in master.text  # relative names inside
    base = job["output"].rsplit("/", 1)[0]
    parts = server.get(f"/tasks/{job['tasks'][-1]['id']}/parts?limit=100").json()
    media_part = next(part for part in parts if not part["name"].endswith(".m3u8"))
    assert media_part["url"].startswith(base)
    there = requests.get(media_part["url"], timeout=WAIT, allow_redirects=False)
    assert there.status_code == 307
    assert there.headers["Location"].startswith(f"{service.url}/{service.bucket}/{prefix}/files/")
    followed = requests.get(media_part["url"], timeout=WAIT)
    assert len(followed.content) == media_part["size"]
    assert server.stop() == 0


def test_a_storage_that_cannot_be_used_is_said_at_the_start(tmp_path, service):
    for flags, env, words in [
        (["--storage", "s3://no-such-bucket/x"], service.aws(), "no-such-bucket"),
        (["--storage", f"s3://{service.bucket}/x"], service.aws(AWS_SECRET_ACCESS_KEY="no"),
         "secret"),
        (["--storage", f"s3://{service.bucket}"], {}, "AWS_ACCESS_KEY_ID"),
        (["--storage", "/tmp/x"], {}, "s3://"),
    ]:
        run = subprocess.run(
            [cli.BINARY, "serve", "--listen", "127.0.0.1:0", *flags], timeout=WAIT, text=True,
            env={**cli.environment(tmp_path), "ITTYBIT_DATA": str(tmp_path), **env},
            capture_output=True, check=False)
        assert run.returncode != 0 and words in run.stderr, (flags, run.stderr)


# What goes wrong.

def test_an_upload_whose_worker_was_killed_is_ended(tmp_path, service, prefix, media):
    """Parts leave while the work goes on: a kill leaves an open upload, which the next run ends."""
    proxy = s3_proxy.Proxy(service.address, up=2_000_000)
    server = Server(tmp_path)
    server.post("/connections", service.connection(endpoint=proxy.url))
    noise = tmp_path / "noise.flac"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   "anoisesrc=r=48000:d=180:seed=2", "-ac", "2", noise)
    up = server.call("POST", "/uploads?filename=noise.flac", data=noise.read_bytes()).json()
    job = server.job(input=up["url"], kind="audio", options={"format": "wav"},
                     output=f"s3://{service.bucket}/{prefix}/noise.wav")
    wait_for(lambda: service.open_uploads(prefix), WAIT, "an upload began")
    assert service.keys(prefix) == []
    server.kill()
    proxy.up = None
    server.start()
    ended = server.wait(job, seconds=WAIT)
    assert ended["status"] == "succeeded", ended["error"]
    wait_for(lambda: service.open_uploads(prefix) == [], 30, "the upload of the killed one ended")
    assert service.head(f"{prefix}/noise.wav")["ContentLength"] > 20_000_000
    assert server.stop() == 0
    proxy.close()


def test_an_upload_whose_begin_was_not_answered_is_ended(tmp_path, service, prefix):
    """The first answer that would name one is lost: the service has one open that nobody asked to
    write to, and it goes a minute later."""
    lost = []

    def fault(method, target):
        if method != "POST" or "uploads" not in target.split("?")[-1] or lost:
            return None
        lost.append(target)
        return "reset_instead_of_answer"

    proxy = s3_proxy.Proxy(service.address, fault)
    server = Server(tmp_path)
    server.post("/connections", service.connection(endpoint=proxy.url))
    noise = s3_soak.make_noise(tmp_path).read_bytes()
    up = server.call("POST", "/uploads?filename=a.flac", data=noise).json()["url"]
    to = f"s3://{service.bucket}/{prefix}/a.wav"
    job = server.wait(server.job(input=up, kind="audio", output=to))
    assert job["status"] == "succeeded", job["error"]
    assert lost and service.open_uploads(prefix), "the one without an answer"
    wait_for(lambda: service.open_uploads(prefix) == [], 120, "it ended")
    assert service.head(f"{prefix}/a.wav")["ContentLength"] > 20_000_000
    assert server.stop() == 0
    proxy.close()


def test_a_cancel_ends_the_upload(server, service, prefix, tmp_path):
    proxy = s3_proxy.Proxy(service.address, up=500_000)
    server.post("/connections", service.connection(name=f"slow-{prefix}", endpoint=proxy.url))
    noise = tmp_path / "noise.flac"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   "anoisesrc=r=48000:d=180:seed=3", "-ac", "2", noise)
    up = server.call("POST", "/uploads?filename=noise.flac", data=noise.read_bytes()).json()
    job = server.job(input=up["url"], kind="audio", options={"format": "wav"},
                     connection=f"slow-{prefix}",
                     output=f"s3://{service.bucket}/{prefix}/noise.wav")
    wait_for(lambda: service.open_uploads(prefix), WAIT, "an upload began")
    assert server.post(f"/jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    wait_for(lambda: service.open_uploads(prefix) == [], 30, "the upload ended")
    assert service.keys(prefix) == []
    proxy.close()


def test_a_denied_write_is_not_tried_for_ever(server, service, film, prefix):
    """What will fail again is told at once, not after three encodes."""
    server.post("/connections", service.connection(
        name=f"r-{prefix}", **service.other))
    up = server.call("POST", "/uploads?filename=a.mp4", data=service.read("in/a film (1).mp4"))
    job = server.wait(server.job(input=up.json()["url"], kind="image", connection=f"r-{prefix}",
                                 output=f"s3://{service.bucket}/{prefix}/x.jpg"))
    assert job["error"]["kind"] == "upload_failed"
    assert job["error"]["task"] == job["tasks"][-1]["id"]
    assert "allow s3:PutObject" in job["error"]["message"]
    log = (server.folder / "server.log").read_text()
    assert not [line for line in log.splitlines() if job["id"] in line and "handed back" in line]


def test_the_suite_of_storages_holds_on_a_real_service(service):
    suite = cli.BINARY.parent / "storage_test" if hasattr(cli.BINARY, "parent") else None
    suite = suite or os.path.join(os.path.dirname(cli.BINARY), "storage_test")
    if not os.path.exists(suite):
        pytest.skip("the unit tests are not built")
    run = subprocess.run([suite, "--gtest_filter=*S3*:*RealS3*"], cwd=cli.ROOT, text=True,
                         env={**os.environ, **service.variables}, capture_output=True, check=False)
    assert run.returncode == 0 and "SKIPPED" not in run.stdout, run.stdout[-4000:]


def test_every_job_ends_right_when_s3_goes_wrong(service):
    """A twentieth of `./dev soak s3`."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    counts, wrong = s3_soak.faults(5, 0.15, seed, service)
    assert not wrong, (seed, wrong)
    assert counts["succeeded"] + counts["failed"] == 5
