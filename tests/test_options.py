"""Every option does what it says: sizes, fits, spans, rates, qualities."""
import subprocess

import pytest

import cli
import look

KINDS = [("video", "out.mp4", {}), ("image", "out.png", {}), ("animation", "out.gif", {"end": 0.5})]
BOXES = [
    # options, size of the result of a 320x240 source
    ({"width": 160}, (160, 120)),
    ({"height": 60}, (80, 60)),
    ({"width": "50%"}, (160, 120)),
    ({"width": "150%"}, (480, 360)),
    ({"width": 200, "height": 200}, (200, 200)),
    ({"width": 200, "height": 200, "fit": "cover"}, (200, 200)),
    ({"width": 200, "height": 100, "fit": "fill"}, (200, 100)),
    ({"width": 64, "fit": "cover"}, (64, 48)),
    ({"width": "50%", "height": "100%", "fit": "contain"}, (160, 240)),
]


@pytest.mark.parametrize("kind, name, extra", KINDS)
@pytest.mark.parametrize("options, size", BOXES)
def test_the_result_has_exactly_the_size_asked_for(make, media, kind, name, extra, options, size):
    stream = look.first_picture_stream(make(kind, media / "corner.mp4", name, **options, **extra))
    assert (stream["width"], stream["height"]) == size


@pytest.mark.parametrize("kind, name, extra", KINDS)
def test_contain_pads_with_black_or_the_background(make, media, kind, name, extra):
    box = {"width": 400, "height": 240}
    black = look.picture(make(kind, media / "corner.mp4", name, **box, **extra), alpha=True)
    if kind == "video":
        assert look.close(black[120, 5][:3], (0, 0, 0), 10)
    else:
        assert black[120, 5][3] == 0, "these formats have alpha"
    look.assert_corners(black[:, 40:360], tolerance=60)
    out = make(kind, media / "corner.mp4", f"b-{name}", background="#ff00ff", **box, **extra)
    assert look.close(look.picture(out)[120, 5], (255, 0, 255), 20)


@pytest.mark.parametrize("kind, name, extra", KINDS)
@pytest.mark.parametrize("position, seen", [
    ("left", (look.RED, None, look.BLUE, None)), ("right", (None, look.GREEN, None, look.YELLOW)),
    ("top_left", (look.RED, None, look.BLUE, None)),
    ("bottom-right", (None, look.GREEN, None, look.YELLOW)),
    ("center", (None, None, None, None)),
])
def test_cover_keeps_the_chosen_part(make, media, kind, name, extra, position, seen):
    box = {"width": 160, "height": 240, "fit": "cover", "position": position}
    found = look.corners(look.picture(make(kind, media / "corner.mp4", name, **box, **extra)))
    for colour, wanted in zip(found, seen):
        assert look.close(colour, wanted or look.GREY, 60), (position, found)


@pytest.mark.parametrize("position, seen", [
    ("top", (look.RED, look.GREEN, None, None)), ("bottom", (None, None, look.BLUE, look.YELLOW)),
    ("top-right", (look.RED, look.GREEN, None, None)),
])
def test_cover_keeps_the_chosen_height(make, media, position, seen):
    box = {"width": 320, "height": 120, "fit": "cover", "position": position}
    found = look.corners(look.picture(make("image", media / "corner.png", "out.png", **box)))
    for colour, wanted in zip(found, seen):
        assert look.close(colour, wanted or look.GREY, 60), (position, found)


def test_fill_stretches(make, media):
    out = make("image", media / "corner.png", "out.png", width=100, height=300, fit="fill")
    look.assert_corners(look.picture(out))


@pytest.mark.parametrize("name", ["out.mp4", "out.webm"])
@pytest.mark.parametrize("start, end", [(0, 1), (1, 2.5), (0.51, 3.3), (2, 99)])
def test_a_span_is_cut_to_the_frame(make, media, name, start, end):
    source = media / "flash-small.mp4"
    out = make("video", source, name, start=start, end=end, quality="low")
    wanted = [t for t in look.frame_times(source) if start <= t + 1e-6 < end]
    times = look.frame_times(out)
    assert len(times) == len(wanted)
    assert times[0] <= 0.021
    assert abs(look.duration(out) - (min(end, 5) - start)) <= 1 / 30 + 0.03
    if len(look.flash_times(out)) > 1:
        look.assert_in_sync(out, frame=1 / 30)
    assert (end <= 5) == (not make.run.warnings)


