"""Pictures of kinds that no tool of the distribution makes in one step. Each is the same scene: a
ramp from black to red along x and to green along y, with blue at 90, which lossy coding at high
quality keeps within a few levels. (No tool here writes XYB JPEG: what is hard of it is a profile
that has nothing but one table, which `turned_jpeg` has.)"""
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy

WIDTH, HEIGHT = 96, 64


def scene(width=WIDTH, height=HEIGHT):
    """Height × width × 3 bytes."""
    pixels = numpy.full((height, width, 3), 90, numpy.uint8)
    pixels[:, :, 0] = numpy.linspace(0, 255, width)[None, :]
    pixels[:, :, 1] = numpy.linspace(0, 255, height)[:, None]
    return pixels


def soft_alpha(width=WIDTH, height=HEIGHT):
    """From 64 at the left to 255 at the right."""
    return numpy.broadcast_to(numpy.linspace(64, 255, width).astype(numpy.uint8), (height, width))


def chunk(name, content):
    """Of a PNG."""
    return (struct.pack(">I", len(content)) + name + content
            + struct.pack(">I", zlib.crc32(name + content)))


def png_start(width, height, bands):
    """What is in front of a PNG's pixels."""
    kind = {1: 0, 3: 2, 4: 6}[bands]
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))


def png_pixels(pixels):
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))


def png(path, pixels):
    """Rows of 1 (grey), 3 (RGB) or 4 (RGBA) bytes a pixel."""
    height, width, bands = pixels.shape
    path = pathlib.Path(path)
    path.write_bytes(png_start(width, height, bands) + chunk(b"IDAT", png_pixels(pixels))
                     + chunk(b"IEND", b""))
    return path


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


# TIFF
def tiff(path, strips, **tags):
    """A little-endian TIFF of one directory: `tags` as numbers, strips as bytes."""
    names = {
        "width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262,
        "offsets": 273, "bands": 277, "rows": 278, "counts": 279, "planar": 284,
        "subsampling": 530, "reference": 532, "extra": 338, "position": 531, "format": 339,
    }
    tags["counts"] = [len(strip) for strip in strips]
    tags["offsets"] = [0] * len(strips)
    count = len(tags)
    at = 8 + 2 + 12 * count + 4
    entries, behind = [], b""
    placed = {}
    for name, value in sorted(tags.items(), key=lambda tag: names[tag[0]]):
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        code, form = (5, "II") if name == "reference" else (4, "I") if name in (
            "width", "height", "offsets", "counts") else (3, "H")
        content = b"".join(
            struct.pack("<II", v, 1) if code == 5 else struct.pack("<" + form, v) for v in values)
        if len(content) > 4:
            placed[name] = at + len(behind)
            entry = struct.pack("<HHII", names[name], code, len(values), placed[name])
            behind += content + b"\0" * (len(content) % 2)
        else:
            placed[name] = 8 + 2 + 12 * len(entries) + 8
            entry = struct.pack("<HHI", names[name], code, len(values)) + content.ljust(4, b"\0")
        entries.append(entry)
    file = bytearray(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", count)
                     + b"".join(entries) + b"\0\0\0\0" + behind)
    for number, strip in enumerate(strips):
        struct.pack_into("<I", file, placed["offsets"] + 4 * number, len(file))
        file += strip
    pathlib.Path(path).write_bytes(file)
    return pathlib.Path(path)


