"""Pictures and animations as the field has them: ../shared/media/field, or the folder that
ITTYBIT_FIELD names. What each must become is a row here, and in README.tsv beside them."""
import os
import pathlib

import numpy
import pytest

import cli
import look

FIELD = pathlib.Path(os.environ.get("ITTYBIT_FIELD", cli.ROOT.parent / "shared/media/field"))


@pytest.fixture
def source(request):
    path = FIELD / request.param
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def rows(*cases):
    """rows((name, what is right…)…): one test a case."""
    return pytest.mark.parametrize("source, case", [(name, case) for name, *case in cases],
                                   indirect=["source"])


def png_of(make, source):
    return look.picture(make("image", source, "out.png"), alpha=True).astype(int)


@rows(
    ("avif-gainmap-tmap-nclx-first.avif", "avif-gainmap-tmap-nclx-first.right.avif", 1),
    ("jpeg-rgb-with-gray-icc.jpg", "photo.png", 5),
    ("tiff-big.tif", "photo.png", 1),
    ("tiff-ycbcr-raw.tif", "photo.png", 3),
    ("png-gamma-1.0.png", "photo.png", 1),
    ("la-ArcTriomphe-cHRM-red-green-swap.png",
     "la-ArcTriomphe-cHRM-red-green-swap-reference.png", 3),
    ("avif-premul-alpha-soft.avif", "alpha-soft.png", 1.5),
)
def test_a_picture_is_like_its_reference(make, tmp_path, source, case):
    reference, most = case
    pixels = png_of(make, source)
    wanted = look.still(FIELD / reference, tmp_path, alpha=True).astype(int)
    seen = wanted[:, :, 3] > 100
    assert abs(pixels - wanted)[seen][:, :3].mean() < most


@rows(
    ("tiff-float-gray-0to1.tif", (163,) * 3), ("la-kodim03_grayscale_gamma1.6.png", (129,) * 3),
    ("vi-sample-xyb.jpg", (126, 117, 108)), ("ios18-iphone15pro.heic", None),
    ("gif-screen-0x0.gif", None), ("vi-ojpeg-strip.tif", None),
    ("pi-separate_planar_extra_samples.tiff", None), ("dcf-green.jpg", (30, 180, 90)),
)
def test_a_picture_has_the_right_light(make, source, case):
    mean = png_of(make, source)[:, :, :3].mean(axis=(0, 1))
    assert case[0] is None or abs(mean - case[0]).max() < 3, mean


@rows(
    ("png-16bit-rgba-srgb-icc.png", (139, 240), 189),
    ("avif-premul-alpha-soft.avif", (139, 240), 189),
)
def test_alpha_is_kept_at_a_point(make, source, case):
    (x, y), alpha = case
    assert abs(png_of(make, source)[y, x, 3] - alpha) <= 1


@rows(("infer-ios18-sample2.heic", 24, 255), ("la-abc_color_irot_alpha_NOirot.avif", 128, 255))
def test_alpha_has_its_range(make, source, case):
    alpha = png_of(make, source)[:, :, 3]
    assert abs(alpha.min() - case[0]) <= 2 and alpha.max() == case[1]


@rows(("ios18-iphone15pro.heic", (4032, 3024)), ("ph-bird_burst.heic", (720, 1280)),
      ("gif-screen-0x0.gif", (16, 16)))
def test_a_picture_has_its_size(make, source, case):
    assert png_of(make, source).shape[:2] == case[0]


@rows(("cmyk-k100.jpg",))
def test_black_ink_is_black(make, source, case):
    assert png_of(make, source)[5, 5, :3].max() < 24


@rows(("png-palette-screenshot.png",))
def test_a_palette_does_not_grow(make, source, case):
    out = make("image", source, "out.png")
    assert out.stat().st_size <= source.stat().st_size * 1.02
    assert (look.picture(out) == look.picture(source)).all()


@rows(("pi-12bit.cropped.tif",))
def test_what_nobody_reads_is_not_called_damaged(refuse, source, case):
    assert refuse("image", source, "out.png").error_kind == "unsupported_media"


TITLES = {
    "meta-copyright.jpg": {"Copyright": "(c) 2024 Jane Doe", "Rights": "(c) 2024 Jane Doe"},
    "meta-utf8.jpg": {"Artist": "José Ñandú 山田太郎", "Copyright": "© 2024 José",
                      "Creator": "José Ñandú 山田太郎", "Rights": "© 2024 José"},
    "meta-iptc-latin1.jpg": {"Artist": "José Müller", "Creator": "José Müller"},
    "meta-xmp.jpg": {"Creator": ["Ann", "Bob"], "Rights": "© 2022 Zoë", "Copyright": "© 2022 Zoë"},
}


@rows(*((name, form) for name in TITLES for form in ("jpeg", "png", "webp", "avif")))
def test_titles_come_through_in_any_alphabet(make, source, case):
    tags = look.exif(make("image", source, f"out.{case[0]}"))
    for name, wanted in TITLES[source.name].items():
        assert tags.get(name) == wanted, tags


@rows(("meta-long.jpg",))
def test_a_long_description_is_whole(make, source, case):
    assert len(look.exif(make("image", source, "out.jpeg"))["ImageDescription"]) == 564


def frames_of(path, folder):
    """The last frame of an animation."""
    pages = int(look.vips_header(path, "n-pages"))
    last = folder / "last.png"
    look.output_of("vips", "copy", f"{path}[page={pages - 1}]", last)
    return look.picture(last)


@rows(*(("fade.mkv", level) for level in ("very_low", "medium", "very_high")))
def test_an_animated_webp_follows_a_fade(make, tmp_path, source, case):
    out = make("animation", source, "out.webp", end=8, quality=case[0])
    assert abs(int(frames_of(out, tmp_path)[3, 3, 0]) - 198) <= 5


@rows(("loop-none.gif", 1), ("apng-plays2.apng", 2))
@pytest.mark.parametrize("name", ["out.gif", "out.webp"])
def test_how_often_it_plays_is_kept(make, source, case, name):
    out = make("animation", source, name, end=60)
    assert int(look.vips_header(out, "loop")) == case[0]
    assert (b"NETSCAPE" in out.read_bytes()) == (name == "out.gif" and case[0] != 1)


@rows(("gif-screen-0x0.gif",))
def test_a_gif_without_a_screen_moves(make, source, case):
    out = make("animation", source, "out.gif", end=60)
    assert look.displayed_size(look.first_picture_stream(out)) == (16, 16)
