"""Inputs as the field has them: what each must become is a row here, and in README.tsv beside them.

Those that may be given away lie in tests/media; the whole collection is ../shared/media/field, or
the folder that ITTYBIT_FIELD names. Absent files are skipped, aloud."""
import functools
import os
import pathlib
import re
import subprocess
import wave

import numpy
import pytest

import cli
import look

HERE = cli.ROOT / "tests/media"
FIELD = pathlib.Path(os.environ.get("ITTYBIT_FIELD", cli.ROOT.parent / "shared/media/field"))
VIDEO_KINDS = (("video", "out.mp4", {}), ("video", "out.mp4", {"quality": "low"}))


@pytest.fixture
def source(request):
    for folder in (HERE, FIELD):
        if (folder / request.param).exists():
            return folder / request.param
    pytest.skip(f"{request.param} is neither in {HERE} nor in {FIELD}")


def rows(**files):
    """rows(name__ext=[case…]): one test a case."""
    return pytest.mark.parametrize(
        "source, case",
        [(name, case) for name, cases in files.items() for case in cases],
        indirect=["source"],
    )


def flashes(path):
    """When white pictures begin, however long they last."""
    bright = look.frame_brightness(path) > 150
    times = look.frame_times(path)
    return [t for i, t in enumerate(times) if bright[i] and (i == 0 or not bright[i - 1])]


def loudness(path, start, seconds):
    """Root mean square of each channel in a stretch."""
    sound = look.samples(path, channels=2)[int(start * 48000) : int((start + seconds) * 48000)]
    return numpy.sqrt((sound.astype(float) ** 2).mean(axis=0))


# Time. Each case: kind, output, options, then what must come out.
JOINED = [
    (kind, name, options, {"seconds": 10, "flashes": 10, "beeps": 10, "skew": 0.045})
    for kind, name, options in VIDEO_KINDS
] + [("audio", "out.wav", {}, {"seconds": 10, "beeps": 10}),
     ("adaptive", "out.m3u8", {}, {"seconds": 10, "flashes": 10, "beeps": 10, "skew": 0.1})]
LATE = [
    ("video", "out.mp4", {}, {"beeps": 10}),
    ("video", "out.mp4", {"quality": "low"}, {"beeps": 10}),
    ("audio", "out.wav", {}, {"beeps": 10}),
    ("video", "out.mp4", {"start": 1}, {"beeps": 9}),
    ("audio", "out.wav", {"start": 1}, {"beeps": 9}),
]
TIME = {
    "ts-cat-restart-2x5s.ts": JOINED,
    "ps-joined-2x5s.mpg": JOINED[:3],
    "real-shaka-no-disc-joined.ts": [("video", "out.mp4", {}, {"seconds": 12})],
    "ts-pids-change.ts": [("video", "out.mp4", {}, {"seconds": 10, "beeps": 10, "flashes": 10})],
    "mp4-video-2s-late.mp4": LATE,
    "mp4-video-0.3s-late.mp4": LATE[:3],
    "mp3-xing-says-2.6s-of-10s.mp3": [
        ("audio", "out.wav", {"start": 5}, {"seconds": 5}),
        ("audio", "out.wav", {"end": 8}, {"seconds": 8}),
        ("audio", "out.mp3", {}, {"seconds": 10}),
    ],
    "vfr-webm-noaudio.webm": [
        ("video", "out.mp4", {"end": 30}, {"seconds": 30}),
        ("animation", "out.gif", {"end": 30}, {"seconds": 30}),
    ],
    "vfr-screen-noaudio.mkv": [("video", "out.mp4", {}, {"seconds": 49.92})],
    "gif-blink-300-10.gif": [
        ("video", "out.mp4", {}, {"seconds": 3.1}),
        ("animation", "out.gif", {"end": 60}, {"seconds": 3.1}),
    ],
    "lastshort.mp4": [("video", "out.mp4", {"width": 128}, {"seconds": 3.04})],
    "thumb-first.mkv": [("video", "out.mp4", {}, {"flashes": 10, "seconds": 10})],
    "amb-opus-family2.mkv": [
        ("video", "out.mp4", {}, {"sound": 0.05}), ("adaptive", "out.m3u8", {}, {"sound": 0.05}),
        ("audio", "out.mp3", {}, {"sound": 0.05}), ("audio", "out.flac", {}, {"sound": 0.05}),
        ("audio", "out.wav", {}, {}),
    ],
    "wav-12ch.wav": [
        ("audio", f"out.{form}", {}, {"warns": "mixed"})
        for form in ("mp3", "flac", "opus", "aac", "ogg")
    ],
}


