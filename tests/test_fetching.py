"""What a served job asks of the server that its input lies on, and what it makes of bad ones."""
import http.server
import re
import threading
import time

import pytest

import look
from service import FINAL, QuietServer, Server, wait_for

MEGABYTE = 1 << 20


class Origin:
    """Serves one file, well or badly, and remembers what was asked of it.

    `behaviour` is called as behaviour(handler, first) before the bytes from `first` on are sent;
    true when it has answered by itself."""

    def __init__(self, data, ranges=True, behaviour=None, etag='"one"', pace=0):
        self.data, self.ranges, self.behaviour, self.etag, self.pace = (
            data, ranges, behaviour, etag, pace)
        self.sent, self.requests, self.finished_at = 0, [], None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Range")))
                asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                first, last = 0, len(outer.data) - 1
                if asked and outer.ranges:
                    first = int(asked[1])
                    last = min(last, int(asked[2] or last))
                try:
                    if outer.behaviour and outer.behaviour(self, first):
                        return
                    self.send_head(first, last, bool(asked and outer.ranges))
                    self.send(outer.data[first:last + 1])
                except OSError:
                    pass

            def send_head(self, first, last, is_part, length=None):
                self.send_response(206 if is_part else 200)
                if is_part:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{len(outer.data)}")
                if outer.etag:
                    self.send_header("ETag", outer.etag)
                self.send_header("Content-Length", str(length or last - first + 1))
                self.end_headers()

            def send(self, data):
                step = 64 << 10
                for at in range(0, len(data), step):
                    piece = data[at:at + step]
                    self.wfile.write(piece)
                    outer.sent += len(piece)
                    if outer.pace:
                        time.sleep(len(piece) / outer.pace)
                outer.finished_at = time.time()

            def cut(self, data):
                """Sends this much and hangs up."""
                self.send(data)
                self.wfile.flush()
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.http = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/in.mp4"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serving():
    """serving(data, …): an Origin that is closed after the test."""
    made = []

    def serve(*words, **more):
        made.append(Origin(*words, **more))
        return made[-1]

    yield serve
    for origin in made:
        origin.http.shutdown()
        origin.http.server_close()


def with_padding(clip, size):
    """The clip with so many bytes behind it that no player reads."""
    return b"".join([clip.read_bytes(), size.to_bytes(4, "big"), b"free", bytes(size - 8)])


@pytest.fixture(scope="module")
def film(media):
    return with_padding(media / "flash-1080p.mp4", 8 * MEGABYTE)


@pytest.fixture(scope="module")
def padded(media):
    return with_padding(media / "flash-small.mp4", 200 * MEGABYTE)


def ended(server, origin, **body):
    return server.wait(server.job(**{"input": origin.url, "kind": "audio", **body}))


def failure(server, origin, **body):
    job = ended(server, origin, **body)
    assert job["status"] == "failed", job
    failed = [task for task in job["tasks"] if task["status"] == "failed"]
    assert len(failed) == 1 and failed[0]["id"] == job["error"]["task"]
    assert {task["status"] for task in job["tasks"]} <= {"succeeded", "failed", "cancelled"}
    return failed[0]["kind"], job["error"]["kind"], job["error"]["message"]


# As little as the work needs.

def test_a_probe_and_a_poster_of_a_big_file_cost_little(server, serving, padded):
    origin = serving(padded)
    task = server.post("/tasks", {"kind": "probe", "input": origin.url}).json()
    assert server.wait(task, "tasks")["output"]["size"] == len(padded)
    assert origin.sent < 2 * MEGABYTE, f"a probe took {origin.sent} bytes"
    before = origin.sent
    assert ended(server, origin, kind="image", start=2)["status"] == "succeeded"
    assert origin.sent - before < 4 * MEGABYTE, f"a poster took {origin.sent - before} bytes"


def test_every_byte_is_fetched_once(server, serving, film):
    origin = serving(film)
    job = ended(server, origin, kind="video", width=64, quality="very_low")
    assert job["status"] == "succeeded"
    assert len(film) <= origin.sent <= len(film) + MEGABYTE


