"""The service as an HTTP/1.1 server: what clients, proxies and bad networks do to it."""
import email.utils
import json
import resource
import socket
import subprocess
import time

import pytest

import cli
from service import WAIT, Server, wait_for
from wire import Wire

JOB = json.dumps({"input": "https://example.invalid/a.mp4", "kind": "image"}).encode()
JSON = "Content-Type: application/json"


@pytest.fixture
def wire(server):
    with Wire(server) as made:
        yield made


# Requests.

def test_every_answer_has_a_date(wire):
    for line in ("GET /health", "GET /nowhere", "OPTIONS /jobs", "POST /jobs"):
        date = email.utils.parsedate_to_datetime(wire.ask(line).headers["date"])
        assert abs(date.timestamp() - time.time()) < 60


def test_one_host_is_wanted(server):
    for hosts, version, status in [
        ([], "1.1", 400), (["Host: a", "Host: a"], "1.1", 400), (["Host: a"], "1.1", 200),
        (["Host:"], "1.1", 200), ([], "1.0", 200),
    ]:
        with Wire(server) as wire:
            answer = wire.ask(f"GET /health HTTP/{version}", *hosts, host=None)
            assert answer.status == status, hosts
            if status == 400:
                assert answer.json()["kind"] == "invalid_request"
                assert "Host" in answer.json()["message"]


def test_a_target_may_be_a_whole_url(wire):
    assert wire.ask("GET http://elsewhere:99/health").status == 200
    assert wire.ask("GET http://elsewhere/jobs?limit=3").headers["limit"] == "3"
    assert b"openapi.json" in wire.ask("GET http://elsewhere").body
    # Not a URL but a path that holds one.
    assert wire.ask("GET /jobs?input=https://a/b").json() == []


def test_paths_may_be_percent_encoded_piece_by_piece(wire):
    assert wire.ask("GET /%6Aobs").status == 200
    assert wire.ask("GET /%68ealth").json()["status"] == "ok"
    assert wire.ask("GET /jobs%2Fjob_x").json()["kind"] == "route_not_found"
    assert wire.ask("GET /jobs/job%5Fx").json()["message"] == "there is no job job_x: see GET /jobs"


def test_what_is_not_utf8_is_answered_in_utf8(wire):
    for target, status in [("/jobs/%ff", 404), ("/%ff", 404), ("/jobs?after=%c3", 400),
                           ("/jobs?%ff=1", 400), ("/files/%ff/%fe", 404)]:
        answer = wire.ask(f"GET {target}")
        assert answer.status == status
        assert answer.json()["message"].encode()
    assert wire.ask("GET /jobs?input=%ff").json() == []


def test_bytes_that_are_no_http_are_refused(server):
    for request, status in [
        (b"hello\r\n\r\n", 400), (b"GET /health HTTP/9.9\r\nHost: a\r\n\r\n", 505),
        (b"GET /health HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /h\xffalth HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a b/c\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
         b"Content-Length: 2\r\n\r\nab", 400),
    ]:
        with Wire(server) as wire:
            wire.send(request)
            answer = wire.read()
            assert answer.status == status, request[:60]
            if status != 404:
                assert answer.json()["kind"] == "invalid_request"
                assert wire.is_closed()


def test_empty_lines_before_a_request_are_passed_over(wire):
    for before in (b"\r\n", b"\r\n\r\n\r\n"):
        wire.send(before)
        assert wire.ask("GET /health").status == 200
    wire.send(b"\r")
    wire.send(b"\n")
    assert wire.ask("GET /health").status == 200


CODINGS = {
    400: ["xchunked", "chunkedx", "identity", "gzip", "chunked, identity", "chunked, gzip",
          '"chunked"', "chunked;a=b", "'chunked'", "chunked chunked", "", ",", "chunked, chunked",
          "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding: identity",
          "chunked\x0b", "\x0bchunked"],
    501: ["gzip, chunked", "identity, chunked", "foo,bar,chunked",
          "gzip\r\nTransfer-Encoding: chunked"],
}


