"""The dashboard in a browser: what people do there, and what must never happen."""
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import cli
from service import WAIT, Receiver, Server, free_port, wait_for

FLOWS = cli.ROOT / "tests/dashboard/flows.mjs"
CHROMIUM = shutil.which("chromium")


@pytest.fixture(autouse=True, scope="module")
def dashboard(server):
    if 'src="./assets/' not in requests.get(server.url, timeout=WAIT).text:
        (pytest.fail if "CI" in os.environ else pytest.skip)("built without the dashboard")


@pytest.fixture
def fresh(tmp_path):
    """A server that no job was made on."""
    made = Server(tmp_path)
    yield made
    assert made.stop() == 0


def see(server, flow, **more):
    """Goes through a flow; no policy is broken meanwhile, no script fails, nobody else is asked."""
    given = json.dumps({"chromium": CHROMIUM, "url": server.url, "key": server.key, **more})
    run = subprocess.run([FLOWS, flow], input=given, text=True, timeout=3 * WAIT, check=False,
                         capture_output=True)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert (seen["violations"], seen["errors"], seen["strangers"]) == ([], [], [])
    return seen


def ended(server, **body):
    return server.wait(server.job(**body))


def test_its_files_are_packed_kept_and_fenced_in(server):
    page = requests.get(server.url, timeout=WAIT)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-cache"
    again = requests.get(server.url, headers={"If-None-Match": page.headers["ETag"]}, timeout=WAIT)
    assert again.status_code == 304 and not again.content
    names = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page.text)
    assert {name.rsplit(".", 1)[1] for name in names} == {"js", "css"}
    for name in names:
        sizes = {}
        tags = set()
        for coding in ("identity", "gzip", "br"):
            answer = requests.get(f"{server.url}/{name}", headers={"Accept-Encoding": coding},
                                  stream=True, timeout=WAIT)
            body = answer.raw.read(decode_content=False)
            assert answer.headers.get("Content-Encoding", "identity") == coding
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Vary"] == "Accept-Encoding"
            sizes[coding] = len(body)
            tags.add(answer.headers["ETag"])
            if coding == "gzip":
                body = gzip.decompress(body)
            if coding != "br":
                assert len(body) == sizes["identity"]
        assert len(tags) == 3
        assert sizes["br"] < sizes["gzip"] < sizes["identity"]
    assert requests.get(f"{server.url}/assets/none.js", timeout=WAIT).status_code == 404


def test_all_of_it_is_under_300_kb(server):
    def size(name):
        answer = requests.get(f"{server.url}/{name}", headers={"Accept-Encoding": "br"},
                              stream=True, timeout=WAIT)
        return len(answer.raw.read(decode_content=False))

    page = requests.get(server.url, timeout=WAIT).text
    names = set(re.findall(r"assets/[^\"]+", page))
    for name in list(names):
        text = requests.get(f"{server.url}/{name}", timeout=WAIT).text
        names |= {f"assets/{found}" for found in re.findall(r"\./([\w.-]+\.(?:js|css))", text)}
    assert any("hls" in name for name in names), "the player is loaded when it is wanted"
    assert sum(size(name) for name in ["", *names]) < 300_000


def test_one_signs_in_with_a_key_that_this_tab_alone_keeps(server):
    seen = see(server, "sign_in")
    assert "not known" in seen["refused"]
    assert min(seen["paints"]) < 1000, "milliseconds"
    assert seen["isIn"] and seen["staysIn"] and seen["asksElsewhere"] and seen["isOut"]
    assert seen["cookies"] == [], "nothing that another site could have sent"


def test_a_revoked_key_is_signed_out(server):
    key = server.post("/keys", {"name": "mine"}).json()
    seen = see(server, "revoked", key=key["key"], name="mine")
    assert "not known any more" in seen["told"]


