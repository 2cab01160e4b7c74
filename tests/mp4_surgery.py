#!/usr/bin/env python3
"""Changes an MP4 in place where no tool of every FFmpeg version will.

mp4_surgery.py matrix FILE 90|180|270|hflip|vflip|transpose
    how the video track is to be displayed: turned clockwise, or mirrored
mp4_surgery.py hide-first-audio FILE
    the first audio track's codec becomes one that nobody knows"""
import pathlib
import struct
import sys

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


path = pathlib.Path(sys.argv[2])
content = bytearray(path.read_bytes())
if sys.argv[1] == "matrix":
    set_matrix(content, sys.argv[3])
else:
    hide_first_audio(content)
path.write_bytes(content)
