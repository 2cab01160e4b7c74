"""Pictures of rare kinds, made by made_pictures.py, whose pixels are known."""
import pathlib
import subprocess
import zlib

import numpy
import pytest

import cli
import look
import made_pictures as made

HERE = pathlib.Path(__file__).resolve().parent / "media"


def png_of(make, source):
    return look.picture(make("image", source, "out.png"), alpha=True).astype(int)


def off(pixels, wanted):
    """Mean difference of levels."""
    return abs(pixels - wanted.astype(int)).mean()


@pytest.mark.parametrize("way", [
    {}, {"across": 2}, {"across": 2, "down": 2}, {"across": 4, "down": 2},
    {"across": 2, "down": 2, "rows": 16, "is_zipped": True}, {"is_ranged": True},
    {"across": 2, "down": 2, "is_ranged": True},
])
def test_luma_and_colour_differences_of_a_tiff(make, tmp_path, way):
    pixels = png_of(make, made.ycbcr_tiff(tmp_path / "in.tif", **way))
    assert off(pixels[:, :, :3], made.scene()) < 2 and pixels[:, :, 3].min() == 255


@pytest.mark.parametrize("deep", [False, True])
def test_a_tiff_of_icc_lab_has_its_colours(make, tmp_path, deep):
    pixels = png_of(make, made.lab_tiff(tmp_path / "in.tif", 60, 40, -30, deep=deep))
    assert abs(pixels[9, 9, :3] - [190, 118, 195]).max() <= 3


def test_a_tiff_of_itu_lab_is_refused(refuse, tmp_path):
    source = made.lab_tiff(tmp_path / "in.tif", 60, 40, -30, photometric=10)
    assert refuse("image", source, "out.png").error_kind == "unsupported_media"


def test_a_tiff_of_luma_is_probed_and_made_smaller(make, tmp_path):
    source = made.ycbcr_tiff(tmp_path / "in.tif", across=2, down=2)
    out = make("image", source, "out.webp", width=48)
    facts = make.run.last["tasks"][0]["output"]
    assert (facts["width"], facts["height"], facts["format"]) == (96, 64, "tiff")
    assert look.still(out, tmp_path).shape[:2] == (32, 48)


@pytest.mark.parametrize("extra, bands, has_alpha", [
    (0, 2, False), (2, 2, True), ([0, 0], 3, False),
])
def test_a_tiff_of_grey_beside_other_planes(make, tmp_path, extra, bands, has_alpha):
    pixels = png_of(make, made.grey_planes_tiff(tmp_path / "in.tif", extra, bands))
    assert off(pixels[:, :, 0], made.scene()[:, :, 0]) < 2
    assert off(pixels[:, :, 3], made.soft_alpha() if has_alpha else numpy.full(1, 255)) < 1


def test_a_tiff_of_colour_beside_alpha(make, tmp_path):
    pixels = png_of(make, made.planar_tiff(tmp_path / "in.tif", extra=2))
    assert off(pixels[:, :, :3], made.scene()) == 0 and off(pixels[:, :, 3], made.soft_alpha()) == 0


def test_a_tiff_that_does_not_say_what_it_is_is_not_called_damaged(refuse, tmp_path):
    run = refuse("image", made.nameless_tiff(tmp_path / "in.tif"), "out.png")
    assert run.error_kind == "unsupported_media" and "PNG" in run.message


@pytest.mark.parametrize("width, height, kind", [
    (20_000_000, 100, "limit_exceeded"), (40_000, 60_000, "limit_exceeded"),
    (200_000_000, 1, "unsupported_media"),
])
def test_a_tiff_of_a_vast_size_is_refused_by_that_size(refuse, tmp_path, width, height, kind):
    run = refuse("image", made.vast_tiff(tmp_path / "in.tif", width, height), "out.png")
    assert run.error_kind == kind
    assert f"{width}×{height}" in run.message or kind == "unsupported_media"


def test_an_avif_with_multiplied_colours(make, tmp_path):
    pixels = png_of(make, made.avif(tmp_path / "in.avif", "-p"))
    assert off(pixels[:, :, :3], made.scene()) < 2 and off(pixels[:, :, 3], made.soft_alpha()) < 1