def test_the_list_is_narrowed_and_searched(fresh, clip):
    good = ended(fresh, input=clip, kind="image", width=32, metadata={"customer": "acme"})
    bad = ended(fresh, input=f"{clip}.none", kind="image")
    other = ended(fresh, input=clip, kind="audio", metadata={"customer": "other"})
    assert bad["error"]["kind"] == "download_failed"
    ids = [good["id"], bad["id"], other["id"]]
    seen = see(fresh, "filter", jobs=ids)
    assert seen["all"] == ids[::-1]
    assert seen["ended"] == seen["reloaded"] == [bad["id"]]
    assert seen["labelled"] == [good["id"]] and seen["failed"] == [bad["id"]]
    assert "name=value" in seen["problem"]
    assert seen["opened"] == f"#/jobs/{good['id']}"


def test_jobs_come_change_and_go_by_themselves(fresh, clip):
    seen = see(fresh, "live", clip=clip)
    assert seen["done"] and seen["failed"] and seen["rows"] == 1
    assert not seen["isAll"], "what was selected is gone"
    assert "smaller" in seen["size"] or "larger" in seen["size"]


def test_many_are_cancelled_retried_and_deleted_at_once(fresh, origin):
    with origin.stall() as url:
        jobs = [fresh.job(input=url, kind="video")["id"] for _ in range(3)]
        seen = see(fresh, "bulk", jobs=jobs)
    assert seen["chosen"] == "3 selected"
    assert "Delete 6 jobs?" in seen["question"] and seen["isEmpty"]
    assert fresh.get("/jobs").json() == []


def test_a_file_is_sent_and_its_picture_compared(server, media):
    seen = see(server, "create", file=str(media / "corner.png"))
    assert "Pixels" in seen["help"]
    assert seen["typed"] == ["1.05", "10"], "key by key"
    assert len(seen["problems"]) == 1 and "width" in seen["problems"][0]
    assert "curl" in seen["curl"] and '"customer":"acme"' in seen["curl"]
    assert "ittybit image" in seen["cli"] and "--format webp" in seen["cli"]
    assert seen["sizes"]["output"][0] == 64 < seen["sizes"]["input"][0]
    assert seen["moved"] == ["50%", "50.5%"]
    job = server.get(f"/jobs/{seen['id']}").json()
    assert job["options"] == {"format": "webp", "width": 64}
    assert job["metadata"] == {"customer": "acme"}


def test_files_are_dropped_and_pasted(fresh, media):
    seen = see(fresh, "dropped_and_pasted", file=str(media / "corner.png"))
    assert [name.split()[0] for name in seen["chosen"]] == ["dropped.png", "pasted.png"]
    assert sorted(seen["rows"]) == ["dropped.png", "pasted.png"]
    jobs = [fresh.wait(job) for job in fresh.get("/jobs").json()]
    assert [(job["kind"], job["status"]) for job in jobs] == [("image", "succeeded")] * 2


def test_an_address_becomes_a_job(server, clip):
    seen = see(server, "address", clip=clip)
    assert not seen["isReady"], "nothing is given yet"
    assert "http" in seen["problem"] and clip in seen["curl"]
    assert seen["title"] == "flash-small.mp4"


def upload(server, path):
    answer = server.call("POST", f"/uploads?filename={path.name}", data=path.read_bytes())
    return answer.json()["url"]


def test_of_several_outputs_each_is_shown(server, clip):
    job = ended(server, input=clip, outputs=[
        {"kind": "image", "name": "poster", "options": {"width": 64, "format": "webp"}},
        {"kind": "audio"},
        {"kind": "image", "name": "late", "options": {"start": 1000}},
    ])
    assert job["status"] == "failed" and job["outputs"][0]["output"]
    seen = see(server, "several", job=job["id"], count=3)
    poster, sound, late = seen["outputs"]
    assert "poster" in poster and "Done" in poster and "Done" in sound
    assert "Failed" in late and "earlier" in late, "what to do about it"
    assert "Make image: poster" in seen["steps"]
    assert seen["width"] == 64 and seen["sounds"] == 1
    assert '"outputs":[{"kind":"image"' in seen["curl"]


