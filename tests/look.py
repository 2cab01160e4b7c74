"""What a result really is: looked at with FFmpeg and the formats' own checkers, never with ours."""
import json
import pathlib
import re
import subprocess

import numpy

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
GREY = (128, 128, 128)


def output_of(*command, timeout=120):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')[-2000:]}"
    return done.stdout


def libavcodec():
    """The major version of FFmpeg's codecs."""
    told = output_of("ffmpeg", "-hide_banner", "-version").decode()
    return int(re.search(r"libavcodec\s+(\d+)", told).group(1))


def probe(path):
    """ffprobe's format and streams, with streams also by type."""
    told = json.loads(
        output_of("ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path)
    )
    for kind in ("video", "audio", "subtitle", "data"):
        told[kind] = [s for s in told["streams"] if s["codec_type"] == kind]
    return told


def duration(path):
    return float(probe(path)["format"]["duration"])


def decode_complaints(path):
    """What FFmpeg has to say when it reads every frame and stops at the first error."""
    # Three frames of MP3 may look to FFmpeg as much like H.263, and then it opens neither.
    form = ["-f", "mp3"] if str(path).endswith(".mp3") else []
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-xerror", *form, "-i", str(path), "-f", "null",
         "-"],
        capture_output=True, text=True, timeout=300, check=False,
    )
    complaints = done.stderr.strip()
    return complaints or (f"exit {done.returncode}" if done.returncode else "")


def picture(path, at=0.0, alpha=False):
    """One frame as displayed: height × width × 3 (or 4) bytes. `at` in seconds."""
    seek = ["-ss", str(at)] if at else []
    stream = first_picture_stream(path)
    width, height = displayed_size(stream)
    form = "rgba" if alpha else "rgb24"
    raw = output_of(
        "ffmpeg", "-nostdin", "-v", "error", *seek, "-i", path, "-map", f"0:{stream['index']}",
        "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", form, "-",
    )
    assert raw, f"{path} has no picture at {at} s"
    return numpy.frombuffer(raw, numpy.uint8).reshape(height, width, -1)


def first_picture_stream(path):
    return probe(path)["video"][0]


def rotation_of(stream):
    return sum(int(side.get("rotation", 0)) for side in stream.get("side_data_list", []))


def displayed_size(stream):
    size = stream["width"], stream["height"]
    return size[::-1] if rotation_of(stream) % 180 else size


def still(path, folder, alpha=False):
    """A picture as libvips reads it: what FFmpeg 5.1 cannot read (animated WebP, HEIC) too."""
    ppm = pathlib.Path(folder) / f"{pathlib.Path(path).name}.look.png"
    output_of("vips", "copy", path, ppm)
    return picture(ppm, alpha=alpha)


