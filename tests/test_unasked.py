"""What happens to picture and sound without being asked, in decoded pixels and samples."""
import struct
import subprocess
import wave

import numpy
import pytest

import cli
import look
import made_pictures as made

STORED = ["90", "180", "270", "hflip", "vflip", "transpose"]


@pytest.mark.parametrize("way", STORED)
def test_turned_video_comes_out_upright(make, media, way):
    out = make("video", media / f"corner-stored-{way}.mp4", "out.mp4")
    stream = look.first_picture_stream(out)
    assert (stream["width"], stream["height"]) == (320, 240)
    assert look.rotation_of(stream) == 0
    look.assert_corners(look.picture(out))


@pytest.mark.parametrize("way", STORED)
def test_a_poster_of_turned_video_is_upright(make, media, way):
    out = make("image", media / f"corner-stored-{way}.mp4", "out.png")
    pixels = look.picture(out)
    assert pixels.shape[:2] == (240, 320)
    look.assert_corners(pixels)


def test_an_animation_of_turned_video_is_upright(make, media):
    out = make("animation", media / "corner-stored-90.mp4", "out.gif", end=1)
    look.assert_corners(look.picture(out), tolerance=60)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_exif_orientation_is_applied_and_cleared(make, media, tmp_path, orientation, form):
    out = make("image", media / f"orientation-{orientation}.jpg", f"out.{form}")
    pixels = look.still(out, tmp_path)
    assert pixels.shape[:2] == (240, 320)
    look.assert_corners(pixels)
    assert look.exif(out).get("Orientation", 1) == 1


@pytest.mark.parametrize("source", ["corner-anamorphic.mp4", "corner-anamorphic-dv.mpg"])
@pytest.mark.parametrize("kind, name", [("video", "out.mp4"), ("image", "out.png")])
def test_pixels_become_square(make, media, source, kind, name):
    out = make(kind, media / source, name)
    stream = look.first_picture_stream(out)
    wanted = (320, 240) if source.endswith("mp4") else (1024, 576)
    assert (stream["width"], stream["height"]) == wanted
    assert stream.get("sample_aspect_ratio", "1:1") in ("1:1", "0:1")
    look.assert_corners(look.picture(out))


@pytest.mark.parametrize("source", ["interlaced.mpg", "interlaced.mp4"])
def test_interlaced_video_is_deinterlaced(make, media, source):
    out = make("video", media / source, "out.mp4")
    assert look.first_picture_stream(out).get("field_order", "progressive") == "progressive"
    assert combed_share(media / source) > 0.5, "the source is no test"
    assert combed_share(out) < 0.1


@pytest.mark.parametrize("codec, form", [
    ("utvideo", "yuv422p"), ("ffvhuff", "yuv420p"), ("mjpeg", "yuvj422p"), ("ffv1", "yuv420p"),
])
def test_fields_that_only_the_container_tells_of_are_deinterlaced(make, tmp_path, codec, form):
    film = tmp_path / "film.mkv"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=50:d=1",
                   "-vf", "tinterlace=interleave_top,setfield=tff", "-c:v", codec, "-pix_fmt", form,
                   "-q:v", "2", "-field_order", "tt", film)
    assert roughness(make("video", film, "out.mp4")) < 0.7 * roughness(film)
    fields = make("video", film, "fields.mp4", fps=50)
    assert len(set(look.frame_hashes(fields))) >= 48, "each field is a moment of its own"


@pytest.mark.parametrize("kind, name", [("video", "out.mp4"), ("animation", "out.webp"),
                                        ("image", "out.png")])
def test_av1_without_a_matrix_is_green_blue_and_red(make, tmp_path, kind, name):
    plain, film = tmp_path / "plain.mp4", tmp_path / "film.mp4"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   "color=0xDC2828:size=64x64:rate=5,format=gbrp", "-t", "1", "-c:v", "libaom-av1",
                   "-cpu-used", "8", "-crf", "10", plain)
    look.output_of("ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-bsf:v",
                   "av1_metadata=color_primaries=2:transfer_characteristics=2:color_range=pc", film)
    more = {"end": 1} if kind == "animation" else {}
    assert look.close(look.picture(make(kind, film, name, **more))[32, 32], (220, 40, 40), 8)


