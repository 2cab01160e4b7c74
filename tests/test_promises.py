"""What the guides promise, held against what people send: values that make no sense, and unlike
files of the wide collection, each in one job of many outputs."""
import json
import re

import numpy
import pytest

import cli
import corpus
import look
from test_loudness import measured
from test_thumbnails import cues as tiles_of

COLLECTION = corpus.collection()
wide = pytest.mark.skipif(
    not COLLECTION, reason="THE MEDIA COLLECTION IS ABSENT: set ITTYBIT_MEDIA to check it")


# Values that make no sense: 400, the field, and what there may be.


@pytest.mark.parametrize("kind, field, bad, told", [
    ("image", "interval", [0, 0.09, 3601, -1, 1e300], "between 0.1 and 3600"),
    ("image", "interval", ["auto", True, [], {}], "number"),
    ("image", "sheet", ["grid", 1, True, []], "must be one of sprite"),
    ("image", "start", [-1, 31_536_001], "between 0 and 31536000"),
    ("image", "start", ["now", True, {}, []], "auto"),
    *((kind, "normalize", ["peak", 1, True, []], "must be one of lufs")
      for kind in ("audio", "video", "adaptive_video")),
    *((kind, "target_lufs", [-40.1, -4.9, 0, 16], "between -40 and -5")
      for kind in ("audio", "video", "adaptive_video")),
    ("audio", "target_lufs", ["-16", True, []], "number"),
    ("audio", "waveform", ["svg", 1, True], "must be one of json, png"),
    ("audio", "waveform_points", [9, 20_001, 0, -5], "between 10 and 20000"),
    ("audio", "waveform_points", [10.5, "200", True], "whole number"),
    ("audio", "width", [15, 8193, -1], "between 16 and 8192"),
    ("audio", "height", [15, 4097], "between 16 and 4096"),
    ("audio", "colour", ["red", "#12", 5], "colour"),
    ("audio", "background", ["red", "#12345", 5], "background"),
    ("video", "subtitle_url", [5, True, []], "string"),
    ("video", "subtitle_url", ["ftp://example.com/a.srt", "a.srt", ""], "http://"),
    ("video", "subtitle_track", [-1, 1.5, "a b", "", "x" * 36, True, [], 1e12],
     "must be a stream's index or a language"),
    ("video", "subtitle_style", ["burn", 1, True], "must be one of sidecar, burn_in"),
    ("adaptive_video", "mute_video", ["yes", 1, []], "true or false"),
])
def test_what_makes_no_sense_is_refused_with_its_field_and_range(server, kind, field, bad, told):
    for value in bad:
        body = {"input": "https://example.com/a", "kind": kind, "options": {field: value}}
        answer = server.post("/jobs", body)
        assert answer.status_code == 400, (value, answer.text)
        found = [problem for problem in answer.json()["errors"]
                 if problem["field"] == f"options.{field}"]
        assert found and found[0]["kind"] == "invalid_options", (value, answer.text)
        assert field in answer.json()["message"]
        assert told in found[0]["message"], (value, found)


# Twelve films.

SRT = "1\n00:00:00,500 --> 00:00:01,000\nW W W W W W\n"
STILL = {"width": 96, "format": "png"}
SMALL = {"width": 320, "end": 1.5, "no_audio": True}


@pytest.fixture
def made(tmp_path):
    """made(source, *outputs): the folder of what one job makes."""

    def make(source, *outputs):
        body = json.dumps({"outputs": outputs})
        run = cli.ittybit("run", "-i", source, "--body", body, "-o", f"{tmp_path}/out/",
                          cwd=tmp_path)
        assert run.status == 0, (run.last, run.stderr)
        make.job = run.last
        return tmp_path / "out"

    return make


def difference(one, other):
    """How much of a picture is another by more than encoders make it."""
    return (numpy.abs(one.astype(int) - other.astype(int)) > 70).any(axis=2).mean()