@rows(**TIME)
def test_all_of_it_is_there_in_time(make, source, case):
    kind, name, options, wanted = case
    out = make(kind, source, name, **options)
    if "seconds" in wanted:
        assert look.duration(out) == pytest.approx(wanted["seconds"], abs=0.11)
    seen, heard = [], []
    if "flashes" in wanted:
        seen = flashes(out)
        assert len(seen) == wanted["flashes"], seen
    if "beeps" in wanted:
        heard = look.beep_times(out)
        assert len(heard) == wanted["beeps"], heard
    for flash, beep in zip(seen, heard):
        assert abs(flash - beep) <= wanted.get("skew", 0.1), (seen, heard)
    if "sound" in wanted:
        assert (loudness(out, 0.5, 1) > wanted["sound"]).all()
    if "warns" in wanted:
        assert any(wanted["warns"] in told for told in make.run.warnings), make.run.warnings


@rows(**{"vfr-screen-noaudio.mkv": [45]})
def test_a_poster_comes_from_as_late_as_the_film_lasts(make, source, case):
    make("image", source, "out.png", start=case)


@rows(**{"vfr-screen-50s.mp4": [25], "rec-33ms.webm": [30]})
def test_a_stream_keeps_the_rate_of_the_fastest_part(make, source, case):
    out = make("adaptive", source, "out.m3u8")
    rates = [float(rate) for rate in re.findall(r"FRAME-RATE=([\d.]+)", out.read_text())]
    assert max(rates) == pytest.approx(case, abs=0.001)


# Colour and shape
def pixels(path, at=0):
    return look.picture(path, at).astype(int)


@rows(**{"hdr-hevc-colronly.mp4": ["hdr-hevc-vui.mp4"]})
def test_colour_told_by_the_container_alone_is_heeded(make, source, case):
    named = make("video", source, "named.mp4", quality="high")
    reference = make("video", source.parent / case, "reference.mp4", quality="high")
    assert abs(pixels(named) - pixels(reference)).max() <= 3
    assert look.first_picture_stream(named)["color_space"] == "bt709"


@rows(**{"col-prores.mov": ["bt709"]})
def test_prores_with_a_word_on_colour_in_the_container_is_read_by_it(make, source, case):
    out = make("video", source, "out.mp4", quality="very_high")
    assert look.first_picture_stream(out)["color_space"] == case


def combs(path, at=0):
    """Of ten thousand pixels, how many differ from the rows above and below that agree."""
    rows_of = pixels(path, at)[:, :, 1]
    above, middle, below = rows_of[:-2], rows_of[1:-1], rows_of[2:]
    combed = (abs(middle - above) > 20) & (abs(middle - below) > 20) & (abs(above - below) < 8)
    return combed.mean() * 10_000


@rows(**{"il-mbaff-tff.mp4": [0, 1]})
def test_posters_of_fields_are_whole_pictures(make, source, case):
    assert combs(make("image", source, "out.png", start=case)) < 12


@rows(**{"crop-clap.mp4": [(192, 192)], "crop-pixelcrop.mkv": [(192, 192)]})
def test_the_container_may_crop(make, source, case):
    out = make("video", source, "out.mp4")
    assert look.displayed_size(look.first_picture_stream(out)) == case
    out = make("image", source, "out.png")
    assert look.displayed_size(look.first_picture_stream(out)) == case


@rows(**{"dovi-profile5.mp4": ["video", "image", "adaptive"]})
def test_colours_that_nobody_here_reads_are_refused(refuse, source, case):
    assert refuse(case, source).error_kind == "unsupported_media"


@rows(**{"ts-two-programs.ts": [None]})
def test_picture_and_sound_are_of_one_program(make, source, case):
    out = make("video", source, "out.mp4")
    height = look.first_picture_stream(out)["height"]
    assert (height == 360) == (abs(look.main_frequency(out) - 440) > 20)


