"""`ittybit validate`: each fault that is seeded into a good stream is told by its rule, and nothing
is told of streams that have none."""
import functools
import http.server
import json
import shutil
import subprocess
import threading

import pytest

import cli
from seeded_faults import FAULTS, Stream

DEEP = {"slice-byte", "other-rung's-segment"}  # what only decoding shows


def validate(target, *flags, cwd):
    run = cli.ittybit("validate", target, *flags, "--json", cwd=cwd)
    assert len(run.lines) == 1, (run.lines, run.stderr)
    return run


def rules(run):
    return {finding["rule"] for finding in run.last["findings"]}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Three segments at 29.97 pictures a second, two rungs and more, and sound."""
    folder = tmp_path_factory.mktemp("good")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30000/1001:d=14",
         "-f", "lavfi", "-i", "sine=f=440:r=48000:d=14", "-c:v", "libx264", "-preset", "ultrafast",
         "-c:a", "aac", folder / "film.mp4"], check=True)
    made = cli.ittybit("adaptive", "-i", folder / "film.mp4", "-o", folder / "s/master.m3u8",
                       cwd=folder, timeout=300)
    assert made.status == 0, made.message
    return folder / "s"


def test_a_good_stream_has_no_finding(good, tmp_path):
    run = validate(good / "master.m3u8", cwd=tmp_path)
    assert (run.status, run.last["findings"]) == (0, [])


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_seeded_fault_is_told_by_its_rule(good, tmp_path, name):
    seed, wanted = FAULTS[name]
    shutil.copytree(good, tmp_path / "s")
    seed(Stream(tmp_path / "s/master.m3u8"))
    flags = [] if name in DEEP else ["--no-decode"]
    run = validate(tmp_path / "s/master.m3u8", *flags, cwd=tmp_path)
    assert rules(run) & wanted, (wanted, run.last["findings"])
    is_broken = any(finding["severity"] == "must" for finding in run.last["findings"])
    assert run.status == (1 if is_broken else 0)


@pytest.mark.parametrize("source", [
    "flash-1080p.mp4", "flash-60fps.mp4", "flash-720p.mp4", "corner-stored-90.mp4", "vfr.mp4",
    "interlaced.mp4", "no-audio.mp4", "late-audio.mp4", "edit-list.mp4", "bars-hdr10.mp4",
    "tone.mp3", "few-samples.wav",
])
def test_streams_of_every_shape_break_no_rule(media, tmp_path, source):
    made = cli.ittybit("adaptive", "-i", media / source, "-o", tmp_path / "s/master.m3u8",
                       cwd=tmp_path, timeout=300)
    assert made.status == 0, made.message
    run = validate(tmp_path / "s/master.m3u8", cwd=tmp_path)
    assert (run.status, run.last["musts"], run.last["shoulds"]) == (0, 0, 0), run.last["findings"]


def encode(folder, *words):
    folder.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", *words, folder / "v.m3u8"], check=True)
    return folder / "v.m3u8"


def dash(folder):
    folder.mkdir()
    subprocess.run(
        ["ffmpeg", "-v", "error", *PICTURE, "-f", "lavfi", "-i", "sine=r=48000:d=9", *CODED,
         "-c:a", "aac", "-f", "dash", "-seg_duration", "4", folder / "manifest.mpd"], check=True)
    return folder / "manifest.mpd"


def test_a_dash_presentation_of_others_breaks_no_rule(tmp_path):
    run = validate(dash(tmp_path / "d"), cwd=tmp_path)
    assert run.status == 0, run.last["findings"]


@pytest.mark.parametrize("part, other, rule", [
    ('profiles="', 'profile="', "mpd"), ('minBufferTime="', 'buffer="', "mpd"),
    ('bandwidth="', 'rate="', "mpd-representation"),
    ('codecs="avc1.', 'codecs="avc1.1', "mpd-codecs"),
    ('width="320"', 'width="322"', "mpd-size"), ('$Number', '$Numbers', "mpd-template"),
    ('<S t="0" d="', '<S t="0" d="1', "mpd-timeline"),
    ('mediaPresentationDuration="PT9', 'mediaPresentationDuration="PT19', "mpd-duration"),
])
def test_a_fault_in_an_mpd_is_told(tmp_path, part, other, rule):
    manifest = dash(tmp_path / "d")
    text = manifest.read_text()
    assert part in text
    manifest.write_text(text.replace(part, other, 1))
    assert rule in rules(validate(manifest, "--no-decode", cwd=tmp_path))


PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=9"]
CODED = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50",
         "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
SEGMENTS = ["-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod"]


def test_others_transport_streams_break_no_rule(tmp_path):
    playlist = encode(tmp_path / "ts", *PICTURE, *CODED, *SEGMENTS)
    run = validate(playlist, cwd=tmp_path)
    assert (run.status, run.last["findings"]) == (0, []), run.last


def test_a_packet_that_is_lost_is_told(tmp_path):
    playlist = encode(tmp_path / "ts", *PICTURE, *CODED, *SEGMENTS)
    segment = sorted(playlist.parent.glob("*.ts"))[1]
    data = segment.read_bytes()
    segment.write_bytes(data[:188 * 20] + data[188 * 21:])
    assert "ts-continuity" in rules(validate(playlist, "--no-decode", cwd=tmp_path))


@pytest.mark.parametrize("words, rule", [
    (["-x264-params", "open-gop=1:bframes=3", "-preset", "medium"], "idr-first"),
    (["-level", "1.1"], "level"),
    (["-r", "100"], "frame-rate-high"),
    (["-flags", "+ildct+ilme"], "interlaced"),
    (["-g", "100", "-keyint_min", "100"], "key-frame-distance"),
    (["-vf", "select='not(eq(mod(n,5),3))'", "-vsync", "vfr"], "frame-rate-varies"),
])
def test_what_is_wrong_with_the_coding_is_told(tmp_path, words, rule):
    fragments = ["-hls_segment_type", "fmp4"]
    playlist = encode(tmp_path / "v", *PICTURE, *CODED, *words, *SEGMENTS, *fragments)
    assert rule in rules(validate(playlist, "--no-decode", cwd=tmp_path))


def test_hdr_that_is_not_declared_is_told(tmp_path):
    folder = tmp_path / "v"
    colours = ["-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084",
               "-colorspace", "bt2020nc", "-x265-params", "log-level=none:keyint=50:min-keyint=50",
               "-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"]
    encode(folder, *PICTURE, "-c:v", "libx265", "-preset", "ultrafast", *colours, "-tag:v", "hvc1",
           *SEGMENTS, "-hls_segment_type", "fmp4")
    master = folder / "master.m3u8"
    master.write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS=\"hvc1\"\nv.m3u8\n")
    assert "video-range" in rules(validate(master, "--no-decode", cwd=tmp_path))


def test_what_cannot_be_read_is_status_2(tmp_path):
    run = cli.ittybit("validate", tmp_path / "nowhere.m3u8", "--json", cwd=tmp_path)
    assert run.status == 2 and "No such file" in run.message


def test_a_playlist_leads_to_no_file_outside_of_its_folder(tmp_path):
    (tmp_path / "secret.m4s").write_text("secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.m4s").symlink_to(tmp_path / "secret.m4s")
    playlist = tmp_path / "in/v.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n../secret.m4s\n#EXTINF:6,\nlink.m4s\n"
        "#EXTINF:6,\nfile:///etc/passwd\n#EXTINF:6,\nhttp://127.0.0.1:1/x\n#EXT-X-ENDLIST\n")
    run = validate(playlist, cwd=tmp_path)
    outside = [f for f in run.last["findings"] if f["rule"] == "outside"]
    assert sum(1 + finding["more"] for finding in outside) == 4
    assert "segment-format" not in rules(run)


def test_people_read_where_and_what_to_do(good, tmp_path):
    shutil.copytree(good, tmp_path / "s")
    FAULTS["frame-rate"][0](Stream(tmp_path / "s/master.m3u8"))
    run = subprocess.run([cli.BINARY, "validate", tmp_path / "s/master.m3u8", "--tty"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "must   master.m3u8:6: FRAME-RATE 30.000, measured 29.970" in run.stdout
    assert "(HLS 4.4.6.2, frame-rate)" in run.stdout and "1 must, 0 shoulds" in run.stdout


@pytest.fixture
def site(good):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=good)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_stream_on_the_web_is_judged_by_its_delivery_too(site, tmp_path):
    run = validate(f"{site}/master.m3u8", "--no-decode", cwd=tmp_path)
    found = rules(run)
    assert {"http-gzip", "http-ranges", "http-tls"} <= found, json.dumps(run.last)
    assert all(rule.startswith("http-") for rule in found), found


def test_a_file_that_is_not_on_the_web_is_told_with_its_status(site, good, tmp_path):
    (good / "web.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:6,\nno.ts\n"
        "#EXT-X-ENDLIST\n")
    run = validate(f"{site}/web.m3u8", cwd=tmp_path)
    missing = [f for f in run.last["findings"] if f["rule"] == "missing"]
    assert len(missing) == 1 and "404 Not Found" in missing[0]["message"]


class Web(http.server.ThreadingHTTPServer):
    """Serves `pages`: bytes, where to go instead, or what a function of the headers answers."""

    def __init__(self, pages):
        self.pages, self.asked = pages, []
        super().__init__(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path)
        page = page(str(self.headers)) if callable(page) else page
        self.send_response(404 if page is None else 302 if isinstance(page, str) else 200)
        if isinstance(page, str):
            self.send_header("Location", page)
        self.end_headers()
        if isinstance(page, bytes):
            self.wfile.write(page)

    def log_message(self, *_):
        pass


def playlist_of(*lines):
    return "\n".join(["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-TARGETDURATION:6",
                      "#EXT-X-PLAYLIST-TYPE:VOD", *lines, "#EXT-X-ENDLIST", ""]).encode()


def test_what_a_manifest_names_is_not_led_into_private_networks(tmp_path):
    inside = Web({})
    away = f"{inside.url}/secret"
    site = Web({
        "/master.m3u8": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"
                        b"#EXT-X-STREAM-INF:BANDWIDTH=2\nw.m3u8\n",
        "/v.m3u8": playlist_of("#EXTINF:6.0,", "own.ts", "#EXTINF:6.0,", "away.ts", "#EXTINF:6.0,",
                               "far.ts", "#EXTINF:6.0,", "#EXT-X-BYTERANGE:5@0", "ranged.ts"),
        "/w.m3u8": lambda headers: away if "gzip" in headers else playlist_of(),
        "/own.ts": "/there.ts", "/there.ts": b"there", "/away.ts": away,
        "/far.ts": "/away.ts",
        "/ranged.ts": lambda headers: away if "Range:" in headers else b"12345",
    })
    run = validate(f"{site.url}/master.m3u8", "--no-decode", cwd=tmp_path)
    assert not inside.asked
    missing = [f for f in run.last["findings"] if f["rule"] == "missing"]
    assert sum(1 + finding["more"] for finding in missing) == 2, run.last["findings"]
    assert "/there.ts" in site.asked and "http-redirect" in rules(run)
    assert "http-ranges" not in rules(run)


def test_the_manifest_itself_may_be_anywhere(tmp_path):
    inside = Web({"/v.m3u8": playlist_of("#EXTINF:6.0,", "a.ts")})
    site = Web({"/v.m3u8": f"{inside.url}/v.m3u8"})
    run = validate(f"{site.url}/v.m3u8", "--no-decode", cwd=tmp_path)
    assert inside.asked and "/a.ts" in site.asked and run.status == 1


def test_of_an_endless_segment_only_the_beginning_is_fetched(tmp_path):
    site = Web({"/v.m3u8": playlist_of("#EXTINF:6.0,", "endless.ts"), "/endless.ts": b""})

    class Endless(Page):
        def do_GET(self):
            super().do_GET()
            while self.path == "/endless.ts":
                self.wfile.write(bytes(1 << 22))

    site.RequestHandlerClass = Endless
    site.handle_error = lambda *_: None
    run = validate(f"{site.url}/v.m3u8", "--no-decode", cwd=tmp_path)
    assert any("more than is looked into" in f["message"] for f in run.last["findings"]), run.last


def test_names_of_files_reach_no_terminal_as_they_are(tmp_path):
    (tmp_path / "\x1b]0;a\x07.ts").write_bytes(b"")
    (tmp_path / "v.m3u8").write_bytes(playlist_of("#EXTINF:6.0,", "%1B%5D0;a%07.ts"))
    run = subprocess.run([cli.BINARY, "validate", tmp_path / "v.m3u8", "--tty"],
                         capture_output=True, text=True, check=False)
    assert "segment-empty" in run.stdout
    assert "\x1b]0;" not in run.stdout and "\x07" not in run.stdout


@pytest.mark.parametrize("kind", ["ts", "m4s"])
def test_what_does_not_decode_is_told_of_its_own_segment(tmp_path, kind):
    form = ["-hls_segment_type", "fmp4"] if kind == "m4s" else []
    playlist = encode(tmp_path / "v", *PICTURE, *CODED, *SEGMENTS, "-output_ts_offset", "10", *form)
    _, damaged, _ = sorted(playlist.parent.glob(f"*.{kind}"))
    data = bytearray(damaged.read_bytes())
    for at in range(len(data) // 2 // 188 * 188, len(data) * 3 // 4, 188):
        data[at + 20:at + 180] = bytes(160)
    damaged.write_bytes(data)
    run = validate(playlist, cwd=tmp_path)
    told = {f["file"] for f in run.last["findings"] if f["rule"] == "decodes"}
    assert told == {damaged.name}, run.last["findings"]


def test_vp9_of_others_has_its_codec(tmp_path):
    playlist = encode(tmp_path / "v", *PICTURE, "-c:v", "libvpx-vp9", "-deadline", "realtime",
                      "-cpu-used", "8", "-g", "50", *SEGMENTS, "-hls_segment_type", "fmp4")
    master = playlist.parent / "master.m3u8"
    master.write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS=\"vp09.00.11.08\"\nv.m3u8\n")
    assert "codecs" not in rules(validate(master, "--no-decode", cwd=tmp_path))
    master.write_text(master.read_text().replace("vp09.00", "av01.0"))
    assert "codecs" in rules(validate(master, "--no-decode", cwd=tmp_path))


def test_variables_of_the_multivariant_playlist_lead_to_segments(tmp_path):
    playlist = encode(tmp_path / "ts", *PICTURE, *CODED, *SEGMENTS)
    text = playlist.read_text().replace("VERSION:3", "VERSION:8").replace("v1.ts", "{$name}.ts")
    playlist.write_text(text.replace("#EXTINF", '#EXT-X-DEFINE:IMPORT="name"\n#EXTINF', 1))
    master = playlist.parent / "master.m3u8"
    master.write_text("#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME=\"name\",VALUE=\"v1\"\n"
                      "#EXT-X-STREAM-INF:BANDWIDTH=100000\nv.m3u8\n")
    (playlist.parent / "v1.ts").write_bytes(b"")
    run = validate(master, "--no-decode", cwd=tmp_path)
    empty = [f["file"] for f in run.last["findings"] if f["rule"] == "segment-empty"]
    assert empty == ["v1.ts"], run.last["findings"]
    assert "segment-empty" not in rules(validate(playlist, "--no-decode", cwd=tmp_path))
