"""One encode by several workers: what comes out is what one worker makes."""
import http.server
import json
import subprocess
import threading

import pytest

import cli
import look
from service import QuietServer, Receiver, Server, Worker, wait_for
from test_status import read_metrics

SECONDS = 2  # of a piece
TIDY = 90  # seconds within which the janitor takes away what the dead left


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, words)], check=True)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Films whose pictures all differ, with sound that does, too."""
    folder = tmp_path_factory.mktemp("films")
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=9", "-f", "lavfi", "-i",
              "aevalsrc=0.3*sin(2*PI*(200+60*t)*t):s=48000:d=9"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    reordered = [*x264, "-bf", "3", "-g", "70", "-x264-params", "open-gop=1:b-pyramid=normal"]
    ffmpeg(*source, *reordered, folder / "cfr.mp4")
    ffmpeg(*source, *reordered, folder / "cfr.mkv")
    ffmpeg(*source, "-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr", *reordered,
           folder / "vfr.mp4")
    # Nothing moves for longer than a piece lasts.
    ffmpeg(*source, "-vf", "select='lt(t,2.5)+gt(t,7.1)'", "-fps_mode", "vfr", *x264,
           folder / "still.mp4")
    ffmpeg("-ss", "1.1", "-i", folder / "cfr.mp4", "-c", "copy", folder / "edited.mp4")
    ffmpeg("-i", folder / "cfr.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90",
           folder / "rotated.mp4")
    ffmpeg(*source, "-vf", "interlace", *x264, "-flags", "+ilme+ildct", "-x264-params", "tff=1",
           folder / "fields.mp4")
    ffmpeg("-i", folder / "cfr.mp4", "-an", "-c", "copy", folder / "mute.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30000/1001:d=7", "-c:v", "libvpx-vp9", "-b:v",
           "300k", "-deadline", "realtime", folder / "film.webm")
    made = Receiver(folder)
    made.folder = folder
    yield made
    made.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(request, tmp_path_factory):
    """A server and a worker with a slot each, on one database."""
    server = Server(tmp_path_factory.mktemp("split"), "--split", str(SECONDS), "--concurrency", "1",
                    database=request.param)
    server.worker = Worker(server, "--split", str(SECONDS), "--concurrency", "1")
    yield server
    assert server.worker.stop() == 0 and server.stop() == 0


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("alone"), "--split", "never")
    yield server
    assert server.stop() == 0


def log_lines(server, name="server.log"):
    lines = (server.folder / name).read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def pieces_of(server, job):
    """Who ended which piece of a job, and how."""
    ended = []
    for name in "server.log", "worker.log":
        ended += [{**line, "by": name} for line in log_lines(server, name)
                  if line.get("message") == "a piece ended" and line["job"] == job["id"]]
    return ended


def fetched(server, job, path, seconds=180):
    done = server.wait(job, seconds=seconds)
    assert done["status"] == "succeeded", done
    path.write_bytes(server.call("GET", done["output"]).content)
    return done


def packets(path, stream):
    text = look.output_of("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
                          "packet=pts,dts,duration,data_hash", "-show_data_hash", "md5", "-of",
                          "json", path)
    return json.loads(text)["packets"]


def times(path):
    """When pictures are shown, and when something is decoded: each encoder reorders as it likes."""
    found = packets(path, "v:0")
    return sorted(it["pts"] for it in found), [it["dts"] for it in found]


def assert_alike(split, whole, has_sound=True):
    """Pictures at the same times, the same length, the very same sound. How alike (SSIM)."""
    assert times(split) == times(whole)
    assert look.frame_times(split) == look.frame_times(whole)
    assert look.duration(split) == look.duration(whole)
    assert look.decode_complaints(split) == ""
    if has_sound:
        assert packets(split, "a:0") == packets(whole, "a:0"), "sound is the very same"
    likeness = look.ssim(split, whole)
    assert likeness > 0.97
    return likeness


def leftovers(server):
    """Rows of pieces, and files that no job has given away."""
    rows = server.sql("SELECT id FROM segments") + server.sql("SELECT task_id FROM splits")
    return rows + server.sql("SELECT id FROM files WHERE is_ready = 0")


def assert_nothing_is_left(server, seconds=10):
    wait_for(lambda: not leftovers(server), seconds, "no piece left")
    kept = {row[0] for row in server.sql("SELECT id FROM files")}
    there = {path.name for path in (server.data / "storage/files").glob("*")
             if any(path.iterdir())}
    assert there <= kept, "objects that nobody knows of"


CASES = {
    "constant": ("cfr.mp4", {"width": 240}),
    "matroska": ("cfr.mkv", {"width": 240}),
    "trimmed": ("cfr.mp4", {"start": 1.3, "end": 8.17}),
    "another rate": ("cfr.mp4", {"fps": 24, "quality": "low"}),
    "fewer pictures": ("cfr.mp4", {"fps": 7, "width": 160}),
    "variable": ("vfr.mp4", {"width": 240}),
    "variable made constant": ("vfr.mp4", {"fps": 30}),
    "nothing moves": ("still.mp4", {"width": 240}),
    "edit list": ("edited.mp4", {"width": 240}),
    "rotated": ("rotated.mp4", {"width": 160}),
    "fields": ("fields.mp4", {"width": 240}),
    "each field": ("fields.mp4", {"fps": 50}),
    "without sound": ("mute.mp4", {"width": 240}),
    "levelled": ("cfr.mp4", {"width": 240, "normalize": "lufs"}),
    "h265": ("cfr.mp4", {"codec": "h265", "width": 240, "quality": "low"}),
    "h265 of a variable rate": ("vfr.mp4", {"codec": "h265", "width": 240, "quality": "low"}),
    "av1": ("vfr.mp4", {"codec": "av1", "width": 240, "quality": "low"}),
    "vp9": ("film.webm", {"format": "webm", "width": 240, "quality": "low"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_many_make_is_what_one_makes(fleet, alone, films, tmp_path, case):
    name, options = CASES[case]
    body = {"input": f"{films.url}/{name}", "kind": "video", "options": options}
    suffix = options.get("format", "mp4")
    whole, split = tmp_path / f"whole.{suffix}", tmp_path / f"split.{suffix}"
    one = fetched(alone, alone.job(**body), whole)
    job = fleet.job(**body)
    many = fetched(fleet, job, split)
    pieces = pieces_of(fleet, job)
    assert len(pieces) >= 3 and all(piece["outcome"] == "done" for piece in pieces), pieces
    assert sorted(piece["piece"] for piece in pieces) == list(range(len(pieces)))
    assert_alike(split, whole, has_sound=name not in ("mute.mp4", "film.webm"))
    assert many["warnings"] == one["warnings"]
    assert abs(split.stat().st_size - whole.stat().st_size) < 0.25 * whole.stat().st_size
    assert_nothing_is_left(fleet)


def test_a_piece_reads_its_part_of_the_film(fleet, tmp_path):
    """Whoever joins the pieces reads all for the sound; of the others each the part that is its."""
    film, sent = tmp_path / "large.mp4", []
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=16,noise=alls=60:allf=t", "-f", "lavfi",
           "-i", "sine=d=16", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-b:v", "16M",
           "-pix_fmt", "yuv420p", "-movflags", "+faststart", film)
    data = film.read_bytes()

    class Ranges(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            first, end = int(first), min(int(last or len(data)) + 1, len(data))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{len(data)}")
            self.send_header("Content-Length", str(end - first))
            self.end_headers()
            for at in range(first, end, 1 << 16):
                sent.append(self.wfile.write(data[at : min(at + (1 << 16), end)]))

        def log_message(self, *_):
            pass

    with QuietServer(("127.0.0.1", 0), Ranges) as origin:
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        job = fleet.job(input=f"http://127.0.0.1:{origin.server_port}/large.mp4", kind="video",
                        options={"width": 160, "quality": "low"})
        fetched(fleet, job, tmp_path / "a.mp4")
        origin.shutdown()
    pieces = pieces_of(fleet, job)
    assert len(pieces) >= 6, pieces
    assert sum(sent) < 4 * len(data), f"{sum(sent) / len(data)} films for {len(pieces)} pieces"


def test_both_workers_encode(fleet, films, tmp_path):
    job = fleet.job(input=f"{films.url}/cfr.mp4", kind="video", options={"quality": "very_high"})
    fetched(fleet, job, tmp_path / "a.mp4")
    assert {piece["by"] for piece in pieces_of(fleet, job)} == {"server.log", "worker.log"}


def test_joints_look_like_the_rest(fleet, alone, films, tmp_path):
    source = films.folder / "cfr.mp4"
    body = {"input": f"{films.url}/cfr.mp4", "kind": "video", "options": {"quality": "medium"}}
    whole, split = tmp_path / "whole.mp4", tmp_path / "split.mp4"
    fetched(alone, alone.job(**body), whole)
    fetched(fleet, fleet.job(**body), split)

    def ssims(path):
        """Of each picture with the film's."""
        log = tmp_path / "ssim.log"
        ffmpeg("-i", path, "-i", source, "-lavfi", f"ssim=stats_file={log}", "-f", "null", "-")
        return [float(line.split("All:")[1].split()[0]) for line in log.read_text().splitlines()]

    one, many = ssims(whole), ssims(split)
    for joint in range(25 * SECONDS, len(many), 25 * SECONDS):
        near = slice(joint - 5, joint + 5)
        assert min(many[near]) > min(one[near]) - 0.01, f"at picture {joint}"
    assert abs(sum(many) - sum(one)) / len(one) < 0.003


