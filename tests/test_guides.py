"""Every page of docs/guides, done as it says: its commands against a server and on the spot, and
what comes out against what it promises."""
import json
import re
import shutil
import subprocess

import pytest

import cli
import look
import s3
from service import FINAL, Receiver

GUIDES = cli.ROOT / "docs/guides"
PAGES = [page for page in sorted(GUIDES.glob("*.md")) if page.name != "README.md"]
HERE, THERE = "http://127.0.0.1:8080", "https://example.com"
# The files that pages speak of, and which made clip stands for each.
INPUTS = {
    "film.mp4": "flash-720p.mp4", "phone.mov": "flash-h265.mp4", "talk.mp4": "flash-small.mp4",
    "talk.mp3": "tone.mp3", "song.wav": "tone.wav", "photo.jpg": "photo.jpg",
    "logo.png": "alpha.png", "animated.gif": "animated.gif",
}
SUBTITLES = "1\n00:00:01,000 --> 00:00:03,000\nGood evening\n"
# curl fails where it is answered with an error; the command line works here, without the server.
PROGRAMS = """curl() { command curl -sS --fail-with-body "$@"; }
ittybit() { env -u ITTYBIT_API_KEY "$ITTYBIT" "$@"; }
"""


@pytest.fixture(scope="module")
def folder(media, tmp_path_factory):
    """A folder with all files that pages name."""
    made = tmp_path_factory.mktemp("inputs")
    for name, clip in INPUTS.items():
        shutil.copy(media / clip, made / name)
    (made / "talk.en.srt").write_text(SUBTITLES)
    look.output_of("ffmpeg", "-nostdin", "-v", "error", "-i", made / "film.mp4",
                   "-i", made / "talk.en.srt", "-c", "copy", "-c:s", "srt",
                   "-metadata:s:s:0", "language=eng", made / "film.mkv")
    return made


@pytest.fixture(scope="module")
def there(folder):
    made = Receiver(folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bucket():
    return s3.Service()


def blocks(text):
    """Each fenced block of a page: its language, and its lines."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


def commands(script):
    """Its commands, each with all its lines: as many as the shell takes for a whole."""
    command = ""
    for line in script.splitlines(keepends=True):
        command += line
        whole = subprocess.run(["bash", "-nc", command], capture_output=True, check=False)
        if whole.returncode == 0 and not command.endswith("\\\n"):
            if command.strip():
                yield command
            command = ""
    assert not command, f"no whole command: {command}"


def promised(text):
    found = re.findall(r"^What comes out:\n\n```json\n(.*?)^```$", text, re.M | re.S)
    return [json.loads(block) for block in found]


def assert_holds(made, promise, where):
    """What is promised is there; numbers to a hundredth of them, fields that are not named as they
    like."""
    for name, value in promise.items():
        found = made.get(name)
        if isinstance(value, dict):
            assert_holds(found or {}, value, f"{where}.{name}")
        elif isinstance(value, float) or name == "duration":
            assert found == pytest.approx(value, rel=0.01, abs=0.03), f"{where}.{name}"
        else:
            assert found == value, f"{where}.{name}"


class Reader:
    """Does what a page says, in a folder of its own."""

    def __init__(self, server, there, bucket, folder, scratch):
        self.server, self.scratch, self.made = server, scratch, []
        shutil.copytree(folder, scratch, dirs_exist_ok=True)
        self.env = {
            **cli.environment(scratch), "ITTYBIT_API_KEY": server.key, "S3_KEY": bucket.key,
            "S3_SECRET": bucket.secret, "ITTYBIT": str(cli.BINARY),
        }
        self.names = {HERE: server.url, "https://s3.example.com": bucket.url,
                      "s3://bucket/": f"s3://{bucket.bucket}/", THERE: there.url}

    def read(self, script):
        """Lines of one block share their variables; a job is waited for before the next line."""
        kept = self.scratch / "variables"
        for command in commands(script):
            for name, stands_for in self.names.items():
                command = command.replace(name, stands_for)
            known = f". {kept}\n" if kept.exists() else ""
            keep = f"STATUS=$?; declare -p INPUT FILE THERE >{kept} 2>/dev/null"
            text = f"{PROGRAMS}{known}{command}\n{keep}"
            done = subprocess.run(["bash", "-c", f"{text}; exit $STATUS"], cwd=self.scratch,
                                  env=self.env, capture_output=True, text=True, timeout=180,
                                  check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            self.heed(done.stdout)

    def heed(self, printed):
        told = cli.as_json(printed)
        last = told[-1] if told else {}
        if not isinstance(last, dict) or last.get("object") not in ("job", "task"):
            return
        if last["status"] not in FINAL:
            last = self.server.wait(last, f"{last['object']}s")
        assert last["status"] == "succeeded", last
        if last["object"] == "job":
            self.env["JOB"] = last["id"]
            self.made.append(last)


def outputs_of(job):
    """Of what the job made: the facts that its tasks tell."""
    return [task["output"] for task in job["tasks"]
            if task["kind"] not in ("probe", "import", "export")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_guide_does_what_it_says(server, there, bucket, folder, tmp_path, page):
    text = page.read_text()
    reader = Reader(server, there, bucket, folder, tmp_path)
    scripts = [script for language, script in blocks(text) if language == "sh"]
    assert scripts, "a guide has commands"
    for script in scripts:
        reader.read(script)
    for promise in promised(text):
        assert reader.made, "something is promised and nothing made"
        for job in reader.made:
            for made in outputs_of(job):
                assert_holds(made, promise, page.stem)


def test_guides_are_listed():
    """docs/guides/README.md leads to each, once."""
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (GUIDES / "README.md").read_text())
    assert sorted(listed) == [page.name for page in PAGES]


def test_guides_link_to_what_there_is():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