# Pictures, each: what comes out as PNG
@rows(**{"jpeg-12bit-ramp.jpg": [range(0, 256, 17)]})
def test_deep_grey_has_full_range(make, source, case):
    row = pixels(make("image", source, "out.png"), 0)[0, :, 0]
    step = len(row) / len(case)
    found = [int(row[int((i + 0.5) * step)]) for i in range(len(case))]
    assert all(abs(a - b) <= 2 for a, b in zip(found, case)), found


@rows(**{"j2k-gray16le.jp2": ["photo.png"]})
def test_deep_grey_jpeg_2000_has_full_range(make, source, case):
    grey = (pixels(source.parent / case, 0) * (0.299, 0.587, 0.114)).sum(axis=2)
    assert abs(pixels(make("image", source, "out.png"), 0)[:, :, 0] - grey).mean() < 3


# Made here, always: files that a line of FFmpeg makes.
@functools.cache
def tone_parts(folder, codec, ext):
    made = []
    for number, frequency in enumerate((440, 880)):
        part = pathlib.Path(folder) / f"{codec}-{number}.{ext}"
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
             f"sine={frequency}:duration=4:sample_rate=48000", "-c:a", codec, "-f", "ogg", part],
            check=True,
        )
        made.append(part.read_bytes())
    return made


@pytest.mark.parametrize("codec, ext", [("libvorbis", "ogg"), ("libopus", "opus"), ("flac", "oga")])
@pytest.mark.parametrize("name, options, seconds", [
    ("out.wav", {}, 8), ("out.opus", {}, 8), ("out.ogg", {}, 8), ("out.flac", {}, 8),
    ("out.wav", {"start": 3, "end": 7}, 4),
])
def test_ogg_files_joined_are_one(make, tmp_path, codec, ext, name, options, seconds):
    chained = tmp_path / f"chained.{ext}"
    chained.write_bytes(b"".join(tone_parts(str(tmp_path), codec, ext)))
    out = make("audio", chained, name, **options)
    assert look.duration(out) == pytest.approx(seconds, abs=0.05)
    middle = 4 - options.get("start", 0)
    sound = look.samples(out)[:, 0]
    for start, frequency in ((middle - 0.8, 440), (middle + 0.3, 880)):
        part = sound[int(start * 48000) : int((start + 0.5) * 48000)]
        spectrum = abs(numpy.fft.rfft(part))
        assert numpy.argmax(spectrum) * 48000 / len(part) == pytest.approx(frequency, abs=5)


@pytest.fixture(scope="module")
def large_joined(tmp_path_factory):
    """Three recordings of six seconds whose clocks begin anew, in a transport stream too large to
    be read through: blue, grey and white to the eye, 440, 660 and 880 Hz to the ear."""
    folder = tmp_path_factory.mktemp("joined")
    joined = folder / "joined.ts"
    with joined.open("wb") as whole:
        for number, colour in enumerate(("0x000040", "0x606060", "0xD0D0D0")):
            part = folder / "part.ts"
            subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                 f"color={colour}:size=640x360:rate=25:duration=6", "-f", "lavfi", "-i",
                 f"sine={440 + 220 * number}:duration=6", "-c:v", "mpeg2video", "-g", "12", "-b:v",
                 "2M", "-c:a", "aac", "-muxrate", "32M", part],
                check=True,
            )
            whole.write(part.read_bytes())
    assert joined.stat().st_size > 66_000_000
    return joined


@pytest.mark.parametrize("start, brightness, green, frequency", [
    (2, 16, 0, 440), (7.5, 96, 96, 660), (11.5, 96, 96, 660), (14, 208, 208, 880),
])
def test_a_large_file_of_several_recordings_is_cut_where_it_was_asked(
        make, large_joined, start, brightness, green, frequency):
    out = make("video", large_joined, "out.mp4", start=start, end=start + 0.4, quality="low")
    assert look.duration(out) == pytest.approx(0.4, abs=0.05)
    assert abs(look.frame_brightness(out) - brightness).max() < 12
    assert look.main_frequency(out) == pytest.approx(frequency, abs=12)
    poster = make("image", large_joined, "out.png", start=start)
    assert abs(pixels(poster)[:, :, 1].mean() - green) < 12


def test_a_large_file_of_several_recordings_lasts_as_long_as_all(large_joined, tmp_path):
    told = cli.ittybit("task", "probe", "-i", large_joined, cwd=tmp_path).last["output"]
    assert told["duration"] == pytest.approx(18, abs=0.2)