def test_encodes_that_a_cut_would_show_in_stay_whole(fleet, films, tmp_path):
    for options in ({"bitrate": 300_000}, {"frames": 200, "width": 240}, {}):
        job = fleet.job(input=f"{films.url}/cfr.mp4", kind="video", options=options)
        fetched(fleet, job, tmp_path / "a.mp4")
        assert pieces_of(fleet, job) == [], options


def test_progress_is_that_of_all_pieces(fleet, slow):
    job = fleet.job(**slow)
    shown = [event["data"] for event in fleet.events(job["id"]) if event["event"] == "progress"]
    encode = fleet.get(f"/jobs/{job['id']}").json()["tasks"][2]["id"]
    percents = [it["percent"] for it in shown if it["task"] == encode]
    assert percents and percents == sorted(percents) and percents[-1] > 50, shown


@pytest.fixture
def slow(films):
    """A film whose pieces take some seconds each."""
    path = films.folder / "slow.mp4"
    if not path.exists():
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=50:d=12", "-c:v", "libx264", "-preset",
               "ultrafast", "-pix_fmt", "yuv420p", path)
    return {"input": f"{films.url}/slow.mp4", "kind": "video",
            "options": {"quality": "very_high", "width": 1280}}


def held_by(server, name):
    return [row[0] for row in server.sql("SELECT id FROM segments WHERE state = 'processing' AND "
                                         "worker LIKE ?", f"{name}%")]