# Each has another vector; of some, pictures of noise decode.
@pytest.mark.parametrize("kind, codec", [("audio", "aac")] + [("video", "libx264")] * 6)
def test_what_is_encrypted_is_called_so(refuse, tmp_path, kind, codec):
    film = tmp_path / "film.mp4"
    source = "sine=d=1" if kind == "audio" else "testsrc2=d=1"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, f"-c:{kind[0]}", codec,
                   "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
                   "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid",
                   "a7e61c373e219033c21091fa607bf3b8", film)
    run = refuse(kind, film)
    assert run.error_kind == "unsupported_media" and "encrypted" in run.last["error"]["message"]


def roughness(path):
    """How far lines are from what is between their neighbours."""
    lines = look.picture(path, at=0.5).mean(axis=2)
    return numpy.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean()


def combed_share(path):
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", str(path), "-vf", "setfield=prog,idet", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr
    line = [line for line in told.splitlines() if "Multi frame detection" in line][-1]
    words = line.replace(":", ": ").split()
    count = {words[i]: int(words[i + 1]) for i in range(len(words) - 1) if words[i + 1].isdigit()}
    interlaced = count["TFF:"] + count["BFF:"]
    return interlaced / max(1, interlaced + count["Progressive:"])


@pytest.mark.parametrize("source", ["bars-hdr10.mp4", "bars-hlg.mp4"])
def test_hdr_becomes_sdr_that_looks_like_the_sdr_original(make, media, source):
    out = make("video", media / source, "out.mp4")
    stream = look.first_picture_stream(out)
    assert stream["pix_fmt"] == "yuv420p"
    tags = (stream["color_transfer"], stream["color_primaries"], stream["color_space"])
    assert tags == ("bt709", "bt709", "bt709")
    assert not [s for s in stream.get("side_data_list", []) if "aster" in s["side_data_type"]]
    assert_same_look(look.picture(out, at=1), look.picture(media / "bars-sdr.mp4", at=1))


# BT.709 has none of the own primaries of BT.2020 and DCI-P3: the nearest, at full strength.
@pytest.mark.parametrize("colour, wanted", [
    ("red", (255, 0, 0)), ("0x00ff00", (0, 255, 0)), ("blue", (0, 0, 255))])
@pytest.mark.parametrize("primaries, matrix", [("bt2020", "bt2020nc"), ("smpte432", "bt709")])
def test_strong_colours_stay_strong(make, tmp_path, colour, wanted, primaries, matrix):
    source = wide_film(tmp_path / "wide.mkv", colour, primaries, matrix)
    assert_one_colour(make, source, wanted)


@pytest.mark.parametrize("element, number", [
    ("primaries", 3), ("primaries", 15), ("primaries", 130), ("transfer", 0), ("transfer", 12),
    ("transfer", 17), ("transfer", 19), ("transfer", 255), ("matrix", 11),
    ("matrix", 14), ("matrix", 15), ("matrix", 130)])
def test_colours_told_by_a_number_that_is_reserved_or_rare_are_the_usual(
        make, tmp_path, element, number):
    source = wide_film(tmp_path / "wide.mkv", "red", "bt2020", "bt2020nc")
    data = bytearray(source.read_bytes())
    # Each of Matroska's elements (RFC 9559, 5.1.4.1.28) is an id, a length of 1 and the number.
    ids = {"primaries": b"\x55\xBB\x81", "transfer": b"\x55\xBA\x81", "matrix": b"\x55\xB1\x81"}
    data[data.index(ids[element]) + 3] = number
    source.write_bytes(data)
    assert_one_colour(make, source, (255, 0, 0))


# What swscale cannot read: matrices of H.273 that it does not have, and levels that are light.
@pytest.mark.parametrize("options, tags", [
    ("matrix=ycgco", ["-colorspace", "ycgco"]),
    ("matrix=12:primaries=709", ["-colorspace", "chroma-derived-nc"]),
    ("matrix=709:transfer=linear", ["-colorspace", "bt709", "-color_trc", "linear"])])
def test_rare_matrices_and_linear_light_look_the_same(make, tmp_path, options, tags):
    source = tmp_path / "rare.mkv"
    subprocess.run([
        "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=0xc06020:s=64x64:r=5:d=1",
        "-vf", "format=gbrp,setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr,"
               f"format=gbrp12,zscale={options}:range=limited:rangein=full,format=yuv444p12",
        "-c:v", "ffv1", "-color_primaries", "bt709", "-color_trc", "bt709", *tags,
        "-color_range", "tv", source,
    ], check=True)
    assert_one_colour(make, source, (0xC0, 0x60, 0x20))