def ycbcr(pixels):
    """BT.601, full range: three planes of floats."""
    red, green, blue = (pixels[:, :, i].astype(float) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma, (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128


def ycbcr_tiff(path, across=1, down=1, rows=HEIGHT, is_zipped=False, is_ranged=False):
    """Luma and colour differences without a JPEG around them (TIFF 6.0, section 21): units of
    across × down lumas and one of each difference. `is_ranged`: luma from 16 to 235, as the tag
    ReferenceBlackWhite then says."""
    luma, blue, red = ycbcr(scene())
    if is_ranged:
        luma = 16 + luma * 219 / 255
        blue, red = (128 + (plane - 128) * 224 / 255 for plane in (blue, red))
    planes = [numpy.round(plane).clip(0, 255).astype(numpy.uint8) for plane in (luma, blue, red)]
    strips = []
    for top in range(0, HEIGHT, rows):
        strip = bytearray()
        for y in range(top, min(top + rows, HEIGHT), down):
            for x in range(0, WIDTH, across):
                strip += planes[0][y : y + down, x : x + across].tobytes()
                strip += bytes(
                    int(plane[y : y + down, x : x + across].mean().round()) for plane in planes[1:])
        strips.append(zlib.compress(bytes(strip)) if is_zipped else bytes(strip))
    reference = [16, 235, 128, 240, 128, 240] if is_ranged else [0, 255, 128, 255, 128, 255]
    return tiff(
        path, strips, width=WIDTH, height=HEIGHT, bits=[8, 8, 8], compression=8 if is_zipped else 1,
        photometric=6, bands=3, rows=rows, planar=1, subsampling=[across, down],
        reference=reference, position=1)


def vast_tiff(path, width, height):
    """A header of luma and colour differences, and no pixels to speak of."""
    return tiff(
        path, [zlib.compress(bytes(3))], width=width, height=height, bits=[8, 8, 8], compression=8,
        photometric=6, bands=3, rows=height, planar=1, subsampling=[1, 1])


def planar_tiff(path, extra):
    """Red, green, blue and alpha one behind the other: `extra` is the meaning of the fourth."""
    planes = [scene()[:, :, i].tobytes() for i in range(3)] + [soft_alpha().tobytes()]
    return tiff(
        path, planes, width=WIDTH, height=HEIGHT, bits=[8] * 4, compression=1, photometric=2,
        bands=4, rows=HEIGHT, planar=2, extra=extra)


def grey_planes_tiff(path, extra, bands=2):
    """The scene's red as grey, and behind it the alpha in a plane of its own."""
    planes = [scene()[:, :, 0].tobytes()] + [soft_alpha().tobytes()] * (bands - 1)
    return tiff(
        path, planes, width=WIDTH, height=HEIGHT, bits=[8] * bands, compression=1, photometric=1,
        bands=bands, rows=HEIGHT, planar=2, extra=extra)


def lab_tiff(path, lightness, red, blue, photometric=9, deep=False):
    """One colour as ICC L*a*b* (TIFF Technical Note 4) of 8 or 16 bits."""
    code = [round(lightness * 2.55), red + 128, blue + 128]
    pixel = struct.pack("<3H", *(value * 256 for value in code)) if deep else bytes(code)
    return tiff(
        path, [pixel * (WIDTH * HEIGHT)], width=WIDTH, height=HEIGHT, bits=[16 if deep else 8] * 3,
        compression=1, photometric=photometric, bands=3, rows=HEIGHT, planar=1)


def nameless_tiff(path):
    """Floats without the tag that says what the numbers mean, which is required."""
    return tiff(
        path, [scene().astype("<f4").tobytes()], width=WIDTH, height=HEIGHT, bits=[32] * 3,
        compression=1, bands=3, rows=HEIGHT, planar=1, format=[3] * 3)


# HEIF
def boxes(data, start=0, end=None):
    """(name, where it begins, where its content begins, where it ends) of each box."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size = struct.unpack_from(">I", data, start)[0] or end - start
        yield bytes(data[start + 4 : start + 8]), start, start + 8, start + size
        start += size


def box_in(data, *names):
    """Content and end of the box that lies in boxes of these names."""
    begin, end = 0, len(data)
    for name in names:
        skip = 4 if name == b"meta" else 0  # a full box
        begin, end = next((at + skip, to) for found, _, at, to in boxes(data, begin, end)
                          if found == name)
    return begin, end


def shift_items(data, by):
    """Moves what `iloc` says of a file's items (version 0 or 1, offsets of four bytes)."""
    at, _ = box_in(data, b"meta", b"iloc")
    version = data[at]
    count = struct.unpack_from(">H", data, at + 6)[0]
    base = data[at + 5] >> 4
    assert data[at + 4] == 0x44 and version < 2
    at += 8
    for _ in range(count):
        at += 2 + (2 if version == 1 else 0) + 2 + base
        extents = struct.unpack_from(">H", data, at)[0]
        at += 2
        for _ in range(extents):
            struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + by)
            at += 8


def burst_heic(path):
    """The primary picture is the scene; behind it a track of three smaller grey pictures."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run("heif-enc", "-q", 95, "-p", "chroma=444",
            png(folder / "still.png", scene()), "-o", folder / "still.heic")
        run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
            "color=gray:size=64x64:rate=10", "-frames:v", 3, "-c:v", "libx265",
            "-x265-params", "log-level=none", "-tag:v", "hvc1",
            folder / "track.mp4")
        still = bytearray((folder / "still.heic").read_bytes())
        track = bytearray((folder / "track.mp4").read_bytes())
    brands = b"msf1\0\0\0\0mif1heichevcmsf1"
    head = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands
    old = next(to for name, _, _, to in boxes(still) if name == b"ftyp")
    shift_items(still, len(head) - old)
    joined = bytearray(head + still[old:])
    skipped = next(to for name, _, _, to in boxes(track) if name == b"ftyp")
    at = track.index(b"stco") + 8
    for i in range(struct.unpack_from(">I", track, at)[0]):
        place = at + 4 + 4 * i
        offset = struct.unpack_from(">I", track, place)[0]
        struct.pack_into(">I", track, place, offset + len(joined) - skipped)
    pathlib.Path(path).write_bytes(joined + track[skipped:])
    return pathlib.Path(path)


def rgba(path):
    return png(path, numpy.dstack([scene(), soft_alpha()]))


def avif(path, *options, pictures=1):
    """The scene with its soft alpha; several pictures grow greener one by one."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inputs = []
        for number in range(pictures):
            pixels = numpy.dstack([scene(), soft_alpha()])
            if pictures > 1:
                pixels[:, :, 1] = 80 * number
            inputs.append(png(folder / f"{number}.png", pixels))
        run("avifenc", "-s", 8, "--min", 0, "--max", 4, "--minalpha", 0, "--maxalpha", 0, "-y", 444,
            *options, *inputs, path)
    return pathlib.Path(path)


def avif_with_alpha_of_another_turn(path):
    """The colour is to be turned by 90 degrees, and its alpha says nothing of that: so wrote
    libavif before 1.0, and newer ones turn both."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        turned = numpy.rot90(numpy.dstack([scene(), soft_alpha()]), -1)
        run("avifenc", "-s", 8, "--min", 0, "--max", 4, "--irot", 1, "-y", 444,
            png(folder / "turned.png", numpy.ascontiguousarray(turned)), path)
    return path


def avif_that_plays(path, times):
    """Three pictures that play so often: an edit list says it of the first track."""
    usage = subprocess.run(["avifenc", "--help"], capture_output=True, check=False).stdout
    if b"--repetition-count" in usage:
        return avif(path, "--fps", 5, "--repetition-count", times - 1, pictures=3)
    avif(path, "--fps", 5, pictures=3)
    data = bytearray(path.read_bytes())
    header, header_end = box_in(data, b"moov", b"trak", b"tkhd")
    assert data[header] == 1
    once = struct.unpack_from(">Q", data, header + 28)[0]
    struct.pack_into(">Q", data, header + 28, once * times)
    flags = 1 if times > 1 else 0
    edits = struct.pack(
        ">I4sI4sIIQqHH", 44, b"edts", 36, b"elst", 1 << 24 | flags, 1, once, 0, 1, 0)
    assert len(edits) == 44
    data[header_end:header_end] = edits
    for name in (b"moov", b"trak"):
        at = data.index(name) - 4
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(edits))
    shift_items(data, len(edits))
    at = 0
    while (at := data.find(b"stco", at + 1)) > 0:
        for i in range(struct.unpack_from(">I", data, at + 8)[0]):
            place = at + 12 + 4 * i
            struct.pack_into(">I", data, place,
                             struct.unpack_from(">I", data, place)[0] + len(edits))
    path.write_bytes(data)
    return path


def attached(path, song, content):
    """An MP3 with something attached to it that calls itself a JPEG (ID3v2.3, 4.15)."""
    content = b"\0image/jpeg\0\3\0" + content
    frame = b"APIC" + struct.pack(">IH", len(content), 0) + content
    size = bytes(len(frame) >> by & 0x7F for by in (21, 14, 7, 0))
    path = pathlib.Path(path)
    path.write_bytes(b"ID3\3\0\0" + size + frame + song)
    return path


def fade(path):
    """Eight seconds from grey 60 to grey 198, while a red square crosses."""
    run("ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
        "nullsrc=size=96x64:rate=12:duration=8,format=gbrp,"
        "geq=r='60+138*T/8':g='60+138*T/8':b='60+138*T/8',format=rgb24", "-f", "lavfi", "-i",
        "color=red:size=16x16:rate=12:duration=8", "-filter_complex",
        "[0][1]overlay=x='t*8':y=24:format=rgb", "-c:v", "ffv1", path)
    return pathlib.Path(path)


def icc_profile(space, connection, *tags):
    """An ICC profile (ICC.1:2001): what a picture's colours are told in, and by which tags."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    words = b"text" + bytes(4) + b"CC0\0"
    named = b"desc" + bytes(4) + struct.pack(">I", 5) + b"made\0" + bytes(78)
    tags = (*tags, (b"wtpt", white), (b"cprt", words), (b"desc", named))
    body, index = b"", b""
    for name, content in tags:
        content += bytes(-len(content) % 4)
        index += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", 132 + len(index) + len(body), bytes(4), 0x02400000, b"mntr",
                       space, connection) + bytes(12) + b"acsp"
    head += bytes(68 - len(head)) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + index + body