FILMS = [
    "avi-mpeg4-mp3.avi", "bbb-720p24-vp8-vorbis-30s.webm", "bbb-mpeg2-1080p-mp2.ts",
    "chaplin-h264-mp3.mp4", "svcd-mpeg2-interlaced-tff.mpg", "flv-keyframe-index.flv",
    "hdr10-av1-720x1280.mp4", "iphone4-portrait-rot90.mov", "mp4-vfr-screenrec-3026x1386.mp4",
    "synth-mpeg2-576i-tff.ts", "synth-ts-pts-wrap-33bit.ts", "vp9-alpha-200x200.webm",
]


@wide
@pytest.mark.parametrize("name", FILMS)
def test_a_film_in_pictures_and_with_subtitles(made, tmp_path, name):
    (tmp_path / "a.srt").write_text(SRT)
    subtitles = {"subtitle_url": str(tmp_path / "a.srt")}
    steps = {**STILL, "interval": 0.4, "start": 0.2, "end": 1.5}
    out = made(
        COLLECTION / "video" / name,
        {"name": "steps", "kind": "image", "options": steps},
        {"name": "sheet", "kind": "image", "options": {**steps, "sheet": "sprite"}},
        {"name": "one", "kind": "image", "options": {**STILL, "start": 0.6}},
        {"name": "first", "kind": "image", "options": STILL},
        {"name": "auto", "kind": "image", "options": {**STILL, "start": "auto"}},
        {"name": "beside", "kind": "video", "options": {**SMALL, **subtitles}},
        {"name": "burnt", "kind": "video", "options": {**SMALL, **subtitles,
                                                       "subtitle_style": "burn_in"}})
    pictures = [look.picture(path, alpha=True) for path in sorted((out / "steps").iterdir())]
    assert len(pictures) == 4
    sheet = look.picture(out / "sheet/sprite-000.png", alpha=True)
    for picture, (_, _, _, (x, y, width, height)) in zip(pictures, tiles_of(out / "sheet")):
        assert (sheet[y:y + height, x:x + width] == picture).all()
    assert (look.picture(out / "one.png", alpha=True) == pictures[1]).all()
    auto = look.picture(out / "auto.png")
    assert auto.std() > 10 or (auto == look.picture(out / "first.png")).all()
    assert "W W W W W W" in (out / "beside.vtt").read_text()
    assert look.probe(out / "beside.mp4")["subtitle"][0]["codec_name"] == "mov_text"
    changed = {}
    for each in ("burnt", "beside"):  # what is on screen, however long pictures stay there
        look.output_of("ffmpeg", "-v", "error", "-i", out / f"{each}.mp4", "-vf", "fps=20", "-an",
                       "-qp", "0", tmp_path / f"{each}.mkv")
    for at in (0.25, 0.75, 1.25):
        burnt, beside = (look.picture(tmp_path / f"{each}.mkv", at) for each in ("burnt", "beside"))
        bottom = len(burnt) * 3 // 4
        changed[at] = difference(burnt[bottom:], beside[bottom:])
        assert difference(burnt[:bottom], beside[:bottom]) < 0.01, "nothing above"
    assert changed[0.75] > 0.004 + 1.5 * max(changed[0.25], changed[1.25]), changed


@wide
@pytest.mark.parametrize("name, tracks, coding", [
    ("mkv-srt-subs.mkv", 1, []), ("mkv-ass-subs.mkv", 1, []), ("mkv-overlapping-srt.mkv", 1, []),
    ("synth-mkv-6audio-2subs.mkv", 2, ["-sub_charenc", "cp1252"])])
