"""What is stored: its list, and its end."""
import cli
import pytest
import requests
from service import WAIT, Server, wait_for


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("stored"))
    yield made
    assert made.stop() == 0


def upload(server, name, body):
    return server.call("POST", f"/uploads?filename={name}", data=body).json()["url"]


def on_disk(server, file):
    folder = server.data / "storage/files" / file["id"]
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def pages(server, path):
    """All files of a list, and how many pages it had."""
    files, count = [], 0
    while path:
        answer = server.get(path)
        assert answer.status_code == 200, answer.text
        files += answer.json()
        count += 1
        path = answer.links.get("next", {}).get("url")
    return files, count


def test_each_file_is_listed_with_its_size_and_whose_it_is(fresh, clip, media):
    source = upload(fresh, "a clip.mp4", (media / "flash-720p.mp4").read_bytes())
    one = fresh.wait(fresh.job(input=clip, kind="image", width=32, format="png"))
    stream = fresh.wait(fresh.job(input=source, kind="adaptive_video"))
    pictures = fresh.wait(fresh.job(input=clip, kind="image", interval=1, end=3, width=32))
    task = fresh.post("/tasks", {"kind": "import", "input": clip}).json()
    made = fresh.post("/tasks", {"kind": "image", "input": clip, "options": {"width": 16}}).json()
    for waited in (task, made):
        assert fresh.wait(waited, "tasks")["status"] == "succeeded"
    files, _ = pages(fresh, "/files")
    assert [file["role"] for file in files] == ["output", "import", *["output"] * 3, "upload"]
    for file in files:
        assert file["size"] == on_disk(fresh, file) > 0
        assert requests.get(file["url"], timeout=WAIT).status_code == 200
        assert file["object"] == "stored_file" and file["id"] in file["url"]
    by_job = {file["job"]: file for file in files if file["job"]}
    assert by_job[one["id"]]["url"] == one["output"]
    assert by_job[one["id"]]["type"] == "image/png"
    assert by_job[stream["id"]]["name"] == "master.m3u8"
    assert by_job[pictures["id"]]["url"] == pictures["output"]
    assert [file["task"] for file in files] == [made["id"], *[None] * 5]
    assert files[-1]["name"] == "a_clip.mp4" and files[-1]["job"] is None
    times = [file["created_at"] for file in files]
    assert times == sorted(times, reverse=True)

    def ids(query):
        return [file["id"] for file in pages(fresh, f"/files?{query}")[0]]

    all_ids = [file["id"] for file in files]
    assert ids("order=asc") == all_ids[::-1]
    assert ids("role=upload") == all_ids[-1:]
    assert ids(f"job={one['id']}") == [by_job[one["id"]]["id"]]
    assert ids(f"job={made['id']}") == all_ids[:1]
    assert ids(f"before={all_ids[2]}&limit=2") == all_ids[:2] + all_ids[2:]
    assert ids(f"created_before={times[-1] + 1}") == all_ids[-1:]
    assert pages(fresh, "/files?limit=2") == (files, 3)


def test_a_page_goes_on_behind_a_file_that_was_deleted(fresh):
    urls = [upload(fresh, f"{number}.bin", b"x" * (number + 1)) for number in range(5)]
    first = fresh.get("/files?role=upload&limit=2")
    for file in first.json():
        assert fresh.call("DELETE", f"/files/{file['id']}").status_code == 204
    rest, _ = pages(fresh, first.links["next"]["url"])
    assert [file["url"] for file in rest][:3] == urls[2::-1]
    wait_for(lambda: not any(on_disk(fresh, file) for file in first.json()), WAIT, "no bytes left")
    assert fresh.get(f"/files?after={first.json()[1]['id']}").status_code == 400


