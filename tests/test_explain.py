"""What a request would do, told without doing it."""
import pytest

import watch
from test_fetching import MEGABYTE, film, serving  # noqa: F401


def all_jobs(server):
    return [job["id"] for job in server.get("/jobs?limit=100").json()]


def test_a_request_is_explained_and_nothing_is_made(server, clip):
    before = all_jobs(server), watch.files_below(server.data / "storage")
    answer = server.post("/jobs?explain=true", {
        "input": clip, "kind": "video", "options": {"width": 160, "codec": "h265"},
    })
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["object"] == "explanation" and told["input"]["width"] == 320
    [output] = told["outputs"]
    assert output["kind"] == "video" and output["error"] is None
    picture = output["plan"]["pictures"][0]
    assert picture["branches"][0]["encoding"]["encoder"] == "libx265"
    assert [step["filter"] for step in picture["treatment"]["steps"]] == ["scale", "format"]
    assert output["plan"]["outputs"][0]["name"] == "flash-small.mp4"
    assert (all_jobs(server), watch.files_below(server.data / "storage")) == before


def test_a_misspelt_parameter_makes_nothing(server, clip):
    before = all_jobs(server)
    answer = server.post("/jobs?explian=true", {"input": clip, "kind": "image"})
    assert answer.status_code == 400 and answer.json()["kind"] == "invalid_request"
    assert "explain" in answer.json()["message"]
    assert all_jobs(server) == before


@pytest.mark.parametrize("kind, encoder", [
    ("audio", "libmp3lame"), ("image", "jpeg"), ("animation", "colours"),
    ("adaptive_video", "medium"),
])
def test_every_kind_is_explained(server, clip, kind, encoder):
    options = {"end": 1} if kind == "animation" else {}
    told = server.post("/jobs?explain=true", {"input": clip, "kind": kind, "options": options})
    assert told.status_code == 200 and encoder in str(told.json()["outputs"][0]["plan"])


@pytest.mark.parametrize("options, is_copied", [({"quality": "high"}, False), ({}, True)])
def test_no_more_is_fetched_than_a_look_needs(
        server, serving, film, options, is_copied):  # noqa: F811
    origin = serving(film)
    told = server.post("/jobs?explain=true", {
        "input": origin.url, "kind": "video", "options": options})
    plan = told.json()["outputs"][0]["plan"]
    assert ("copied" in plan["pictures"][0]) == is_copied, told.text
    # Its packets would have to be read for certainty.
    assert any("when all of it is read" in said for said in plan["warnings"]) == is_copied
    assert origin.sent < 2 * MEGABYTE < len(film), f"{origin.sent} of {len(film)}"


def test_a_stream_is_not_measured_by_what_is_not_here(server, serving, film):  # noqa: F811
    origin = serving(film)
    told = server.post("/jobs?explain=true", {"input": origin.url, "kind": "adaptive_video"})
    plan = told.json()["outputs"][0]["plan"]
    assert "short encodes" not in plan["pictures"][0]["why_encoded"]
    assert origin.sent < 2 * MEGABYTE < len(film), f"{origin.sent} of {len(film)}"


def test_what_cannot_be_made_says_why(server, origin):
    told = server.post("/jobs?explain=true", {
        "input": f"{origin.url}/photo.jpg", "kind": "audio"})
    assert told.status_code == 200
    [output] = told.json()["outputs"]
    assert output["plan"] is None and output["error"]["kind"] == "no_audio_stream"
    late = server.post("/jobs?explain=true", {
        "input": f"{origin.url}/flash-small.mp4", "kind": "image", "options": {"start": 99}})
    assert late.json()["outputs"][0]["error"]["kind"] == "start_out_of_range"
    gone = server.post("/jobs?explain=true", {"input": f"{origin.url}/none.mp4", "kind": "video"})
    assert gone.json()["outputs"][0]["error"]["kind"] == "download_failed"
    assert gone.json()["input"] is None


def test_each_of_several_outputs_is_explained(server, origin):
    told = server.post("/jobs?explain=true", {"input": f"{origin.url}/photo.jpg", "outputs": [
        {"kind": "image", "options": {"width": 100}, "name": "small"}, {"kind": "audio"}]})
    small, sound = told.json()["outputs"]
    assert small["name"] == "small" and small["error"] is None
    assert small["plan"]["outputs"][0]["name"] == "photo.jpeg"
    assert sound["plan"] is None and sound["error"]["kind"] == "no_audio_stream"


def test_a_job_is_explained_as_it_was_asked_for(server, clip):
    job = server.wait(server.job(input=clip, kind="image", options={"width": 100}))
    told = server.get(f"/jobs/{job['id']}?explain=true")
    assert told.status_code == 200
    plan = told.json()["outputs"][0]["plan"]
    assert plan["pictures"][0]["branches"][0]["image"]["size"]["width"] == 100
    assert server.get(f"/jobs/{job['id']}?explain=false").json()["id"] == job["id"]


def test_what_a_damaged_database_holds_of_a_job_is_not_made_up(server, clip):
    job = server.wait(server.job(input=clip, kind="image"))
    server.sql("UPDATE jobs SET request = '{' WHERE id = ?", job["id"])
    path = f"/jobs/{job['id']}"
    for told in (server.get(f"{path}?explain=true"), server.post(f"{path}/retry")):
        assert told.status_code == 400 and "send it anew" in told.json()["message"], told.text
    assert server.get(path).json()["id"] == job["id"]


def test_a_wrong_request_is_refused_as_it_would_be(server, clip):
    bad = server.post("/jobs?explain=true", {"input": clip, "kind": "video", "width": -1})
    assert bad.status_code == 400 and bad.json()["kind"] == "invalid_options"
    odd = server.post("/jobs?explain=maybe", {"input": clip, "kind": "video"})
    assert odd.status_code == 400 and "explain" in odd.json()["message"]