def test_deep_flac_is_read_or_not_called_damaged(make, refuse, tmp_path):
    wave_file, source = tmp_path / "deep.wav", tmp_path / "deep.flac"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=440:duration=1", "-c:a",
         "pcm_s32le", wave_file],
        check=True,
    )
    subprocess.run(["flac", "--silent", "-o", source, wave_file], check=True)
    if look.libavcodec() >= 60:
        assert look.main_frequency(make("audio", source, "out.wav")) == pytest.approx(440, abs=3)
        return
    run = refuse("audio", source, "out.wav")
    assert run.error_kind == "unsupported_media" and "24 bits" in run.message


def surround(path, **levels):
    """Four seconds of 5.1: a tone of its own in each channel named, at an amplitude."""
    parts = [
        f"{levels.get(name, 0)}*sin({200 + 90 * i}*2*PI*t)"
        for i, name in enumerate(("FL", "FR", "FC", "LFE", "SL", "SR"))
    ]
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"aevalsrc='{'|'.join(parts)}':c=5.1:s=48000:d=4", "-c:a", "pcm_s24le", path],
        check=True,
    )
    return path


@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.opus", "out.ogg"])
def test_dialogue_stays_as_loud_when_mixed(make, tmp_path, name):
    source = surround(tmp_path / "speech.wav", FC=0.25, SL=0.05, SR=0.05)
    out = make("audio", source, name)
    left, right = loudness(out, 1, 2)
    change = 10 * numpy.log10((left**2 + right**2) / (0.25**2 / 2))
    assert abs(change) < 1, f"{change:.2f} dB"
    assert any("mixed to stereo" in told for told in make.run.warnings)


@pytest.mark.parametrize("name, options", [
    ("out.mp3", {}), ("out.opus", {}), ("out.ogg", {}), ("out.mp4", {}),
    *(("out.aac", {"quality": quality}) for quality in ("very_low", "low", "medium", "high")),
])
def test_a_loud_mix_keeps_its_true_peak_and_is_not_turned_down_elsewhere(
        make, tmp_path, name, options):
    loud = dict.fromkeys(("FL", "FR", "FC", "SL", "SR"), 0.8)
    source = surround(tmp_path / "loud.wav", **loud)
    kind = "audio"
    if name == "out.mp4":
        kind, film = "video", tmp_path / "loud.mkv"
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:d=4", "-i",
             source, "-c:v", "libx264", "-c:a", "flac", film],
            check=True,
        )
        source = film
    out = make(kind, source, name, **options)
    peak = abs(look.samples(out, rate=192000, channels=2)).max()
    assert 20 * numpy.log10(peak) <= -0.9
    assert (loudness(out, 1, 2) > 0.22).all()


@pytest.mark.parametrize("channels", [10, 24, 60, 255])
@pytest.mark.parametrize("name", ["out.mp3", "out.flac", "out.wav", "out.opus"])
def test_channels_without_names_are_mixed(make, tmp_path, channels, name):
    sound = (numpy.sin(numpy.arange(48000) * 0.05) * 12000).astype("<i2")
    source = tmp_path / "desk.wav"
    with wave.open(str(source), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(numpy.repeat(sound, channels).tobytes())
    out = make("audio", source, name)
    if name == "out.wav":
        assert look.probe(out)["audio"][0]["channels"] == channels
    else:
        assert look.probe(out)["audio"][0]["channels"] == 2
        assert (loudness(out, 0.3, 0.5) > 0.1).all()
        assert len(make.run.warnings) == 1


@pytest.mark.parametrize("rate", [768000, 70001])
def test_flac_is_made_of_any_rate(make, tmp_path, rate):
    source = tmp_path / "fast.wav"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
         f"sine=440:sample_rate={rate}:duration=1", source],
        check=True,
    )
    out = make("audio", source, "out.flac")
    assert look.main_frequency(out) == pytest.approx(440, abs=3)
    assert look.duration(out) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("shape", ["1/100", "100/1"])