def wide_film(path, colour, primaries, matrix):
    subprocess.run([
        "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"color={colour}:s=64x64:r=5:d=1",
        "-vf", f"scale=out_color_matrix={matrix.removesuffix('nc')}:out_range=tv,format=yuv444p10,"
               f"setparams=color_primaries={primaries}:color_trc=bt709:colorspace={matrix}",
        "-c:v", "ffv1", "-color_primaries", primaries, "-color_trc", "bt709",
        "-colorspace", matrix, "-color_range", "tv", path,
    ], check=True)
    return path


def assert_one_colour(make, source, wanted):
    for kind, name in (("video", "out.mp4"), ("image", "out.png")):
        seen = look.picture(make(kind, source, name))[32, 32].astype(int)
        assert numpy.abs(seen - wanted).max() < 12, (name, seen)


@pytest.mark.parametrize("source", ["bars-hdr10.mp4", "bars-hlg.mp4"])
def test_a_poster_of_hdr_is_sdr(make, media, source):
    out = make("image", media / source, "out.png", start=1)
    assert_same_look(look.picture(out), look.picture(media / "bars-sdr.mp4", at=1))


@pytest.mark.parametrize("source", ["bars-hdr10.avif", "bars-hlg.avif", "bars-hdr10.png"])
@pytest.mark.parametrize("kind, name", [("image", "out.jpeg"), ("animation", "out.gif")])
def test_an_hdr_still_becomes_sdr_that_looks_like_the_sdr_original(make, media, source, kind, name):
    out = make(kind, media / source, name, **({"end": 1} if kind == "animation" else {}))
    assert_same_look(look.picture(out), look.picture(media / "bars-sdr.mp4", at=1))


def assert_same_look(pixels, reference):
    """Same hues in the same places, and neither washed out nor dark."""
    pixels, reference = pixels.astype(float), reference.astype(float)
    assert abs(pixels.mean() - reference.mean()) < 25, (pixels.mean(), reference.mean())
    saturation = lambda p: (p.max(axis=2) - p.min(axis=2)).mean()
    assert saturation(pixels) > 0.7 * saturation(reference)
    for share in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
        x = int(pixels.shape[1] * share)
        found, wanted = pixels[60, x], reference[60, x]
        assert numpy.abs(found - wanted).max() < 60, (share, found, wanted)


@pytest.mark.parametrize("source", ["ten-bit-h264.mp4", "ten-bit-h265.mp4", "four-two-two.mkv"])
@pytest.mark.parametrize("name, codec", [("out.mp4", "h264"), ("out.mp4", "h265"),
                                         ("out.webm", "vp9"), ("out.mp4", "av1")])
def test_video_is_eight_bit_420(make, media, source, name, codec):
    out = make("video", media / source, name, codec=codec, quality="low")
    assert look.first_picture_stream(out)["pix_fmt"] == "yuv420p"


def test_full_range_becomes_limited_with_the_same_colours(make, media):
    out = make("video", media / "full-range.mp4", "out.mp4")
    assert look.first_picture_stream(out).get("color_range", "tv") == "tv"
    look.assert_corners(look.picture(out), tolerance=25)


@pytest.mark.parametrize("source", [
    "flash-720p.mp4", "flash-small.mkv", "flash-small.webm", "flash-small.avi", "b-frames.avi",
    "flash-small.ts", "vfr.mp4", "vfr-wild.mp4", "vfr.mkv", "late-start.mkv", "timestamp-wrap.ts",
    "edit-list.mp4", "late-audio.mp4", "interlaced.mp4",
])
@pytest.mark.parametrize("name", ["out.mp4", "out.webm"])
def test_picture_and_sound_stay_together(make, media, source, name):
    out = make("video", media / source, name, quality="low", width=160)
    if source == "late-audio.mp4":  # its beeps come half a second after its flashes
        pairs = zip(look.flash_times(out), look.beep_times(out))
        assert all(abs(beep - flash - 0.5) < 0.05 for flash, beep in pairs)
    else:
        look.assert_in_sync(out, frame=1 / 25)
    assert look.frame_times(out)[0] <= 1 / 20


@pytest.mark.parametrize("source, first_flash", [
    ("flash-720p.mp4", 0), ("late-start.mkv", 0), ("timestamp-wrap.ts", 0), ("edit-list.mp4", 0.7),
])
def test_time_starts_at_the_first_presented_sample(make, media, source, first_flash):
    out = make("video", media / source, "out.mp4", quality="low", width=160)
    assert abs(look.flash_times(out)[0] - first_flash) <= 0.05


def test_pictures_that_need_one_before_the_start_are_there(make, media):
    out = make("video", media / "open-gop-cut.mp4", "out.mp4", quality="low")
    assert look.frame_times(out) == list(range(11))