def grey_profile():
    """For grey pictures, of gamma 2.2."""
    return icc_profile(b"GRAY", b"XYZ ", (b"kTRC", b"curv" + bytes(4) + struct.pack(">IH", 1, 563)))


def table_profile():
    """An ICC profile (ICC.1:2001) of one table for the perceptual intent, A2B0: what is stored as
    red is green, green is blue and blue is red."""
    matrix = numpy.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606],
                          [0.0139, 0.0971, 0.7142]])  # sRGB's primaries by D50
    levels = numpy.linspace(0, 1, 17)
    stored = numpy.stack(numpy.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    linear = numpy.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    xyz = linear[:, [2, 0, 1]] @ matrix.T / (0.9642, 1, 0.8249)
    f = numpy.where(xyz > 0.008856, numpy.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f.T
    lab = numpy.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)
    coded = numpy.clip((lab + (0, 128, 128)) * (652.8, 256, 256), 0, 65535).round().astype(">u2")
    ramp = struct.pack(">HH", 0, 65535) * 3
    table = (b"mft2" + bytes(4) + bytes([3, 3, 17, 0]) + struct.pack(">9i", *numpy.eye(3, dtype=int)
             .ravel() * 65536) + struct.pack(">HH", 2, 2) + ramp + coded.tobytes() + ramp)
    return icc_profile(b"RGB ", b"Lab ", (b"A2B0", table))


def jpeg(path, pixels, profile=b""):
    """With little loss, and an ICC profile where one is given."""
    path = pathlib.Path(path)
    plain = png(path.with_suffix(".plain.png"), pixels)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", plain, "-pix_fmt", "yuvj444p",
                    "-q:v", "1", path], check=True)
    parts = [profile[at : at + 65000] for at in range(0, len(profile), 65000)]
    marks = b"".join(
        b"\xff\xe2" + struct.pack(">H", 16 + len(part)) + b"ICC_PROFILE\0"
        + bytes([number + 1, len(parts)]) + part for number, part in enumerate(parts))
    data = path.read_bytes()
    path.write_bytes(data[:2] + marks + data[2:])
    return path


