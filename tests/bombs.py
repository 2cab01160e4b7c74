#!/usr/bin/env python3
"""Makes files that are small and would be endless work: bombs.py FOLDER."""
import pathlib
import struct
import sys
import zlib


def png(width, height):
    """All white, one bit a pixel: true and complete, a thousandth of what it unfolds to."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    rows = (b"\0" + b"\xff" * (width // 8)) * 64
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(rows) for _ in range(height // 64)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(frames, side):
    """Frames of one pixel on a large canvas, each shown for a tenth of a second."""
    size = struct.pack("<HH", side, side)
    frame = (b"\x21\xf9\x04\0\x0a\0\0\0" + b"\x2c" + bytes(4) + struct.pack("<HH", 1, 1) + b"\0"
             + b"\x02\x02\x44\x01\0")
    return b"GIF89a" + size + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + frame * frames + b"\x3b"


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def track(number, timescale, runs):
    """A track that shows one picture again and again: `runs` are (count, step), in `timescale`."""
    count = sum(many for many, _ in runs)
    matrix = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    length = sum(many * step for many, step in runs)
    tkhd = box(b"tkhd", struct.pack(">IQQIIQ", 1 << 24 | 7, 0, 0, number, 0, length), bytes(16),
               matrix, struct.pack(">II", 64 << 16, 64 << 16))
    mdhd = box(b"mdhd", struct.pack(">IQQIQHH", 1 << 24, 0, 0, timescale, length, 0x55C4, 0))
    hdlr = box(b"hdlr", bytes(8), b"vide", bytes(13))
    entry = box(b"jpeg", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", 64, 64),
                struct.pack(">II", 72 << 16, 72 << 16), bytes(4), struct.pack(">H", 1), bytes(32),
                struct.pack(">Hh", 24, -1))
    stbl = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry),
               box(b"stts", struct.pack(">II", 0, len(runs)),
                                *(struct.pack(">II", *run) for run in runs)),
               box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
               box(b"stsz", struct.pack(">III", 0, len(JPEG), count)),
               box(b"stco", struct.pack(">II", 0, count), struct.pack(">I", FIRST) * count))
    here = box(b"dref", struct.pack(">II", 0, 1), box(b"url ", b"\0\0\0\1"))
    minf = box(b"minf", box(b"vmhd", bytes(12)), box(b"dinf", here), stbl)
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, minf))


def mp4(tracks, timescale):
    mvhd = box(b"mvhd", struct.pack(">IIIIIIHH", 0, 0, 0, timescale, 0, 1 << 16, 1 << 8, 0),
               bytes(8), struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30),
               bytes(24), struct.pack(">I", len(tracks) + 1))
    head = box(b"ftyp", b"isom", struct.pack(">I", 512))
    return head + box(b"mdat", bytes(FIRST - len(head) - 8), JPEG) + box(b"moov", mvhd, *tracks)


# One picture of 64×64 pixels, for the tracks to show again and again.
JPEG = b""
FIRST = 64  # where it lies in a file


def make(folder, picture):
    global JPEG
    JPEG = pathlib.Path(picture).read_bytes()
    century, hours = 100 * 365 * 86400, 4_000_000_000
    bombs = {
        "huge.png": lambda: png(65536, 65536),
        "frames.gif": lambda: gif(100_000, 16),
        "canvas.gif": lambda: gif(20_000, 8000),
        "streams.mp4": lambda: mp4([track(n, 25, [(1, 1)]) for n in range(1, 5001)], 25),
        "century.mp4": lambda: mp4([track(1, 1, [(10, century // 10)])], 1),
        # A million pictures a second, as its first ones say; then one an hour for two days less.
        "rate.mp4": lambda: mp4([track(1, 1_000_000, [(20, 1), (40, hours)])], 1_000_000),
    }
    for name, build in bombs.items():
        path = pathlib.Path(folder, name)
        if not path.exists():
            path.write_bytes(build())


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2])