@pytest.mark.parametrize("name", ["out.mp4", "out.webm"])
@pytest.mark.parametrize("source", ["vfr.mp4", "vfr-wild.mp4"])
def test_variable_frame_rate_keeps_every_frame_where_it_was(make, media, source, name):
    out = make("video", media / source, name, quality="medium")
    before, after = look.frame_times(media / source), look.frame_times(out)
    assert len(before) == len(after)
    assert max(abs(a - b) for a, b in zip(before, after)) <= 0.02
    assert look.decode_complaints(out) == ""


@pytest.mark.parametrize("name, codec, wanted", [
    ("out.mp4", "h264", (100, 98)), ("out.mp4", "h265", (100, 98)), ("out.mp4", "av1", (100, 98)),
    ("out.webm", "vp9", (100, 98)),
])
def test_odd_sides_become_the_next_lower_even_ones(make, media, name, codec, wanted):
    out = make("video", media / "odd-size.mkv", name, codec=codec)
    stream = look.first_picture_stream(out)
    assert (stream["width"], stream["height"]) == wanted


def test_images_keep_odd_sides(make, media, tmp_path):
    for form in ("jpeg", "png", "webp", "avif"):
        out = make("image", media / "odd.png", f"out.{form}")
        assert look.still(out, tmp_path).shape[:2] == (99, 101)


@pytest.mark.parametrize("codec, name", [("h264", "o.mp4"), ("h265", "o.mp4"), ("av1", "o.mp4"),
                                         ("vp9", "o.webm")])
@pytest.mark.parametrize("source", ["tiny.mkv", "tall.mkv", "shrunk"])
def test_every_codec_makes_small_pictures(make, media, codec, name, source):
    options = {"width": 16, "height": 16} if source == "shrunk" else {}
    source = "flash-small.mp4" if source == "shrunk" else source
    out = make("video", media / source, name, codec=codec, end=0.5, **options)
    assert not look.decode_complaints(out)


@pytest.mark.parametrize("codec, name", [("h264", "o.mp4"), ("av1", "o.mp4"), ("vp9", "o.webm")])
def test_two_by_two_pixels(make, media, codec, name):
    out = make("video", media / "flash-small.mp4", name, codec=codec, end=0.5, width=2, height=2)
    assert not look.decode_complaints(out)


def test_a_picture_too_small_for_h265_says_so(refuse, media):
    run = refuse("video", media / "flash-small.mp4", "o.mp4", codec="h265", width=2, height=2)
    assert run.error_kind == "encode_failed" and "16" in run.message and "h264" in run.message


def test_no_sound_in_gives_no_sound_out(make, media):
    for name in ("out.mp4", "out.webm", "out.mov"):
        out = make("video", media / "no-audio.mp4", name, quality="low")
        assert not look.probe(out)["audio"]
        assert not look.decode_complaints(out)


def test_the_first_track_that_decodes_is_taken(make, media):
    out = make("video", media / "bad-first-track.mp4", "out.mp4")
    assert abs(look.main_frequency(out) - 880) < 5
    assert any("track" in text or "stream" in text for text in make.run.warnings)
    out = make("audio", media / "bad-first-track.mp4", "out.mp3")
    assert abs(look.main_frequency(out) - 880) < 5


def test_the_default_flagged_track_is_taken(make, media):
    out = make("audio", media / "two-tracks.mp4", "out.flac")
    assert abs(look.main_frequency(out) - 880) < 5


def test_the_cover_of_a_cover_is_no_picture(refuse, media, tmp_path):
    song = made.attached(tmp_path / "song.mp3", (media / "tone.mp3").read_bytes(),
                         (media / "cover.mp3").read_bytes())
    assert refuse("image", song, "out.png").error_kind == "no_video_stream"


@pytest.mark.parametrize("source", ["cover.mp3", "cover.m4a"])
def test_cover_art_is_a_picture_but_no_video(make, refuse, media, source):
    pixels = look.picture(make("image", media / source, "out.png"))
    assert pixels.shape[:2] == (240, 320)
    look.assert_corners(pixels, tolerance=10)
    assert refuse("video", media / source, "out.mp4").error_kind == "no_video_stream"
    out = make("audio", media / source, "out.flac")
    assert look.probe(out)["audio"]