@pytest.mark.parametrize("line", ["POST /jobs", "POST /uploads", "GET /health", "POST /nowhere"])
def test_no_request_is_smuggled_behind_a_transfer_coding(server, line):
    """RFC 9112, 6.1 and 6.3: refused, and the connection ends, since a proxy in front may have seen
    the end of this request elsewhere."""
    smuggled = b"3\r\nabc\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    cases = [(coding, "1.1", [], status) for status, known in CODINGS.items() for coding in known]
    cases += [(coding, "1.1", ["Content-Length: 3"], 400)
              for coding in ["chunked", *CODINGS[400], *CODINGS[501]]]
    cases += [(coding, "1.0", ["Connection: keep-alive", *more], 400)
              for coding in ("chunked", "identity") for more in ([], ["Content-Length: 3"])]
    for coding, version, more, status in cases:
        for headers in ([f"Transfer-Encoding: {coding}", *more],
                        [*more, f"Transfer-Encoding: {coding}"]):
            with Wire(server) as wire:
                wire.head(f"{line} HTTP/{version}", *headers)
                wire.send(smuggled)
                answer = wire.read()
                assert answer.status == status, headers
                assert answer.json()["kind"] == "invalid_request"
                assert wire.is_closed(), headers


def test_pipelined_requests_are_answered_in_order(wire):
    for path in ("/health", "/nowhere", "/openapi.json"):
        wire.head(f"GET {path}")
    assert [wire.read().status for _ in range(3)] == [200, 404, 200]


# HEAD.

def test_head_is_get_without_the_body(wire):
    for path in ("/health", "/jobs", "/metrics", "/openapi.json", "/", "/nowhere", "/jobs/job_x"):
        head = wire.ask(f"HEAD {path}")
        get = wire.ask(f"GET {path}")
        assert head.status == get.status and head.body == b""
        assert head.headers["content-type"] == get.headers["content-type"]
        if path != "/metrics":  # which counts the one before
            assert head.headers["content-length"] == get.headers["content-length"]


def test_head_of_a_file_knows_no_ranges(server, wire):
    url = server.call("POST", "/uploads", data=b"0123456789").json()["url"]
    path = url.removeprefix(server.url)
    head = wire.ask(f"HEAD {path}", "Range: bytes=2-4")
    assert (head.status, head.headers["content-length"]) == (200, "10")
    assert "content-range" not in head.headers
    part = wire.ask(f"GET {path}", "Range: bytes=2-4")
    assert (part.status, part.body) == (206, b"234")


def test_head_of_events_ends_at_once(server, wire):
    job = server.job(input="https://example.invalid/a", kind="video")
    head = wire.ask(f"HEAD /jobs/{job['id']}/events")
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
    assert wire.ask("GET /health").status == 200


# Events.

def test_events_come_in_chunks_or_until_the_end(server, wire):
    job = server.wait(server.job(input="https://example.invalid/a", kind="video"))
    path = f"/jobs/{job['id']}/events"
    chunked = wire.ask(f"GET {path}")
    assert chunked.headers["transfer-encoding"] == "chunked"
    assert chunked.headers["cache-control"] == "no-store"
    assert b'"status":"failed"' in chunked.body and wire.is_closed()
    with Wire(server) as old:
        plain = old.ask(f"GET {path} HTTP/1.0")
        assert "transfer-encoding" not in plain.headers
        assert plain.body == chunked.body
    with Wire(server) as again:
        last = chunked.body.split(b"\n")[0].removeprefix(b"id: ").decode()
        assert again.ask(f"GET {path}", f"Last-Event-ID: {last}").status == 204
        # What is no revision is the beginning.
        assert again.ask(f"GET {path}", "Last-Event-ID: soon").body == chunked.body


def test_a_silent_event_stream_has_a_comment_every_15_s(server, origin):
    with Wire(server) as wire, origin.stall() as url:
        job = server.job(input=url, kind="video")
        wire.head(f"GET /jobs/{job['id']}/events")
        assert wire.read_head().status == 200
        chunks, seen, begin = wire.chunks(), [], time.monotonic()
        while not any(chunk.startswith(b":") for chunk in seen):
            seen.append(next(chunks))
            assert time.monotonic() - begin < 40
        assert server.post(f"/jobs/{job['id']}/cancel").status_code == 200
        assert b'"status":"cancelled"' in b"".join(chunks)


