"""Every kind × format × codec × fit on several inputs: readable, exact in size and length, and
nothing that the format's own checker has to say. A sample by default; all of it with --all."""
import itertools

import pytest

import cli
import conftest
import look

CLIPS = conftest.CLIPS
VIDEOS = ["flash-720p.mp4", "flash-small.webm", "interlaced.mpg", "corner-stored-90.mp4",
          "flash-prores.mov", "vfr.mkv", "flash-small.avi", "bars-hlg.mp4"]
SOUNDS = ["tone.mp3", "tone.m4a", "tone.ogg", "surround.flac", "tone.ac3", "flash-small.mkv",
          "tone.aiff", "tone.wv"]
PICTURES = ["orientation-6.jpg", "alpha.png", "cmyk.jpg", "corner.webp", "corner.avif",
            "corner.heic", "corner.tiff", "animated.gif", "corner-anamorphic.mp4"]
MOVING = ["flash-small.mp4", "animated.gif", "animated.webp", "animated.apng", "alpha.webm",
          "corner-stored-270.mp4"]
FITS = [{}, {"width": 200, "height": 120, "fit": "contain"},
        {"width": 120, "height": 200, "fit": "cover"}, {"width": 90, "height": 80, "fit": "fill"}]
CODECS = [("mp4", "h264"), ("mp4", "h265"), ("mp4", "av1"), ("mov", "h264"), ("mov", "h265"),
          ("webm", "vp9"), ("webm", "av1")]


def rows(*lists):
    """Every combination; without --all a diagonal that has each value at least once."""
    everything = list(itertools.product(*lists))
    sample = {tuple(values[i % len(values)] if not isinstance(values[0], dict) else i % len(values)
                    for values in lists) for i in range(max(map(len, lists)))}
    for row in everything:
        key = tuple(values.index(value) if isinstance(value, dict) else value
                    for value, values in zip(row, lists))
        marks = [] if key in sample else [pytest.mark.whole_matrix]
        yield pytest.param(*row, marks=marks)


def box_of(options, stream):
    return options.get("width", stream[0]), options.get("height", stream[1])


def even(size):
    return tuple(max(2, side // 2 * 2) for side in size)


def display_size(path, tmp_path):
    told = cli.ittybit("task", "probe", "-i", path, cwd=tmp_path).last["output"]
    return told["width"], told["height"], told["duration"]


@pytest.mark.parametrize("source, codec, fit", rows(VIDEOS, CODECS, FITS))
def test_video(make, media, tmp_path, source, codec, fit):
    width, height, length = display_size(media / source, tmp_path)
    out = make("video", media / source, f"out.{codec[0]}", codec=codec[1], quality="low", **fit)
    stream = look.first_picture_stream(out)
    assert (stream["width"], stream["height"]) == even(box_of(fit, (width, height)))
    assert not look.decode_complaints(out)
    frame = 1 / 5 if source == "vfr.mkv" else 1 / 25
    assert abs(look.duration(out) - length) <= frame + 0.03


@pytest.mark.parametrize("source, form", rows(SOUNDS, ["mp3", "aac", "ogg", "opus", "wav", "flac"]))
def test_audio(make, media, source, form):
    out = make("audio", media / source, f"out.{form}")
    assert not look.decode_complaints(out)
    assert not look.checker_complaints(out, form)
    assert abs(len(look.samples(out)) - len(look.samples(media / source))) < 48000 * 0.06


@pytest.mark.parametrize("source, form, fit", rows(PICTURES, ["jpeg", "png", "webp", "avif"], FITS))
def test_image(make, media, tmp_path, source, form, fit):
    width, height, _ = display_size(media / source, tmp_path)
    out = make("image", media / source, f"out.{form}", **fit)
    assert not look.checker_complaints(out, form)
    found = look.still(out, tmp_path).shape[1::-1]
    assert found == box_of(fit, (width, height))


@pytest.mark.parametrize("source, form, fit", rows(MOVING, ["gif", "webp"], FITS))
def test_animation(make, media, tmp_path, source, form, fit):
    width, height, length = display_size(media / source, tmp_path)
    out = make("animation", media / source, f"out.{form}", end=1.5, **fit)
    assert not look.checker_complaints(out, form)
    # A picture that stands still is one long frame, in a file without pages.
    height_of_page = look.vips_header(out, "page-height") or look.vips_header(out, "height")
    found = look.vips_header(out, "width"), height_of_page
    assert tuple(map(int, found)) == box_of(fit, (width, height))
    if not source.startswith(("corner", "alpha")):
        pages = int(look.vips_header(out, "n-pages"))
        assert abs(pages - 10 * min(1.5, length)) <= 1


@pytest.mark.parametrize("name", ["lena.mp3", "lena.ogg", "lena.caf", "lena.aiff", "lena.webm",
                                  "lena-ulaw.aiff"])
@pytest.mark.parametrize("form", ["mp3", "opus", "flac"])
def test_recorded_speech(make, name, form):
    source = CLIPS / "audio-lena" / name
    out = make("audio", source, f"out.{form}")
    assert not look.decode_complaints(out)
    assert abs(look.duration(out) - look.duration(source)) < 0.1