@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.ogg", "out.opus", "out.mp4"])
def test_surround_is_mixed_down_in_lossy_formats(make, media, name):
    source = media / ("surround.mp4" if name == "out.mp4" else "surround.flac")
    kind = "video" if name == "out.mp4" else "audio"
    out = make(kind, source, name, quality="medium")
    assert look.probe(out)["audio"][0]["channels"] == 2
    both = look.samples(out, channels=2)
    assert 0.02 < numpy.abs(both[:, 0]).mean() and numpy.abs(both).max() <= 1.0
    assert any("stereo" in text or "surround" in text for text in make.run.warnings)


# A channel that nobody hears would be lost unsaid: of sets without names, and those overhead.
@pytest.mark.parametrize("count, channel, least", [(3, 2, 0.2), (16, 11, 0.02), (24, 23, 0.01)])
def test_every_channel_without_a_name_is_heard(make, tmp_path, count, channel, least):
    with wave.open(str(tmp_path / "many.wav"), "wb") as out:
        out.setparams((count, 2, 48000, 0, "NONE", ""))
        out.writeframes(tone_in(channel, count))
    heard = loudness_of(make("audio", tmp_path / "many.wav", "out.mp3"))
    assert heard.max() > least, heard


def test_what_is_overhead_is_heard_on_its_side(make, tmp_path):
    (tmp_path / "raw").write_bytes(tone_in(8, 12))
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "s16le", "-ar", "48000", "-ac", "12",
         "-channel_layout", "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR", "-i", tmp_path / "raw",
         "-c:a", "pcm_s16le", tmp_path / "high.wav"], check=True)
    left, right = loudness_of(make("audio", tmp_path / "high.wav", "out.mp3"))
    assert left > 0.05 and right < left / 20


def tone_in(channel, count):
    """A second of a tone in one of so many channels."""
    sound = numpy.zeros((48000, count), "<i2")
    sound[:, channel] = 20000 * numpy.sin(numpy.arange(48000) * 2 * numpy.pi * 440 / 48000)
    return sound.tobytes()


def loudness_of(path):
    """What each ear hears at most, but for the edges."""
    return abs(look.samples(path, channels=2))[4800:-4800].max(axis=0)


@pytest.mark.parametrize("name", ["out.wav", "out.flac"])
def test_lossless_formats_keep_layout_rate_and_samples(make, media, name):
    out = make("audio", media / "surround.wav", name)
    stream = look.probe(out)["audio"][0]
    assert (stream["channels"], stream["sample_rate"]) == (6, "48000")
    before = look.samples(media / "surround.wav", channels=6)
    assert numpy.array_equal(before, look.samples(out, channels=6))
    out = make("audio", media / "tone-96000.flac", name)
    assert look.probe(out)["audio"][0]["sample_rate"] == "96000"


@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.ogg", "out.opus"])
def test_mono_stays_mono(make, media, name):
    out = make("audio", media / "tone-44100-mono.wav", name)
    assert look.probe(out)["audio"][0]["channels"] == 1
    assert abs(look.main_frequency(out) - 440) < 3


@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.ogg", "out.opus", "out.wav"])
def test_a_dozen_samples_are_a_sound(make, media, name):
    assert look.probe(make("audio", media / "few-samples.wav", name))["audio"]


@pytest.mark.parametrize("source", ["tone-8000.wav", "tone-96000.flac"])
@pytest.mark.parametrize("name", ["out.mp3", "out.aac", "out.ogg", "out.opus"])
def test_sample_rates_suit_the_codec(make, media, source, name):
    out = make("audio", media / source, name)
    assert int(look.probe(out)["audio"][0]["sample_rate"]) <= 48000
    assert abs(len(look.samples(out)) / 48000 - 3) < 0.1
    assert abs(look.main_frequency(out) - 440) < 3 or source == "tone-96000.flac"


@pytest.mark.parametrize("source", ["alpha.png", "alpha.webp", "alpha.gif"])
@pytest.mark.parametrize("form", ["png", "webp", "avif"])
def test_alpha_survives_where_the_format_has_it(make, media, tmp_path, source, form):
    out = make("image", media / source, f"out.{form}")
    pixels = look.still(out, tmp_path, alpha=True)
    assert pixels[120, 160, 3] < 20 and pixels[10, 10, 3] > 235
    look.assert_corners(pixels, tolerance=60)


@pytest.mark.parametrize("source", ["alpha.png", "alpha.webp"])
def test_alpha_that_must_go_is_flattened_on_white_or_the_background(make, media, source):
    white = look.picture(make("image", media / source, "a.jpeg"))[120, 160]
    assert look.close(white, (255, 255, 255), 8)
    out = make("image", media / source, "b.jpeg", background="#00ff00")
    assert look.close(look.picture(out)[120, 160], look.GREEN, 25)