def test_an_avif_whose_alpha_does_not_turn(make, tmp_path):
    pixels = png_of(make, made.avif_with_alpha_of_another_turn(tmp_path / "in.avif"))
    assert off(pixels[:, :, :3], made.scene()) < 2 and off(pixels[:, :, 3], made.soft_alpha()) < 2


def test_the_burst_of_a_heic_gives_way_to_its_picture(make, tmp_path):
    pixels = png_of(make, made.burst_heic(tmp_path / "in.heic"))
    assert pixels.shape[:2] == (64, 96) and off(pixels[:, :, :3], made.scene()) < 2


def frame_of(path, number, folder):
    """A frame of a WebP as displayed, with its alpha."""
    still = folder / f"frame-{number}.png"
    look.output_of("vips", "copy", f"{path}[page={number}]", still)
    return look.picture(still, alpha=True).astype(int)


def test_an_animated_avif_keeps_its_alpha(make, tmp_path):
    source = made.avif(tmp_path / "in.avif", "--fps", 5, pictures=3)
    out = make("animation", source, "out.webp", end=9, quality="very_high")
    for number in range(3):
        pixels = frame_of(out, number, tmp_path)
        assert off(pixels[:, :, 3], made.soft_alpha()) < 3
        assert abs(pixels[:, 60:, 1].mean() - 80 * number) < 4


@pytest.mark.parametrize("times", [1, 2, 5])
def test_an_animated_avif_plays_as_often_as_before(make, tmp_path, times):
    source = made.avif_that_plays(tmp_path / "in.avif", times)
    for name in ("out.webp", "out.gif"):
        assert int(look.vips_header(make("animation", source, name, end=9), "loop")) == times


def test_a_webp_follows_a_slow_fade(make, tmp_path):
    out = make("animation", made.fade(tmp_path / "in.mkv"), "out.webp", end=8, fps=6)
    last = int(look.vips_header(out, "n-pages")) - 1
    assert abs(frame_of(out, last, tmp_path)[3, 3, 0] - 195) <= 6


def test_black_ink_is_black(make):
    assert png_of(make, HERE / "cmyk-k100.jpg")[5, 5, :3].max() < 24


def test_a_profile_of_one_table_is_heeded(make, tmp_path):
    pixels = png_of(make, made.turned_jpeg(tmp_path / "in.jpg"))
    assert off(pixels[:, :, :3], made.scene()) < 4


def test_a_grey_profile_in_a_coloured_picture_is_not_heeded(make, tmp_path):
    pixels = png_of(make, made.jpeg(tmp_path / "in.jpg", made.scene(), made.grey_profile()))
    assert off(pixels[:, :, :3], made.scene()) < 3


def test_a_cameras_adobe_rgb_is_known_by_its_name(make, tmp_path):
    pixels = png_of(make, made.camera_jpeg(tmp_path / "in.jpg", (30, 180, 90)))
    assert abs(pixels[:, :, :3].mean(axis=(0, 1)) - (30, 180, 90)).max() < 3


@pytest.mark.parametrize("has_alpha", [False, True])
def test_code_points_of_a_png_are_heeded(make, tmp_path, has_alpha):
    scene = made.scene()
    stored = numpy.dstack([scene, made.soft_alpha()]) if has_alpha else scene
    display_p3 = (b"cICP", bytes((12, 13, 0, 1)))
    pixels = png_of(make, made.chunked(tmp_path / "in.png", stored, display_p3))
    assert off(pixels[:, :, :3], made.by_display_p3(scene).round()) < 1.5
    assert not has_alpha or off(pixels[:, :, 3], made.soft_alpha()) == 0


@pytest.mark.parametrize("transfer", [0, 3, 12, 17, 22, 130, 255])
def test_levels_told_by_a_number_that_is_reserved_or_rare_are_the_usual(make, tmp_path, transfer):
    points = (b"cICP", bytes((12, transfer, 0, 1)))
    pixels = png_of(make, made.chunked(tmp_path / "in.png", made.scene(), points))
    assert off(pixels[:, :, :3], made.by_display_p3(made.scene()).round()) < 4