def turned_jpeg(path):
    """The scene under `table_profile`, stored so that it is itself when the profile is heeded."""
    return jpeg(path, scene()[:, :, [1, 2, 0]], table_profile())


# What is told in a few bytes
def chunked(path, pixels, *chunks):
    """A PNG with (name, content) chunks behind its header."""
    data = png(path, pixels).read_bytes()
    path.write_bytes(data[:33] + b"".join(chunk(*each) for each in chunks) + data[33:])
    return path


def apng(path, frames, *chunks):
    """Whole frames for a fifth of a second each, with (name, content) chunks behind the header."""
    height, width, bands = frames[0].shape
    data = png_start(width, height, bands) + b"".join(chunk(*each) for each in chunks)
    data += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    for i, pixels in enumerate(frames):
        number = max(0, 2 * i - 1)
        data += chunk(b"fcTL", struct.pack(">5I2H2B", number, width, height, 0, 0, 1, 5, 0, 0))
        content = png_pixels(pixels)
        data += chunk(b"fdAT", struct.pack(">I", number + 1) + content) if i else chunk(
            b"IDAT", content)
    path.write_bytes(data + chunk(b"IEND", b""))
    return path


def by_display_p3(pixels):
    """sRGB's levels of what is stored as Display P3's."""
    to_srgb = numpy.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    light = (light_of(pixels) @ to_srgb.T).clip(0, 1)
    return 255 * numpy.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def light_of(pixels):
    """sRGB's levels as light, 0–1."""
    levels = pixels / 255
    return numpy.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def camera_jpeg(path, colour):
    """One colour as a camera stores it in AdobeRGB: without a profile, named by DCF's option."""
    to_adobe = numpy.array([[0.71513, 0.28487, 0], [0, 1, 0], [0, 0.04117, 0.95883]])
    stored = 255 * (light_of(numpy.array(colour)) @ to_adobe.T) ** (256 / 563)
    jpeg(path, numpy.tile(stored.round().astype(numpy.uint8), (HEIGHT, WIDTH, 1)))
    run("exiftool", "-q", "-overwrite_original", "-n", "-ColorSpace=65535",
        "-InteropIndex=R03", path)
    return path