def test_alpha_video_keeps_it_in_a_webp_animation_and_loses_it_in_mp4(make, media, tmp_path):
    out = make("animation", media / "alpha.webm", "out.webp", end=1)
    pixels = look.still(out, tmp_path, alpha=True)
    assert pixels[120, 160, 3] < 20 and pixels[10, 10, 3] > 235
    out = make("video", media / "alpha.webm", "out.mp4")
    assert look.close(look.picture(out)[120, 160], (255, 255, 255), 10)


@pytest.mark.parametrize("width, height, matrix", [
    (1280, 720, "bt709"), (320, 240, "smpte170m")])
@pytest.mark.parametrize("form, codec", [("yuva420p", "libvpx-vp9"), ("yuva444p", "ffv1")])
def test_a_film_with_alpha_that_tells_no_matrix_has_its_colours_and_the_background(
        make, tmp_path, width, height, matrix, form, codec):
    source = tmp_path / "in.mkv"
    colour = f"color=0x20a040@{{}}:s={width // 2}x{height}:r=5:d=1,format=rgba"
    subprocess.run([
        "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", colour.format("0.0"), "-f",
        "lavfi", "-i", colour.format("1.0"), "-filter_complex",
        f"[0][1]hstack,scale=out_color_matrix={matrix},format={form},setparams=colorspace=unknown",
        "-c:v", codec, "-pix_fmt", form, source], check=True)
    out = make("video", source, "out.mp4", width=width, height=height + 80, background="#00ff00")
    pixels = look.picture(out)
    assert look.close(pixels[5, 50], look.GREEN, 8)  # beside the picture
    assert look.close(pixels[(height + 80) // 2, width // 4], look.GREEN, 8)
    assert look.close(pixels[(height + 80) // 2, width * 3 // 4], (0x20, 0xA0, 0x40), 8)


@pytest.mark.parametrize("primaries, transfer", [
    ("bt2020", "bt709"), ("smpte432", "bt709"), ("bt2020", "smpte2084")])
@pytest.mark.parametrize("kind, name", [("image", "out.png"), ("animation", "out.webp")])
@pytest.mark.parametrize("width", [320, 80])
def test_alpha_survives_wide_colours(make, tmp_path, primaries, transfer, kind, name, width):
    source = tmp_path / "in.mov"
    matrix = "bt2020nc" if primaries == "bt2020" else "bt709"
    subprocess.run([
        "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
        "color=lime@0.0:s=160x240:d=1,format=rgba", "-f", "lavfi", "-i",
        "color=red@1.0:s=160x240:d=1,format=rgba", "-filter_complex",
        "[0][1]hstack,format=yuva444p10le", "-c:v", "prores_ks", "-color_primaries", primaries,
        "-color_trc", transfer, "-colorspace", matrix, source], check=True)
    out = make(kind, source, name, width=width, **({"end": 1} if kind == "animation" else {}))
    pixels = look.still(out, tmp_path, alpha=True).astype(int)
    clear, opaque = pixels[:, : width // 2 - 4], pixels[:, width // 2 + 4 :]
    assert clear[:, :, 3].max() < 8 and opaque[:, :, 3].min() > 247
    assert (opaque[:, :, 0] > opaque[:, :, 1] + 100).all()


def test_cmyk_becomes_rgb(make, media, tmp_path):
    out = make("image", media / "cmyk.jpg", "out.jpeg")
    assert look.vips_header(out, "interpretation").lower().rstrip(")").endswith("srgb")
    expected = tmp_path / "expected.png"  # ink has no such green: what libvips' own transform says
    look.output_of("vips", "icc_transform", media / "cmyk.jpg", expected, "srgb", "--embedded",
                   "--black-point-compensation")
    wanted = look.corners(look.picture(expected))
    look.assert_corners(look.picture(out), tolerance=12, wanted=wanted)


@pytest.mark.parametrize("source", ["p3.png", "p3-code-points.png"])
def test_wide_gamut_becomes_srgb(make, media, source):
    out = make("image", media / source, "out.png")
    look.assert_corners(look.picture(out), tolerance=12)
    profile = str(look.exif(out).get("ProfileDescription", "sRGB"))
    assert "P3" not in profile


def test_a_picture_that_only_one_library_reads_has_facts_and_pixels(make, media, tmp_path):
    told = cli.ittybit("task", "probe", "-i", media / "lossless.jpg", cwd=tmp_path).last["output"]
    assert (told["kind"], told["width"], told["height"]) == ("image", 320, 240)
    look.assert_corners(look.picture(make("image", media / "lossless.jpg", "out.png")), tolerance=3)


def test_sixteen_bit_and_grey_pictures_keep_their_colours(make, media):
    look.assert_corners(look.picture(make("image", media / "sixteen-bit.png", "a.jpeg")))
    out = make("image", media / "grey.png", "b.jpeg")
    assert look.picture(out).shape == (240, 320, 3)


@pytest.mark.parametrize("name", ["out.jpeg", "out.png", "out.webp", "out.avif"])
def test_place_and_serial_number_go_and_titles_stay_in_images(make, media, name):
    out = make("image", media / "orientation-6.jpg", name)
    assert not look.private_tags(out)
    tags = look.exif(out)
    assert tags.get("Description") == "Holiday" and tags.get("Creator") == "Someone"
    if name != "out.avif":
        assert tags.get("ImageDescription") == "Holiday" and tags.get("Artist") == "Someone"


@pytest.mark.parametrize("options", [{}, {"quality": "low", "width": 320}])
@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_place_goes_and_title_stays_in_video(make, media, name, options):
    out = make("video", media / "flash-1080p.mp4", name, **options)
    assert not look.private_tags(out)
    assert look.probe(out)["format"]["tags"].get("title") == "Holiday"
    assert look.probe(out)["format"]["tags"].get("artist") == "Someone"


# RIFF does not say how its words are coded.
@pytest.mark.parametrize("title", ["Grüße an José", "Größe", "Ünïcôdé"])
def test_old_titles_are_readable(make, tmp_path, title):
    source = tmp_path / "old.wav"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=440:d=1",
                    "-metadata", f"title={'x' * len(title)}", source], check=True)
    source.write_bytes(source.read_bytes().replace(b"x" * len(title), title.encode("cp1252")))
    told = look.probe(make("audio", source, "out.flac"))["format"]["tags"]
    assert {key.lower(): value for key, value in told.items()}["title"] == title


@pytest.mark.parametrize("name", ["out.mp3", "out.flac", "out.ogg", "out.opus"])
def test_titles_stay_in_audio(make, media, name):
    told = look.probe(make("audio", media / "tone.m4a", name))
    tags = {**told["format"].get("tags", {}), **told["audio"][0].get("tags", {})}
    tags = {key.lower(): value for key, value in tags.items()}
    assert (tags.get("title"), tags.get("artist")) == ("Holiday", "Someone")


@pytest.mark.parametrize("given, kept", [
    ("two\nlines\tof it", "two lines of it"), ("é" * 5000, "é" * 2048)])
def test_titles_that_do_not_fit_a_line_are_kept(make, tmp_path, given, kept):
    source = tmp_path / "in.flac"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=440:d=1",
                    "-metadata", f"title={given}", source], check=True)
    tags = look.probe(make("audio", source, "out.mp3"))["format"]["tags"]
    assert tags["title"] == kept


@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
@pytest.mark.parametrize("height", [None, 90])
def test_long_titles_of_a_short_film_are_kept(make, tmp_path, name, height):
    source = tmp_path / "in.mkv"
    words = {tag: tag[0] * 4000 for tag in ("title", "artist", "album", "copyright", "genre")}
    options = [word for tag, said in words.items() for word in ("-metadata", f"{tag}={said}")]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    "testsrc=s=320x180:d=1,format=yuv420p", *options, source], check=True)
    out = make("video", source, name, **({"height": height} if height else {}))
    tags = look.probe(out)["format"]["tags"]
    assert {tag: tags.get(tag) for tag in words} == words
    order = look.box_order(out)
    assert order.index("moov") < order.index("mdat"), order