# Bodies.

def test_a_connection_goes_on_after_an_upload(wire):
    for _ in range(3):
        whole = wire.ask("POST /uploads", body=b"x" * 300_000)
        assert whole.status == 201
        wire.head("POST /uploads?filename=a.bin", "Transfer-Encoding: chunked")
        wire.send(b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: 1\r\n\r\n")
        chunked = wire.read()
        assert chunked.status == 201, chunked
        path = "/" + chunked.json()["url"].split("/", 3)[3]
        assert wire.ask(f"GET {path}").body == b"hello world"
    assert wire.ask("GET /health").status == 200


def test_a_json_body_may_be_chunked(wire):
    wire.head("POST /jobs", JSON, "Transfer-Encoding: chunked")
    half = len(JOB) // 2
    for piece in (JOB[:half], JOB[half:], b""):
        wire.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    assert wire.read().status == 201
    wire.head("POST /jobs", JSON, "Transfer-Encoding: chunked")
    wire.send(b"%x\r\n" % (2 << 20) + b"x" * (2 << 20) + b"\r\n0\r\n\r\n")
    assert wire.read().json()["kind"] == "body_too_large"


def test_continue_is_said_once_the_body_is_wanted(server):
    upload, job = "POST /uploads", "POST /jobs"
    key = "Idempotency-Key: continued"
    for line, headers, options, body, before, status in [
        (job, [JSON], {}, JOB, [100], 201),
        (job, [JSON], {"key": False}, None, [], 401),
        ("POST /nowhere", [], {}, None, [], 404),
        ("PUT /jobs", [], {}, None, [], 405),
        (job, ["Content-Length: 2000000"], {}, None, [], 413),
        (upload, [key], {}, b"bytes", [100], 201),
        (upload, [key], {}, None, [], 200),
        ("POST /uploads?who=me", [], {}, None, [], 400),
        (upload, ["Content-Type: multipart/form-data; boundary=x"], {}, None, [], 415),
        (upload, [], {"key": False}, None, [], 401),
    ]:
        with Wire(server) as wire:
            length = [] if any("Length" in header for header in headers) else [
                f"Content-Length: {len(body or b'bytes')}"]
            wire.head(line, "Expect: 100-continue", *headers, *length, **options)
            if body:
                assert wire.read_head().status == 100
                wire.send(body)
            answer = wire.read()
            assert (answer.status, answer.before) == (status, []), (line, headers)


def test_a_body_that_is_badly_chunked_is_a_bad_request(server):
    for line in ("POST /jobs", "POST /uploads"):
        for chunks in (b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n"):
            with Wire(server) as wire:
                wire.head(line, JSON, "Transfer-Encoding: chunked")
                wire.send(chunks)
                answer = wire.read()
                assert (answer.status, answer.json()["kind"]) == (400, "invalid_request")
                assert wire.is_closed()


@pytest.mark.parametrize("begin", [b"1;", b"1\r\nx\r\n0\r\nA: "])
@pytest.mark.parametrize("line", ["POST /jobs", "POST /uploads"])
def test_what_is_around_chunks_has_a_bound(server, line, begin):
    with Wire(server) as wire:
        wire.head(line, JSON, "Transfer-Encoding: chunked")
        wire.send(begin + b"a" * (1 << 20))
        answer = wire.read()
        assert (answer.status, answer.json()["kind"]) == (400, "invalid_request")


def test_a_body_that_ends_early_leaves_nothing(server):
    storage = server.data / "storage"
    before = len(list(storage.rglob("*")))
    for line in ("POST /jobs", "POST /uploads"):
        with Wire(server) as wire:
            wire.head(line, JSON, "Content-Length: 1000")
            wire.send(b"half")
    wait_for(lambda: len(list(storage.rglob("*"))) == before, 20, "a clean storage")
    assert server.get("/health").status_code == 200


def test_bodies_of_other_types_are_refused(server):
    for headers, status in [
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"Content-Type": "APPLICATION/JSON"}, 201), ({"Content-Type": "text/plain"}, 201),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 201),
        ({"Content-Type": "application/vnd.api+json"}, 201), ({}, 201),
        ({"Content-Encoding": "identity"}, 201),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/xml"}, 415), ({"Content-Encoding": "gzip"}, 415),
    ]:
        answer = server.call("POST", "/jobs", data=JOB, headers=headers)
        assert answer.status_code == status, headers
        if status == 415:
            assert answer.json()["kind"] == "unsupported_media_type"
            assert next(iter(headers)) in answer.json()["message"]
    for more in ({"files": {"file": b"x"}},
                 {"data": b"x", "headers": {"Content-Encoding": "gzip"}}):
        answer = server.call("POST", "/uploads", **more)
        assert (answer.status_code, answer.json()["kind"]) == (415, "unsupported_media_type")


