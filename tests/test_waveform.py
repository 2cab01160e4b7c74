"""A waveform in place of sound: its peaks against those of the samples that FFmpeg decodes, its
drawing against its peaks; and a stream of the sound of a film."""
import json
import subprocess
import sys

import numpy
import pytest
import requests

import cli
import look
from service import WAIT

BLUE = (0x3b, 0x82, 0xf6, 255)
CLEAR = (0, 0, 0, 0)


def decoded(path):
    """The samples of the first sound track as they are, frames × channels."""
    stream = look.probe(path)["audio"][0]
    raw = look.output_of("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0",
                         "-f", "f32le", "-", timeout=300)
    return numpy.frombuffer(raw, numpy.float32).reshape(-1, stream["channels"])


def peaks_of(samples, points):
    """As docs/media.md says: slice i of n begins at sample floor(i·N/n)."""
    loud = numpy.minimum(numpy.abs(samples).max(axis=1), 1)
    edges = numpy.arange(points + 1) * len(loud) // points
    return numpy.array([loud[a:max(b, a + 1)].max() for a, b in zip(edges, edges[1:])],
                       numpy.float32)


def read(path):
    told = json.loads(path.read_text())
    assert list(told) == ["duration", "sample_rate", "points", "data"]
    assert told["points"] == len(told["data"])
    return told


def assert_is(told, samples, rate, points):
    assert told["points"] == points and told["sample_rate"] == rate
    assert told["duration"] == pytest.approx(len(samples) / rate, abs=1e-9)
    found = numpy.array(told["data"], numpy.float32)
    assert found.min() >= 0 and found.max() <= 1
    numpy.testing.assert_array_equal(found, peaks_of(samples, points))


@pytest.mark.parametrize("source", [
    "tone.wav", "tone-44100-mono.wav", "tone-8000.wav", "tone.mp3", "tone.opus", "tone.ogg",
    "tone.flac", "tone-96000.flac", "tone.m4a", "surround.wav", "surround.flac", "flash-small.mp4",
])
@pytest.mark.parametrize("points", [10, 200, 9999])
def test_peaks_are_those_of_every_sample(make, media, source, points):
    out = make("audio", media / source, "o.json", waveform="json", waveform_points=points)
    sound = look.probe(media / source)["audio"][0]
    rate = int(sound["sample_rate"])
    samples = decoded(media / source)
    if source.endswith(("m4a", "mp4")):  # where the edit list ends: libav gives the whole packet
        samples = samples[:round(float(sound["duration"]) * rate)]
    assert_is(read(out), samples, rate, points)


@pytest.mark.parametrize(
    "source", ["tone.wav", "tone.flac", "surround.flac", "tone-44100-mono.wav"])
@pytest.mark.parametrize("start, end", [(0, 0.7), (0.1234, 2), (1.00001, 2.5), (2, 99)])
def test_a_part_is_cut_to_the_sample(make, media, source, start, end):
    out = make("audio", media / source, "o.json", start=start, end=end)
    rate = int(look.probe(media / source)["audio"][0]["sample_rate"])
    samples = decoded(media / source)
    first = round(start * rate)
    count = round((end - start) * rate)
    assert_is(read(out), samples[first:first + count], rate, 200)
    assert (end == 99) == bool(make.run.warnings)