def id3(version, coding, **frames):
    """A tag of ID3v2.3 or 2.4 with text frames, of which each has several values."""
    zeros = b"\0\0" if coding == "utf-16" else b"\0"
    mark = {"latin-1": b"\0", "utf-16": b"\1", "utf-8": b"\3"}[coding]
    data = b""
    for name, values in frames.items():
        body = mark + zeros.join(value.encode(coding) for value in values) + zeros
        data += name.encode() + struct.pack(">IH", len(body), 0) + body
    size = len(data) + 200
    return b"ID3" + bytes((version, 0, 0, 0, 0, size >> 7, size & 127)) + data + bytes(200)


@pytest.mark.parametrize("version, coding, artist", [
    (4, "utf-8", "Ann;Bö"), (4, "latin-1", "Ann;Bö"), (3, "utf-16", "Ann; Bö")])
def test_all_artists_of_an_mp3_are_kept(make, media, tmp_path, version, coding, artist):
    source = tmp_path / "in.mp3"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=440:d=1",
                    "-id3v2_version", "0", source], check=True)
    tag = id3(version, coding, TPE1=["Ann", "Bö"], TIT2=["Duet"], TCON=["17"])
    source.write_bytes(tag + source.read_bytes())
    for name in ("out.flac", "out.mp3"):
        told = look.probe(make("audio", source, name))["format"]["tags"]
        tags = {key.lower(): value for key, value in told.items()}
        assert (tags["artist"], tags["title"], tags["genre"]) == (artist, "Duet", "Rock")


