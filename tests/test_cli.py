"""The command line as scripts and people meet it."""
import fcntl
import functools
import http.server
import json
import os
import pathlib
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

import cli
import look


def start(*words, cwd, **how):
    return subprocess.Popen(
        [cli.BINARY, *map(str, words)], cwd=cwd, env=cli.environment(cwd), text=True,
        stdin=subprocess.DEVNULL, **how,
    )


def children_of(pid):
    """Every process below one, by walking /proc."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
    found, wanted = set(), {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted} - found
        found |= wanted
    return found


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} not within {seconds} s")


def test_a_pipe_gets_json_lines_and_the_last_is_the_job(tmp_path, media):
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.mp4", "--quality", "low",
                      cwd=tmp_path)
    assert run.status == 0 and not [line for line in run.lines if "not_json" in line]
    job = run.last
    assert (job["object"], job["kind"], job["status"]) == ("job", "video", "succeeded")
    assert job["id"].startswith("job_") and job["error"] is None
    assert [task["kind"] for task in job["tasks"]] == ["probe", "import", "video", "export"]
    assert {task["status"] for task in job["tasks"]} == {"succeeded"}
    file = job["tasks"][2]["output"]
    assert (file["width"], file["height"], file["format"]) == (320, 180, "mp4")
    assert file["size"] == (tmp_path / "o.mp4").stat().st_size
    assert abs(file["duration"] - 5) < 0.05


def test_quiet_says_nothing_and_json_is_the_pipe_form(tmp_path, media):
    quiet = cli.ittybit("image", "-i", media / "corner.png", "-o", "o.png", "--quiet", cwd=tmp_path)
    assert (quiet.status, quiet.lines, quiet.stderr) == (0, [], "")
    told = cli.ittybit("image", "-i", media / "corner.png", "-o", "o.png", "--json", cwd=tmp_path)
    assert told.last["status"] == "succeeded"


def test_without_o_the_output_has_the_stem_and_a_number_when_taken(tmp_path, media):
    for _ in range(3):
        assert cli.ittybit("image", "-i", media / "photo.jpg", cwd=tmp_path).status == 0
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert [name.rsplit(".", 1)[0] for name in names] == ["photo", "photo-1", "photo-2"] or (
        sorted(name.rsplit(".", 1)[0] for name in names) == ["photo", "photo-1", "photo-2"]
    )


def test_o_overwrites_and_the_old_file_stays_until_the_new_one_is_whole(tmp_path, media):
    (tmp_path / "o.mp4").write_text("old")
    bad = cli.ittybit("video", "-i", media / "text.mp4", "-o", "o.mp4", cwd=tmp_path)
    assert bad.status == 1 and (tmp_path / "o.mp4").read_text() == "old"
    good = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.mp4", cwd=tmp_path)
    assert good.status == 0 and not look.decode_complaints(tmp_path / "o.mp4")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["o.mp4"]


def test_an_extension_that_contradicts_the_format_is_exit_2(tmp_path, media):
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.webm", "--format", "mp4",
                      cwd=tmp_path)
    assert run.status == 2 and not list(tmp_path.iterdir())


def test_flags_may_have_dashes_or_underscores(tmp_path, media):
    for flag in ("--no-audio", "--no_audio"):
        run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.mp4", flag,
                          cwd=tmp_path)
        assert run.status == 0 and not look.probe(tmp_path / "o.mp4")["audio"]


@pytest.mark.parametrize("words, status", [
    (["video"], 2), (["nothing", "-i", "x"], 2), (["video", "-i", "absent.mp4"], None),
    (["video", "-i", "x.mp4", "--colour", "red"], 2), (["--help"], 0), (["video", "--help"], 0),
    (["version"], 0), (["health"], 0), (["completion", "bash"], 0), (["completion", "zsh"], 0),
    (["completion", "fish"], 0),
])
def test_exit_statuses(tmp_path, words, status):
    run = cli.ittybit(*words, cwd=tmp_path)
    assert run.status == status if status is not None else run.status in (1, 2)


def test_an_unknown_option_names_the_nearest_one(tmp_path, media):
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "--widht", "3", cwd=tmp_path)
    assert run.status == 2 and "width" in run.stderr + json.dumps(run.lines)


@pytest.mark.parametrize("words, said", [
    (["image", "--no-audio"], "--no-audio is an option of video, adaptive_video, not of image"),
    (["task", "audio", "--no-dash"], "--no-dash is an option of adaptive_video, not of audio"),
    (["task", "zz"], "one of probe, import, video"),
    (["task", "vidio"], "the nearest is video"),
    (["task"], "a kind is required"),
    (["image", "--priority", "11"], "priority must be between -10 and 10"),
])
def test_what_does_not_go_here_is_explained(tmp_path, media, words, said):
    run = cli.ittybit(*words, "-i", media / "photo.jpg", cwd=tmp_path)
    assert run.status == 2 and said in run.stderr


@pytest.mark.parametrize("words", [
    ["completion", "fish"], ["version"], ["--help"], ["connections"], ["nothing"],
    ["serve", "--check"],
    ["video", "-i", "flash-small.mp4", "-o", "o.mp4"],
])
def test_a_reader_that_leaves_ends_a_command_quietly(tmp_path, media, words):
    for gone in ("stdout", "stderr"):
        read, write = os.pipe()
        os.close(read)
        words = [media / word if word.startswith("flash") else word for word in map(str, words)]
        run = start(*words, cwd=tmp_path, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                                            gone: write})
        os.close(write)
        told = "".join(text or "" for text in run.communicate(timeout=60))
        assert not [word for word in ("unforeseen", "Broken pipe", "interrupted;") if word in told]
        assert run.returncode in (0, 2, 130, -signal.SIGPIPE), (gone, told)
    assert not children_of(run.pid) and not list(tmp_path.glob(".ittybit*/"))


def test_run_takes_a_folder_also_for_one_kind(tmp_path, media):
    for body, name in (({"kind": "image"}, "photo.jpg"),
                       ({"kind": "image", "output": "a/b.png"}, "a/b.png")):
        run = cli.ittybit("run", "-i", media / "photo.jpg", "-o", "web", "--body", json.dumps(body),
                          cwd=tmp_path)
        assert run.status == 0, run.stderr
        assert look.probe(tmp_path / "web" / name)["video"]


@pytest.mark.parametrize("name", [
    "text.mp4", "playlist.mp4", "concat.mp4", "concat.jpg", "svg.jpg", "pdf.jpg", "page.mp4",
    "empty.mp4", "garbage.mp4", "garbage.jpg", "no-index.mp4", "truncated.png",
])
@pytest.mark.parametrize("kind, out", [("video", "o.mp4"), ("image", "o.png"), ("audio", "o.mp3")])
def test_what_is_no_media_fails_with_a_reason(refuse, media, name, kind, out):
    run = refuse(kind, media / name, out)
    assert run.status == 1
    kinds = ("unsupported_media", "corrupt_media", "no_video_stream", "no_audio_stream")
    assert run.error_kind in kinds, run.last
    assert len(run.message) > 15 and "/" not in run.message
    assert run.last["status"] == "failed"


def test_explain_prints_the_plan_and_makes_nothing(tmp_path, media):
    run = cli.ittybit("video", "-i", media / "flash-1080p.mp4", "-o", "o.mp4", "--width", "640",
                      "--explain", cwd=tmp_path)
    assert run.status == 0 and "libx264" in json.dumps(run.lines)
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("kind,format", [("video", "mp4"), ("audio", "mp3"), ("image", "webp")])
def test_equal_jobs_give_equal_bytes(make, media, kind, format):
    first = make(kind, media / "flash-small.mp4", f"a.{format}", quality="low").read_bytes()
    again = make(kind, media / "flash-small.mp4", f"b.{format}", quality="low").read_bytes()
    assert first == again


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_within_a_second_and_leaves_nothing(tmp_path, media, sent):
    job = start("video", "-i", media / "flash-1080p.mp4", "-o", "o.mp4", "--quality", "very_high",
                "--codec", "h265", cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: len(children_of(job.pid)) >= 2, 20, "the child")
    family = children_of(job.pid)
    begin = time.monotonic()
    os.kill(job.pid, sent)
    assert job.wait(timeout=5) in (130, 143, -15)
    assert time.monotonic() - begin < 1.5
    wait_for(lambda: not [pid for pid in family if os.path.exists(f"/proc/{pid}")], 2, "an end")
    assert not (tmp_path / "o.mp4").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_children_die_with_a_killed_parent(tmp_path, media):
    job = start("video", "-i", media / "flash-1080p.mp4", "-o", "o.mp4", "--quality", "very_high",
                "--codec", "h265", cwd=tmp_path, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    wait_for(lambda: len(children_of(job.pid)) >= 2, 20, "the child")
    family = children_of(job.pid)
    job.kill()
    job.wait()
    wait_for(lambda: not [pid for pid in family if os.path.exists(f"/proc/{pid}")], 3, "an end")
    assert not (tmp_path / "o.mp4").exists()


def on_terminal(*words, cwd, columns=80, env=None):
    """Runs a command on a terminal of its own; gives its exit status and what it showed."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    job = subprocess.Popen(
        [cli.BINARY, *map(str, words)], cwd=cwd, env={**cli.environment(cwd), **(env or {})},
        stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
    )
    os.close(follower)
    told = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(leader)
    return job.wait(timeout=60), told.decode(errors="replace")