@pytest.mark.parametrize("transfer, power", [(8, 1), (4, 2.2), (5, 2.8)])
def test_a_png_says_how_its_levels_are_light(make, tmp_path, transfer, power):
    scene = made.scene()
    stored = (255 * made.light_of(scene) ** (1 / power)).round().astype(numpy.uint8)
    points = (b"cICP", bytes((1, transfer, 0, 1)))
    pixels = png_of(make, made.chunked(tmp_path / "in.png", stored, points))
    assert off(pixels[:, :, :3], scene) < 3


def told(way, pixels):
    """What a PNG stores and a chunk that says how that is meant, and the pixels that it means."""
    if way == "points":
        return pixels, (b"cICP", bytes((12, 13, 0, 1))), made.by_display_p3(pixels).round()
    if way == "gamma":
        stored = (255 * made.light_of(pixels)).round().astype(numpy.uint8)
        return stored, (b"gAMA", (100_000).to_bytes(4, "big")), pixels
    profile = b"made\0\0" + zlib.compress(made.table_profile())
    return pixels[:, :, [1, 2, 0]], (b"iCCP", profile), pixels


@pytest.mark.parametrize("has_alpha", [False, True])
@pytest.mark.parametrize("way", ["points", "gamma", "profile"])
def test_an_animated_png_has_the_colours_it_tells(make, tmp_path, way, has_alpha):
    scenes = [made.scene(), made.scene()[::-1]]
    frames, chunks, wanted = zip(*(told(way, scene) for scene in scenes))
    if has_alpha:
        frames = [numpy.dstack([frame, made.soft_alpha()]) for frame in frames]
    source = made.apng(tmp_path / "in.png", frames, chunks[0])
    last = frame_of(make("animation", source, "out.webp", end=9, quality="very_high"), 1, tmp_path)
    later = make("image", source, "later.png", start=0.3)
    stills = [png_of(make, source), look.picture(later, alpha=True)]
    for pixels, scene in zip((*stills, last), (wanted[0], wanted[1], wanted[1])):
        assert off(pixels[:, :, :3], scene) < (2 if way == "points" else 4)
        assert not has_alpha or off(pixels[:, :, 3], made.soft_alpha()) < 2


def test_an_animation_of_a_jpeg_xl_has_the_colours_of_its_profile(make, tmp_path):
    wide, source = tmp_path / "wide.png", tmp_path / "in.jxl"
    look.output_of("vips", "icc_transform", made.png(tmp_path / "in.png", made.scene()), wide, "p3")
    look.output_of("cjxl", wide, source, "-d", "0")
    assert off(png_of(make, source)[:, :, :3], made.scene()) < 2
    animation = make("animation", source, "out.webp", end=1, quality="very_high")
    assert off(look.still(animation, tmp_path), made.scene()) < 4


@pytest.mark.parametrize("greatest", [1, 1.002, 255, 65535])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_tiff_of_floating_point(make, tmp_path, bands, greatest):
    scene = made.scene()[:, :, :bands]
    pixels = png_of(make, made.float_tiff(tmp_path / "in.tif", scene, greatest))
    assert off(pixels[:, :, :bands], scene) < 1 and pixels[:, :, 3].min() == 255


def test_a_tiff_of_floating_point_is_transparent(make, tmp_path):
    stored = numpy.dstack([made.scene(), made.soft_alpha()])
    pixels = png_of(make, made.float_tiff(tmp_path / "in.tif", stored, 1, extra=2))
    assert off(pixels[:, :, :3], made.scene()) < 1 and off(pixels[:, :, 3], made.soft_alpha()) < 1


@pytest.mark.parametrize("how", ["bigtiff", "bigtiff,tile,compression=deflate"])
def test_a_big_tiff_is_no_camera_raw(make, tmp_path, how):
    plain = made.png(tmp_path / "in.png", made.scene())
    look.output_of("vips", "copy", plain, f"{tmp_path}/in.tif[{how}]")
    assert (tmp_path / "in.tif").read_bytes()[2] == 43
    assert off(png_of(make, tmp_path / "in.tif")[:, :, :3], made.scene()) == 0