# Clients that stall.

def test_stalled_clients_take_nobody_elses_turn(server):
    """More than there are threads for handlers, and as many uploads as there may be."""
    stalled = [Wire(server) for _ in range(164)]
    try:
        for wire in stalled[:100]:
            wire.head("POST /jobs", JSON, "Content-Length: 1000")
            wire.send(b"{")
        for wire in stalled[100:]:
            wire.head("POST /uploads", "Content-Length: 1000")
            wire.send(b"x")

        def full():
            with Wire(server) as wire:
                answer = wire.ask("POST /uploads", body=b"one more")
                return answer if answer.status == 503 else None

        answer = wait_for(full, 20, "the 65th upload being refused")
        assert answer.json()["kind"] == "unavailable" and answer.headers["retry-after"] == "5"
        begin = time.monotonic()
        assert server.post("/jobs", json.loads(JOB)).status_code == 201
        assert server.get("/health").status_code == 200
        assert time.monotonic() - begin < 5
    finally:
        for wire in stalled:
            wire.close()
    wait_for(lambda: server.call("POST", "/uploads", data=b"x").status_code == 201, 20, "room")


def test_stalled_clients_do_not_delay_the_end(tmp_path):
    server = Server(tmp_path)
    with Wire(server) as upload, Wire(server) as body, Wire(server) as idle, Wire(server) as job:
        upload.head("POST /uploads", "Content-Length: 1000")
        upload.send(b"x")
        body.head("POST /jobs", JSON, "Content-Length: 1000")
        assert idle.ask("GET /health").status == 200
        job.head(f"GET /jobs/{server.job(input='https://example.invalid/a', kind='image')['id']}")
        assert job.read().status == 200
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 20 < WAIT


# Who is let in.

def test_two_keys_are_none(server, wire):
    right = f"Authorization: Bearer {server.key}"
    for more in (right, "Authorization: Bearer no"):
        answer = wire.ask("GET /jobs", more)
        assert (answer.status, answer.json()["kind"]) == (400, "invalid_request")
        assert "Authorization" in answer.json()["message"]


