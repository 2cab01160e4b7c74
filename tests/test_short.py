"""Films of one, two and three pictures, which are whole as they are."""
import subprocess

import pytest

import look

SOURCES = {
    "mp4": ("128x96", "libx264"), "mkv": ("320x240", "libx264"), "webm": ("64x64", "libvpx"),
    "ts": ("320x240", "libx264"), "avi": ("128x96", "mpeg4"), "dv": ("720x576", "dvvideo"),
}
OUTPUTS = [("h264", "mp4"), ("h265", "mp4"), ("av1", "mp4"), ("vp9", "webm"), ("av1", "webm")]


@pytest.mark.parametrize("codec, form", OUTPUTS)
@pytest.mark.parametrize("container", SOURCES)
def test_a_few_pictures_are_a_film(make, tmp_path, container, codec, form):
    size, encoder = SOURCES[container]
    for pictures in (1, 2, 3):
        source = tmp_path / f"{pictures}.{container}"
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
             f"testsrc2=size={size}:rate=25,format=yuv420p", "-frames:v", str(pictures), "-c:v",
             encoder, source],
            check=True,
        )
        out = make("video", source, f"{pictures}.{form}", codec=codec, width=64)
        assert make.run.warnings == []
        times = look.frame_times(out)
        assert times == pytest.approx([i / 25 for i in range(pictures)], abs=0.002)
        assert look.duration(out) == pytest.approx(pictures / 25, abs=0.005)
        assert not look.decode_complaints(out)
