"""Where `-i` and `-o` of the command line may point: files, folders, links, devices, pipes; on this
machine and with a server, by the same rules."""
import os
import pathlib
import signal
import stat
import subprocess
import threading
import time

import pytest

import cli
import look


@pytest.fixture(params=["here", "there"])
def side(request, server):
    """The environment of a command that works here, or has a server for its work."""
    if request.param == "here":
        return {}
    return {"ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key}


def run(*words, cwd, env, **how):
    return cli.ittybit(*words, cwd=cwd, env=env, **how)


def pipe(*words, cwd, env, stdin=None):
    """Runs a command whose standard output is bytes."""
    return subprocess.run(
        [cli.BINARY, *map(str, words)], cwd=cwd, env={**cli.environment(cwd), **env}, timeout=120,
        stdin=stdin or subprocess.DEVNULL, capture_output=True, check=False,
    )


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def read_aside(path):
    """Reads a FIFO on a thread; the list holds its bytes once joined."""
    got = []
    thread = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    thread.start()
    return thread, got


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device takes root")
@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_device_is_written_through_and_stays(tmp_path, media, side, kind):
    node = tmp_path / "null"  # the null device's numbers: what everybody types to time an encoder
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    done = run(kind, "-i", media / "flash-small.mp4", "-o", node, cwd=tmp_path, env=side)
    assert done.status == 0, done.stderr
    assert stat.S_ISCHR(node.stat().st_mode) and left_in(tmp_path) == ["null"]
    assert done.last["output"] == node.as_uri()


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device takes root")
def test_a_full_device_is_said_to_be_full(tmp_path, media, side):
    node = tmp_path / "full"
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    done = run("image", "-i", media / "photo.jpg", "-o", node, cwd=tmp_path, env=side)
    assert (done.status, done.error_kind) == (1, "disk_full") and stat.S_ISCHR(node.stat().st_mode)


def test_a_fifo_is_written_through_and_stays(tmp_path, media, side):
    fifo = tmp_path / "fifo.png"
    os.mkfifo(fifo)
    thread, got = read_aside(fifo)
    done = run("image", "-i", media / "photo.jpg", "-o", fifo, cwd=tmp_path, env=side)
    thread.join(10)
    assert done.status == 0 and stat.S_ISFIFO(fifo.stat().st_mode)
    (tmp_path / "o.png").write_bytes(got[0])
    assert look.probe(tmp_path / "o.png")["video"][0]["width"] > 0


def test_a_symlink_stays_and_its_target_is_replaced(tmp_path, media, side):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/one.mp4").write_text("old")
    (tmp_path / "latest.mp4").symlink_to("real/one.mp4")
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "real/two.mp4")
    for name, real in (("latest.mp4", "real/one.mp4"), ("dangling.mp4", "real/two.mp4")):
        done = run("video", "-i", media / "flash-small.mp4", "-o", name, cwd=tmp_path, env=side)
        assert done.status == 0 and (tmp_path / name).is_symlink(), done.stderr
        assert not (tmp_path / real).is_symlink() and not look.decode_complaints(tmp_path / real)
    assert left_in(tmp_path) == ["dangling.mp4", "latest.mp4", "real"]
    assert left_in(tmp_path / "real") == ["one.mp4", "two.mp4"]


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1"])
def test_standard_output_carries_the_bytes_and_nothing_else(tmp_path, media, side, output):
    done = pipe("video", "-i", media / "flash-small.mp4", "-o", output, cwd=tmp_path, env=side)
    assert done.returncode == 0, done.stderr
    (tmp_path / "o.mp4").write_bytes(done.stdout)
    assert not look.decode_complaints(tmp_path / "o.mp4") and left_in(tmp_path) == ["o.mp4"]
    assert cli.as_json(done.stderr.decode())[-1]["status"] == "succeeded"


def test_standard_input_is_an_input(tmp_path, media, side):
    for source in ("flash-small.mp4", "photo.jpg"):
        with subprocess.Popen(["cat", media / source], stdout=subprocess.PIPE) as cat:
            done = pipe("image", "-i", "-", "-o", "-", "--format", "png", cwd=tmp_path, env=side,
                        stdin=cat.stdout)
        assert done.returncode == 0, done.stderr
        (tmp_path / "o.png").write_bytes(done.stdout)
        made = look.probe(tmp_path / "o.png")["video"][0]
        assert made["codec_name"] == "png" and made["width"] > 0
    with open(media / "flash-small.mp4", "rb") as file:
        done = pipe("video", "-i", "-", cwd=tmp_path, env=side, stdin=file)
    assert done.returncode == 0, done.stderr
    assert side or not look.decode_complaints(tmp_path / "stdin.mp4")


def test_a_named_pipe_is_an_input_of_any_size(tmp_path, media, side):
    fifo = tmp_path / "in"
    os.mkfifo(fifo)
    data = (media / "flash-1080p.mp4").read_bytes()
    thread = threading.Thread(target=lambda: fifo.write_bytes(data), daemon=True)
    thread.start()
    done = run("image", "-i", fifo, "-o", "o.webp", "--start", "1", cwd=tmp_path, env=side)
    thread.join(10)
    assert done.status == 0 and look.probe(tmp_path / "o.webp")["video"][0]["width"] == 1920


