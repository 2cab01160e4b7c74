"""Several outputs of one input: over the API, and `ittybit run` here and with a server."""
import json
import pathlib
import shutil
import tempfile

import pytest
import requests

import cli
import look
from service import WAIT, Receiver
from test_cli import on_terminal

OUTPUTS = [
    {"kind": "video", "options": {"width": 160, "frames": 10}},
    {"kind": "image", "name": "poster", "width": 64, "start": 1, "format": "webp"},
    {"kind": "adaptive_video", "options": {"end": 1, "quality": "low"}},
]
LATE = {"kind": "image", "name": "late", "options": {"start": 1000}}  # the clip ends before


def access(server):
    return {"ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key}


def fetch(url):
    answer = requests.get(url, timeout=WAIT)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_one_job_makes_them_all(server, clip):
    receiver = Receiver()
    made = server.job(input=clip, outputs=OUTPUTS, webhook_url=receiver.url, metadata={"a": 1})
    assert made["kind"] == "multi" and made["options"] == {} and made["output"] is None
    assert [task["kind"] for task in made["tasks"]] == [
        "probe", "import", "video", "export", "image", "export", "adaptive_video", "export"]
    ids = [task["id"] for task in made["tasks"]]
    assert [output["tasks"] for output in made["outputs"]] == [ids[2:4], ids[4:6], ids[6:8]]
    assert made["outputs"][1] == {
        "kind": "image", "options": {"width": 64, "start": 1, "format": "webp"}, "name": "poster",
        "status": "waiting", "output": None, "error": None, "tasks": ids[4:6]}
    told = [event["data"] for event in server.events(made["id"]) if event["event"] == "job"]
    done = told[-1]
    assert done["status"] == "succeeded" and done["output"] is None, done
    assert [output["status"] for output in done["outputs"]] == ["succeeded"] * 3
    # What is done may be fetched while the rest is made.
    assert any(job["status"] == "processing" and job["outputs"][0]["output"] for job in told)
    film, poster, stream = [output["output"] for output in done["outputs"]]
    assert film.endswith("/flash-small.mp4") and poster.endswith("/poster.webp")
    assert len(fetch(film)) > 1000 and fetch(poster)[8:12] == b"WEBP"
    assert "#EXTM3U" in fetch(stream).decode()
    parts = server.get(f"/tasks/{ids[7]}/parts?limit=100").json()
    assert len(parts) > 3 and fetch(parts[0]["url"])
    told = json.loads(receiver.wait_for(1)[0][1])
    assert told["type"] == "job.succeeded" and told["outputs"][2]["output"] == stream
    assert made["id"] in [job["id"] for job in server.get("/jobs?kind=multi").json()]
    assert server.call("DELETE", f"/jobs/{made['id']}").status_code == 204
    for url in (film, poster, stream):
        assert requests.get(url, timeout=WAIT).status_code == 404


def test_one_that_fails_leaves_the_others_and_a_retry_makes_all_again(server, clip):
    made = server.job(input=clip, outputs=[OUTPUTS[1], LATE, OUTPUTS[0]])
    done = server.wait(made)
    assert done["status"] == "failed" and done["error"]["kind"] == "start_out_of_range"
    assert done["error"]["task"] == done["outputs"][1]["tasks"][0]
    assert [output["status"] for output in done["outputs"]] == ["succeeded", "failed", "succeeded"]
    assert done["outputs"][1]["error"]["task"] == done["error"]["task"]
    for i in (0, 2):
        assert fetch(done["outputs"][i]["output"])
    again = server.post(f"/jobs/{made['id']}/retry").json()
    assert again["outputs"] == [
        {**output, "status": "waiting", "output": None, "error": None, "tasks": new["tasks"]}
        for output, new in zip(done["outputs"], again["outputs"])]
    assert server.wait(again)["status"] == "failed"


def test_an_input_that_fails_ends_them_all(server, origin):
    done = server.wait(server.job(input=f"{origin.url}/absent.mp4", outputs=OUTPUTS))
    assert done["status"] == "failed" and done["error"]["kind"] == "download_failed"
    assert {output["status"] for output in done["outputs"]} == {"cancelled"}
    assert not [output for output in done["outputs"] if output["error"] or output["output"]]


def test_cancelled_before_it_begins_nothing_is_made(server, origin):
    with origin.stall() as url:
        made = server.job(input=url, outputs=OUTPUTS)
        done = server.post(f"/jobs/{made['id']}/cancel").json()
    assert done["status"] == "cancelled"
    assert {output["status"] for output in done["outputs"]} == {"cancelled"}


SHARED = [
    {"kind": "video", "options": {"width": 160, "end": 4}},
    {"kind": "image", "options": {"width": 64, "format": "png"}},
    {"kind": "video", "name": "small", "options": {"width": 96, "format": "webm", "end": 4}},
    {"kind": "animation", "options": {"width": 80, "end": 4}},
    {"kind": "adaptive_video", "options": {"no_audio": True, "end": 4}},
]


def together(job):
    """Whether its outputs but the second were encoded at the same time."""
    film, _, small, loop, stream = (job["tasks"][2 + 2 * i] for i in range(5))
    return all(task["started_at"] < film["finished_at"] for task in (small, loop, stream))


def test_outputs_of_the_same_pictures_are_made_at_once_with_the_same_bytes(server, clip):
    made = server.job(input=clip, outputs=SHARED)
    done = server.wait(made)
    assert done["status"] == "succeeded" and together(done), done
    assert not done["warnings"]
    urls = [output["output"] for output in done["outputs"]]
    for i in range(1, 4):
        asked = {key: SHARED[i][key] for key in ("kind", "options")}
        alone = server.wait(server.job(input=clip, **asked))
        assert fetch(alone["output"]) == fetch(urls[i]), SHARED[i]
    assert len(look.frame_times(urls[0])) == 120
    stream = look.probe(urls[4])
    assert len(stream["video"]) >= 2 and not look.decode_complaints(urls[4])
    facts = [task["output"] for task in done["tasks"] if task["kind"] == "export"]
    lengths = [of["duration"] for of in facts if of["kind"] != "image"]
    assert lengths == pytest.approx([4] * 4, 0.02)


def test_a_copy_does_not_wait_for_what_is_encoded(server, clip):
    done = server.wait(server.job(input=clip, outputs=[
        {"kind": "video"}, {"kind": "adaptive_video", "options": {"quality": "low"}}]))
    assert done["status"] == "succeeded", done["error"]
    assert done["tasks"][3]["finished_at"] <= done["tasks"][4]["started_at"]


def test_warnings_say_of_which_output_they_are(server, clip):
    done = server.wait(server.job(input=clip, outputs=[
        {"kind": "audio", "options": {"end": 1000}}, {**OUTPUTS[1], "name": None},
        {"kind": "video", "name": "cut", "options": {"end": 1000, "width": 64}}]))
    assert done["status"] == "succeeded", done["error"]
    assert [warning.split(":")[0] for warning in done["warnings"]] == ["outputs.0", "cut"]


@pytest.mark.parametrize("body, kind, field", [
    ({"outputs": []}, "invalid_request", "outputs"),
    ({"outputs": OUTPUTS * 6}, "invalid_request", "outputs"),
    ({"outputs": OUTPUTS, "kind": "video"}, "invalid_request", "kind"),
    ({"outputs": OUTPUTS, "options": {}}, "invalid_request", "options"),
    ({"outputs": OUTPUTS, "output": "s3://bucket/a.mp4"}, "invalid_request", "output"),
    ({"outputs": OUTPUTS, "width": 5}, "invalid_request", "width"),
    ({"outputs": [{"options": {}}]}, "kind_required", "outputs.0.kind"),
    ({"outputs": [OUTPUTS[0], {"kind": "probe"}]}, "invalid_kind", "outputs.1.kind"),
    ({"outputs": [{"kind": "video", "fps": 99}]}, "invalid_options", "outputs.0.options.fps"),
    ({"outputs": [{"kind": "video", "output": "s3://bucket/x"}] * 2}, "invalid_output",
     "outputs.1.output"),
    ({"outputs": [{"kind": "video", "output": "s3://bucket/x.mp4"}]}, "connection_required",
     "connection"),
])
def test_what_is_wrong_is_refused_at_once(server, clip, body, kind, field):
    answer = server.post("/jobs", {"input": clip, **body})
    assert answer.status_code == 400, answer.text
    assert answer.json()["kind"] == kind and field in [e["field"] for e in answer.json()["errors"]]


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")
                  if path.is_file() and ".ittybit" not in str(path))