def test_wrong_keys_are_slowed_and_logged(tmp_path):
    server = Server(tmp_path)
    with Wire(server) as guesser, Wire(server) as friend:
        took = []
        for number in range(12):
            began = time.monotonic()
            answer = guesser.ask("GET /jobs", f"Authorization: Bearer guess{number}", key=False)
            took.append(time.monotonic() - began)
            assert (answer.status, answer.json()["kind"]) == (401, "token_invalid")
        assert took[-1] > 0.5 > took[0], took
        began = time.monotonic()
        assert friend.ask("GET /jobs").status == 200
        assert time.monotonic() - began < 0.5, "who has a key never waits"
    assert server.stop() == 0
    log = (tmp_path / "server.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if "API key was refused" in line]
    assert 1 <= len(lines) <= 3 and lines[0]["address"] == "127.0.0.1"
    assert "guess" not in log


def test_a_revoked_key_ends_its_event_streams(server, origin):
    other = subprocess.run([cli.BINARY, "keys", "create", "other"], env=server.env, text=True,
                           capture_output=True, check=True).stdout.strip()
    with origin.stall() as url, Wire(server) as wire, Wire(server) as mine:
        job = server.job(input=url, kind="image")
        path = f"GET /jobs/{job['id']}/events"
        wire.head(path, f"Authorization: Bearer {other}", key=False)
        mine.head(path)
        assert wire.read_head().status == mine.read_head().status == 200
        chunks, others = wire.chunks(), mine.chunks()
        next(chunks), next(others)
        subprocess.run([cli.BINARY, "keys", "revoke", "other"], env=server.env, check=True)
        began = time.monotonic()
        list(chunks)
        assert time.monotonic() - began < 2 and wire.is_closed()
        server.post(f"/jobs/{job['id']}/cancel")
        assert b'"status":"cancelled"' in b"".join(others), "who has another key is told"


def test_half_open_connections_take_nobody_elses_place(tmp_path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    server = Server(tmp_path)
    half = []
    try:
        for _ in range(2300):
            wire = Wire(server)
            half.append(wire)
            wire.send(b"GET /health HTTP/1.1\r\nHost:")
        for address in ("127.0.0.1", "127.0.0.2"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT,
                                          source_address=(address, 0)) as other:
                began = time.monotonic()
                other.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                assert other.recv(1000).startswith(b"HTTP/1.1 200"), address
                assert time.monotonic() - began < 5
        assert server.get("/jobs").status_code == 200
    finally:
        for wire in half:
            wire.close()
    assert server.stop() == 0


# Requests are known by a name.

def test_a_request_is_known_by_its_name(tmp_path):
    server = Server(tmp_path)
    with Wire(server) as wire:
        named = wire.ask("POST /jobs", "X-Request-Id: my-trace_1.2:3", JSON, body=JOB)
        assert named.headers["x-request-id"] == "my-trace_1.2:3"
        ours = [wire.ask(line).headers["x-request-id"]
                for line in ("GET /health", "GET /nowhere", "HEAD /jobs", "OPTIONS /jobs")]
        for wrong in ("a b", "x" * 200, "\"", "{}", "é"):
            ours.append(wire.ask("GET /health", f"X-Request-Id: {wrong}").headers["x-request-id"])
        assert len(set(ours)) == 9 and all(ours)
        refused = wire.ask("GET /nowhere", "X-Request-Id: refused")
        assert refused.headers["x-request-id"] == "refused"
    assert server.stop() == 0
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines()
             if '"request"' in line]
    found = {line["request"]: line for line in lines if line["message"] == "request"}
    job = found["my-trace_1.2:3"]
    assert (job["method"], job["route"], job["status"], job["address"]) == (
        "POST", "/jobs", 201, "127.0.0.1")
    assert job["duration_ms"] >= 0 and found["refused"]["status"] == 404
    assert not any(line["status"] < 400 and line["method"] == "GET" for line in found.values())


def test_scripts_may_read_what_answers_say(wire):
    exposed = wire.ask("GET /jobs").headers["access-control-expose-headers"].split(", ")
    assert {"Retry-After", "Limit", "Idempotent-Replayed", "X-Request-Id", "ETag", "Link",
            "Has-More", "Location", "Content-Length", "Content-Range", "RateLimit",
            "RateLimit-Policy"} == set(exposed)


def test_events_of_a_future_that_never_was_begin_anew(server, wire):
    job = server.job(input="https://example.invalid/a", kind="video")
    wire.head(f"GET /jobs/{job['id']}/events", "Last-Event-ID: 99999")
    head = wire.read_head()
    assert (head.status, head.headers["x-accel-buffering"]) == (200, "no")
    told = b"".join(wire.chunks())
    assert b'"status":"failed"' in told
    with Wire(server) as again:
        late = again.ask(f"GET /jobs/{job['id']}/events", "Last-Event-ID: 99999")
        assert late.status == 200 and b'"status":"failed"' in late.body