@pytest.mark.parametrize("name", ["out.wav", "out.flac", "out.opus", "out.ogg", "out.mp3"])
def test_sound_is_cut_to_the_sample(make, media, name):
    out = make("audio", media / "tone.wav", name, start=0.75, end=3.25)
    sound = look.samples(out)
    exact = 1 if name in ("out.wav", "out.flac") else 1200 if name == "out.mp3" else 48
    assert abs(len(sound) - 2.5 * 48000) <= exact
    assert abs(look.beep_times(out)[0] - 0.25) < 0.03


def test_more_frames_than_there_are_cost_nothing(make, media):
    out = make("video", media / "flash-small.mp4", "out.mp4", fps=1, frames=100_000)
    few = make("video", media / "flash-small.mp4", "few.mp4", fps=1)
    assert look.frame_hashes(out) == look.frame_hashes(few)
    assert look.duration(out) == pytest.approx(look.duration(few), abs=0.001)
    assert out.stat().st_size < 2 * few.stat().st_size


def test_frames_stops_after_so_many_and_cuts_the_sound_there(make, media):
    out = make("video", media / "flash-small.mp4", "out.mp4", frames=45)
    assert len(look.frame_times(out)) == 45
    assert abs(len(look.samples(out)) / 48000 - 1.5) < 0.05


@pytest.mark.parametrize("fps", [1, 10, 23.976, 60])
def test_fps_makes_the_rate_constant_and_keeps_the_length(make, media, fps):
    out = make("video", media / "flash-small.mp4", "out.mp4", fps=fps, quality="low")
    times = look.frame_times(out)
    assert abs(len(times) - 5 * fps) <= 1.5
    steps = [b - a for a, b in zip(times, times[1:])]
    assert max(steps) - min(steps) < 0.002
    if fps > 5:
        look.assert_in_sync(out, frame=1 / fps)


def test_no_audio_leaves_the_sound_out(make, media):
    assert not look.probe(make("video", media / "flash-small.mp4", "o.mp4", no_audio=True))["audio"]


@pytest.mark.parametrize("rate, channels, name, asked, wanted", [
    (22050, 1, "out.mp3", 320_000, 320_000), (24000, 2, "out.mp3", 256_000, 256_000),
    (22050, 1, "out.aac", 256_000, 256_000), (44100, 1, "out.aac", 320_000, 264_600),
    (48000, 1, "out.opus", 320_000, 256_000), (44100, 1, "out.ogg", 320_000, 240_000),
    (22050, 2, "out.mp3", 128_000, 128_000)])
def test_a_bitrate_is_met_or_said_not_to_be(make, tmp_path, rate, channels, name, asked, wanted):
    source = tmp_path / "in.wav"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"anoisesrc=r={rate}:d=5:a=0.5", "-ac", str(channels), source], check=True)
    out = make("audio", source, name, bitrate=asked)
    assert out.stat().st_size * 8 / 5 == pytest.approx(wanted, rel=0.25)
    said = f"bitrate is {asked}, and the nearest that {out.suffix[1:]} takes for this sound is "
    assert make.run.warnings == ([] if asked == wanted else [f"{said}{wanted}"])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.ogg", "out.opus"])
@pytest.mark.parametrize("bitrate", [32_000, 320_000])
def test_each_sound_takes_each_bitrate(make, tmp_path, channels, name, bitrate):
    source = tmp_path / "in.wav"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    "anoisesrc=d=4:r=48000:a=0.3", "-ac", str(channels), source], check=True)
    out = make("audio", source, name, bitrate=bitrate)
    found = int(look.probe(out)["format"]["bit_rate"])
    if bitrate == 32_000:
        assert found < 64_000
    else:
        assert found > 130_000


@pytest.mark.parametrize("codec, name", [("h264", "o.mp4"), ("h265", "o.mov"), ("vp9", "o.webm"),
                                         ("av1", "o.mp4"), ("av1", "o.webm")])
def test_bitrate_is_met(make, media, codec, name):
    out = make("video", media / "flash-720p.mp4", name, codec=codec, bitrate=1_000_000)
    size = sum(packet_sizes(out))
    assert 0.6e6 < size * 8 / 6 < 1.35e6