def float_tiff(path, pixels, greatest, **tags):
    """Samples from 0 to `greatest` in floating point."""
    bands = pixels.shape[2]
    samples = (pixels.astype(float) * greatest / 255).astype("<f4")
    return tiff(
        path, [samples.tobytes()], width=WIDTH, height=HEIGHT, bits=[32] * bands, compression=1,
        photometric=2 if bands > 2 else 1, bands=bands, rows=HEIGHT, planar=1, format=[3] * bands,
        **tags)


def few_colours(path, colours):
    """Blocks of some colours in a palette, as sharp as a screenshot's: how they were saved."""
    blocks = numpy.add.outer(numpy.arange(300) // 7 * 3, numpy.arange(400) // 5) % colours
    pixels = numpy.stack([blocks * 255 // (colours - 1)] * 3, 2).astype(numpy.uint8)
    bits = 1 if colours == 2 else 4 if colours <= 16 else 8
    plain = png(path.with_suffix(".plain.png"), pixels)
    run("vips", "copy", plain, f"{path}[palette,bitdepth={bits},dither=0,compression=9]")
    return path


def gif(path, screen, frames, plays=None):
    """Filled rectangles (left, top, width, height, colour of four, hundredths, and how it is
    cleared: 1, not at all, where nothing is said); `plays`: what the block of Netscape says."""
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x91, 0, 0)
    data += bytes((0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255))
    if plays is not None:
        data += b"\x21\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<H", plays) + b"\0"
    for left, top, width, height, colour, delay, *cleared in frames:
        way = cleared[0] if cleared else 1
        data += b"\x21\xf9\4" + struct.pack("<BH", way << 2, delay) + b"\0\0"
        data += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0) + b"\2"
        # Codes of three bits, and "begin anew" (4) before they would need four.
        codes = "".join(f"{colour:03b}" + ("" if i % 2 else "100")
                        for i in reversed(range(width * height)))
        bits = "101" + codes
        packed = int(bits, 2).to_bytes(len(bits) // 8 + 1, "little")
        for at in range(0, len(packed), 255):
            data += bytes([len(packed[at : at + 255])]) + packed[at : at + 255]
        data += b"\0"
    path.write_bytes(data + b"\x3b")
    return path