def pieces_counted(server):
    """What the server's metrics have of its pieces, by outcome."""
    _, values = read_metrics(server.get("/metrics").text)
    name = 'ittybit_pieces_total{outcome="'
    return {key[len(name):-2]: count for key, count in values.items() if key.startswith(name)}


def test_a_killed_worker_costs_its_piece(fleet, slow, tmp_path):
    before = pieces_counted(fleet)
    job = fleet.job(**slow)
    lost = wait_for(lambda: held_by(fleet, "worker"), 60, "a piece of the worker's")
    fleet.worker.kill()
    try:
        fetched(fleet, job, tmp_path / "a.mp4")
        counted = pieces_counted(fleet)
    finally:
        fleet.worker.start()
    assert len(look.frame_times(tmp_path / "a.mp4")) == 600
    attempts = {piece["piece"]: piece["attempt"] for piece in pieces_of(fleet, job)}
    again = {number for number, attempt in attempts.items() if attempt > 1}
    assert again == {int(lost[0].split("/")[-1])}
    own = [piece for piece in pieces_of(fleet, job) if piece["by"] == "server.log"]
    assert counted["done"] - before.get("done", 0) == len(own)
    assert counted["taken back"] - before.get("taken back", 0) == 1
    assert_nothing_is_left(fleet, TIDY)


