"""A film's pictures in steps, as files and as sheets with their list, and the one that start auto
finds. The pictures of films here tell by twelve dark or bright cells which they are."""
import json
import math
import re
import secrets
import subprocess

import numpy
import pytest
import requests

import cli
import look
import s3
from service import Receiver, Server, WAIT

COLUMNS, ROWS = 4, 3  # cells
WIDTH, HEIGHT = 320, 240


def counted(numbers, width=WIDTH, height=HEIGHT):
    """Grey pictures that tell these numbers."""
    cells = numpy.array([[number >> bit & 1 for bit in range(12)] for number in numbers])
    grey = (40 + 180 * cells.reshape(-1, ROWS, COLUMNS)).astype(numpy.uint8)
    return grey.repeat(height // ROWS, axis=1).repeat(width // COLUMNS, axis=2)


def number_in(pixels):
    """The number that a picture tells."""
    height, width = pixels.shape[:2]
    bits = 0
    for bit in range(12):
        y = int((bit // COLUMNS + 0.5) * height / ROWS)
        x = int((bit % COLUMNS + 0.5) * width / COLUMNS)
        cell = pixels[y - 2:y + 3, x - 2:x + 3].mean()
        assert cell < 80 or cell > 180, f"cell {bit} is neither black nor white: {cell}"
        bits |= int(cell > 130) << bit
    return bits


def film(path, *words, frames=250, rate=25, pictures=None, before=()):
    """Encodes counted pictures as FFmpeg is told to."""
    pictures = counted(range(frames)) if pictures is None else pictures
    height, width = pictures.shape[1:3]
    form = "gray" if pictures.ndim == 3 else "rgb24"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", form, "-s",
         f"{width}x{height}", "-r", str(rate), "-i", "-", *before,
         *(words or ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]), path],
        input=pictures.tobytes(), check=True, timeout=WAIT)
    return path