@pytest.mark.parametrize("bands", [1, 3])
def test_a_deep_jpeg_2000_has_full_range(make, tmp_path, bands):
    scene = made.scene()[:, :, :bands]
    deep = tmp_path / "deep.png"
    look.output_of("ffmpeg", "-nostdin", "-v", "error", "-i", made.png(tmp_path / "in.png", scene),
                   "-pix_fmt", "gray16be" if bands == 1 else "rgb48be", deep)
    look.output_of("vips", "copy", deep, f"{tmp_path}/in.jp2[lossless]")
    assert off(png_of(make, tmp_path / "in.jp2")[:, :, :bands], scene) < 1


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("kind, name", [("image", "out.png"), ("animation", "out.webp")])
def test_a_jpeg_2000_of_luma_has_full_range(make, tmp_path, form, kind, name):
    scene = made.scene() // 4
    source = made.png(tmp_path / "in.png", scene)
    look.output_of("ffmpeg", "-nostdin", "-v", "error", "-i", source, "-vf",
                   f"scale=out_range=full:out_color_matrix=bt601,format={form}",
                   "-color_range", "pc", tmp_path / "in.jp2")
    options = {} if kind == "image" else {"end": 1, "quality": "very_high"}
    pixels = look.still(make(kind, tmp_path / "in.jp2", name, **options), tmp_path)
    assert off(pixels.astype(int), scene) < 3


@pytest.mark.parametrize("colours", [2, 8, 16, 200])
def test_few_colours_do_not_grow(make, tmp_path, colours):
    source = made.few_colours(tmp_path / "in.png", colours)
    out = make("image", source, "out.png")
    assert (look.picture(out) == look.picture(source)).all()
    assert out.stat().st_size <= source.stat().st_size * 1.02


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif"])
def test_a_copyright_is_kept_as_it_was(make, tmp_path, form):
    source = made.jpeg(tmp_path / "in.jpg", made.scene())
    look.output_of("exiftool", "-q", "-overwrite_original", "-charset", "exif=UTF8",
                   "-EXIF:Copyright=© 2024 José", "-EXIF:Artist=山田 Ñandú", source)
    tags = look.exif(make("image", source, f"out.{form}"))
    assert tags["Rights"] == "© 2024 José" and tags["Creator"] == "山田 Ñandú"


@pytest.mark.parametrize("is_luma", [False, True])
def test_titles_of_a_tiff_are_kept(make, tmp_path, is_luma):
    source = tmp_path / "in.tif"
    if is_luma:
        made.ycbcr_tiff(source)
    else:
        look.output_of("vips", "copy", made.png(tmp_path / "in.png", made.scene()), source)
    look.output_of("exiftool", "-q", "-overwrite_original", "-charset", "exif=UTF8",
                   "-IFD0:Copyright=© 2024 José", "-IFD0:Artist=Ann; Bob",
                   "-IFD0:ImageDescription=Holiday", source)
    tags = look.exif(make("image", source, "out.jpeg"))
    assert tags["Copyright"] == "© 2024 José" and tags["Creator"] == ["Ann", "Bob"]
    assert tags["ImageDescription"] == "Holiday"


@pytest.mark.parametrize("says, plays", [(None, 1), (0, 0), (1, 2), (4, 5), (65535, 65535)])
@pytest.mark.parametrize("name", ["out.gif", "out.webp"])
def test_a_gif_plays_as_often_as_before(make, tmp_path, says, plays, name):
    frames = [(0, 0, 16, 16, colour, 20) for colour in (1, 2)]
    source = made.gif(tmp_path / "in.gif", (16, 16), frames, says)
    out = make("animation", source, name, end=9)
    kept = int(look.vips_header(out, "loop"))
    assert kept == plays or (kept == 65536 and says == 65535 and name == "out.gif")


@pytest.mark.parametrize("screen, size", [
    ((0, 0), (24, 20)), ((0, 20), (24, 20)), ((8, 8), (24, 20)), ((40, 30), (40, 30)),
])
def test_a_gifs_screen_holds_its_first_picture(make, tmp_path, screen, size):
    frames = [(8, 4, 16, 16, 1, 20), (0, 0, 8, 8, 2, 20)]
    source = made.gif(tmp_path / "in.gif", screen, frames)
    for kind, name, options in (("image", "out.png", {}), ("animation", "out.gif", {"end": 9}),
                                ("animation", "out.webp", {"end": 9})):
        out = make(kind, source, name, **options)
        assert look.still(out, tmp_path).shape[1::-1] == size