def test_of_tasks_at_once_each_has_its_progress_and_the_job_the_mean(server, clip):
    job = ended(server, input=clip, outputs=[
        {"kind": "image", "options": {"width": 64}}, {"kind": "audio"}])
    seen = see(server, "two_at_once", sample=job)
    assert seen["mean"] == "40 %"
    assert ["20 %" in seen["steps"][0], "60 %" in seen["steps"][1]] == [True, True]
    assert all("2.1×" in step and "8.0 s left" in step for step in seen["steps"])


def test_a_job_is_asked_for_again_where_that_failed(server, origin):
    with origin.stall() as url:
        seen = see(server, "outage", job=server.job(input=url, kind="video")["id"])
    assert "503" in seen["told"] and seen["state"] == "Cancelled"


def test_a_stream_plays_in_the_rendition_one_picks(server, media):
    job = ended(server, input=upload(server, media / "flash-720p.mp4"), kind="adaptive_video")
    assert job["status"] == "succeeded", job["error"]
    seen = see(server, "stream", job=job["id"])
    assert len(seen["renditions"]) == 6, "five, and automatic"
    assert {seen["first"][1], seen["last"][1]} == {180, 720}


def test_where_addresses_expire_streams_play_and_pictures_are_compared(tmp_path, media):
    signing = Server(tmp_path, "--sign-files", "1h")
    stream = ended(signing, input=upload(signing, media / "flash-720p.mp4"), kind="adaptive_video")
    assert "~" in stream["output"]
    seen = see(signing, "stream", job=stream["id"])
    assert {seen["first"][1], seen["last"][1]} == {180, 720}
    seen = see(signing, "create", file=str(media / "corner.png"))
    assert seen["sizes"]["output"][0] == 64 < seen["sizes"]["input"][0]
    assert signing.stop() == 0


def test_sound_is_seen_as_a_waveform(server, media):
    job = ended(server, input=upload(server, media / "flash-720p.mp4"), kind="audio")
    seen = see(server, "sound", job=job["id"])
    assert 0.001 < seen["drawn"] < 0.9
    assert abs(seen["length"] - 6) < 0.2


def test_the_peaks_of_a_sound_are_drawn(server, media):
    job = ended(server, input=upload(server, media / "flash-720p.mp4"), kind="audio",
                options={"waveform": "json", "waveform_points": 1000})
    seen = see(server, "peaks", job=job["id"])
    assert 0.001 < seen["drawn"] < 0.9 and "6 s" in seen["name"]
    assert "1000 peaks, as JSON" in seen["told"]


def test_a_film_plays_beside_its_facts(server, media):
    job = ended(server, input=upload(server, media / "flash-small.mp4"), kind="video",
                options={"width": 160, "end": 60})
    seen = see(server, "film", job=job["id"])
    assert seen["played"][:2] == [160, 90] and abs(seen["played"][2] - 5) < 0.1
    for fact in ("mp4", "320 × 180", "30 fps", "h264", "aac"):
        assert fact in seen["facts"]
    compared = "\n".join(re.sub(r"\s+", " ", row) for row in seen["compared"])
    assert "Picture 320 × 180 160 × 90" in compared
    assert "Codecs h264 + aac h264 + aac" in compared
    assert re.search(r"Size .* KB .* KB \d+ % (smaller|larger)", compared)
    assert "A warning" in seen["warnings"] and "60" in seen["warnings"]


@pytest.mark.parametrize("options, name", [({}, "flash-small.gif"),
                                           ({"format": "webp"}, "flash-small.webp")])
def test_an_animation_is_shown(server, media, options, name):
    job = ended(server, input=upload(server, media / "flash-small.mp4"), kind="animation",
                options={"width": 64, "end": 1, **options})
    seen = see(server, "animation", job=job["id"])
    assert (seen["width"], seen["height"], seen["name"]) == (64, 36, name)