@pytest.mark.parametrize("source", ["tone.mp3", "tone.opus"])
def test_a_part_of_lossy_sound_is_where_it_was(make, media, source):
    out = make("audio", media / source, "o.json", start=0.5, end=3.5, waveform_points=300)
    rate = int(look.probe(media / source)["audio"][0]["sample_rate"])
    told = read(out)
    assert told["duration"] == 3
    expected = peaks_of(decoded(media / source)[rate // 2:rate * 7 // 2], 300)
    # A decoder that begins in the middle has other remains of what was before.
    off = numpy.abs(numpy.array(told["data"]) - expected)
    assert numpy.quantile(off, 0.98) < 0.02, off.max()


def wav(path, samples, rate=48000):
    """A WAV of 16-bit samples, frames × channels."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "s16le", "-ar", str(rate),
                    "-ac", str(samples.shape[1]), "-i", "-", path],
                   input=samples.astype("<i2").tobytes(), check=True)
    return path


@pytest.mark.parametrize("at", [0, 1, 4799, 4800, 24000, 47999])
def test_a_click_of_one_sample_is_seen(make, tmp_path, at):
    samples = numpy.zeros((48000, 2))
    samples[at, 1] = -32768
    told = read(make("audio", wav(tmp_path / "click.wav", samples), "o.json", waveform_points=10))
    assert told["data"] == [1 if i == at // 4800 else 0 for i in range(10)]


def test_silence_is_zeros_and_drawn_as_a_line(make, tmp_path):
    silence = wav(tmp_path / "silence.wav", numpy.zeros((4800, 1)))
    assert read(make("audio", silence, "o.json"))["data"] == [0] * 200
    pixels = look.picture(make("audio", silence, "o.png", width=64, height=32), alpha=True)
    assert (pixels[15] == BLUE).all() and (numpy.delete(pixels, 15, axis=0) == CLEAR).all()


def test_fewer_samples_than_points_share_them(make, tmp_path):
    samples = numpy.array([[16384], [8192], [-4096]])
    told = read(make("audio", wav(tmp_path / "few.wav", samples), "o.json", waveform_points=12))
    assert told["data"] == [0.5] * 4 + [0.25] * 4 + [0.125] * 4
    assert told["duration"] == pytest.approx(3 / 48000)


def test_what_is_no_number_is_passed_over(make, tmp_path):
    samples = numpy.array([numpy.nan, numpy.inf, -7, 0.25] * 3000, "<f4")
    path = tmp_path / "wild.wav"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "f32le", "-ar", "48000", "-ac", "1",
                    "-i", "-", "-c:a", "pcm_f32le", path], input=samples.tobytes(), check=True)
    data = read(make("audio", path, "o.json", waveform_points=12000))["data"]
    assert data == [0, 1, 1, 0.25] * 3000


def test_long_sound_is_read_again_rather_than_told_wrong(make, tmp_path):
    """More samples than are kept one by one, in so many slices that edges cut what is loudest."""
    noise = numpy.random.default_rng(1).integers(-32768, 32768, (2 ** 24 + 12345, 1))
    path = wav(tmp_path / "noise.wav", noise)
    told = read(make("audio", path, "o.json", waveform_points=20000))
    assert_is(told, noise.astype(numpy.float32) / 32768, 48000, 20000)
    assert_is(read(make("audio", path, "few.json", waveform_points=10)),
              noise.astype(numpy.float32) / 32768, 48000, 10)


@pytest.mark.parametrize("size", [(16, 16), (300, 77), (1200, 240)])
def test_a_drawing_has_a_column_for_each_peak(make, media, size):
    width, height = size
    options = {} if size == (1200, 240) else {"width": width, "height": height}
    pixels = look.picture(make("audio", media / "tone.flac", "o.png", **options), alpha=True)
    assert pixels.shape == (height, width, 4)
    is_ink = (pixels == BLUE).all(axis=2)
    assert (pixels[~is_ink] == CLEAR).all()
    rows = [max(1, int(peak * height + 0.5)) for peak in
            peaks_of(decoded(media / "tone.flac"), width).astype(float)]
    assert is_ink.sum(axis=0).tolist() == rows
    for column, count in enumerate(rows):
        top = (height - count) // 2
        assert is_ink[top:top + count, column].all()


@pytest.mark.parametrize("colour, background, ink", [
    ("#ff0000", "#ffffff", (255, 0, 0, 255)), ("#f008", None, None),
    ("#ff000080", "#0000ff", (128, 0, 127, 255)), ("#ff000080", "#00000000", (255, 0, 0, 128)),
])
def test_colours_are_laid_on_each_other(make, refuse, media, colour, background, ink):
    options = {"colour": colour, **({"background": background} if background else {})}
    if ink is None:
        assert "colour must be" in refuse("audio", media / "tone.wav", "o.png", **options).message
        return
    out = make("audio", media / "tone.wav", "o.png", width=100, height=40, **options)
    pixels = look.picture(out, alpha=True)
    assert tuple(pixels[19, 2]) == ink
    behind = tuple(bytes.fromhex((background[1:] + "ff")[:8]))
    assert tuple(pixels[0, 50]) == behind


def test_the_extension_asks_for_a_waveform_and_must_agree(make, refuse, media):
    make("audio", media / "tone.wav", "o.JSON", waveform="json")
    for name, options in [("o.mp3", {"waveform": "json"}), ("o.png", {"waveform": "json"}),
                          ("o.json", {"format": "mp3"})]:
        run = refuse("audio", media / "tone.wav", name, **options)
        assert (run.status, run.error_kind) == (2, "invalid_output"), run.last


@pytest.mark.parametrize("options, field", [
    ({"waveform": "json", "format": "wav"}, "format"),
    ({"waveform": "png", "bitrate": 64000}, "bitrate"),
    ({"waveform": "json", "quality": "low"}, "quality"),
    ({"waveform_points": 200}, "waveform_points"), ({"width": 100}, "width"),
    ({"waveform": "png", "waveform_points": 200}, "waveform_points"),
    ({"waveform": "json", "height": 100}, "height"), ({"colour": "#fff"}, "colour"),
    ({"waveform": "json", "background": "#fff"}, "background"), ({"waveform": "svg"}, "waveform"),
    ({"waveform": "json", "waveform_points": 9}, "waveform_points"),
    ({"waveform": "json", "waveform_points": 20001}, "waveform_points"),
    ({"waveform": "json", "waveform_points": 200.5}, "waveform_points"),
    ({"waveform": "png", "width": 8193}, "width"), ({"waveform": "png", "height": 15}, "height"),
    ({"waveform": "png", "colour": "blue"}, "colour"),
])
def test_what_makes_no_sense_is_refused_and_named(server, clip, options, field):
    bad = server.post("/jobs", {"input": clip, "kind": "audio", "options": options})
    assert bad.status_code == 400, bad.text
    assert field in {problem["field"].split(".")[-1] for problem in bad.json()["errors"]}
    assert field in bad.json()["message"]


def test_what_has_no_sound_says_so(refuse, media):
    for source in ("no-audio.mp4", "photo.jpg"):
        assert refuse("audio", media / source, "o.json").error_kind == "no_audio_stream"
    late = refuse("audio", media / "tone.wav", "o.json", start=60)
    assert late.error_kind == "start_out_of_range"
    none = refuse("audio", media / "tone.wav", "o.json", start=1, end=1.000001)
    assert none.error_kind == "start_out_of_range" and "longer part" in none.message


@pytest.mark.parametrize("word, type_", [("json", "application/json"), ("png", "image/png")])
def test_a_server_keeps_it_under_its_name_and_type(server, clip, word, type_):
    job = server.wait(server.job(input=clip, kind="audio", options={"waveform": word}))
    assert job["status"] == "succeeded", job["error"]
    assert job["output"].endswith(f"/flash-small.{word}")
    answer = requests.get(job["output"], timeout=WAIT)
    assert answer.headers["Content-Type"] == type_
    assert "Content-Disposition" not in answer.headers
    made = job["tasks"][2]["output"]
    assert made["format"] == word and made["size"] == len(answer.content)
    assert made["kind"] == ("waveform" if word == "json" else "image")
    if word == "json":
        assert made["duration"] == answer.json()["duration"] == pytest.approx(5, abs=0.05)
    else:
        assert (made["width"], made["height"]) == (1200, 240)


def test_sound_and_waveform_come_of_one_input(server, clip):
    job = server.wait(server.job(input=clip, outputs=[
        {"kind": "audio"}, {"kind": "audio", "options": {"waveform": "json"}}]))
    assert job["status"] == "succeeded", job["error"]
    assert [output["output"].split(".")[-1] for output in job["outputs"]] == ["mp3", "json"]


def test_the_plan_tells_of_peaks_and_not_of_an_encoder(server, clip):
    told = server.post("/jobs?explain=true", {
        "input": clip, "kind": "audio", "options": {"waveform": "png", "width": 320}})
    [sound] = told.json()["outputs"][0]["plan"]["sounds"]
    [branch] = sound["branches"]
    assert "encoding" not in branch and branch["waveform"]["points"] == 320
    assert branch["waveform"]["drawing"]["size"] == {"width": 320, "height": 240}


# The sound of a film as a stream.


def sound_stream(tmp_path, source, **options):
    out = tmp_path / "show" / "master.m3u8"
    out.parent.mkdir()
    run = cli.ittybit("adaptive", "-i", source, "-o", out, *cli.flags(options), cwd=tmp_path)
    assert run.status == 0, run.last
    return out


def names_in(master):
    lines = master.read_text().splitlines()
    return sorted(path.name for path in master.parent.rglob("*")), [
        line.split(":")[0] for line in lines if line.startswith("#")]


def test_a_mute_video_is_a_stream_like_that_of_sound_alone(tmp_path, media):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    film = media / "flash-720p.mp4"
    master = sound_stream(tmp_path / "a", film, mute_video=True)
    checked = subprocess.run([sys.executable, cli.ROOT / "tests/check_hls.py", master], text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert not look.probe(master)["video"] and "RESOLUTION" not in master.read_text()
    assert look.beep_times(master) == pytest.approx(look.beep_times(film), abs=0.05)
    sound = tmp_path / "sound.m4a"
    look.output_of("ffmpeg", "-v", "error", "-i", film, "-vn", "-c", "copy", sound)
    alone = sound_stream(tmp_path / "b", sound)
    (names, tags), (names_alone, tags_alone) = names_in(master), names_in(alone)
    assert tags == tags_alone
    assert [name for name in names if not name.startswith("master-")] == [
        name for name in names_alone if not name.startswith("master-")]


@pytest.mark.parametrize("source", ["no-audio.mp4", "photo.jpg", "animated.webp"])
def test_a_mute_video_without_sound_says_so(refuse, media, source):
    run = refuse("adaptive", media / source, "o.m3u8", mute_video=True)
    assert (run.status, run.error_kind) == (1, "no_audio_stream"), run.last


@pytest.mark.parametrize(
    "more, field", [({"no_audio": True}, "mute_video"), ({"width": 640}, "width")])
def test_a_mute_video_takes_no_option_of_pictures(server, clip, more, field):
    bad = server.post("/jobs", {"input": clip, "kind": "adaptive_video",
                                "options": {"mute_video": True, **more}})
    assert bad.status_code == 400 and bad.json()["errors"][0]["field"] == f"options.{field}"