def test_pixels_of_an_absurd_shape_are_taken_for_square(make, tmp_path, shape):
    source = tmp_path / "shape.mkv"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
         f"testsrc2=size=320x240:duration=0.2,setsar={shape}", source],
        check=True,
    )
    for kind, name in (("video", "out.mp4"), ("image", "out.png")):
        out = make(kind, source, name)
        assert look.displayed_size(look.first_picture_stream(out)) == (320, 240)


def test_of_two_programs_one_is_taken(make, tmp_path):
    source = tmp_path / "two.ts"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error",
         "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4",
         "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4",
         "-f", "lavfi", "-i", "sine=440:duration=4", "-f", "lavfi", "-i", "sine=880:duration=4",
         "-map", "0", "-map", "2", "-map", "1", "-map", "3", "-c:v", "libx264", "-preset",
         "ultrafast", "-c:a", "aac", "-program", "title=one:st=0:st=1", "-program",
         "title=two:st=2:st=3", source],
        check=True,
    )
    out = make("video", source, "out.mp4")
    assert look.first_picture_stream(out)["height"] == 360
    assert look.main_frequency(out) == pytest.approx(880, abs=5)


def test_posters_of_interlaced_clips_are_whole_pictures(make, media):
    assert combs(make("image", media / "interlaced.mp4", "out.png", start=0.5)) < 12


def test_what_is_missing_is_said(make, media, tmp_path):
    whole = (media / "flash-720p.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    make("video", cut, "out.mp4", quality="low")
    assert any("ends early" in told and "seconds" in told for told in make.run.warnings)
    damaged = bytearray(whole)
    for at in range(len(whole) * 3 // 10, len(whole) * 8 // 10, 3000):
        damaged[at : at + 900] = bytes(900)
    cut.write_bytes(damaged)
    make("video", cut, "out.mp4", quality="low")
    assert make.run.warnings, "nothing was said of a damaged input"


def test_a_whole_input_is_without_a_warning(make, media):
    for source in ("flash-small.mp4", "flash-small.mkv", "flash-small.webm", "flash-small.ts",
                   "flash-small.avi", "interlaced.mpg", "vfr.mp4", "edit-list.mp4", "bare.h264"):
        make("video", media / source, "out.mp4", quality="low")
        assert make.run.warnings == [], (source, make.run.warnings)
    for source in ("tone.mp3", "tone.m4a", "tone.aac", "tone.ogg", "tone.opus", "tone.flac",
                   "tone.wav", "tone.ac3"):
        make("audio", media / source, "out.wav")
        assert make.run.warnings == [], (source, make.run.warnings)


def test_a_broken_end_is_not_copied(make, media, tmp_path):
    sound = bytearray((media / "tone.mp3").read_bytes())
    for at in range(len(sound) - 1500, len(sound) - 100):
        sound[at] = (at * 73) % 251 if sound[at] != 0xFF else 0xFF
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(sound)
    out = make("audio", broken, "out.mp3")
    assert not look.decode_complaints(out)


def files_of(run):
    """Of a job's work and of its export."""
    return [task["output"] for task in run.last["tasks"][-2:]]


@pytest.mark.parametrize("kind, name, options, word", [
    ("video", "out.mp4", {"quality": "low"}, "ends early"),
    ("audio", "out.mp3", {}, "ends early"),
    ("adaptive", "out.m3u8", {"quality": "very_low"}, "ends early"),
    ("animation", "out.gif", {"end": 6, "width": 64}, "ends early"),
])
def test_what_is_missing_is_told_of_the_file_too(make, media, kind, name, options, word):
    make(kind, media / "truncated.mp4", name, **options)
    for file in files_of(make.run):
        assert any(word in told for told in file["warnings"]), file["warnings"]


def test_what_is_hardly_missing_is_a_warning_alone(make, tmp_path):
    source = tmp_path / "tone.m4a"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=duration=40", "-b:a",
         "128k", "-movflags", "faststart", source],
        check=True,
    )
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 994 // 1000])
    make("audio", source, "out.wav")
    assert any("ends early" in told for told in make.run.warnings)
    assert all(file["warnings"] == [] for file in files_of(make.run))


def test_what_is_missing_is_told_of_a_standalone_task_too(server, origin):
    task = server.post("/tasks", {
        "kind": "video", "input": f"{origin.url}/truncated.mp4", "quality": "low",
    }).json()
    done = server.wait(task, "tasks")
    assert any("ends early" in told for told in done["output"]["warnings"]), done
