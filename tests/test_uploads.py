"""Uploads: what is taken, what is refused and when, and under which names."""
import hashlib
import urllib.parse

import apart
import pytest
import requests
from service import WAIT, Server
from wire import Wire

MOST = 1_000_000


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server whose inputs have at most a million bytes."""
    made = Server(tmp_path_factory.mktemp("small"), "--limit-input-bytes", str(MOST))
    yield made
    assert made.stop() == 0


def chunks(*pieces):
    return b"".join(b"%x\r\n" % len(piece) + piece + b"\r\n" for piece in (*pieces, b""))


def files(server):
    return [path for path in (server.data / "storage").rglob("*") if path.is_file()]


def test_an_upload_larger_than_an_input_may_be_is_refused_before_it_is_sent(small):
    for size in (MOST + 1, 10 ** 13, 2 ** 63, 2 ** 64 - 1):
        with Wire(small) as wire:
            wire.head("POST /uploads", f"Content-Length: {size}", "Expect: 100-continue")
            answer = wire.read()
            assert (answer.status, answer.before) == (413, []), size
            assert answer.json()["kind"] == "body_too_large"
            assert str(MOST) in answer.json()["message"]
            assert wire.is_closed()
    assert files(small) == []


def test_an_upload_of_unknown_length_ends_where_it_becomes_too_large(small):
    with Wire(small) as wire:
        wire.head("POST /uploads", "Transfer-Encoding: chunked")
        wire.send(chunks(*[b"x" * 100_000] * 11))
        answer = wire.read()
        assert (answer.status, answer.json()["kind"]) == (413, "body_too_large")
        assert wire.is_closed()
    assert files(small) == []
    with Wire(small) as wire:
        wire.head("POST /uploads", "Transfer-Encoding: chunked")
        wire.send(chunks(*[b"x" * 100_000] * 10))
        assert wire.read().status == 201
    assert small.call("POST", "/uploads", data=b"x" * MOST).status_code == 201


def test_nothing_is_no_upload(server):
    before = files(server)
    for headers, body in [(["Content-Length: 0"], b""), ([], b""),
                          (["Transfer-Encoding: chunked"], chunks())]:
        with Wire(server) as wire:
            wire.head("POST /uploads", *headers)
            wire.send(body)
            answer = wire.read()
            assert (answer.status, answer.json()["kind"]) == (400, "invalid_request")
            assert "empty" in answer.json()["message"]
    assert files(server) == before


def test_one_key_and_other_bytes_are_never_one_upload(server):
    def send(key, body, chunked=True):
        with Wire(server) as wire:
            length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
            wire.head("POST /uploads?filename=a", f"Idempotency-Key: {key}", length)
            wire.send(chunks(body[:3], body[3:]) if chunked else body)
            return wire.read()

    first = send("one", b"first bytes")
    again = send("one", b"first bytes")
    other = send("one", b"other bytes")
    assert (first.status, again.status) == (201, 200)
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    assert (other.status, other.json()["kind"]) == (422, "idempotency_key_reused")
    assert send("one", b"first bytes", chunked=False).status == 422
    url = server.url + urllib.parse.urlsplit(first.json()["url"]).path  # which follows Host
    assert requests.get(url, timeout=WAIT).content == b"first bytes"
    assert send("two", b"sized", chunked=False).status == 201
    assert send("two", b"sized", chunked=False).status == 200
    assert send("two", b"sized").status == 422


NAMES = ["日本語.jpg", "😀.mov", "Grüße aus Köln.mp4", "Привет.mp3", "👩‍👩‍👧.gif", "a'b\"c;d.png"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_script_live(server, media, name):
    photo = (media / "photo-24mp.jpg").read_bytes()
    answer = server.call("POST", f"/uploads?filename={urllib.parse.quote(name)}", data=photo)
    url = answer.json()["url"]
    assert url == answer.headers["Location"] and url.isascii()
    kept = urllib.parse.unquote(url.rsplit("/", 1)[1])
    assert kept == "".join(letter if letter.isalnum() or ord(letter) > 127 or letter in "-_."
                           else "_" for letter in name)
    for spelled in (url, urllib.parse.unquote(url)):
        got = requests.get(spelled, timeout=WAIT)
        assert hashlib.sha256(got.content).digest() == hashlib.sha256(photo).digest()
    done = server.wait(server.job(input=url, kind="image", width=16))
    assert done["status"] == "succeeded", done["error"]
    stem = kept.rsplit(".", 1)[0]
    assert urllib.parse.unquote(done["output"].rsplit("/", 1)[1]) == f"{stem}.jpg"
    assert requests.get(done["output"], timeout=WAIT).status_code == 200


def test_a_download_is_named_for_old_and_new_clients(server):
    url = server.call("POST", "/uploads?filename=%F0%9F%98%80.xyz", data=b"x").json()["url"]
    named = requests.get(url, timeout=WAIT).headers["Content-Disposition"]
    assert named.isascii() and named.startswith('attachment; filename="')
    assert named.endswith("; filename*=UTF-8''%F0%9F%98%80.xyz")


@pytest.mark.skipif(not apart.may(["-m"], "mount", "-t", "tmpfs", "tmpfs", "/mnt"),
                    reason="this machine permits no mounts: uploads to a full disk are not tested")
def test_uploads_leave_jobs_their_room():
    found = apart.found_by(["-m"], "upload_disk.py", timeout=300)
    assert found["wrong"] == [], found