def check_files(folder):
    found = files(folder)
    made = {"flash-small.mp4", "poster.webp", "flash-small/master.m3u8", "stills/a.png"}
    assert made < set(found)
    assert look.probe(folder / "poster.webp")["video"][0]["width"] == 64
    assert look.probe(folder / "flash-small.mp4")["video"][0]["width"] == 160
    assert not look.decode_complaints(folder / "flash-small/master.m3u8")
    assert not [name for name in found if name.startswith(".")]


BODY = json.dumps({"outputs": [*OUTPUTS, {"kind": "image", "output": "stills/a.png"}]})


@pytest.mark.parametrize("is_here", [True, False])
def test_run_puts_them_into_a_folder(server, media, tmp_path, is_here):
    run = cli.ittybit("run", "-i", media / "flash-small.mp4", "-o", tmp_path / "web", "--body", "-",
                      cwd=tmp_path, stdin=BODY, env={} if is_here else access(server))
    assert run.status == 0, run.stderr
    check_files(tmp_path / "web")
    assert run.last["kind"] == "multi" and run.last["status"] == "succeeded"
    assert run.last["outputs"][1]["output"] == (tmp_path / "web/poster.webp").as_uri()
    assert {"queued", "processing"} & {line.get("status") for line in run.lines[:-1]}
    assert files(tmp_path) == [f"web/{name}" for name in files(tmp_path / "web")]