def test_how_a_job_is_made_is_told_in_words_when_somebody_asks(server, clip, media):
    def made(kind, **options):
        return ended(server, input=upload(server, media / "flash-small.mp4"), kind=kind,
                     options=options)["id"]

    several = ended(server, input=clip, outputs=[
        {"kind": "image", "name": "poster", "options": {"width": 64, "format": "webp"}},
        {"kind": "audio", "options": {"format": "opus"}},
    ])
    jobs = [made("video"), made("video", width=64, normalize="lufs", start=1, end=3),
            made("adaptive_video"), several["id"],
            ended(server, input=f"{clip}.none", kind="video")["id"]]
    seen = see(server, "made", jobs=jobs)
    assert seen["before"] == 0, "it costs a look at the input"
    copied, encoded, stream, both, gone = (re.sub(r"\s+", " ", told) for told in seen["told"])
    for what in ("picture", "sound"):
        assert f"The {what} is copied, because it already is what was asked for." in copied
    assert "The picture is encoded anew, because an option changes it." in encoded
    assert "scale to 64 × 36" in encoded and "libx264, 64 × 36, CRF" in encoded
    assert "The sound is encoded anew, because its loudness is changed." in encoded
    assert "bring to -16 LUFS" in encoded and "aac, 48 kHz" in encoded
    assert "from 1 s to 3 s" in encoded and "flash-small.mp4" in encoded
    assert "because streams are made of segments" in stream and "180p: libx264" in stream
    assert "poster" in both and "WEBP, 64 × 36, quality" in both and "libopus" in both
    assert "404" in gone


def test_a_failure_says_what_to_do_and_its_webhook_is_sent_again(server, clip):
    receiver = Receiver()
    job = ended(server, input=f"{clip}.none", kind="video", webhook_url=receiver.url)
    receiver.wait_for(1)
    seen = see(server, "failed", job=job["id"])
    assert "404" in seen["why"] and "still there" in seen["why"]
    assert seen["after"] == seen["before"] + 1
    receiver.wait_for(2)
    receiver.close()


def test_the_webhooks_of_all_jobs_are_seen_at_once(server, clip):
    receiver = Receiver()
    lost = f"http://127.0.0.1:{free_port()}/nobody"
    for url in (receiver.url, lost):
        job = ended(server, input=f"{clip}.none", kind="image", webhook_url=url)
    receiver.wait_for(1)
    path = f"/jobs/{job['id']}/webhooks"
    wait_for(lambda: server.get(path).json()[0]["attempts"], 10, "a try")
    seen = see(server, "deliveries", lost=lost, arrived=receiver.url)
    assert "job.failed" in seen["undelivered"] and "nothing answers" in seen["undelivered"]
    assert seen["left"] == 0 and "#/jobs/job_" in seen["at"]
    receiver.close()


def test_what_others_wrote_is_text(server):
    name, label = "<img src=x onerror=alert(1)>", "<script>alert(1)</script>"
    job = ended(server, input=f"https://example.invalid/{requests.utils.quote(name)}",
                kind="video", metadata={label: label})
    seen = see(server, "hostile", job=job["id"])
    assert seen["title"] == name and name in seen["row"]
    assert label in seen["body"] and seen["dialogs"] == []


def test_keys_and_connections_are_made_tried_and_ended(server):
    seen = see(server, "access")
    assert seen["status"] == 200
    made = seen["made"]
    assert (made["scopes"], made["rate_limit"], made["max_running"]) == (["read"], 600, 2)
    assert abs(made["expires_at"] - made["created_at"] - 30 * 86_400_000) < 1000
    for bound in ("may see everything", "ends ", "600 requests a minute", "2 jobs at once"):
        assert bound in seen["bounds"]
    assert seen["told"]
    wait_for(lambda: requests.get(f"{server.url}/jobs", timeout=WAIT, headers={
        "Authorization": f"Bearer {seen['key']}"}).status_code == 401, 3, "a revoked key refused")