def packet_sizes(path):
    text = look.output_of("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                          "packet=size", "-of", "csv=p=0", path).decode()
    return [int(word.strip(",")) for word in text.split()]


@pytest.mark.parametrize("kind, source, name", [
    ("video", "flash-small.mp4", "o.mp4"), ("image", "photo.png", "o.jpeg"),
    ("image", "photo.png", "o.webp"), ("image", "photo.png", "o.avif"),
    ("audio", "tone.wav", "o.mp3"), ("audio", "tone.wav", "o.aac"),
])
def test_a_higher_quality_is_a_bigger_file(make, media, kind, source, name):
    sizes = [make(kind, media / source, f"{level}-{name}", quality=level).stat().st_size
             for level in ("very_low", "low", "medium", "high", "very_high")]
    assert sizes == sorted(set(sizes)), sizes


def test_quality_changes_no_lossless_pixel_or_sample(make, media):
    low = make("image", media / "photo.png", "a.png", quality="very_low")
    assert look.frame_hashes(low) == look.frame_hashes(media / "photo.png")
    low = make("audio", media / "tone.wav", "a.flac", quality="very_low")
    assert look.frame_hashes(low, "a:0") and abs(look.duration(low) - 5) < 0.001


@pytest.mark.parametrize("start, flashing", [(0, True), (1.5, False), (2.0, True), (4.95, False)])
def test_a_poster_is_the_frame_on_screen(make, media, start, flashing):
    out = make("image", media / "flash-small.mp4", "out.jpeg", start=start)
    assert (look.picture(out).mean() > 215) == flashing


def test_an_animation_has_the_rate_and_length_asked_for(make, media):
    for fps, frames in ((10, 20), (25, 50), (60, 100)):
        out = make("animation", media / "flash-small.mp4", "o.gif", start=1, end=3, fps=fps,
                   width=80)
        assert abs(len(look.frame_times(out)) - frames) <= 1
        assert abs(look.duration(out) - 2) < 0.06


def test_animations_of_animated_pictures(make, media):
    for source in ("animated.gif", "animated.apng", "animated.webp"):
        for name in ("o.gif", "o.webp"):
            out = make("animation", media / source, name, end=2)
            assert abs(int(look.vips_header(out, "n-pages")) - 20) <= 1
            assert look.vips_header(out, "page-height") == "120"


def test_a_still_makes_an_animation_of_one_frame_but_no_video(make, refuse, media):
    out = make("animation", media / "corner.png", "out.gif", end=1)
    assert len(look.frame_times(out)) == 1
    assert refuse("video", media / "corner.png", "o.mp4").error_kind == "no_video_stream"
    assert refuse("adaptive", media / "corner.png", "o").error_kind == "no_video_stream"


@pytest.mark.parametrize("source, name", [
    ("corner.png", "png"), ("orientation-1.jpg", "jpeg"), ("corner.webp", "webp"),
    ("corner.avif", "avif"), ("corner.bmp", "jpeg"), ("animated.gif", "jpeg"),
    ("corner.mp4", "jpeg"),
])
def test_an_image_keeps_its_format_unless_told(tmp_path, media, source, name):
    run = cli.ittybit("image", "-i", media / source, cwd=tmp_path)
    assert run.status == 0, run.last
    assert [p.suffix.replace("jpg", "jpeg") for p in tmp_path.glob("*.*") if p.is_file()] == [
        "." + name
    ]


@pytest.mark.parametrize("kind, options, error", [
    ("video", {"format": "webm", "codec": "h264"}, "invalid_codec"),
    ("video", {"format": "mov", "codec": "av1"}, "invalid_codec"),
    ("video", {"format": "avi"}, "invalid_format"),
    ("video", {"width": 0}, "invalid_options"), ("video", {"width": 9000}, "invalid_options"),
    ("video", {"fps": 61}, "invalid_options"), ("video", {"bitrate": 1}, "invalid_options"),
    ("video", {"start": 2, "end": 2}, "invalid_options"),
    ("video", {"background": "blue"}, "invalid_options"),
    ("video", {"width": 9, "height": 9, "fit": "cover", "background": "#fff"}, "invalid_options"),
    ("audio", {"format": "wav", "bitrate": 64000}, "invalid_options"),
    ("audio", {"width": 100}, "invalid_options"), ("animation", {}, "invalid_options"),
    ("image", {"end": 3}, "invalid_options"), ("video", {"frames": 0}, "invalid_options"),
])
def test_a_wrong_request_is_refused_at_once(tmp_path, media, kind, options, error):
    run = cli.ittybit(kind, "-i", media / "flash-small.mp4", *cli.flags(options), cwd=tmp_path)
    assert run.status == 2, run
    assert run.error_kind == error or error in run.stderr, run
    assert not list(tmp_path.iterdir())


def test_a_start_past_the_end_is_out_of_range(refuse, media):
    for kind, name in (("video", "o.mp4"), ("audio", "o.mp3"), ("image", "o.png")):
        run = refuse(kind, media / "flash-small.mp4", name, start=60)
        assert (run.status, run.error_kind) == (1, "start_out_of_range")