def test_a_deleted_file_is_gone_at_once_and_its_job_stays(fresh, media):
    source = upload(fresh, "clip.mp4", (media / "flash-720p.mp4").read_bytes())
    job = fresh.wait(fresh.job(input=source, kind="adaptive_video"))
    file = fresh.get(f"/files?job={job['id']}").json()[0]
    part = next(part for task in job["tasks"] if task["kind"] == "export"
                for part in fresh.get(f"/tasks/{task['id']}/parts").json())
    assert requests.get(part["url"], timeout=WAIT).ok
    assert fresh.call("DELETE", f"/files/{file['id']}").status_code == 204
    for url in (job["output"], part["url"]):
        gone = requests.get(url, timeout=WAIT)
        assert (gone.status_code, gone.json()["kind"]) == (404, "file_not_found")
    assert fresh.get(f"/jobs/{job['id']}").json() == job
    again = fresh.call("DELETE", f"/files/{file['id']}")
    assert (again.status_code, again.json()["kind"]) == (404, "file_not_found")
    wait_for(lambda: on_disk(fresh, file) == 0, WAIT, "no bytes left")
    assert fresh.get(f"/files?job={job['id']}").json() == []


def test_what_a_job_works_with_stays(fresh, origin, media):
    source = upload(fresh, "words.srt", b"1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with origin.stall() as url:
        job = fresh.job(input=url, kind="video", subtitle_url=source)
        refused = fresh.call("DELETE", f"/files/{source.split('/')[-2]}")
        assert refused.status_code == 409 and "cancel it" in refused.json()["message"]
        fresh.post(f"/jobs/{job['id']}/cancel")
    assert fresh.call("DELETE", f"/files/{source.split('/')[-2]}").status_code == 204


def test_an_output_that_is_there_stays_while_its_job_goes_on(fresh, clip, tmp_path):
    source = upload(fresh, "clip.mp4", requests.get(clip, timeout=WAIT).content)
    long = {"kind": "video", "options": {"codec": "av1", "quality": "very_high", "width": 1920}}
    job = fresh.job(input=source, outputs=[{"kind": "image", "options": {"width": 16}}, long])
    file = wait_for(lambda: fresh.get(f"/files?job={job['id']}").json(), WAIT, "an output")[0]
    refused = fresh.call("DELETE", f"/files/{file['id']}")
    fresh.post(f"/jobs/{job['id']}/cancel")
    assert refused.status_code == 409
    assert fresh.call("DELETE", f"/files/{file['id']}").status_code == 204


def test_wrong_questions_are_told(fresh):
    for query in ("role=garbage", "job=none", "after=none", "limit=0", "kind=video"):
        refused = fresh.get(f"/files?{query}")
        assert (refused.status_code, refused.json()["kind"]) == (400, "invalid_request"), query
    assert requests.get(f"{fresh.url}/files", timeout=WAIT).status_code == 401
    reader = fresh.post("/keys", {"name": "r", "scopes": ["read"]}).json()["key"]
    headers = {"Authorization": f"Bearer {reader}"}
    assert fresh.get("/files", headers=headers).status_code == 200
    assert fresh.call("DELETE", "/files/" + "a" * 32, headers=headers).status_code == 403


def test_the_command_line_lists_and_deletes(fresh, tmp_path):
    env = {"ITTYBIT_API_URL": fresh.url, "ITTYBIT_API_KEY": fresh.key, "COLUMNS": "80"}

    def run(*words):
        return cli.ittybit("files", *words, cwd=tmp_path, env=env)

    name = "a-very-long-name-that-no-table-of-eighty-columns-has-room-for.mp4"
    urls = [upload(fresh, name, b"x" * 12_345), upload(fresh, "b.bin", b"x" * 100)]
    files = run("list", "--role", "upload", "--limit", "2").last
    assert [file["size"] for file in files] == [100, 12_345]
    assert run("--limit", "1", "--after", files[0]["id"]).last[0]["id"] == files[1]["id"]
    table = [line["not_json"] for line in run("list", "--tty", "--limit", "2").lines]
    assert files[1]["id"] in table[1] and "12 KB" in table[1] and "upload" in table[1]
    assert table[1].endswith("room-for.mp4") and all(len(line) <= 80 for line in table)
    assert run("delete", files[0]["id"], urls[0]).status == 0
    assert requests.get(urls[0], timeout=WAIT).status_code == 404
    gone = run("delete", files[0]["id"])
    assert gone.status == 2 and gone.error_kind == "file_not_found"
    assert run("remove").status == 2 and run("delete").status == 2


def test_the_document_knows_of_them(fresh):
    paths = fresh.get("/openapi.json").json()["paths"]
    assert paths["/files"]["get"]["operationId"] == "listFiles"
    assert paths["/files/{id}"]["delete"]["operationId"] == "deleteFile"
    assert "409" in paths["/files/{id}"]["delete"]["responses"]
