#!/usr/bin/env python3
"""Changes a file in place where no tool of every FFmpeg version will.

surgery.py matrix FILE.mp4 90|180|270|hflip|vflip|transpose
    how the video track is to be displayed: turned clockwise, or mirrored
surgery.py hide-first-audio FILE.mp4
    the first audio track's codec becomes one that nobody knows
surgery.py gapless FILE.m4a SAMPLES
    so many are not to be heard at the front, as iTunes says it, in place of an edit list
surgery.py colours FILE.png PRIMARIES TRANSFER
    a cICP chunk in place of every word on colour, with code points of H.273"""
import pathlib
import struct
import sys
import zlib

ONE = 0x10000
# a b c d of the track header's matrix: x' = a·x + c·y, y' = b·x + d·y, with y downwards
MATRICES = {
    "90": (0, ONE, -ONE, 0),
    "180": (-ONE, 0, 0, -ONE),
    "270": (0, -ONE, ONE, 0),
    "hflip": (-ONE, 0, 0, ONE),
    "vflip": (ONE, 0, 0, -ONE),
    "transpose": (0, ONE, ONE, 0),
}


def set_matrix(data, way):
    position = data.index(b"tkhd") + 4
    matrix = position + (52 if data[position] == 1 else 40)
    width, height = (size >> 16 for size in struct.unpack_from(">II", data, matrix + 36))
    a, b, c, d = MATRICES[way]
    x = width if a < 0 else height if c < 0 else 0
    y = height if d < 0 else width if b < 0 else 0
    struct.pack_into(">iiiiiiiii", data, matrix, a, b, 0, c, d, 0, x * ONE, y * ONE, 1 << 30)


def hide_first_audio(data):
    entry = data.index(b"mp4a", data.index(b"stsd", data.index(b"smhd")))
    data[entry : entry + 4] = b"apac"
    inner = data.index(b"esds", entry)
    data[inner : inner + 4] = b"xxxx"


def box(name, *inside):
    content = b"".join(inside)
    return struct.pack(">I", 8 + len(content)) + name + content


def set_gapless(data, samples):
    """The moov must be the last box, so that nothing moves."""
    data[data.index(b"edts") : data.index(b"edts") + 4] = b"free"
    numbers = f" 00000000 {samples:08X} 00000000 {0:016X}{' 00000000' * 8}".encode()
    flags = bytes(4)
    word = box(
        b"----",
        box(b"mean", flags, b"com.apple.iTunes"),
        box(b"name", flags, b"iTunSMPB"),
        box(b"data", struct.pack(">II", 1, 0), numbers),
    )
    handler = box(b"hdlr", flags, bytes(4), b"mdirappl", bytes(9))
    added = box(b"udta", box(b"meta", flags, handler, box(b"ilst", word)))
    start = data.index(b"moov") - 4
    old = data.find(b"udta", start)
    if old > 0:
        data[old : old + 4] = b"free"
    struct.pack_into(">I", data, start, len(data) - start + len(added))
    data += added


def set_colours(data, primaries, transfer):
    kept, position = bytearray(data[:8]), 8
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        name = bytes(data[position + 4 : position + 8])
        if name not in (b"iCCP", b"cHRM", b"gAMA", b"sRGB", b"cICP"):
            kept += data[position:end]
        if name == b"IHDR":
            chunk = b"cICP" + bytes((primaries, transfer, 0, 1))
            kept += struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        position = end
    data[:] = kept


path = pathlib.Path(sys.argv[2])
content = bytearray(path.read_bytes())
if sys.argv[1] == "matrix":
    set_matrix(content, sys.argv[3])
elif sys.argv[1] == "gapless":
    set_gapless(content, int(sys.argv[3]))
elif sys.argv[1] == "colours":
    set_colours(content, int(sys.argv[3]), int(sys.argv[4]))
else:
    hide_first_audio(content)
path.write_bytes(content)