X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast"]
FILMS = {
    "plain.mp4": [*X264, "-g", "50", "-bf", "3"],
    "one-key.mp4": [*X264, "-g", "999", "-bf", "3"],
    "open.mkv": [*X264, "-g", "20", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0"],
    "hevc.mp4": ["-c:v", "libx265", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-x265-params",
                 "log-level=none:keyint=30:bframes=4"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-g", "40", "-cpu-used", "8", "-auto-alt-ref", "1",
                 "-lag-in-frames", "16"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-q:v", "3"],
    "h264.ts": [*X264, "-g", "50", "-bf", "3"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-g", "30", "-bf", "2", "-q:v", "3"],
    "intra.mov": ["-c:v", "mjpeg", "-q:v", "4"],
    "raw.h264": [*X264, "-g", "50", "-bf", "0"],
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """films(name): 10 s, 25 pictures a second."""
    folder = tmp_path_factory.mktemp("films")

    def made(name):
        path = folder / name
        return path if path.exists() else film(path, *FILMS[name])

    return made


@pytest.fixture(scope="module")
def hosted(films):
    """The URL of the plain film."""
    receiver = Receiver(films("plain.mp4").parent)
    yield f"{receiver.url}/plain.mp4"
    receiver.close()


@pytest.fixture
def series(tmp_path):
    """series(input, option=value…): the folder that came of it; `series.run` is the Run."""

    def made(source, name="thumbs", **options):
        out = tmp_path / name
        words = ["image", "-i", source, "-o", f"{out}/", *cli.flags(options)]
        made.run = cli.ittybit(*words, cwd=tmp_path)
        assert made.run.status == 0, (made.run.last, made.run.stderr)
        return out

    return made


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def wanted_names(count, extension="jpg", digits=3):
    return [f"thumb-{i:0{digits}}.{extension}" for i in range(count)]


def cues(folder):
    """(start, end, name, (x, y, w, h)) of each cue of thumbnails.vtt."""
    text = (folder / "thumbnails.vtt").read_text()
    assert text.startswith("WEBVTT\n\n")
    clock = r"(\d\d+):([0-5]\d):([0-5]\d\.\d{3})"
    found = []
    for block in text.split("\n\n")[1:]:
        time, place = block.strip().split("\n")
        hms = re.fullmatch(f"{clock} --> {clock}", time).groups()
        start, end = (int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in (hms[:3], hms[3:]))
        name, *rectangle = re.fullmatch(
            r"(sprite-\d{3}\.\w+)#xywh=(\d+),(\d+),(\d+),(\d+)", place).groups()
        found.append((start, end, name, tuple(map(int, rectangle))))
    return found


def tiles(folder):
    """Each cue with its pixels."""
    sheets = {path.name: look.picture(path) for path in folder.iterdir() if path.suffix != ".vtt"}
    used = set()
    for start, end, name, (x, y, width, height) in cues(folder):
        used.add(name)
        tile = sheets[name][y:y + height, x:x + width]
        assert tile.shape[:2] == (height, width), "a tile lies outside its sheet"
        yield start, end, tile
    assert used == set(sheets)


# Which moment each picture is of.


@pytest.mark.parametrize("start, end, interval", [
    (0, None, 2.5), (0.5, 9.3, 0.7), (0, 3, 0.1), (7.41, None, 0.333), (9.99, None, 5)])
@pytest.mark.parametrize("name", FILMS)
def test_each_picture_is_of_its_moment(series, films, name, start, end, interval):
    options = {"interval": interval, "start": start, **({"end": end} if end else {})}
    folder = series(films(name), **options)
    count = math.ceil(((end or 10) - start) / interval - 1e-6)
    assert names(folder) == wanted_names(count)
    for i, picture in enumerate(wanted_names(count)):
        wanted = math.floor((start + i * interval) * 25 + 1e-4)
        assert number_in(look.picture(folder / picture)) == wanted, picture
    assert series.run.warnings == []


@pytest.mark.parametrize("name", ["plain.mp4", "vp9.webm", "mpeg2.ts"])
def test_each_is_the_picture_that_start_gives(series, make, films, name):
    folder = series(films(name), interval=3.3, start=1.1, format="png", width=100)
    for i in range(3):
        one = make("image", films(name), f"{i}.png", start=1.1 + i * 3.3, width=100)
        assert (look.picture(one) == look.picture(folder / f"thumb-00{i}.png")).all()


def test_long_ways_between_pictures_are_not_decoded(series, tmp_path):
    path = film(tmp_path / "long.mp4", *X264, "-g", "40", frames=4096, rate=4, pictures=counted(
        range(4096), 64, 48))
    def found(interval, count):
        folder = series(path, f"{interval}", interval=interval, format="png", end=interval * count)
        return [number_in(look.picture(folder / name)) for name in wanted_names(count, "png")]

    assert found(9.5, 5) == [i * 38 for i in range(5)]
    early = [i * 240 - number for i, number in enumerate(found(60, 17))]
    assert min(early) >= 0 and max(early) <= 48, "by a fifth of a step, where a key frame is there"
    assert any(early)


def test_variable_rates_and_gaps(series, tmp_path):
    """Pictures at 0, 1, 2, 3, 7, 8 and 9 s: the one of 3 s stays for four."""
    path = film(tmp_path / "gap.mp4", "-vf", "select='not(between(n,4,6))'", "-fps_mode", "vfr",
                *X264, frames=10, rate=1)
    folder = series(path, interval=1)
    found = [number_in(look.picture(folder / name)) for name in names(folder)]
    assert found == [0, 1, 2, 3, 3, 3, 3, 7, 8, 9]


def test_a_picture_that_begins_late_is_there_from_the_front(series, tmp_path):
    path = film(tmp_path / "late.mkv", *X264, "-vf", "setpts=PTS+1/TB", "-map", "0:v", "-map",
                "1:a", "-c:a", "pcm_s16le", "-fps_mode", "passthrough", rate=2, frames=6,
                before=["-f", "lavfi", "-i", "sine=duration=4"])
    folder = series(path, interval=0.5, end=3)
    found = [number_in(look.picture(folder / name)) for name in names(folder)]
    assert found == [0, 0, 0, 1, 2, 3]


# Sheets.


@pytest.mark.parametrize("name, interval, columns, rows", [
    ("plain.mp4", 0.1, 10, 10), ("plain.mp4", 0.35, 10, 3), ("vp9.webm", 3, 4, 1)])
def test_tiles_are_of_their_moments(series, films, name, interval, columns, rows):
    folder = series(films(name), interval=interval, sheet="sprite", format="png")
    found = list(tiles(folder))
    assert len(found) == math.ceil(10 / interval)
    for i, (start, end, tile) in enumerate(found):
        assert start == pytest.approx(i * interval, abs=1e-3)
        is_last = i + 1 == len(found)
        assert end == pytest.approx(10 if is_last else (i + 1) * interval, abs=1e-3)
        assert number_in(tile) == math.floor(start * 25 + 1e-4)
        assert tile.shape == (120, 160, 3)
    sheet = look.picture(folder / "sprite-000.png")
    assert sheet.shape == (rows * 120, columns * 160, 3)


def test_tiles_are_the_pictures_themselves(series, films):
    options = {"interval": 0.8, "start": 0.3, "format": "png", "width": 96, "height": 96,
               "background": "#ff0000"}
    pictures = series(films("plain.mp4"), **options)
    sheet = series(films("plain.mp4"), "sheets", sheet="sprite", **options)
    for i, (_, _, tile) in enumerate(tiles(sheet)):
        assert (tile == look.picture(pictures / f"thumb-{i:03}.png")).all()
    assert tuple(tile[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("extension", ["jpg", "webp", "avif"])
def test_sheets_of_each_format(series, films, extension):
    form = "jpeg" if extension == "jpg" else extension
    folder = series(films("plain.mp4"), interval=1, sheet="sprite", format=form, quality="high")
    assert names(folder) == [f"sprite-000.{extension}", "thumbnails.vtt"]
    assert [number_in(tile) for _, _, tile in tiles(folder)] == list(range(0, 250, 25))


def test_large_tiles_make_sheets_that_every_device_shows(series, films):
    folder = series(films("plain.mp4"), interval=0.5, sheet="sprite", width=1500)
    assert names(folder) == [f"sprite-{i:03}.jpg" for i in range(4)] + ["thumbnails.vtt"]
    assert look.picture(folder / "sprite-000.jpg").shape == (3375, 3000, 3)
    assert [number_in(tile) for _, _, tile in tiles(folder)] == [
        math.floor(i * 12.5) for i in range(20)]


# What a film is like.


@pytest.mark.parametrize("source", [
    "corner-stored-90.mp4", "corner-stored-hflip.mp4", "corner-anamorphic.mp4", "bars-hdr10.mp4",
    "bars-hlg.mp4", "alpha.webm", "interlaced.mp4", "interlaced.mpg", "full-range.mp4",
    "four-two-two.mkv", "size-changes.ts"])
def test_pictures_come_out_as_single_ones_do(series, make, media, source):
    folder = series(media / source, interval=0.4, start=0.2, end=1.9, format="png")
    assert names(folder) == wanted_names(5, "png")
    for i, name in enumerate(names(folder)):
        one = make("image", media / source, f"{i}.png", start=0.2 + i * 0.4)
        assert (look.picture(one, alpha=True) == look.picture(folder / name, alpha=True)).all()


def test_what_is_turned_and_stretched_is_upright(series, media):
    for source in ("corner-stored-90.mp4", "corner-stored-transpose.mp4", "corner-anamorphic.mp4"):
        folder = series(media / source, source, interval=1, sheet="sprite")
        for _, _, tile in tiles(folder):
            assert tile.shape == (120, 160, 3)
            look.assert_corners(tile)


# How many there are.


def test_a_film_that_ends_before_end(series, films):
    folder = series(films("plain.mp4"), interval=2, end=60)
    assert names(folder) == wanted_names(5)
    [warning] = series.run.warnings
    assert "end is 60.000 s but the input ends at 10.000 s" in warning


def test_a_picture_that_ends_before_the_sound(series, tmp_path):
    path = film(tmp_path / "short.mkv", *X264, "-map", "0:v", "-map", "1:a", "-c:a",
                "pcm_s16le", frames=45, before=["-f", "lavfi", "-i", "sine=duration=10"])
    folder = series(path, interval=1, sheet="sprite", format="png")
    found = cues(folder)
    assert len(found) == 2 and found[-1][:2] == (1, pytest.approx(10, abs=0.1))
    [warning] = series.run.warnings
    assert "no picture at 2.000 s any more" in warning


def test_no_more_than_ten_thousand(refuse, series, tmp_path):
    path = film(tmp_path / "long.mp4", *X264, rate="1/5", pictures=counted(range(300), 64, 48))
    run = refuse("image", path, "thumbs", interval=0.1)
    assert run.error_kind == "limit_exceeded", run.last
    assert run.last["error"]["limit"] == {"name": "pictures", "value": 10000}
    assert "an interval of at least 0.150 s, or for a shorter part" in run.message
    folder = series(path, interval=1.4, width=16)
    assert names(folder) == wanted_names(1072, digits=4)


# What is no film.


@pytest.mark.parametrize("source, kind", [
    ("photo.jpg", "no_video_stream"), ("photo.png", "no_video_stream"),
    ("tone.mp3", "no_video_stream"), ("tone.wav", "no_video_stream")])
def test_what_does_not_move_says_so(refuse, media, source, kind):
    for sheet in ({}, {"sheet": "sprite"}):
        run = refuse("image", media / source, "thumbs", interval=1, **sheet)
        assert run.error_kind == kind, run.last
    if source.startswith("photo"):
        assert "leave interval out" in run.message


@pytest.mark.parametrize("extension, words", [
    ("gif", ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"]),
    ("apng", ["-plays", "0"]), ("webp", ["-c:v", "libwebp_anim", "-lossless", "1"]),
    ("avif", ["-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"])])
def test_animations_are_films_too(series, tmp_path, extension, words):
    path = film(tmp_path / f"a.{extension}", *words, frames=30, rate=10)
    folder = series(path, interval=0.25, start=0.3, format="png")
    found = [number_in(look.picture(folder / name)) for name in names(folder)]
    assert found == [math.floor(3 + i * 2.5 + 1e-6) for i in range(11)]
    assert names(series(path, "own", interval=1)) == wanted_names(
        3, {"apng": "png", "gif": "jpg"}.get(extension, extension))


@pytest.fixture(scope="module")
def alpha_avif(tmp_path_factory):
    """25 pictures, ever more opaque from left to right, which is a track of its own in AVIF."""
    path = tmp_path_factory.mktemp("avif") / "a.avif"
    look.output_of(
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=128x64:rate=25:duration=1",
        "-f", "lavfi", "-i", "color=black:size=128x64:rate=25:duration=1", "-filter_complex",
        "[1]geq=lum='2*X',format=gray[a]", "-map", "0", "-map", "[a]", "-pix_fmt:v:0", "yuv420p",
        "-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10", path)
    return path


def test_what_is_transparent_stays_so_in_steps_and_at_start(series, make, alpha_avif):
    folder = series(alpha_avif, interval=0.25, format="png")
    assert names(folder) == wanted_names(4, "png")
    for i, name in enumerate(names(folder)):
        picture = look.picture(folder / name, alpha=True)
        ramp = (2 * numpy.arange(128) - 16) * 255 / 219  # as FFmpeg widens limited range
        assert numpy.abs(picture[32, :, 3] - ramp.clip(0, 255)).max() < 12
        one = make("image", alpha_avif, f"{i}.png", start=max(0.01, i * 0.25))
        assert (look.picture(one, alpha=True) == picture).all()
    for _, _, tile in tiles(series(alpha_avif, "sheets", interval=0.5, sheet="sprite",
                                   format="jpeg", background="#0000ff")):
        red, _, blue = tile[32, 4].astype(int)
        assert blue > 200 > 60 > red, "laid on the background"


# What may be asked.


@pytest.mark.parametrize("options, field", [
    ({"interval": 0}, "interval"), ({"interval": 0.09}, "interval"),
    ({"interval": 3601}, "interval"), ({"interval": -1}, "interval"),
    ({"interval": "auto"}, "interval"), ({"interval": [1]}, "interval"),
    ({"interval": 1, "end": 0}, "end"), ({"interval": 1, "start": 5, "end": 5}, "end"),
    ({"interval": 1, "start": "auto"}, "start"), ({"start": "now"}, "start"),
    ({"start": {"at": 1}}, "start"), ({"start": True}, "start"), ({"start": -1}, "start"),
    ({"end": 3}, "end"), ({"sheet": "sprite"}, "sheet"),
    ({"interval": 1, "sheet": "grid"}, "sheet"), ({"interval": 1, "sheet": True}, "sheet"),
])
def test_what_makes_no_sense_is_refused_and_named(server, hosted, options, field):
    bad = server.post("/jobs", {"input": hosted, "kind": "image", "options": options})
    assert bad.status_code == 400, bad.text
    assert field in {problem["field"].split(".")[-1] for problem in bad.json()["errors"]}
    assert field in bad.json()["message"]


@pytest.mark.parametrize("kind", ["video", "animation", "adaptive_video", "audio"])
def test_other_kinds_have_no_steps(server, hosted, kind):
    for options in ({"interval": 1}, {"sheet": "sprite"}, {"start": "auto"}):
        bad = server.post("/jobs", {"input": hosted, "kind": kind,
                                    "options": {"end": 1, **options}})
        assert bad.status_code == 400, bad.text


def test_a_folder_has_no_extension(server, hosted, refuse, films):
    bad = server.post("/jobs", {"input": hosted, "kind": "image", "options": {"interval": 1},
                                "output": "s3://bucket/thumbs/a.jpg", "connection": "none"})
    assert bad.status_code == 400 and "output is a folder with interval" in bad.text
    run = refuse("image", films("plain.mp4"), "a.jpg", interval=1)
    assert (run.status, run.error_kind) == (2, "invalid_output"), run.last
    run = cli.ittybit("image", "-i", films("plain.mp4"), "-o", "-", "--interval", "1", cwd="/tmp")
    assert run.status == 2 and "takes one file, and these pictures are many" in run.stderr


def test_a_start_behind_the_end_says_so(refuse, films):
    run = refuse("image", films("plain.mp4"), "thumbs", interval=1, start=11)
    assert run.error_kind == "start_out_of_range"


# Where they go.


def test_a_folder_that_is_there_gets_one_in_it(series, films, tmp_path):
    folder = series(films("plain.mp4"), interval=5)
    assert series.run.last["output"].endswith("/thumbs/thumb-000.jpg")
    series(films("plain.mp4"), interval=5)
    assert names(folder / "plain") == wanted_names(2)
    series(films("plain.mp4"), interval=5)
    assert names(folder / "plain-1") == wanted_names(2)
    run = cli.ittybit("image", "-i", films("plain.mp4"), "--interval", "4", cwd=tmp_path)
    assert run.status == 0 and names(tmp_path / "plain") == wanted_names(3)
    assert (tmp_path / "plain" / "thumb-000.jpg").stat().st_mode & 0o777 == 0o644


def managed(server, **body):
    job = server.wait(server.job(**body))
    assert job["status"] == "succeeded", job["error"]
    answer = server.get(f"/tasks/{job['tasks'][-1]['id']}/parts?limit=100")
    return job, answer.json()


def test_a_server_keeps_them_and_lists_them(server, hosted, tmp_path):
    with_hook = Receiver()
    job, parts = managed(server, input=hosted, kind="image", webhook_url=f"{with_hook.url}/hook",
                         options={"interval": 2.5, "width": 160})
    assert [part["name"] for part in parts] == wanted_names(4)
    assert job["output"] == parts[0]["url"]
    for i, part in enumerate(parts):
        answer = requests.get(part["url"], timeout=WAIT)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert len(answer.content) == part["size"]
        (tmp_path / part["name"]).write_bytes(answer.content)
        assert number_in(look.picture(tmp_path / part["name"])) == math.floor(i * 62.5)
    made = job["tasks"][-1]["output"]
    assert made["parts"] == {"count": 4, "size": sum(part["size"] for part in parts)}
    assert (made["kind"], made["width"], made["height"]) == ("image", 160, 120)
    [(_, told)] = with_hook.wait_for(1)
    with_hook.close()
    assert json.loads(told)["tasks"][-1]["output"]["parts"] == made["parts"]
    assert server.call("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert {requests.get(part["url"], timeout=WAIT).status_code for part in parts} == {404}


def test_a_server_keeps_sheets_beside_their_list(server, hosted, tmp_path):
    job, parts = managed(server, input=hosted, kind="image",
                         options={"interval": 0.08 * 1.25, "sheet": "sprite", "format": "webp"})
    assert [part["name"] for part in parts] == ["sprite-000.webp", "thumbnails.vtt"]
    assert job["output"] == parts[1]["url"] and job["output"].endswith("/thumbnails.vtt")
    for part in parts:
        answer = requests.get(part["url"], timeout=WAIT)
        (tmp_path / part["name"]).write_bytes(answer.content)
    assert answer.headers["Content-Type"].startswith("text/vtt")
    assert part["url"].rsplit("/", 1)[0] == parts[0]["url"].rsplit("/", 1)[0]
    assert [number_in(tile) for _, _, tile in tiles(tmp_path)] == [
        math.floor(i * 2.5 + 1e-4) for i in range(100)]


def test_they_and_a_video_come_of_one_input(server, hosted):
    job = server.wait(server.job(input=hosted, outputs=[
        {"kind": "image", "options": {"interval": 5}},
        {"kind": "image", "options": {"interval": 5, "sheet": "sprite"}},
        {"kind": "video", "options": {"width": 64, "end": 1}}]))
    assert job["status"] == "succeeded", job["error"]
    assert [output["output"].rsplit("/")[-1] for output in job["outputs"]] == [
        "thumb-000.jpg", "thumbnails.vtt", "plain.mp4"]


def test_the_plan_tells_of_steps_and_tiles(server, hosted):
    told = server.post("/jobs?explain=true", {
        "input": hosted, "kind": "image", "options": {"interval": 0.5, "sheet": "sprite"}})
    plan = told.json()["outputs"][0]["plan"]
    [picture] = plan["pictures"]
    assert picture["instants"] == {"interval": 0.5, "most": 20}
    assert picture["branches"][0]["sheet"] == {"columns": 10, "rows": 2}
    assert [output["name"] for output in plan["outputs"]] == ["thumbnails.vtt"]


def test_the_command_line_gets_them_back_from_a_server(server, films, tmp_path):
    env = {"ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key}
    for more in ([], ["--sheet", "sprite"]):
        out = tmp_path / f"out{len(more)}"
        run = cli.ittybit("image", "-i", films("plain.mp4"), "-o", f"{out}/", "--interval", "2.5",
                          *more, cwd=tmp_path, env=env)
        assert run.status == 0, (run.last, run.stderr)
    assert names(tmp_path / "out0") == wanted_names(4)
    assert names(tmp_path / "out2") == ["sprite-000.jpg", "thumbnails.vtt"]
    assert [number_in(look.picture(tmp_path / "out0" / name)) for name in wanted_names(4)] == [
        0, 62, 125, 187]
    assert [number_in(tile) for _, _, tile in tiles(tmp_path / "out2")] == [0, 62, 125, 187]


@pytest.fixture(scope="module")
def bucket():
    return s3.Service()


@pytest.mark.parametrize("end", ["", "/"])
def test_a_bucket_has_them_under_a_prefix(bucket, films, tmp_path_factory, end):
    server = Server(tmp_path_factory.mktemp("s3"))
    prefix = f"t-{secrets.token_hex(4)}"
    try:
        assert server.post("/connections", bucket.connection()).status_code == 201
        source = bucket.put(films("plain.mp4"), f"{prefix}-in/plain.mp4")
        output = f"s3://{bucket.bucket}/{prefix}/{{filename}}{end}"
        job = server.wait(server.job(input=source, kind="image", output=output, options={
            "interval": 2.5, "sheet": "sprite"}))
        assert job["status"] == "succeeded", job["error"]
        assert job["output"] == f"s3://{bucket.bucket}/{prefix}/plain/thumbnails.vtt"
        assert sorted(bucket.keys(f"{prefix}/")) == [
            f"{prefix}/plain/sprite-000.jpg", f"{prefix}/plain/thumbnails.vtt"]
        types = [bucket.head(key)["ContentType"] for key in sorted(bucket.keys(f"{prefix}/"))]
        assert types[0] == "image/jpeg" and types[1].startswith("text/vtt")
        job = server.wait(server.job(input=source, kind="image", output=output, options={
            "interval": 4}))
        assert job["output"] == f"s3://{bucket.bucket}/{prefix}/plain/thumb-000.jpg"
        assert len(bucket.keys(f"{prefix}/")) == 5
    finally:
        server.stop()


# start: auto


def scenes(path, *parts):
    """A film of parts, each (seconds, lavfi source and filters)."""
    inputs = sum((["-f", "lavfi", "-i", f"{source},trim=duration={seconds},setsar=1"]
                  for seconds, source in parts), [])
    joined = "".join(f"[{i}]" for i in range(len(parts))) + f"concat=n={len(parts)}"
    look.output_of("ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex", joined, *X264,
                   path)
    return path


BLACK = "color=black:size=640x360:rate=25"
NOISY_BLACK = f"{BLACK},noise=alls=14:allf=t"
FLAT = "color=0x3060a0:size=640x360:rate=25,noise=alls=6:allf=t"
SHARP = "testsrc2=size=640x360:rate=25"
BLURRED = f"{SHARP},gblur=sigma=24"
FADE = f"{SHARP},fade=in:0:100"


def moment_of(server, path):
    """Where start auto finds itself."""
    with open(path, "rb") as file:
        url = server.post(f"/uploads?filename={path.name}", data=file.read()).json()["url"]
    told = server.post("/jobs?explain=true", {
        "input": url, "kind": "image", "options": {"start": "auto"}}).json()
    return told["outputs"][0]["plan"]["window"]["start"]


@pytest.mark.parametrize("parts, earliest, latest", [
    ([(9, SHARP)], 0, 0),
    ([(1.2, BLACK), (10, SHARP)], 1.2, 1.8),
    ([(1.2, NOISY_BLACK), (10, SHARP)], 1.2, 1.8),
    ([(1.2, FLAT), (10, SHARP)], 1.2, 1.8),
    ([(1.2, BLURRED), (10, SHARP)], 1.2, 1.8),
    ([(1, BLACK), (1, FLAT), (1, BLURRED), (12, SHARP)], 3, 4),
    ([(4, FADE), (9, SHARP)], 0.5, 2),
    ([(3, BLACK), (3, SHARP)], 0, 0),  # behind its first third
    ([(5, BLACK)], 0, 0), ([(5, FLAT)], 0, 0), ([(5, BLURRED)], 0, 0),
])
def test_auto_is_the_first_that_tells_something(server, tmp_path, parts, earliest, latest):
    found = moment_of(server, scenes(tmp_path / "a.mp4", *parts))
    assert earliest <= found <= latest


def test_auto_is_what_start_there_gives(make, server, tmp_path):
    path = scenes(tmp_path / "a.mp4", (1.2, BLACK), (10, SHARP))
    found = moment_of(server, path)
    one, other = make("image", path, "a.png", start="auto"), make("image", path, "b.png",
                                                                  start=found)
    assert (look.picture(one) == look.picture(other)).all()
    assert look.picture(one).std() > 40


@pytest.mark.parametrize("source", ["photo.jpg", "photo.png", "animated.webp"])
def test_auto_of_a_picture_is_the_picture(make, media, source):
    one, other = make("image", media / source, "a.png", start="auto"), make(
        "image", media / source, "b.png")
    assert one.read_bytes() == other.read_bytes()