def test_stored_files_are_seen_with_their_sizes_and_deleted(fresh, clip, media):
    upload(fresh, media / "corner.png")
    job = ended(fresh, input=clip, kind="image", width=32, format="png")
    seen = see(fresh, "files", name=job["output"].rsplit("/", 1)[1])
    assert "Output" in seen["told"] and "B" in seen["told"] and seen["uploads"] == 1
    assert seen["hasFocus"], "given back by the question"
    assert requests.get(job["output"], timeout=WAIT).status_code == 404
    assert fresh.get(f"/jobs/{job['id']}").json()["output"] == job["output"]


def test_files_that_come_late_are_not_shown_twice_nor_as_others(server):
    seen = see(server, "files_that_come_late")
    assert [name.split()[0] for name in seen["all"]] == ["output", "output1"]
    assert seen["uploads"] == ["upload"]


def test_the_system_shows_its_numbers_workers_failures_and_walls(server, clip):
    ended(server, input=f"{clip}.none", kind="video")
    seen = see(server, "system")
    assert [re.sub(r"\s+", " ", one) for one in seen["workers"]] == [
        f"{one['id']} idle, seen now" for one in server.get("/workers").json()]
    assert "download failed" in seen["failures"] and "an hour" in seen["failures"]
    assert "Waiting" in seen["figures"] and "slots here" in seen["figures"]
    assert "seccomp" in seen["layers"] and seen["charts"] == 2
    assert seen["asksAgain"], "for the latest failures"


def test_failures_are_counted_by_kind_and_hour(server, clip):
    bad = ended(server, input=f"{clip}.none", kind="video")
    seen = see(server, "failures_by_the_hour", sample=bad)
    assert seen["pages"] == [0, 1, 2], "up to the one with none of these hours"
    at = [hour for hour, bars in enumerate(seen["counts"]) if bars]
    assert len(seen["counts"]) == 24 and at[1] - at[0] == 5 and len(at) == 2
    then, now = (sorted(seen["counts"][hour]) for hour in at)
    assert then == [["kind-0", 1], ["kind-2", 1]] and now == [["kind-0", 1], ["kind-1", 1]]
    assert [re.sub(r"\s+", " ", kind) for kind in seen["kinds"]] == [
        "download failed 2", "task timeout 1", "disk full 1"]


def test_ten_thousand_jobs_scroll_and_a_hundred_change_at_once(server, clip):
    seen = see(server, "many", sample=ended(server, input=clip, kind="image", width=32))
    assert seen["most"] < 60, "what is drawn is what is seen"
    assert seen["places"] == "10000"
    assert seen["changing"] < 1, "seconds, on a busy machine"
    assert seen["scrolling"] < 0.2, "seconds a step, on a busy machine"


def test_a_spoilt_address_and_a_deleted_job_are_told(server, clip):
    jobs = [ended(server, input=clip, kind="image", width=32)["id"] for _ in range(2)]
    seen = see(server, "spoilt", jobs=jobs)
    assert "job_what" in seen["search"] and seen["streams"] == seen["refused"] == 1
    assert seen["id"] and seen["gone"] and seen["buttons"] == 0


def test_files_that_were_not_sent_can_be_sent_again_and_the_others_are_not(fresh, media):
    files = [str(media / name) for name in ("corner.png", "flash-small.mp4", "flash-720p.mp4")]
    seen = see(fresh, "unsent", files=files)
    assert "another limit" in seen["problem"]
    assert seen["asked"] == ["PATCH", "HEAD", "HEAD", "PATCH", "PATCH", "PATCH"]
    assert (seen["uploads"], seen["jobs"]) == (4, 3)