@pytest.mark.parametrize("first", [
    (8, 4, 8, 8, 1, 20), (0, 0, 24, 20, 1, 20, 2), (0, 0, 24, 20, 1, 20, 3),
])
def test_nothing_is_where_a_gif_has_drawn_nothing(make, tmp_path, first):
    """Where it clears what it drew, or never drew, browsers show what is behind."""
    frames = [first, (0, 0, 4, 4, 2, 20)]
    source = made.gif(tmp_path / "in.gif", (24, 20), frames)
    for name in ("out.webp", "out.gif"):
        out = make("animation", source, name, end=9, quality="very_high")
        last = int(look.vips_header(out, "n-pages")) - 1
        pixels = frame_of(out, last, tmp_path)
        assert pixels[19, 23, 3] == 0 and look.close(pixels[2, 2], (0, 255, 0, 255), 6)
    poster = look.picture(make("image", source, "out.png", start=0.3), alpha=True)
    assert poster[19, 23, 3] == 0 and list(poster[2, 2]) == [0, 255, 0, 255]
    film = look.picture(make("video", source, "out.mp4"), at=0.2)
    assert film[18, 22].min() > 240


@pytest.mark.parametrize("kind, name", [("image", "out.png"), ("animation", "out.webp")])
def test_a_gif_of_one_small_frame_is_transparent_around_it(make, tmp_path, kind, name):
    source = made.gif(tmp_path / "in.gif", (24, 20), [(8, 4, 8, 8, 1, 20)])
    options = {} if kind == "image" else {"end": 9}
    pixels = look.still(make(kind, source, name, **options), tmp_path, alpha=True)
    assert pixels[0, 0, 3] == 0 and pixels[6, 10, 3] == 255 and pixels[6, 10, 0] > 240


@pytest.mark.parametrize("frames, has_alpha", [
    ([(8, 4, 8, 8, 1, 20)], True), ([(0, 0, 24, 20, 1, 20)], False),
    ([(0, 0, 24, 20, 1, 20, 2), (0, 0, 4, 4, 2, 20)], True),
    ([(0, 0, 24, 20, 1, 20), (0, 0, 4, 4, 2, 20)], False),
])
def test_a_gif_with_bare_parts_is_said_to_have_an_alpha(tmp_path, frames, has_alpha):
    source = made.gif(tmp_path / "in.gif", (24, 20), frames)
    told = cli.ittybit("task", "probe", "-i", source, cwd=tmp_path).last["output"]
    assert told["streams"][0]["alpha"] == has_alpha


TWO_PICTURES_OF_JPEG_XL = bytes.fromhex(  # 16x16, red and green, of 0.2 s each
    "ff0a43040158505c1208082085000068004b188b1500d48c3118c70b4800a0480903b048e0df0f4885f607080832"
    "911401005c004b188b15001c186370f02e20010041609a987f3fe8a939")


@pytest.mark.parametrize("is_boxed", [False, True])
def test_an_animated_jpeg_xl_is_said_to_be_read_in_part(make, refuse, tmp_path, is_boxed):
    source = tmp_path / "in.jxl"
    boxes = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\0jxlc"
    source.write_bytes(is_boxed * boxes + TWO_PICTURES_OF_JPEG_XL)
    for kind, name, options in (("image", "out.png", {}), ("animation", "out.gif", {"end": 1})):
        out = make(kind, source, name, **options)
        assert look.close(look.still(out, tmp_path)[8, 8], (255, 0, 0), 6)
        assert [said for said in make.run.warnings if "only the first picture" in said]
    for kind, name in (("video", "out.mp4"), ("adaptive", "out.m3u8")):
        assert "animated JPEG XL" in refuse(kind, source, name).message


def test_a_still_jpeg_xl_is_read_without_a_warning(make, media, tmp_path):
    source = tmp_path / "in.jxl"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", media / "photo.png", source],
                   check=True)
    make("image", source, "out.png")
    assert make.run.warnings == []