def vips_header(path, field):
    """A fact of a picture, of all its frames together; None when it has no such fact."""
    pages = "[n=-1]" if pathlib.Path(path).suffix in (".gif", ".webp") else ""
    done = subprocess.run(
        ["vipsheader", "-f", field, f"{path}{pages}"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def close(colour, wanted, tolerance):
    return all(abs(int(a) - int(b)) <= tolerance for a, b in zip(colour, wanted))


def corners(pixels):
    """The mean colour in the middle of each corner's patch: top left, top right, bottom left,
    bottom right."""
    height, width = pixels.shape[:2]
    means = []
    for y in (height // 8, height * 7 // 8):
        for x in (width // 8, width * 7 // 8):
            reach = max(1, min(width, height) // 20)
            patch = pixels[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
            means.append(tuple(int(v) for v in patch.reshape(-1, pixels.shape[2]).mean(axis=0)))
    return means


def assert_corners(pixels, tolerance=40, wanted=(RED, GREEN, BLUE, YELLOW)):
    found = corners(pixels[:, :, :3])
    names = ("top left", "top right", "bottom left", "bottom right")
    for name, colour, expected in zip(names, found, wanted):
        assert close(colour, expected, tolerance), f"{name} is {colour}, not {expected}: {found}"


def frame_times(path):
    """Presentation times of the first video stream's frames, in seconds."""
    text = output_of(
        "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
        "frame=best_effort_timestamp_time", "-of", "csv=p=0", path,
    ).decode()
    return [float(line.strip(",")) for line in text.split() if line.strip(",") not in ("", "N/A")]


def frame_brightness(path):
    """Mean brightness of every frame, 0–255."""
    raw = output_of(
        "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode",
        "passthrough", "-vf", "scale=16:16:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", "-",
    )
    return numpy.frombuffer(raw, numpy.uint8).reshape(-1, 256).mean(axis=1)


def flash_times(path):
    """When the picture turns white: what the flash clips do on each whole second."""
    times, bright = frame_times(path), frame_brightness(path) > 215
    assert len(times) == len(bright)
    return [t for i, t in enumerate(times) if bright[i] and (i == 0 or not bright[i - 1])]


def samples(path, rate=48000, channels=1):
    """Sound as floats from time 0 of the file on: frames × channels."""
    raw = output_of(
        "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0", "-af",
        f"aresample={rate}:first_pts=0", "-ac", channels, "-f", "f32le", "-",
    )
    return numpy.frombuffer(raw, numpy.float32).reshape(-1, channels)


def beep_times(path, rate=48000):
    """When a beep begins, in seconds."""
    loud = numpy.abs(samples(path, rate)[:, 0]) > 0.15
    starts = []
    quiet_until = -1
    for index in numpy.flatnonzero(loud):
        if index > quiet_until:
            starts.append(index / rate)
        quiet_until = index + rate // 4
    return starts


def main_frequency(path):
    sound = samples(path)[:, 0]
    spectrum = numpy.abs(numpy.fft.rfft(sound * numpy.hanning(len(sound))))
    return float(numpy.argmax(spectrum) * 48000 / len(sound))


def assert_in_sync(path, frame):
    """Each flash has its beep: skew of at most a frame at start, middle and end."""
    flashes, beeps = flash_times(path), beep_times(path)
    assert len(flashes) >= 2 and len(beeps) >= 2, (flashes, beeps)
    for flash in flashes:
        nearest = min(beeps, key=lambda beep: abs(beep - flash))
        assert abs(nearest - flash) <= frame + 0.012, f"flashes {flashes}, beeps {beeps}"


def frame_hashes(path, stream="v:0"):
    """MD5 of each decoded frame."""
    text = output_of(
        "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", f"0:{stream}", "-fps_mode",
        "passthrough", "-f", "framemd5", "-",
    ).decode()
    return [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]


def exif(path):
    """All tags exiftool finds, by name."""
    return json.loads(output_of("exiftool", "-json", "-n", path))[0]


def private_tags(path):
    """Tags that say where, or by which device's number."""
    words = ("gps", "serial", "location")
    return [tag for tag in exif(path) if any(word in tag.lower() for word in words)]


def box_order(path):
    """Top-level boxes of an MP4."""
    data, position, names = pathlib.Path(path).read_bytes(), 0, []
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        names.append(data[position + 4 : position + 8].decode("latin-1"))
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            break
        position += size
    return names


def ssim(path, reference):
    """Structural similarity of two clips of one size, 0–1."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", str(path), "-i", str(reference), "-lavfi", "ssim", "-f",
         "null", "-"],
        capture_output=True, text=True, check=False,
    )
    return float(done.stderr.rsplit("All:", 1)[1].split()[0])


CHECKERS = {
    "jpeg": [["jpeginfo", "-c"]],
    "png": [["pngcheck", "-q"]],
    "webp": [["webpinfo"]],
    "avif": [["avifdec", "--info"]],
    "flac": [["flac", "-t", "-s"]],
    "opus": [["opusinfo"]],
}
COMPLAINT = ("warning", "error", "corrupt", "invalid")


def checker_complaints(path, form):
    """What the format's own checker has against a file."""
    for command in CHECKERS.get(form, []):
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
        told = done.stdout + done.stderr
        # About pngcheck's own build.
        told = re.sub(r"zlib warning: +different version.*", "", told)
        if done.returncode or any(
            word in line.lower() and "no error" not in line.lower()
            for line in told.splitlines()
            for word in COMPLAINT
        ):
            return f"{command[0]}: exit {done.returncode}: {told[-500:]}"
    return ""