def test_a_size_that_changes_mid_stream_is_pinned_to_the_first(make, media):
    out = make("video", media / "size-changes.ts", "out.mp4")
    stream = look.first_picture_stream(out)
    assert (stream["width"], stream["height"]) == (320, 240)
    assert not look.decode_complaints(out)
    assert abs(look.duration(out) - 4) < 0.2
    look.assert_in_sync(out, frame=1 / 25)


@pytest.mark.parametrize("name", ["out.mp4", "out.webm"])
def test_a_long_picture_is_cut_at_the_end(make, tmp_path, name):
    slow = tmp_path / "slow.gif"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=0.25",
                   "-t", "12", slow)
    out = make("video", slow, name, end=1.5)
    assert abs(look.duration(out) - 1.5) < 0.05


def test_video_without_a_container_is_read_from_any_time(make, media):
    whole = make("video", media / "bare.h264", "whole.mp4", quality="high")
    assert len(look.frame_times(whole)) == 100
    assert look.flash_times(whole) == pytest.approx([0, 1, 2, 3], abs=0.05)
    part = make("video", media / "bare.h264", "part.mp4", start=1.5, end=3.5)
    assert look.flash_times(part) == pytest.approx([0.5, 1.5], abs=0.05)
    poster = look.picture(make("image", media / "bare.h264", "poster.png", start=2.04))
    assert poster.mean() > 215, "the flash of the second second is not on the poster"


def test_a_recording_cut_open_has_only_whole_pictures(make, media):
    assert look.decode_complaints(media / "cut-open.ts"), "the source is no test"
    out = make("video", media / "cut-open.ts", "out.mp4")
    assert not look.decode_complaints(out)
    look.assert_in_sync(out, frame=1 / 25)


def test_a_still_cut_short_becomes_no_animation(refuse, media):
    for source in ("truncated.bmp", "truncated.jpg"):
        assert refuse("animation", media / source, "out.gif", end=1).error_kind == "corrupt_media"


@pytest.mark.parametrize("name", ["film.mkv", "film.ts", "film.apng"])
def test_a_film_of_which_no_picture_decodes_is_told(refuse, tmp_path, name):
    film = tmp_path / name
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10",
                   "-t", "1", film)
    whole = film.read_bytes()
    spoilt = bytearray(whole)
    for at in range(600, len(whole) - 100, 7):  # in front of it are the headers
        spoilt[at] ^= 0x55
    film.write_bytes(spoilt)
    for kind, out, more in (("image", "out.jpg", {}), ("animation", "out.gif", {"end": 1}),
                            ("animation", "out.webp", {"end": 1})):
        run = refuse(kind, film, out, **more)
        assert run.error_kind in ("corrupt_media", "no_video_stream", "unsupported_media"), run.last


def test_a_gif_of_thousands_of_frames_is_whole(make, media, tmp_path):
    told = cli.ittybit("task", "probe", "-i", media / "long.gif", cwd=tmp_path).last["output"]
    assert (told["kind"], told["format"]) == ("animation", "gif")
    assert (told["duration"], told["fps"]) == pytest.approx((100, 50))
    whole = make("video", media / "long.gif", "out.mp4", quality="low")
    assert len(look.frame_times(whole)) == 5000
    assert look.flash_times(whole) == pytest.approx(range(100), abs=0.021)
    assert look.picture(make("image", media / "long.gif", "a.png", start=97.05)).mean() > 215
    assert look.picture(make("image", media / "long.gif", "b.png", start=96.95)).mean() < 215
    part = make("animation", media / "long.gif", "out.webp", start=96, end=98, fps=50)
    assert sum(map(int, look.vips_header(part, "delay").split())) == 2000
    again = make("animation", media / "long.gif", "out.gif", end=100, fps=50)
    assert look.flash_times(again) == pytest.approx(range(100), abs=0.021)