def test_text_tracks_of_films_say_what_they_say(made, name, tracks, coding):
    film = COLLECTION / "video" / name
    text = look.probe(film)["subtitle"]
    assert len(text) >= tracks
    for stream in text[:tracks]:
        out = made(film, {"name": f"t{stream['index']}", "kind": "video", "options": {
            "subtitle_track": stream["index"], "format": "webm", "width": 64, "fps": 1,
            "quality": "very_low", "no_audio": True}})
        wanted = look.output_of("ffmpeg", "-v", "error", *coding, "-i", film, "-map",
                                f"0:{stream['index']}", "-f", "webvtt", "-").decode()
        told = (out / f"t{stream['index']}.vtt").read_text()
        assert words_of(told) == words_of(wanted)


def words_of(vtt):
    """What is said, whatever the tags and places."""
    lines = [line for line in vtt.replace("\r", "").split("\n")[1:] if "-->" not in line]
    return re.sub(r"<[^>]*>|\s+", " ", " ".join(lines)).split()


@wide
@pytest.mark.parametrize("name", ["mkv-pgs-subs.mkv", "mkv-vobsub.mkv"])
@pytest.mark.parametrize("style", ["sidecar", "burn_in"])
def test_subtitles_that_are_pictures_are_refused(refuse, name, style):
    film = COLLECTION / "video" / name
    stream = look.probe(film)["subtitle"][0]
    run = refuse("video", film, "o.mp4", subtitle_track=stream["index"], subtitle_style=style)
    assert run.error_kind == "no_subtitle_stream", run.last
    assert f"is no text but pictures ({stream['codec_name']})" in run.message
    assert "give subtitle_url instead" in run.message


# Twelve sounds.

SOUNDS = {
    "speech-lena.opus": 20, "count-english.mp3": 20, "LONG-6min-music.opus": 40,
    "opus-51.mka": 20, "aac-8k-mono.aac": 20, "amr-nb.amr": 20,
    "synth-clipped-1khz.mp3": 20, "owl.mp3": 20, "wma-in-asf-speech.wma": 20,
    "rain-60s.mp3": 20, "flac-24bit-88k2.flac": 20, "opus-51-8k.ogg": 20,
}


@wide
@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_as_waveform_and_at_one_loudness(made, tmp_path, name):
    span = {"end": SOUNDS[name]}
    sound = COLLECTION / "audio" / name
    if name == "count-english.mp3":  # with silence at both ends
        quiet = tmp_path / "quiet.wav"
        look.output_of("ffmpeg", "-v", "error", "-i", sound, "-af",
                       "adelay=3000:all=1,apad=pad_dur=3", quiet)
        sound = quiet
    target = {"normalize": "lufs", "target_lufs": -20}
    out = made(
        sound,
        {"name": "peaks", "kind": "audio", "options": {"waveform": "json", **span}},
        {"name": "drawn", "kind": "audio", "options": {"waveform": "png", "width": 200,
                                                       "height": 64, **span}},
        {"name": "plain", "kind": "audio", "options": {"format": "wav", **span}},
        {"name": "level", "kind": "audio", "options": {"format": "flac", **target, **span}},
        {"name": "small", "kind": "audio", "options": {"format": "opus", **target, **span}})
    peaks = json.loads((out / "peaks.json").read_text())
    channels = look.probe(out / "plain.wav")["audio"][0]["channels"]
    samples = numpy.minimum(numpy.abs(look.samples(out / "plain.wav", channels=channels)), 1)
    assert max(peaks["data"]) == pytest.approx(samples.max(), abs=0.02)
    assert peaks["duration"] == pytest.approx(look.duration(out / "plain.wav"), abs=0.1)
    drawn = look.picture(out / "drawn.png", alpha=True)
    assert drawn.shape == (64, 200, 4) and (drawn[..., 3] > 0).any()
    for form in ("level.flac", "small.opus"):
        lufs, peak = measured(out / form)
        assert lufs == pytest.approx(-20, abs=0.5), form
        assert peak <= -0.9, form  # it is told in tenths
    told = [said for said in made.job["warnings"] if "end is" not in said and "5.1" not in said]
    assert told == []