def test_a_terminal_gets_a_progress_bar(tmp_path, media):
    status, text = on_terminal("video", "-i", media / "flash-720p.mp4", "-o", "o.mp4", "--quality",
                               "medium", cwd=tmp_path)
    assert status == 0
    assert "%" in text and "o.mp4" in text and '{"' not in text, text
    assert "\x1b[3" not in text  # no colour


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("words", [
    ("help",), ("help", "video"), ("task", "--help"), ("help", "task", "image"), ("jobs", "-h"),
    ("help", "connections"), ("serve", "--help"), ("keys", "--help"), ("login", "--help"),
])
def test_help_fits_the_terminal(tmp_path, words, columns):
    status, text = on_terminal(*words, cwd=tmp_path, columns=columns)
    lines = text.splitlines()
    assert status == 0 and len(lines) > 5
    assert max(map(len, lines)) <= columns, max(lines, key=len)
    assert "Usage: ittybit" in text


def test_help_tells_what_means_something(tmp_path):
    def told(*words):
        return subprocess.run([cli.BINARY, *words], capture_output=True, text=True, check=True,
                              env=cli.environment(tmp_path)).stdout
    assert "Examples" in told("--help") and "ittybit video -i" in told("help", "video")
    for command in ("serve", "keys", "login", "jobs", "version"):
        assert "--explain" not in told(command, "--help"), command
        assert "--input" not in told(command, "--help"), command
    assert "list" in told("help", "jobs") and "delete ID" in told("help", "jobs")
    assert "revoke" in told("help", "keys")
    assert told("--version") == told("-V") == told("version")