@pytest.fixture
def large(tmp_path, media):
    """A film with 24 MB behind it that no player looks at."""
    path = tmp_path / "Größe.mp4"
    padding = 24_000_000
    path.write_bytes((media / "flash-small.mp4").read_bytes() +
                     struct.pack(">I4s", padding + 8, b"free") + os.urandom(padding))
    return path


def check_arrived(server, path, seen):
    job = server.wait({"id": seen["id"]})
    assert job["status"] == "succeeded", job["error"]
    assert requests.get(job["input"], timeout=WAIT).content == path.read_bytes()
    assert seen["sent"][0] == 0 and all(offset >= 8 << 20 for offset in seen["sent"][1:])
    assert server.sql("SELECT 1 FROM upload_pieces") == []


def stored_bytes(server):
    return server.sql("SELECT COALESCE(sum(size), 0) FROM upload_pieces")[0][0]


def test_an_upload_goes_on_when_the_server_was_killed(fresh, large):
    with ThreadPoolExecutor(1) as pool:
        flow = pool.submit(see, fresh, "interrupted", file=str(large))
        wait_for(lambda: stored_bytes(fresh) >= 8 << 20, WAIT, "two pieces")
        fresh.kill()
        time.sleep(2)
        fresh.start()
        seen = flow.result()
    check_arrived(fresh, large, seen)
    assert len(seen["sent"]) > 1 and "cannot be reached" in seen["trouble"]
    sizes = {found[1] for text in seen["seen"]
             if (found := re.search(r"(\S+) .?B of 24 MB", text))}
    assert len(sizes) > 5, seen["seen"]


def test_an_upload_goes_on_when_the_page_was_loaded_again(fresh, large):
    seen = see(fresh, "reloaded", file=str(large))
    check_arrived(fresh, large, seen)
    assert len(seen["sent"]) == 2
    assert "Größe.mp4" in seen["offered"] and "choose it again" in seen["offered"]
    assert re.search(r"24 MB, 1\d MB of it are there already", seen["there"])
    assert "choose it again" not in seen["there"]
    assert "uploads/resumable" in seen["stored"] and fresh.key not in seen["stored"]
    assert seen["left"] == "{}" and seen["findings"] == []


def test_an_upload_of_another_tab_is_cut_off_when_that_is_closed(fresh, large):
    seen = see(fresh, "in_two_tabs", file=str(large))
    assert large.name not in seen["meanwhile"] and "choose it again" not in seen["meanwhile"]
    assert fresh.wait({"id": seen["id"]})["status"] == "succeeded"


def test_of_an_upload_that_is_given_up_nothing_stays(fresh, large):
    seen = see(fresh, "given_up", file=str(large))
    assert large.name in seen["chosen"] and seen["findings"] == []
    assert seen["kept"] == "{}", "what could not be given up was at the second time"
    assert fresh.get("/jobs").json() == fresh.get("/files").json() == []
    wait_for(lambda: fresh.sql("SELECT 1 FROM files") == [], WAIT, "no rows left")
    folder = fresh.data / "storage/files"
    wait_for(lambda: not any(path.is_file() for path in folder.rglob("*")), WAIT, "no bytes left")


def test_a_server_in_trouble_is_not_pressed_and_what_it_tells_is_kept_in_order(server, clip):
    seen = see(server, "troubled", sample=ended(server, input=clip, kind="image", width=32))
    assert seen["asked"] == 1 and seen["below"] and seen["place"] > 5000
    assert seen["running"]
    assert seen["answers"] == 2 and seen["latest"] == "Done"
    assert seen["looks"] == 1


@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_it(server, media, width):
    good = ended(server, input=upload(server, media / "corner.png"), kind="image", width=64)
    film = ended(server, input=upload(server, media / "flash-small.mp4"), kind="video", width=64)
    bad = ended(server, input="https://example.invalid/a", kind="video")
    seen = see(server, "accessible", width=width, jobs=[good["id"], film["id"], bad["id"]])
    assert seen["findings"] == []
