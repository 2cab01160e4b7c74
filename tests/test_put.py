"""Outputs that one PUT hands to a web address: presigned ones of a real object store, and of a
receiver that refuses."""
import secrets

import boto3
import botocore.config
import pytest

import cli
import look
import s3
from service import Receiver


@pytest.fixture(scope="module")
def service():
    return s3.Service()


@pytest.fixture
def presigned(service):
    """Key and address of an object that whoever has the address may write."""
    client = boto3.client(
        "s3", endpoint_url=service.url, region_name="us-east-1",
        aws_access_key_id=service.key, aws_secret_access_key=service.secret,
        config=botocore.config.Config(signature_version="s3v4",
                                      s3={"addressing_style": "path"}))

    def made(name):
        key = f"put-{secrets.token_hex(4)}/{name}"
        url = client.generate_presigned_url(
            "put_object", Params={"Bucket": service.bucket, "Key": key}, ExpiresIn=600)
        return key, url
    return made


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def test_a_presigned_address_gets_the_film(server, service, presigned, clip, tmp_path):
    key, url = presigned("film.webm")
    assert "?" in url
    done = server.wait(server.job(input=clip, kind="video", output=url,
                                  options={"width": 160, "end": 2}))
    assert done["status"] == "succeeded", done["error"]
    file = done["tasks"][-1]["output"]
    assert file["url"] == url.split("?")[0], "who has an output's address cannot write it"
    assert file["format"] == "webm", "the address's extension says what is made"
    got = tmp_path / "film.webm"
    got.write_bytes(service.read(key))
    assert got.stat().st_size == file["size"]
    assert service.head(key)["ContentType"] == "video/webm"
    assert look.displayed_size(look.first_picture_stream(got))[0] == 160
    assert look.duration(got) == pytest.approx(2, abs=0.05)


def test_on_the_spot(presigned, service, media, tmp_path):
    key, url = presigned("poster")
    run = cli.ittybit("image", "-i", media / "flash-small.mp4", "-o", url, "--format", "png",
                      "--width", "64", cwd=tmp_path)
    assert run.status == 0, run.last
    assert service.read(key).startswith(b"\x89PNG")
    assert not list(tmp_path.glob("*.png"))


def test_a_task_exports(server, receiver, clip):
    task = server.post("/tasks", {"kind": "export", "input": clip,
                                  "options": {"url": receiver.url + "/up.php?id=3"}}).json()
    done = server.wait(task, "tasks")
    assert done["status"] == "succeeded", done["error"]
    (headers, body), = receiver.got
    assert len(body) == done["output"]["size"] == int(headers["Content-Length"])
    assert headers["Content-Type"] == "video/mp4" and body[4:8] == b"ftyp"


def test_one_of_several(server, receiver, clip):
    done = server.wait(server.job(input=clip, outputs=[
        {"kind": "image", "output": receiver.url + "/p.webp"}, {"kind": "audio"}]))
    assert done["status"] == "succeeded", done["error"]
    (_, body), = receiver.got
    assert body[8:12] == b"WEBP"


@pytest.mark.parametrize("answers, puts, error", [
    ([503, 500], 3, None), ([403], 1, "403 Forbidden"), ([307], 1, "307"), ([503] * 9, 5, "503")])
def test_answers(server, receiver, clip, answers, puts, error):
    receiver.answers = list(answers)
    done = server.wait(server.job(input=clip, kind="image", output=receiver.url + "/a.jpg?sig=1"))
    assert len(receiver.got) == puts
    assert len({body for _, body in receiver.got}) == 1, "all of it is sent again"
    if error is None:
        assert done["status"] == "succeeded", done["error"]
        return
    assert done["status"] == "failed" and done["error"]["kind"] == "upload_failed"
    assert error in done["error"]["message"] and "sig=1" not in done["error"]["message"]


@pytest.mark.parametrize("body, message", [
    ({"kind": "adaptive_video", "output": "https://h/a.m3u8"}, "many files"),
    ({"kind": "image", "output": "https://h/a", "options": {"interval": 1}}, "many files"),
    ({"kind": "video", "output": "https://h/a.mp4", "options": {"subtitle_track": "eng"}},
     "many files"),
    ({"kind": "video", "output": "https://name:word@h/a.mp4"}, "user"),
    ({"kind": "video", "output": "https://169.254.169.254/a.mp4"}, "may not be reached"),
    ({"kind": "video", "output": "ftp://h/a.mp4"}, "s3://bucket/key, or an https:// address"),
    ({"kind": "video", "output": "https://h/a.mp4", "options": {"format": "webm"}}, "agree"),
])
def test_what_it_cannot_be(server, clip, body, message):
    answer = server.post("/jobs", {"input": clip, **body})
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["kind"] == "invalid_output" and message in error["message"], error