def test_times_may_be_times_of_day(tmp_path, media):
    done = cli.ittybit("audio", "-i", media / "flash-small.mp4", "-o", "o.wav", "--start",
                       "0:00:01.5", "--end", "0:03", cwd=tmp_path)
    assert done.status == 0 and abs(look.duration(tmp_path / "o.wav") - 1.5) < 0.01
    bad = cli.ittybit("audio", "-i", media / "flash-small.mp4", "--start", "1:75", cwd=tmp_path)
    assert bad.status == 2 and "start" in bad.stderr


def test_several_inputs_have_a_line_each_and_a_total(tmp_path, media):
    sources = []
    for name in ("a.jpg", "b b.jpg", "c.jpg"):
        sources.append(tmp_path / name)
        sources[-1].write_bytes((media / "photo.jpg").read_bytes())
    done = cli.ittybit("image", "-i", *sources, "-o", "small/{filename}.webp", "--width", "50",
                       cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert done.last == {"object": "total", "inputs": 3, "succeeded": 3, "failed": 0}
    made = sorted(path.name for path in (tmp_path / "small").iterdir())
    assert made == ["a.webp", "b b.webp", "c.webp"]
    status, text = on_terminal("image", "-i", "*.jpg", "-o", "more/", "--format", "png",
                               cwd=tmp_path)
    assert status == 0 and "3 of 3 done" in text, text
    assert sorted(path.name for path in (tmp_path / "more").iterdir()) == [
        "a.png", "b b.png", "c.png"]


def test_one_bad_input_of_several_fails_alone(tmp_path, media):
    done = cli.ittybit("image", "-i", media / "text.mp4", media / "photo.jpg", "-o", "out/",
                       "--format", "png", cwd=tmp_path)
    assert done.status == 1 and done.last["succeeded"] == 1 and done.last["failed"] == 1
    assert "text.mp4: " in done.stderr and (tmp_path / "out/photo.png").exists()


@pytest.mark.parametrize("inputs, output, words", [
    (("photo.jpg", "corner.png"), "o.png", "FOLDER/"),
    (("photo.jpg", "corner.png"), "o-{id}.png", "FOLDER/"),
    (("photo.jpg", "corner.png"), "-", "FOLDER"),
    (("photo.jpg", "photo.jpg"), "{filename}.png", "same output"),
    (("photo.jpg", "absent.jpg"), "out/", "does not exist"),
])
def test_several_inputs_that_cannot_be_are_refused_before_any_work(
    tmp_path, media, inputs, output, words
):
    done = cli.ittybit("image", "-i", *[media / name for name in inputs], "-o", output,
                       cwd=tmp_path)
    assert done.status == 2 and words in done.stderr and not list(tmp_path.iterdir())


def test_a_name_that_only_a_bucket_can_have_is_refused_here(tmp_path, media):
    done = cli.ittybit("image", "-i", media / "photo.jpg", "-o", "out-{id}.png", cwd=tmp_path)
    assert done.status == 2 and "{id}" in done.stderr and not list(tmp_path.iterdir())


def test_several_streams_have_a_folder_each_in_a_new_one_too(tmp_path, media):
    for turn in "first", "second":
        done = cli.ittybit("adaptive", "-i", media / "flash-small.mp4", media / "flash-720p.mp4",
                           "-o", "streams/", "--end", "1", "--quality", "very_low", cwd=tmp_path)
        assert done.status == 0, (turn, done.stderr)
        made = {path.parent.relative_to(tmp_path) for path in tmp_path.rglob("master.m3u8")}
        assert {"streams/flash-small", "streams/flash-720p"} <= set(map(str, made)), made
        assert not (tmp_path / "streams/master.m3u8").exists()


def test_nohup_keeps_work_going_at_a_hang_up(tmp_path, media):
    job = subprocess.Popen(
        [cli.BINARY, "video", "-i", media / "flash-1080p.mp4", "-o", "o.mp4", "--width", "320"],
        cwd=tmp_path, env=cli.environment(tmp_path), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(lambda: len(children_of(job.pid)) >= 2, 20, "the child")
    os.kill(job.pid, signal.SIGHUP)
    assert job.wait(timeout=60) == 0 and (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("words", [("task", "probe", "-i", "photo.jpg"), ("version",),
                                   ("image", "-i", "photo.jpg", "--explain")])
def test_what_cannot_be_printed_is_no_success(tmp_path, media, words):
    (tmp_path / "photo.jpg").symlink_to(media / "photo.jpg")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([cli.BINARY, *words], cwd=tmp_path, env=cli.environment(tmp_path),
                              stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode not in (0, -signal.SIGABRT) and "cannot be written" in done.stderr


def test_a_prompt_ends_at_an_interrupt(tmp_path):
    for words in ("login",), ("run", "-i", "x", "--body", "-"):
        asked = subprocess.Popen([cli.BINARY, *words], cwd=tmp_path, env=cli.environment(tmp_path),
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        os.kill(asked.pid, signal.SIGINT)
        assert asked.wait(timeout=5) == 130
        asked.stdin.close()


@pytest.mark.parametrize("name, words", [
    ("config.json", ("image", "-i", "photo.jpg", "-o", "o.png")), ("config.json", ("jobs",)),
    ("connections.json", ("connections", "add", "s3", "--name", "n", "--endpoint", "https://e",
                          "--access-key-id", "a", "--secret-access-key", "b"))])
@pytest.mark.parametrize("damage", ["text", "folder"])
def test_settings_that_cannot_be_read_are_told_and_stay(tmp_path, media, name, words, damage):
    (tmp_path / "photo.jpg").symlink_to(media / "photo.jpg")
    file = tmp_path / ".ittybit" / name
    file.parent.mkdir()
    if damage == "text":
        file.write_text('{"url":')
    else:
        file.mkdir()
    done = cli.ittybit(*words, cwd=tmp_path)
    assert done.status not in (0, 101) and f"~/.ittybit/{name}" in done.stderr, done
    assert not (tmp_path / "o.png").exists()
    assert file.is_dir() if damage == "folder" else file.read_text() == '{"url":'
    if words[0] == "image":
        assert cli.ittybit(*words, "--local", cwd=tmp_path).status == 0


def completed(tmp_path, *words):
    """What bash offers behind these words."""
    script = (
        'source <("$1" completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        'compopt() { :; }; _ittybit; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", cli.BINARY, "ittybit", *words], cwd=tmp_path,
        capture_output=True, text=True, check=True, env=cli.environment(tmp_path),
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_bash_completes_commands_flags_values_and_files(tmp_path):
    (tmp_path / "my holiday.mov").write_text("")
    assert completed(tmp_path, "vi") == ["video"]
    assert completed(tmp_path, "video", "--form") == ["--format"]
    assert completed(tmp_path, "video", "--format", "") == ["mp4", "webm", "mov"]
    assert completed(tmp_path, "image", "--position", "top_") == ["top_left", "top_right"]
    assert completed(tmp_path, "jobs", "ca") == ["cancel"]
    assert completed(tmp_path, "jobs", "--kind", "a") == ["audio", "animation", "adaptive_video"]
    assert completed(tmp_path, "files", "") [:2] == ["list", "delete"]
    assert completed(tmp_path, "files", "--role", "") == ["output", "upload", "import"]
    assert completed(tmp_path, "task", "pro") == ["probe"]
    assert completed(tmp_path, "task", "video", "--codec", "h26") == ["h264", "h265"]
    assert completed(tmp_path, "completion", "z") == ["zsh"]
    assert completed(tmp_path, "video", "-i", "my") == ["my holiday.mov"]
    assert completed(tmp_path, "video", "-i", "a.mov", "my") == ["my holiday.mov"]


def shell(tmp_path, *words):
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**cli.environment(tmp_path),
                               "PATH": f"{cli.BINARY.parent}:{os.environ['PATH']}"})
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def test_zsh_takes_the_completion(tmp_path):
    (tmp_path / "_ittybit").write_text("\n".join(shell(tmp_path, "ittybit", "completion", "zsh")))
    shell(tmp_path, "zsh", "-fn", "_ittybit")
    for how in "source <(ittybit completion zsh)", "fpath=($PWD $fpath); compinit -u -D":
        script = f"autoload -U compinit; compinit -u -D; {how}; print $_comps[ittybit]"
        assert shell(tmp_path, "zsh", "-fc", script) == ["_ittybit"], how


def test_fish_completes_commands_flags_and_values(tmp_path):
    (tmp_path / "it.fish").write_text("\n".join(shell(tmp_path, "ittybit", "completion", "fish")))
    shell(tmp_path, "fish", "-n", "it.fish")

    def completed(line):
        told = shell(tmp_path, "fish", "-Nc", "source it.fish; complete -C $argv", line)
        return [each.split("\t")[0] for each in told]

    assert completed("ittybit vi") == ["video"]
    assert completed("ittybit video --form") == ["--format"]
    assert completed("ittybit image --position top_") == ["top_left", "top_right"]
    assert completed("ittybit jobs ca") == ["cancel"]
    assert completed("ittybit task video --codec h26") == ["h264", "h265"]


class RangeServer(http.server.SimpleHTTPRequestHandler):
    """Files with Range, as a web server gives them."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        asked = self.headers.get("Range")
        path = pathlib.Path(self.translate_path(self.path))
        if not asked or not path.is_file():
            return super().do_GET()
        data = path.read_bytes()
        first, last = asked.removeprefix("bytes=").split("-")
        first, last = int(first), min(int(last or len(data)), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])
        return None


class WholeServer(RangeServer):
    do_GET = http.server.SimpleHTTPRequestHandler.do_GET


@pytest.mark.parametrize("handler", [RangeServer, WholeServer])
@pytest.mark.parametrize("kind, out", [("video", "o.mp4"), ("image", "o.jpeg"), ("audio", "o.mp3")])
def test_a_url_is_an_input(tmp_path, media, handler, kind, out):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(media))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/flash-720p.mp4"
    run = cli.ittybit(kind, "-i", url, "-o", out, cwd=tmp_path)
    assert run.status == 0, run.last
    assert not look.decode_complaints(tmp_path / out)
    missing = cli.ittybit(kind, "-i", url + "x", "-o", "x" + out, cwd=tmp_path)
    server.shutdown()
    assert (missing.status, missing.error_kind) == (1, "download_failed")
    assert "404" in missing.message


def test_a_task_feeds_the_next(tmp_path, media):
    probe = cli.ittybit("task", "probe", "-i", media / "corner-stored-90.mp4", cwd=tmp_path)
    assert probe.status == 0
    file = probe.last["output"]
    assert (file["kind"], file["format"], file["width"], file["height"]) == (
        "video", "mp4", 320, 240,
    )
    assert file["rotation"] == 90 and file["streams"][0]["codec"] == "h264"
    video = cli.ittybit("task", "video", "-i", json.dumps(file), "--quality", "low", cwd=tmp_path)
    assert video.status == 0 and video.last["output"]["object"] == "file"


def test_awkward_names(tmp_path, media):
    for name in ("-dash.mp4", "a b.mp4", "quo'te\".mp4", "%s%n.mp4", "ünï🎬.mp4", "$(x)|y.mp4"):
        source = tmp_path / name
        source.write_bytes((media / "no-audio.mp4").read_bytes())
        run = cli.ittybit("image", "-i", f"./{name}", "-o", f"./{name}.png", cwd=tmp_path)
        assert run.status == 0, (name, run.last, run.stderr)
        assert (tmp_path / f"{name}.png").exists()