@pytest.mark.parametrize("ranges", [True, False])
def test_the_encode_starts_before_the_download_ends(server, serving, film, ranges):
    origin = serving(film, ranges=ranges, pace=len(film) / 3)
    job = ended(server, origin, kind="video", width=320, quality="low")
    assert job["status"] == "succeeded"
    tasks = {task["kind"]: task for task in job["tasks"]}
    assert tasks["video"]["started_at"] / 1000 < origin.finished_at - 1
    assert tasks["import"]["started_at"] <= tasks["video"]["started_at"]
    assert tasks["import"]["output"] and tasks["import"]["progress"] == 100


def test_import_and_encode_tell_their_progress_while_bytes_come(server, serving, film):
    origin = serving(film, pace=len(film) / 8)
    job = server.job(input=origin.url, kind="video", width=320, quality="low")
    kinds = {task["id"]: task["kind"] for task in job["tasks"]}
    told = {}
    for event in server.events(job["id"]):
        if event["event"] == "progress":
            told.setdefault(kinds[event["data"]["task"]], []).append(event["data"]["percent"])
    assert len(told["import"]) >= 2 and told["video"], told
    for percents in told.values():
        assert percents == sorted(percents)


def test_a_server_without_ranges_is_read_once(server, serving, film):
    origin = serving(film, ranges=False)
    assert ended(server, origin)["status"] == "succeeded"
    assert len(origin.requests) == 1 and origin.sent == len(film)


def test_a_stream_does_not_wait_for_the_end_of_what_comes_without_ranges(server, serving, tmp_path):
    path = tmp_path / "film.mp4"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   "testsrc2=s=320x240:r=25:d=20,noise=alls=40:allf=t", "-c:v", "libx264",
                   "-crf", "15", "-g", "25", "-movflags", "+faststart", path)
    film = path.read_bytes()
    origin = serving(film, ranges=False, pace=len(film) / 12)
    job = server.job(input=origin.url, kind="adaptive_video", options={"width": 160})
    encode = next(task["id"] for task in job["tasks"] if task["kind"] == "adaptive_video")
    sent = next(origin.sent for event in server.events(job["id"]) if event["event"] == "progress"
                and event["data"]["task"] == encode and event["data"]["percent"] > 0)
    assert sent < 0.6 * len(film)
    assert server.wait(job)["status"] == "succeeded"


# Servers that misbehave.

