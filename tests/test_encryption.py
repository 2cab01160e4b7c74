"""Encrypted HLS: what lies there, who can read it, and that nobody else ever could."""
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import time

import pytest
import requests

import cli
import look
import s3
from service import QuietServer, Receiver, Server
from test_clients import CHROMIUM, run_client

KEY = bytes.fromhex("9f3c5a17e2b4d8016c7f0e2d4b8a9135")
SECONDS = 8


class Keys:
    """Serves keys as players want them, and a folder."""

    def __init__(self, folder):
        self.asked = []
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            keys = {"/key": KEY, "/short": KEY[:15], "/long": KEY * 2, "/other": KEY[::-1]}

            def __init__(self, *args):
                super().__init__(*args, directory=str(folder))

            def do_GET(self):
                path = self.path.split("?")[0]
                if path not in self.keys:
                    return super().do_GET()
                outer.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(len(self.keys[path])))
                self.end_headers()
                return self.wfile.write(self.keys[path])

            def end_headers(self):
                self.send_header("Access-Control-Allow-Origin", "*")
                super().end_headers()

            def log_message(self, *_):
                pass

        self.http = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A folder that is served, beside its keys."""
    made = tmp_path_factory.mktemp("web")
    return made


@pytest.fixture(scope="module")
def keys(web):
    made = Keys(web)
    yield made
    made.http.shutdown()


@pytest.fixture(scope="module")
def film(web):
    out = web / "film.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f",
         "lavfi", "-i", "sine=frequency=440", "-t", str(SECONDS), "-c:v", "libx264", "-preset",
         "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", out], check=True)
    return out


def encryption(keys, path="/key", **more):
    return {"method": "aes-128", "key_url": f"{keys.url}{path}", **more}


def adaptive(film, master, *flags, asked=None):
    master.parent.mkdir(parents=True, exist_ok=True)
    words = ["--encryption", json.dumps(asked)] if asked else ["--no-dash"]
    return cli.ittybit("adaptive", "-i", film, "-o", master, *words, *flags, cwd=master.parent,
                       timeout=300)


def parts_of(master):
    [found] = [each for each in master.parent.iterdir() if each.is_dir()]
    return found


@pytest.fixture(scope="module")
def plain(film, web):
    assert adaptive(film, web / "plain/master.m3u8").status == 0
    return web / "plain/master.m3u8"


@pytest.fixture(scope="module")
def sealed(film, web, keys):
    """The same film, with a key that is given: key_url is not asked."""
    run = adaptive(film, web / "sealed/master.m3u8", asked=encryption(keys, key=KEY.hex()))
    assert run.status == 0, run.last
    assert keys.asked == [] and KEY.hex() not in json.dumps(run.lines) + run.stderr
    return web / "sealed/master.m3u8"


def number_of(name):
    return int(re.search(r"-(\d+)\.\w+$", name)[1]) - 1


def decrypted(bytes_, number, key=KEY):
    """As openssl does, with the IV that RFC 8216, 5.2 says."""
    return subprocess.run(
        ["openssl", "enc", "-d", "-aes-128-cbc", "-K", key.hex(), "-iv", f"{number:032x}"],
        input=bytes_, capture_output=True, check=True).stdout


def assert_sealed(files, key=KEY):
    """Every segment is one with the key, and nothing without; gives what they are in the clear."""
    segments = {name: data for name, data in files.items() if name.endswith(".m4s")}
    assert segments
    for name, data in segments.items():
        assert b"moof" not in data and b"styp" not in data
        assert decrypted(data, number_of(name), key)[4:8] == b"styp"
    return {name: decrypted(data, number_of(name), key) for name, data in segments.items()}


def repeatable(files):
    """Those of sound: x264, whose rate is capped, gives other bytes each time with many threads."""
    return {name: data for name, data in files.items() if name.startswith("audio")}


def read_all(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_it_is_the_stream_in_the_clear_behind_openssl(plain, sealed, keys):
    clear, found = read_all(parts_of(plain)), read_all(parts_of(sealed))
    assert set(found) == {name for name in clear if "iframes" not in name}
    made = assert_sealed(found)
    for name, data in found.items():
        if name.endswith(".m4s"):
            assert len(data) == len(made[name]) // 16 * 16 + 16
        elif name.endswith(".mp4"):
            assert data == clear[name], "an initialization section stays in the clear"
        else:
            lines = data.decode().splitlines()
            tag = f'#EXT-X-KEY:METHOD=AES-128,URI="{keys.url}/key"'
            assert lines.count(tag) == 1
            assert lines.index(tag) == [line.startswith("#EXT-X-MAP") for line in lines].index(
                True) + 1
            lines.remove(tag)
            assert lines == clear[name].decode().splitlines()
    assert repeatable(made) == repeatable({name: clear[name] for name in made})
    assert "I-FRAME" not in sealed.read_text() and not list(sealed.parent.rglob("*.mpd"))


def test_rates_count_what_is_sent(sealed):
    parts = parts_of(sealed)

    def average(playlist):
        text = (parts / playlist).read_text()
        listed = re.findall(r"#EXTINF:([0-9.]+),\n(.+)", text)
        size = sum((parts / name).stat().st_size for _, name in listed)
        return -int(-size * 8 // sum(float(length) for length, _ in listed))

    text = sealed.read_text()
    sounds = dict(re.findall(r'GROUP-ID="([^"]+)".*URI="[^/]+/([^"]+)"', text))
    told = re.findall(r'AVERAGE-BANDWIDTH=(\d+).*AUDIO="([^"]+)".*\n[^/]+/(.+)', text)
    assert len(told) >= 2
    for rate, group, playlist in told:
        assert abs(int(rate) - average(playlist) - average(sounds[group])) <= 2


def test_the_record_says_that_it_is_encrypted_and_not_with_what(film, tmp_path, keys):
    run = adaptive(film, tmp_path / "a/master.m3u8", "--end", "1",
                   asked=encryption(keys, key=KEY.hex().upper()))
    file = run.last["tasks"][-1]["output"]
    assert file["encryption"] == encryption(keys)
    everything = [each for each in (tmp_path / "a").rglob("*") if each.is_file()]
    assert file["parts"]["size"] + (tmp_path / "a/master.m3u8").stat().st_size >= file["size"]
    assert file["size"] == sum(each.stat().st_size for each in everything)
    assert run.last["options"]["encryption"] == encryption(keys)
    plan = adaptive(film, tmp_path / "b/master.m3u8", "--explain",
                    asked=encryption(keys, key=KEY.hex())).last
    assert plan["outputs"][0]["options"] == {"key_url": f"{keys.url}/key"}
    assert KEY.hex() not in json.dumps(plan).lower()


def test_ffmpeg_gets_the_key_and_decodes_all_of_it(sealed, tmp_path):
    out = tmp_path / "out.mkv"
    look.output_of("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-allowed_extensions", "ALL",
                   "-protocol_whitelist", "file,crypto,http,tcp", "-i", sealed, "-c", "copy", out)
    assert len(look.frame_times(out)) == SECONDS * 25
    assert not look.decode_complaints(out)


@pytest.mark.parametrize("options, field", [
    ({"dash": True}, "dash"),
    ({"encryption": {"method": "aes-128"}}, "encryption.key_url"),
    ({"encryption": {"method": "sample-aes", "key_url": "https://a/b"}}, "encryption.method"),
    ({"encryption": {"method": "aes-128", "key_url": "key.bin"}}, "encryption.key_url"),
    ({"encryption": {"method": "aes-128", "key_url": "https://a/b", "key": "5ecret"}},
     "encryption.key"),
])
def test_what_makes_no_sense_is_refused_at_once(server, keys, options, field):
    answer = server.post("/jobs", {"input": "https://example.com/a", "kind": "adaptive_video",
                                   "options": {"encryption": encryption(keys), **options}})
    assert answer.status_code == 400 and answer.json()["kind"] == "invalid_options"
    assert field in answer.json()["message"] and "5ecret" not in answer.text


def test_the_key_is_fetched_where_none_is_given(film, tmp_path, keys):
    run = adaptive(film, tmp_path / "a/master.m3u8", "--end", "1", asked=encryption(keys))
    assert run.status == 0, run.last
    assert_sealed(read_all(parts_of(tmp_path / "a/master.m3u8")))


@pytest.mark.parametrize("path, words", [
    ("/short", "must give the 16 bytes of a key, and gives 15"), ("/long", "and gives more"),
    ("/nothing", "404"),
])
def test_no_key_no_stream(film, tmp_path, keys, path, words):
    run = adaptive(film, tmp_path / "a/master.m3u8", asked=encryption(keys, path))
    assert run.status == 1 and run.error_kind == "download_failed"
    assert "encryption.key_url" in run.message and f"{keys.url}{path}" in run.message
    assert words in run.message
    assert not list((tmp_path / "a").iterdir()), "nothing was left"


def test_a_key_from_an_address_that_may_not_be_reached_is_refused(tmp_path):
    strict = Server(tmp_path, allows_private=False)
    asked = {"method": "aes-128", "key_url": "http://127.0.0.1:1/key"}
    body = {"input": "https://example.com/a", "kind": "adaptive_video"}
    answer = strict.post("/jobs", {**body, "options": {"encryption": asked}})
    assert answer.status_code == 400 and "encryption.key_url" in answer.json()["message"]
    given = {**asked, "key": KEY.hex()}  # then nobody fetches it
    assert strict.post("/jobs", {**body, "options": {"encryption": given}}).status_code == 201
    assert strict.stop() == 0


def test_where_it_goes_to_never_holds_a_segment_in_the_clear(film, tmp_path, keys):
    """Whatever appears there is read at once, under whatever name."""
    folder, seen, is_over = tmp_path / "there", {}, threading.Event()
    folder.mkdir()

    def watch():
        while not is_over.is_set():
            for path, _, names in os.walk(folder):
                for name in names:
                    try:
                        with open(os.path.join(path, name), "rb") as file:
                            seen.setdefault(name, set()).add(file.read(4096))
                    except OSError:
                        pass
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = adaptive(film, folder / "master.m3u8", asked=encryption(keys, key=KEY.hex()))
    is_over.set()
    watcher.join()
    assert run.status == 0 and any(name.endswith(".m4s") for name in seen)
    for name, heads in seen.items():
        for head in heads:
            assert b"moof" not in head and b"mdat" not in head, name
            assert b"ftyp" not in head or name.endswith("-init.mp4")
    assert {path.name.split("-")[0] for path in folder.iterdir()} == {"master.m3u8", "master"}


def grep(folder, *secrets):
    """The files below a folder that hold one of these."""
    return [str(path) for path in folder.rglob("*") if path.is_file()
            and any(secret in path.read_bytes() for secret in secrets)]


def parts_from(server, url, task):
    """The parts of a managed output, by their names."""
    listed = server.get(f"/tasks/{task}/parts", params={"limit": 100}).json()
    base = url.rsplit("/", 1)[0]
    return {part["name"].split("/")[-1]: requests.get(f"{base}/{part['name']}", timeout=60).content
            for part in listed}


def test_a_server_tells_the_key_to_nobody_and_keeps_it_for_a_retry(tmp_path, film, keys):
    server, receiver = Server(tmp_path), Receiver()
    asked = encryption(keys, key=KEY.hex())
    told = []
    body = {"input": f"{keys.url}/film.mp4", "webhook_url": receiver.url, "outputs": [
        {"kind": "adaptive_video", "options": {"encryption": asked, "end": 2}},
        {"kind": "image", "options": {"width": 64}},
        {"kind": "adaptive_video", "options": {"encryption": {**asked, "key": KEY[::-1].hex()},
                                               "end": 1, "no_audio": True}},
    ]}
    plans = server.post("/jobs?explain=true", body)
    assert plans.status_code == 200, plans.text
    job = server.post("/jobs", body, headers={"Idempotency-Key": "once"}).json()
    told += [plans.text, job, [event["data"] for event in server.events(job["id"])]]
    done = server.wait(job)
    assert done["status"] == "succeeded", done["error"]
    again = server.wait(server.post(f"/jobs/{job['id']}/retry").json())
    assert again["status"] == "succeeded", again["error"]
    task = server.post("/tasks", {"kind": "adaptive_video", "input": body["input"],
                                  "options": {"encryption": asked, "end": 1}}).json()
    task = server.wait(task, "tasks")
    assert task["status"] == "succeeded", task["error"]
    for each in (done, again):
        for number, key in ((0, KEY), (2, KEY[::-1])):
            output = each["outputs"][number]
            assert_sealed(parts_from(server, output["output"], output["tasks"][1]), key)
        assert each["outputs"][0]["options"]["encryption"] == encryption(keys)
    assert_sealed(parts_from(server, task["output"]["url"], task["id"]))
    for path in (f"/jobs/{job['id']}", f"/jobs/{job['id']}?explain=true", "/jobs", "/tasks",
                 f"/tasks/{job['tasks'][2]['id']}", f"/jobs/{job['id']}/webhooks", "/metrics"):
        told.append(server.get(path).text)
    told += [body.decode() for _, body in receiver.wait_for(2)]
    assert KEY.hex() not in json.dumps(told).lower()
    assert server.sql("SELECT count(*) FROM jobs")[0][0] == 3
    assert not grep(tmp_path, KEY.hex().encode(), KEY.hex().upper().encode(), KEY, KEY[::-1],
                    KEY[::-1].hex().encode())
    assert server.stop() == 0
    assert not grep(tmp_path, KEY.hex().encode(), KEY), "nor when all is on disk"
    receiver.close()


def test_a_bucket_gets_it_encrypted_too(tmp_path, film, keys):
    bucket = s3.Service()
    asked = encryption(keys, key=KEY.hex())
    run = cli.ittybit("adaptive", "-i", film, "-o", f"s3://{bucket.bucket}/sealed/here.m3u8",
                      "--end", "1", "--encryption", json.dumps(asked), cwd=tmp_path,
                      env=bucket.aws())
    assert run.status == 0, run.last
    server = Server(tmp_path)
    assert server.post("/connections", bucket.connection()).status_code == 201
    done = server.wait(server.job(
        input=f"{keys.url}/film.mp4", kind="adaptive_video", end=1, encryption=asked,
        output=f"s3://{bucket.bucket}/sealed/there.m3u8"))
    assert done["status"] == "succeeded", done["error"]
    assert server.stop() == 0
    for name in ("here", "there"):
        folder = bucket.save(f"sealed/{name}-", tmp_path / name)
        assert_sealed({path.name: path.read_bytes() for path in folder.rglob("*.m4s")})


def test_the_command_line_gets_from_a_server_what_it_was_asked_for(server, film, tmp_path, keys):
    run = adaptive(film, tmp_path / "a/master.m3u8", "--end", "1", asked=encryption(
        keys, key=KEY.hex()))
    words = ["run", "-i", film, "-o", tmp_path / "b", "--body", json.dumps(
        {"outputs": [{"kind": "adaptive_video", "name": "film", "options": {
            "end": 1, "encryption": encryption(keys, key=KEY.hex())}}]})]
    there = cli.ittybit(*words, cwd=tmp_path, env={"ITTYBIT_API_URL": server.url,
                                                   "ITTYBIT_API_KEY": server.key})
    assert run.status == 0 and there.status == 0, there.last
    segments = {path.name: path.read_bytes() for path in (tmp_path / "b").rglob("*.m4s")}
    here = assert_sealed(read_all(parts_of(tmp_path / "a/master.m3u8")))
    assert repeatable(assert_sealed(segments)) == repeatable(here)


def found_in(stream, *words):
    run = cli.ittybit("validate", "--json", *words, stream, cwd="/", timeout=300)
    assert run.status in (0, 1), run.stderr
    return run.last["findings"]


def rules_in(stream):
    return {finding["rule"] for finding in found_in(stream)}


@pytest.fixture
def beside(sealed, tmp_path):
    """The stream with its key in a file beside the playlists, where nobody would have it."""
    shutil.copytree(sealed.parent, tmp_path / "beside")
    master = tmp_path / "beside/master.m3u8"
    (parts_of(master) / "key.bin").write_bytes(KEY)
    for path in parts_of(master).glob("*.m3u8"):
        path.write_text(re.sub(r'(KEY.*URI=")[^"]+', r"\1key.bin", path.read_text()))
    return master


def test_nothing_is_found_wrong_with_it(sealed, plain, beside, keys):
    assert found_in(beside) == []
    folder = sealed.parent.parent
    served = [f"{keys.url}/{each.relative_to(folder)}" for each in (sealed, plain)]
    ranges = {"http-ranges"}  # which only I-frame playlists need
    assert rules_in(served[0]) == rules_in(served[1]) - ranges, "all of it is looked at"
    blind = found_in(sealed)
    assert {finding["rule"] for finding in blind} == {"encrypted"}
    assert any(f"{keys.url}/key" in finding["message"] for finding in blind), "it says why"


def test_what_is_wrong_behind_the_key_is_found(beside):
    parts = parts_of(beside)
    segment = sorted(parts.glob("*p-00001.m4s"))[0]
    clear = bytearray(decrypted(segment.read_bytes(), 0))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1])
    assert "encrypted-size" in rules_in(beside)
    at = clear.rindex(b"mdat") + 4
    clear[at:] = bytes(len(clear) - at)
    segment.write_bytes(subprocess.run(
        ["openssl", "enc", "-aes-128-cbc", "-K", KEY.hex(), "-iv", f"{0:032x}"],
        input=bytes(clear), capture_output=True, check=True).stdout)
    assert rules_in(beside) & {"decodes", "nal-units", "sample-size"}
    segment.write_bytes(whole)
    (parts / "key.bin").write_bytes(KEY[:5])
    assert rules_in(beside) == {"encrypted"}


def assert_no_errors_but_the_known(seen, asked):
    """hls.js 1.6.11 and newer asks once more for a key that it waits for, where picture and sound
    begin together, and drops the first answer (docs/hls.md): that, and nothing else."""
    race = ["keyLoadError", False, "after key load, decryptdata unset or changed"]
    assert [error for error in seen["errors"] if error != race] == []
    assert len(seen["errors"]) < len(asked)


@pytest.mark.parametrize("player", ["hls.js", "shaka-player"])
def test_a_browser_plays_it_with_the_key(server, film, keys, player):
    done = server.wait(server.job(input=f"{keys.url}/film.mp4", kind="adaptive_video",
                                  encryption=encryption(keys, f"/key?for={player}")))
    assert done["status"] == "succeeded", done["error"]
    before = len(keys.asked)
    seen = json.loads(run_client(server, "play_languages.mjs", CHROMIUM, server.url,
                                 done["output"], player, "[1, 6.5, 3]"))
    assert_no_errors_but_the_known(seen, keys.asked[before:])
    assert abs(seen["duration"] - SECONDS) < 0.1
    [tones] = seen["heard"].values()
    assert all(abs(tone - 440) < 12 for tone in tones), tones
    assert set(keys.asked[before:]) == {f"/key?for={player}"}


@pytest.fixture(scope="module")
def long_film(web):
    """In two sizes, and longer than what players have ahead."""
    out = web / "long.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=426x240:rate=25", "-f",
         "lavfi", "-i", "sine=frequency=440", "-t", "24", "-c:v", "libx264", "-preset",
         "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", out], check=True)
    return out


@pytest.mark.parametrize("player", ["hls.js", "shaka-player"])
def test_a_browser_changes_renditions_at_once_with_the_key(server, long_film, keys, player):
    done = server.wait(server.job(input=f"{keys.url}/long.mp4", kind="adaptive_video",
                                  encryption=encryption(keys, f"/key?climbs={player}")))
    assert done["status"] == "succeeded", done["error"]
    before = len(keys.asked)
    seen = json.loads(run_client(server, "climb.mjs", CHROMIUM, server.url, done["output"], player,
                                 timeout=180))
    assert_no_errors_but_the_known(seen, keys.asked[before:])
    assert seen["climbs"] == ["320x180", "426x240", "320x180"]
