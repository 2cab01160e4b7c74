#!/usr/bin/env python3
"""Long films that two workers share: what comes out is what one makes.

    split_soak.py [FILM…]        of FILMS; all of them

Each film is encoded whole by one worker, and by two in the pieces that `--split auto` cuts it into.
Both must have the same pictures at the same times, the same length and the very same sound, as
`test_split.py` asks it of films of some seconds; and no piece may be left. Nothing is random here.
What only length can break is looked for: ticks rounded at the hundredth joint, a hundred pieces
one behind the other, hours of sound beside them."""
import argparse
import collections
import pathlib
import sys
import tempfile
import time

import cli
import look
from service import Receiver, Server, Worker
from test_split import assert_alike, assert_nothing_is_left, ffmpeg, fetched, packets, pieces_of

FILMS = {  # size, seconds, what is asked for
    "two-hours": ("64x36", 7200, {"quality": "medium"}),
    "ten-minutes": ("1280x720", 600, {"quality": "medium"}),
}
LONGEST = 3600  # seconds of one encode


def make_film(path, size, seconds):
    """Pictures that all differ, with sound that does, too; reordered, in open groups."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d={seconds}", "-f", "lavfi", "-i",
           f"aevalsrc=0.3*sin(2*PI*(200+mod(t\\,60)*60)*t):s=48000:d={seconds}", "-c:v", "libx264",
           "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "3", "-g", "70", "-x264-params",
           "open-gop=1:b-pyramid=normal", "-c:a", "aac", path)


def made(server, film, options, path):
    """The job that made it, and the seconds that it took."""
    begin = time.monotonic()
    job = server.job(input=film, kind="video", options=options)
    return fetched(server, job, path, LONGEST), time.monotonic() - begin


def compare(name, folder, url, alone, both):
    size, seconds, options = FILMS[name]
    make_film(folder / f"{name}.mp4", size, seconds)
    film = f"{url}/{name}.mp4"
    whole, split = folder / "whole.mp4", folder / "split.mp4"
    one, took_one = made(alone, film, options, whole)
    two, took_two = made(both, film, options, split)
    pieces = pieces_of(both, two)
    assert sorted(piece["piece"] for piece in pieces) == list(range(len(pieces))), pieces
    assert all(piece["outcome"] == "done" for piece in pieces), pieces
    workers = collections.Counter(piece["by"] for piece in pieces)
    assert len(workers) == 2, workers
    likeness = assert_alike(split, whole)
    assert two["warnings"] == one["warnings"]
    assert_nothing_is_left(both)
    growth = split.stat().st_size / whole.stat().st_size - 1
    shares = " and ".join(map(str, workers.values()))
    print(f"{name}: {len(packets(split, 'v:0'))} pictures in {len(pieces)} pieces ({shares}), "
          f"{len(packets(split, 'a:0'))} packets of sound, {look.duration(split):.3f} s, all as "
          f"of one worker; SSIM {likeness:.4f} between both, {100 * growth:+.1f} % of bytes; "
          f"{took_one:.0f} s by one, {took_two:.0f} s by two", flush=True)


def main():
    reader = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    reader.add_argument("films", nargs="*", metavar="FILM", default=list(FILMS))
    films = reader.parse_args().films
    print(f"build {cli.build()}")
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        for name in ("alone", "both", "films"):
            (folder / name).mkdir()
        origin = Receiver(folder / "films")
        alone = Server(folder / "alone", "--split", "never", "--concurrency", "1")
        both = Server(folder / "both", "--concurrency", "1")
        both.worker = Worker(both, "--concurrency", "1")
        for name in films:
            compare(name, folder / "films", origin.url, alone, both)
        assert both.worker.stop() == 0 and both.stop() == 0 and alone.stop() == 0
        origin.close()


if __name__ == "__main__":
    sys.exit(main())