def test_a_dropped_line_is_resumed_by_range(server, serving, film):
    cuts = []

    def behaviour(handler, first):
        if len(cuts) >= 2:
            return False
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers["Range"])
        last = min(len(film) - 1, int(asked[2] or len(film)))
        if last - first < MEGABYTE:
            return False
        cuts.append(first)
        handler.send_head(first, last, True)
        handler.cut(film[first:(first + last) // 2])
        return True

    origin = serving(film, behaviour=behaviour)
    assert ended(server, origin)["status"] == "succeeded"
    assert len(cuts) == 2
    assert origin.sent < len(film) + 2 * MEGABYTE, "what had come is kept"


def test_a_dropped_line_without_ranges_starts_over(server, serving, film):
    cuts = []

    def behaviour(handler, first):
        if cuts:
            return False
        cuts.append(first)
        handler.send_head(0, len(film) - 1, False)
        handler.cut(film[:len(film) // 2])
        return True

    origin = serving(film, ranges=False, behaviour=behaviour)
    assert ended(server, origin)["status"] == "succeeded"
    assert len(origin.requests) <= 3, "one more finds out that there are no ranges"


def test_a_content_length_that_promises_too_much(server, serving, film):
    def behaviour(handler, first):
        handler.send_head(0, len(film) - 1, False, length=len(film) + 1000)
        handler.cut(film)
        return True

    origin = serving(film, ranges=False, behaviour=behaviour)
    _, kind, message = failure(server, origin)
    assert kind == "download_failed" and "cut off" in message


def test_redirects_are_followed_and_loops_are_not(server, serving, film):
    target = serving(film)

    def to(url):
        def behaviour(handler, _first):
            handler.send_response(302)
            handler.send_header("Location", url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return True
        return behaviour

    assert ended(server, serving(b"", behaviour=to(target.url)))["status"] == "succeeded"
    looping = serving(b"x", behaviour=to("/in.mp4"))
    task, kind, message = failure(server, looping)
    assert (task, kind) == ("probe", "download_failed") and "redirect" in message
    assert len(looping.requests) <= 12, "asked once more at most"


def test_a_file_that_changes_meanwhile(server, serving, film):
    def behaviour(handler, first):
        if first > 0:
            origin.etag = f'"{len(origin.requests)}"'
        return False

    origin = serving(film, behaviour=behaviour)
    _, kind, message = failure(server, origin)
    assert kind == "source_changed" and "changed" in message


@pytest.mark.parametrize("status,words", [
    (404, "404"), (403, "403"), (401, "401"), (410, "410"), (416, "416"), (451, "451"),
])
def test_a_refusal_is_final_and_told(server, serving, status, words):
    def behaviour(handler, _first):
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    origin = serving(b"x", behaviour=behaviour)
    task, kind, message = failure(server, origin)
    assert (task, kind) == ("probe", "download_failed") and words in message
    assert len(origin.requests) <= 2, "nobody asks again for what is refused"


def test_a_server_in_trouble_is_asked_again(server, serving, film):
    left = [503, 500, 429]

    def behaviour(handler, _first):
        if not left:
            return False
        handler.send_response(left.pop(0))
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    assert ended(server, serving(film, behaviour=behaviour))["status"] == "succeeded"


def test_a_server_that_stays_in_trouble(server, serving):
    def behaviour(handler, _first):
        handler.send_response(500)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    origin = serving(b"x", behaviour=behaviour)
    task, kind, message = failure(server, origin)
    assert (task, kind) == ("probe", "download_failed") and "500" in message
    assert 2 <= len(origin.requests) <= 10


def test_a_slow_server_is_waited_for(server, serving, media):
    data = (media / "flash-small.mp4").read_bytes()
    origin = serving(data, pace=len(data) / 6)
    assert ended(server, origin)["status"] == "succeeded"


def test_a_refused_connection(server):
    job = server.wait(server.job(input="http://127.0.0.1:1/in.mp4", kind="audio"))
    assert job["error"]["kind"] == "download_failed"


def test_a_cancel_ends_a_download_that_hangs(server, serving, film):
    def behaviour(handler, first):
        handler.send_head(first, len(film) - 1, handler.headers.get("Range") is not None)
        handler.send(film[first:first + 100])
        time.sleep(3)
        return True

    origin = serving(film, behaviour=behaviour)
    job = server.job(input=origin.url, kind="audio")
    wait_for(lambda: origin.requests, 10, "a request")
    assert server.post(f"/jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    assert server.get(f"/jobs/{job['id']}").json()["status"] in FINAL


def drip(handler, _first):
    """A whole file that never ends: two kilobytes a second."""
    handler.send_head(0, 0, False, length=50 * MEGABYTE)
    while True:
        handler.wfile.write(bytes(200))
        handler.wfile.flush()
        time.sleep(0.1)


def test_two_dripping_inputs_hold_nobody_up(tmp_path, serving, clip):
    slow = serving(b"\0" * MEGABYTE, ranges=False, behaviour=drip)
    server = Server(tmp_path, "--concurrency", "2", "--slow-input-after", "2")
    dripping = [server.job(input=f"{slow.url}?{i}", kind="image") for i in range(2)]
    wait_for(lambda: all(server.get(f"/jobs/{job['id']}").json()["status"] == "processing"
                         for job in dripping), 20, "both at work")
    quick = server.wait(server.job(input=clip, kind="image"), seconds=40)
    assert quick["status"] == "succeeded", quick["error"]
    for job in dripping:
        assert server.get(f"/jobs/{job['id']}").json()["status"] == "processing"
        assert server.post(f"/jobs/{job['id']}/cancel").status_code == 200
    assert server.stop() == 0