def made_of(fleet, job):
    """The numbers of the pieces that are told as made, before a server was killed too."""
    return [piece["piece"] for piece in pieces_of(fleet, job) if piece["outcome"] == "done"]


def test_a_killed_server_costs_its_piece(fleet, slow, tmp_path):
    job = fleet.job(**slow)
    wait_for(lambda: made_of(fleet, job), 60, "a piece")
    fleet.kill()
    fleet.start()
    fetched(fleet, job, tmp_path / "a.mp4")
    assert len(look.frame_times(tmp_path / "a.mp4")) == 600
    ended = made_of(fleet, job)
    assert len(ended) == len(set(ended)), "no piece is made twice"
    assert_nothing_is_left(fleet, TIDY)


def test_a_cancelled_job_leaves_nothing_behind(fleet, slow):
    job = fleet.job(**slow)
    wait_for(lambda: fleet.sql("SELECT id FROM segments WHERE state = 'done'"), 60, "a piece")
    assert fleet.post(f"/jobs/{job['id']}/cancel").status_code == 200
    assert fleet.wait(job)["status"] == "cancelled"
    wait_for(lambda: len(pieces_of(fleet, job)) > 1, 30, "workers that let go")
    assert_nothing_is_left(fleet, TIDY)


def test_what_is_broken_in_a_piece_is_told_as_of_the_whole(fleet, alone, films):
    whole = (films.folder / "cfr.mp4").read_bytes()
    # The bytes of the last third are nothing; the index in front promises them.
    ffmpeg("-i", films.folder / "cfr.mp4", "-c", "copy", "-movflags", "faststart",
           films.folder / "front.mp4")
    front = (films.folder / "front.mp4").read_bytes()
    (films.folder / "cut.mp4").write_bytes(front[: len(whole) * 2 // 3])
    job = fleet.job(input=f"{films.url}/cut.mp4", kind="video", options={"width": 240})
    done = fleet.wait(job, seconds=120)
    one = alone.wait(alone.job(input=f"{films.url}/cut.mp4", kind="video", options={"width": 240}))
    assert done["status"] == one["status"], (done, one)
    assert bool(done["warnings"]) == bool(one["warnings"]), (done, one)
    assert (done["error"] or {}).get("kind") == (one["error"] or {}).get("kind")
    assert done["error"] or done["warnings"], "what is missing is told"
    assert_nothing_is_left(fleet, TIDY)


def test_auto_splits_where_a_slot_is_idle_and_nothing_short(tmp_path, films):
    ffmpeg("-stream_loop", "5", "-i", films.folder / "cfr.mp4", "-c", "copy",
           films.folder / "long.mp4")
    server = Server(tmp_path, "--concurrency", "2")
    try:
        for name, pieces in (("cfr.mp4", 0), ("long.mp4", 3)):
            job = server.job(input=f"{films.url}/{name}", kind="video", options={"width": 160})
            fetched(server, job, tmp_path / "a.mp4")
            ended = [line for line in log_lines(server) if line.get("message") == "a piece ended"]
            assert len(ended) == pieces
    finally:
        assert server.stop() == 0


def test_the_setting_says_what_it_takes(tmp_path):
    run = cli.ittybit("serve", "--split", "often", cwd=tmp_path)
    assert run.status == 2 and "auto, never or seconds" in run.stderr + str(run.last)
