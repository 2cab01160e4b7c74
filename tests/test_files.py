"""GET /files as RFC 9110 wants it: conditions, ranges, codings."""
import email.utils
import gzip

import pytest
import requests
from service import WAIT

BYTES = bytes(range(256)) * 4


@pytest.fixture(scope="module")
def url(server):
    return server.call("POST", "/uploads?filename=a.bin", data=BYTES).json()["url"]


def get(url, method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    # Of no coding, unless one is asked for.
    return requests.request(method, url, timeout=WAIT,
                            headers={"Accept-Encoding": "identity", **named})


def test_conditions(url):
    plain = get(url)
    etag, modified = plain.headers["ETag"], plain.headers["Last-Modified"]
    at = email.utils.parsedate_to_datetime(modified).timestamp()
    before, after = (email.utils.formatdate(at + step, usegmt=True) for step in (-10, 10))
    for headers, status in [
        ({"If_Match": etag}, 200), ({"If_Match": "*"}, 200), ({"If_Match": f'"x", {etag}'}, 200),
        ({"If_Match": '"x"'}, 412), ({"If_Match": f"W/{etag}"}, 412),
        ({"If_Unmodified_Since": before}, 412), ({"If_Unmodified_Since": modified}, 200),
        ({"If_Match": etag, "If_Unmodified_Since": before}, 200),
        ({"If_None_Match": etag}, 304), ({"If_None_Match": f"W/{etag}"}, 304),
        ({"If_None_Match": '"x"'}, 200), ({"If_None_Match": "*"}, 304),
        ({"If_Modified_Since": modified}, 304), ({"If_Modified_Since": after}, 304),
        ({"If_Modified_Since": before}, 200), ({"If_Modified_Since": "whenever"}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": after}, 200),
        ({"If_Match": '"x"', "If_None_Match": etag}, 412),
    ]:
        for method in ("GET", "HEAD"):
            answer = get(url, method, **headers)
            assert answer.status_code == status, (method, headers)
            if status == 304:
                assert answer.headers["ETag"] == etag and answer.content == b""
            if status == 412 and method == "GET":
                assert answer.json()["kind"] == "invalid_request"


def test_ranges(url):
    etag, size = get(url).headers["ETag"], len(BYTES)
    for asked, piece in [
        ("bytes=2-4", BYTES[2:5]), ("Bytes=2-4", BYTES[2:5]), ("BYTES=-3", BYTES[-3:]),
        (f"bytes=5-{10 ** 30}", BYTES[5:]), (f"bytes=-{10 ** 30}", BYTES), ("bytes=5-", BYTES[5:]),
    ]:
        answer = get(url, Range=asked)
        assert (answer.status_code, answer.content) == (206, piece), asked
        first = BYTES.rfind(piece) if asked.startswith("BYTES") else BYTES.find(piece)
        last = first + len(piece) - 1
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}", asked
    for asked in (f"bytes={size}-", f"bytes={10 ** 30}-", "bytes=-0"):
        answer = get(url, Range=asked)
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=a-b", "bytes=5-2", "pages=1-2", "bytes=--1", "bytes=0-1,3-4"):
        assert get(url, Range=asked).status_code == 200
    assert get(url, Range="bytes=0-1", If_Range=etag).status_code == 206
    assert get(url, Range="bytes=0-1", If_Range='"x"').status_code == 200
    assert get(url, Range="bytes=0-1", If_Match='"x"').status_code == 412


@pytest.fixture(scope="module")
def playlist(server, origin):
    done = server.wait(server.job(input=f"{origin.url}/flash-small.mp4", kind="adaptive_video"))
    assert done["status"] == "succeeded", done["error"]
    return done["output"]


def test_playlists_are_sent_packed_to_those_who_take_it(playlist):
    plain = get(playlist)
    packed = requests.get(playlist, timeout=WAIT, headers={"Accept-Encoding": "gzip"}, stream=True)
    raw = packed.raw.read(decode_content=False)
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(raw) == plain.content
    assert int(packed.headers["Content-Length"]) == len(raw) < len(plain.content)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    # Two forms, two tags; each is only good for its own.
    etags = plain.headers["ETag"], packed.headers["ETag"]
    assert etags[0] != etags[1] and not any(etag.startswith("W/") for etag in etags)
    for etag, coding, status in [(etags[0], "identity", 304), (etags[1], "gzip", 304),
                                 (etags[1], "identity", 200), (etags[0], "gzip", 200)]:
        assert get(playlist, If_None_Match=etag, Accept_Encoding=coding).status_code == status
    head = get(playlist, "HEAD", Accept_Encoding="gzip")
    assert head.headers["Content-Length"] == str(len(raw)) and head.headers["ETag"] == etags[1]
    part = get(playlist, Accept_Encoding="gzip", Range="bytes=0-6")
    assert (part.status_code, part.content) == (206, b"#EXTM3U")
    assert "Content-Encoding" not in part.headers and part.headers["ETag"] == etags[0]
    assert get(playlist, Accept_Encoding="gzip;q=0").content == plain.content


def test_json_is_sent_packed_to_those_who_take_it(server, playlist):
    assert playlist  # so that there is a job
    for path in ("/openapi.json", "/jobs"):
        for coding in ("gzip", "gzip, deflate, br", "*"):
            answer = server.get(path, headers={"Accept-Encoding": coding})
            assert answer.headers["Content-Encoding"] == "gzip", path
            plain = server.get(path, headers={"Accept-Encoding": "identity"})
            assert "Content-Encoding" not in plain.headers
            assert answer.json() == plain.json() and plain.headers["Vary"] == "Accept-Encoding"
    small = server.get("/health", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers, "what fits a packet gains nothing"