def test_who_reads_no_further_is_told_without_a_crash(tmp_path, media, side):
    words = f"{cli.BINARY} video -i {media}/flash-1080p.mp4 -o - | head -c 10 >/dev/null; " \
        "exit ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", words], cwd=tmp_path, env={**cli.environment(tmp_path),
                          **side}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "left before its end" in done.stderr and not left_in(tmp_path)


@pytest.mark.parametrize("output", ["no/such/o.webp", "no/such/"])
def test_missing_folders_are_made(tmp_path, media, side, output):
    done = run("image", "-i", media / "photo.jpg", "-o", output, "--format", "webp", cwd=tmp_path,
               env=side)
    name = "photo.webp" if output.endswith("/") else "o.webp"
    assert done.status == 0 and left_in(tmp_path / "no/such") == [name], done.stderr
    assert done.last["output"] == (tmp_path / "no/such" / name).as_uri()


@pytest.mark.parametrize("output, main", [
    ("stream/master.m3u8", "stream/master.m3u8"), ("new/show/", "new/show/master.m3u8"),
])
def test_a_stream_gets_its_folders(tmp_path, media, side, output, main):
    done = run("adaptive", "-i", media / "flash-small.mp4", "-o", output, cwd=tmp_path, env=side)
    assert done.status == 0, done.stderr
    folder = (tmp_path / main).parent
    parts = [name for name in left_in(folder) if name.startswith("master-")]
    assert len(parts) == 1 and left_in(folder / parts[0])
    assert done.last["output"] == (tmp_path / main).as_uri()
    assert not look.decode_complaints(tmp_path / main)


def test_a_name_may_hold_the_inputs(tmp_path, media, side):
    done = run("image", "-i", media / "photo.jpg", "-o", "small/{filename}-100.webp", "--width",
               "100", cwd=tmp_path, env=side)
    assert done.status == 0 and left_in(tmp_path / "small") == ["photo-100.webp"], done.stderr


def test_a_jpeg_is_called_jpg_everywhere(tmp_path, media, side):
    done = run("image", "-i", media / "flash-small.mp4", "-o", "./", cwd=tmp_path, env=side)
    assert done.status == 0 and left_in(tmp_path) == ["flash-small.jpg"], done.stderr


@pytest.mark.parametrize("kind, output, more, words", [
    ("image", "file/o.webp", (), "folder"),
    ("image", "n" * 252 + ".webp", (), "longer than 255"),
    ("adaptive", "-", (), "takes one file"),
    ("image", "o.webp", ("--format", "png"), "make them agree"),
    ("image", "s3://bucket/o.webp", ("--format", "png"), "make them agree"),
    ("image", "ftp://x/o.webp", (), "s3://bucket/key"),
    ("video", "o.mp4", ("--fps", "999"), "fps"),
    ("animation", "o.gif", (), "end"),
])
def test_what_cannot_be_is_said_before_a_byte_is_read_or_sent(
    tmp_path, media, side, server, kind, output, more, words
):
    (tmp_path / "file").write_text("")
    fifo = tmp_path / "never-read"
    os.mkfifo(fifo)
    def stored():
        return sorted(path.name for path in server.data.rglob("*"))

    before = stored()
    done = run(kind, "-i", fifo, "-o", output, *more, cwd=tmp_path, env=side, timeout=20)
    assert done.status == 2 and words in done.stderr, done.stderr
    assert left_in(tmp_path) == ["file", "never-read"] and stored() == before


@pytest.mark.parametrize("source", ["flash-small.mp4", "pipe"])
def test_explaining_sends_nothing_and_makes_nothing(tmp_path, media, side, server, source):
    jobs = server.get("/jobs").json()
    with open(media / "flash-small.mp4", "rb") as file:
        name = "-" if source == "pipe" else media / source
        done = pipe("video", "-i", name, "-o", "no/o.webm", "--explain", cwd=tmp_path, env=side,
                    stdin=file)
    assert done.returncode == 0 and b"vp9" in done.stdout, done.stderr
    assert server.get("/jobs").json() == jobs and not left_in(tmp_path)


def test_waiting_for_a_reader_can_be_interrupted(tmp_path, media, side):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = [cli.BINARY, "image", "-i", media / "photo.jpg", "-o", fifo]
    job = subprocess.Popen(words, cwd=tmp_path, env={**cli.environment(tmp_path), **side},
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    job.send_signal(signal.SIGINT)
    job.communicate(timeout=5)
    assert job.returncode == 130 and left_in(tmp_path) == ["fifo"]


def test_quiet_prints_nothing_but_errors(tmp_path, media, side):
    done = pipe("image", "-i", media / "photo.jpg", "-o", "o.png", "--quiet", cwd=tmp_path,
                env=side)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    bad = pipe("image", "-i", media / "text.mp4", "-o", "p.png", "--quiet", cwd=tmp_path, env=side)
    assert bad.returncode == 1 and bad.stderr.startswith(b"ittybit: ") and bad.stdout == b""
    wrong = pipe("image", "-i", media / "photo.jpg", "-o", "p.png", "--width", "0", "--quiet",
                 cwd=tmp_path, env=side)
    assert wrong.returncode == 2 and wrong.stderr.startswith(b"ittybit: ") and wrong.stdout == b""
    assert pathlib.Path(tmp_path / "o.png").exists()