def test_run_without_a_folder_prints_where_the_server_keeps_them(server, clip, tmp_path):
    run = cli.ittybit("run", "-i", clip, "--body", json.dumps({"outputs": OUTPUTS[:2]}),
                      cwd=tmp_path, env=access(server))
    assert run.status == 0 and not files(tmp_path), run.stderr
    assert fetch(run.last["outputs"][1]["output"])[8:12] == b"WEBP"


@pytest.mark.parametrize("is_here", [True, False])
def test_run_brings_what_was_made_although_one_output_failed(server, media, tmp_path, is_here):
    status, text = on_terminal(
        "run", "-i", media / "flash-small.mp4", "-o", "web/", "--body",
        json.dumps({"outputs": [LATE, *OUTPUTS[:2]]}), cwd=tmp_path,
        env={} if is_here else access(server))
    assert status == 1 and files(tmp_path) == ["web/flash-small.mp4", "web/poster.webp"], text
    assert "late: " in text and "web/poster.webp" in text and '{"' not in text


def test_run_explains_each(media, tmp_path):
    run = cli.ittybit("run", "-i", media / "flash-small.mp4", "--explain", "--body", BODY,
                      cwd=tmp_path)
    assert run.status == 0 and len(run.last) == 4 and not files(tmp_path), run.stderr


def test_several_inputs_each_have_several_outputs(media, tmp_path):
    body = json.dumps({"outputs": [OUTPUTS[1], {"kind": "image", "output": "{filename}.png"}]})
    words = ("-i", media / "flash-small.mp4", "-i", media / "flash-720p.mp4", "-o", "web")
    run = cli.ittybit("run", *words, "--body", body, cwd=tmp_path)
    assert run.status == 0, run.stderr
    assert files(tmp_path / "web") == ["flash-720p.png", "flash-small.png", "poster-1.webp",
                                       "poster.webp"]
    same = cli.ittybit("run", *words, "--body", BODY, cwd=tmp_path)
    assert same.status == 2 and "several outputs" in same.stderr


@pytest.mark.parametrize("words, said", [
    (("-o", "-", "--body", BODY), "FOLDER/"),
    (("-o", "s3://bucket/x/", "--body", BODY), "FOLDER/"),
    (("--body", "{"), "JSON"),
    ((), "--body"),
    (("--body", json.dumps({"outputs": [{"kind": "image", "output": name}
                                        for name in ("a.png", "./a.png")]})), "a.png"),
    (("--body", '{"outputs":[{"kind":"image","output":"a.mp4"}]}'), "outputs.0.output"),
    (("--body", '{"input":"x","outputs":[{"kind":"image"}]}'), "given twice"),
])
def test_what_run_cannot_do_is_said_before_anything_is_done(media, tmp_path, words, said):
    run = cli.ittybit("run", "-i", media / "flash-small.mp4", *words, cwd=tmp_path)
    assert run.status == 2 and said in run.stderr and not files(tmp_path), run.stderr


@pytest.fixture
def other_disk(tmp_path):
    shared = pathlib.Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no other disk to write to")
    made = pathlib.Path(tempfile.mkdtemp(dir=shared))
    yield made
    shutil.rmtree(made)


def test_a_folder_on_another_disk_is_reached_too(media, tmp_path, other_disk):
    body = json.dumps({"outputs": [
        {"kind": "image", "output": "a.png"},
        {"kind": "adaptive_video", "output": f"{other_disk}/show.m3u8", "options": {"end": 1}}]})
    run = cli.ittybit("run", "-i", media / "flash-small.mp4", "-o", tmp_path / "x", "--body", body,
                      cwd=tmp_path)
    assert run.status == 0 and files(tmp_path / "x") == ["a.png"], run.stderr
    assert not look.decode_complaints(other_disk / "show.m3u8")
    assert len([name for name in files(other_disk) if "/" not in name]) == 1
