"""Uploads by the tus protocol (1.0.0), by tus-js-client and by hand."""
import base64
import email.utils
import hashlib
import json
import subprocess
import threading
import time

import cli
import pytest
import requests
from service import WAIT, Server, wait_for
from wire import Wire

MIB = 1 << 20
BYTES = "application/offset+octet-stream"
FOLDER = "/uploads/resumable"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server whose inputs have at most 100 MB."""
    made = Server(tmp_path_factory.mktemp("tus"), "--limit-input-bytes", "100000000")
    yield made
    assert made.stop() == 0


def tus(server, method, url, data=None, **headers):
    headers = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): str(value)
                                             for name, value in headers.items()}}
    return server.call(method, url, data=data, headers=headers)


def begin(server, length, name=None, **headers):
    if name:
        headers["Upload_Metadata"] = "filename " + base64.b64encode(name.encode()).decode()
    made = tus(server, "POST", FOLDER, Upload_Length=length, **headers)
    assert made.status_code == 201, made.text
    return made.headers["Location"]


def patch(server, url, offset, data, **headers):
    return tus(server, "PATCH", url, data, Content_Type=BYTES, Upload_Offset=offset, **headers)


def offset_of(server, url):
    told = tus(server, "HEAD", url)
    assert told.status_code == 200 and told.headers["Tus-Resumable"] == "1.0.0"
    assert told.headers["Cache-Control"] == "no-store"
    return int(told.headers["Upload-Offset"])


def id_of(url):
    return url.split("/")[-2]


def file_of(server, url):
    return next(file for file in server.get("/files?role=upload").json()
                if file["id"] == id_of(url))


def content(server, url):
    return requests.get(file_of(server, url)["url"], timeout=WAIT).content


def send(server, path, **more):
    """Begins tus-js-client; its lines are to be read."""
    given = {"endpoint": server.url + FOLDER, "file": str(path), "name": path.name,
             "headers": {"Authorization": f"Bearer {server.key}"}, **more}
    client = subprocess.Popen([cli.ROOT / "tests/tus_upload.mjs"], stdin=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE)
    client.stdin.write(json.dumps(given))
    client.stdin.close()
    return client


def lines(client):
    return (json.loads(line) for line in client.stdout)


def end(client):
    told = list(lines(client))
    assert client.wait(WAIT) == 0, told
    return told[-1]["url"], [line["sent"] for line in told if "sent" in line]


def test_what_tus_js_client_sends_is_an_upload_like_any_other(server, media):
    film = media / "flash-720p.mp4"
    for how in ({}, {"atOnce": True}, {"chunk": 100_000}):
        url, _ = end(send(server, film, **how))
        assert content(server, url) == film.read_bytes()
    job = server.wait(server.job(input=url, kind="image", width=32, metadata={"upload": url}))
    assert job["status"] == "succeeded", job
    assert job["input"] == file_of(server, url)["url"] and job["metadata"] == {"upload": url}
    told = tus(server, "HEAD", url).headers
    assert told["Upload-Offset"] == told["Upload-Length"] == str(film.stat().st_size)
    assert base64.b64encode(b"flash-720p.mp4").decode() in told["Upload-Metadata"]


def test_one_goes_on_in_the_middle(server, tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(hashlib.shake_256(b"large").digest(20 * MIB))
    url, sent = end(send(server, path, chunk=MIB, stopAt=10 * MIB))
    assert sent == [count * MIB for count in range(1, 21)], "nothing was sent twice"
    assert content(server, url) == path.read_bytes()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_server_that_was_killed_goes_on_from_the_bytes_it_has(tmp_path, database):
    made = Server(tmp_path, database=database)
    path = tmp_path / "large.bin"
    path.write_bytes(hashlib.shake_256(b"killed").digest(30 * MIB))
    client = send(made, path, chunk=MIB)
    told = lines(client)
    while next(told).get("sent", 0) < 10 * MIB:
        pass
    made.kill()
    made.start()
    url, sent = end(client)
    assert sent[-1] == 30 * MIB and min(sent) >= 9 * MIB
    assert content(made, url) == path.read_bytes()
    # In one request: what is whole of it stays.
    url = begin(made, 30 * MIB)
    with Wire(made) as wire:
        wire.head(f"PATCH {url[len(made.url):]}", "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                  f"Content-Type: {BYTES}", f"Content-Length: {30 * MIB}")
        wire.send(path.read_bytes()[:18 * MIB])
        wait_for(lambda: offset_of(made, url) == 16 * MIB, WAIT, "four pieces")
        made.kill()
    made.start()
    assert offset_of(made, url) == 16 * MIB
    ended = patch(made, url, 16 * MIB, path.read_bytes()[16 * MIB:])
    assert (ended.status_code, ended.headers["Upload-Offset"]) == (204, str(30 * MIB))
    assert content(made, url) == path.read_bytes()
    assert made.sql("SELECT 1 FROM upload_pieces") == []
    folder = made.data / "storage/files" / id_of(url)
    assert [entry.name for entry in folder.iterdir()] == ["upload"]
    assert made.stop() == 0


def test_whose_last_answer_was_lost_finds_it_ended(server):
    url = begin(server, 6)
    patch(server, url, 0, b"abcdef")
    server.sql("UPDATE files SET is_ready = 0 WHERE id = ?", id_of(url))
    server.sql("INSERT INTO upload_pieces (file_id, at, size, key) VALUES (?, 0, 6, ?)", id_of(url),
               f"files/{id_of(url)}/.pieces/0")
    assert offset_of(server, url) == 6
    assert content(server, url) == b"abcdef"


def test_what_came_before_a_client_was_cut_off_stays(server):
    url = begin(server, 10)
    with Wire(server) as wire:
        wire.head(f"PATCH {url[len(server.url):]}", "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                  f"Content-Type: {BYTES}", "Content-Length: 10")
        wire.send(b"abcd")
    wait_for(lambda: offset_of(server, url) == 4, WAIT, "four bytes")
    assert patch(server, url, 4, b"efghij").headers["Upload-Offset"] == "10"
    assert content(server, url) == b"abcdefghij"


def test_of_two_requests_at_one_place_one_counts(server):
    url = begin(server, 8)
    answers = []

    def slowly(text):
        for letter in text:
            yield bytes([letter])
            time.sleep(0.1)

    def send_slowly(text):
        answers.append(patch(server, url, 0, slowly(text)).headers["Upload-Offset"])

    threads = [threading.Thread(target=send_slowly, args=[text]) for text in (b"abcd", b"ABCD")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["0", "4"] and offset_of(server, url) == 4
    patch(server, url, 4, b"efgh")
    assert content(server, url) in (b"abcdefgh", b"ABCDefgh")


def test_every_rule_of_the_protocol_is_kept(small):
    told = requests.options(small.url + FOLDER, timeout=WAIT)
    assert told.status_code == 204 and told.headers["Tus-Version"] == "1.0.0"
    assert set(told.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "termination"}
    assert told.headers["Tus-Max-Size"] == "100000000"
    url = begin(small, 10, "Ferien 日.mov")
    assert url.endswith("/Ferien_%E6%97%A5.mov")
    for headers in ({"Tus-Resumable": "0.2.2"}, {}):
        for method, address in (("POST", FOLDER), ("HEAD", url), ("PATCH", url), ("DELETE", url)):
            other = small.call(method, address, headers=headers)
            assert (other.status_code, other.headers["Tus-Version"]) == (412, "1.0.0"), method
            assert other.headers["Tus-Resumable"] == "1.0.0"
    refused = [
        (tus(small, "POST", FOLDER), 400, "Upload-Length"),
        (tus(small, "POST", FOLDER, Upload_Length="many"), 400, "Upload-Length"),
        (tus(small, "POST", FOLDER, Upload_Length=-1), 400, "Upload-Length"),
        (tus(small, "POST", FOLDER, Upload_Length=0), 400, "empty"),
        (tus(small, "POST", FOLDER, Upload_Defer_Length=1), 400, "Upload-Length"),
        (tus(small, "POST", FOLDER, Upload_Length=100_000_001), 413, "100000000"),
        (tus(small, "POST", FOLDER, Upload_Length=2 ** 63 - 1), 413, "100000000"),
        (tus(small, "POST", FOLDER, Upload_Length=5, Upload_Metadata="filename ?"), 400, "base64"),
        (tus(small, "PATCH", url, b"x", Upload_Offset=0), 415, BYTES),
        (patch(small, url, 3, b"x"), 409, "0, not 3"),
        (tus(small, "PATCH", url, b"x", Content_Type=BYTES), 400, "Upload-Offset"),
        (patch(small, url, 0, b"x" * 11), 413, "10 bytes"),
        (patch(small, FOLDER + "/" + "a" * 32 + "/upload", 0, b"x"), 404, "begin another"),
        (tus(small, "GET", url), 405, "HEAD, PATCH, DELETE, OPTIONS"),
    ]
    for answer, status, words in refused:
        assert answer.status_code == status and words in answer.json()["message"], answer.text
    assert tus(small, "HEAD", url.replace("Ferien", "Other")).status_code == 404
    assert requests.head(url, timeout=WAIT).status_code == 401
    assert offset_of(small, url) == 0
    first = patch(small, url, 0, b"abc")
    assert (first.status_code, first.content, first.headers["Upload-Offset"]) == (204, b"", "3")
    expires = email.utils.parsedate_to_datetime(first.headers["Upload-Expires"]).timestamp()
    assert abs(expires - time.time() - 86_400) < WAIT
    # A proxy lets only POST through.
    over = tus(small, "POST", url, b"defghij", X_HTTP_Method_Override="PATCH", Content_Type=BYTES,
               Upload_Offset=3)
    assert over.headers["Upload-Offset"] == "10" and "Upload-Expires" not in over.headers
    assert content(small, url) == b"abcdefghij"
    assert patch(small, url, 10, b"").status_code == 204


def test_browsers_of_other_origins_may(small):
    asked = requests.options(small.url + FOLDER, timeout=WAIT, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "tus-resumable,upload-length,authorization"})
    allowed = asked.headers["Access-Control-Allow-Headers"]
    for name in ("Authorization", "Content-Type", "Tus-Resumable", "Upload-Length", "Upload-Offset",
                 "Upload-Metadata"):
        assert name in allowed
    url = begin(small, 5)
    assert requests.options(url, timeout=WAIT).headers["Tus-Version"] == "1.0.0"
    told = tus(small, "HEAD", url, Origin="https://shop.example").headers
    for name in ("Location", "Upload-Offset", "Upload-Length", "Tus-Resumable", "Upload-Expires"):
        assert name in told["Access-Control-Expose-Headers"]


def test_more_bytes_than_an_upload_has_are_refused_however_they_come(small):
    for body in b"0123456789", iter([b"0123", b"456789"]):
        url = begin(small, 3)
        assert patch(small, url, 0, body).status_code == 413
        assert offset_of(small, url) == 0


def test_an_answer_to_a_post_has_its_body_whatever_overrides_it(small):
    told = small.call("POST", f"{FOLDER}/{'0' * 32}/x", headers={
        "Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "HEAD"})
    assert told.status_code == 404 and told.json()["kind"] == "file_not_found"


def test_an_upload_that_was_given_up_leaves_nothing(small):
    url = begin(small, 10)
    patch(small, url, 0, b"abcde")
    unfinished = small.post("/jobs", {"input": url, "kind": "image"})
    assert (unfinished.status_code, unfinished.json()["kind"]) == (400, "invalid_input")
    assert "5 bytes are missing" in unfinished.json()["message"]
    assert tus(small, "DELETE", url).status_code == 204
    assert tus(small, "HEAD", url).status_code == patch(small, url, 5, b"f").status_code == 404
    folder = small.data / "storage/files" / id_of(url)
    wait_for(lambda: not folder.exists(), WAIT, "no bytes left")
    rows = "SELECT 1 FROM resumable_uploads WHERE file_id = ?"
    wait_for(lambda: small.sql(rows, id_of(url)) == [], WAIT, "no rows left")
    ended = begin(small, 3)
    patch(small, ended, 0, b"abc")
    refused = tus(small, "DELETE", ended)
    assert refused.status_code == 400 and "DELETE /files" in refused.json()["message"]


def test_one_that_is_not_gone_on_with_expires(small):
    url = begin(small, 10)
    patch(small, url, 0, b"abcde")
    small.sql("UPDATE files SET used_at = used_at - 86400000, created_at = created_at - 86400000 "
              "WHERE id = ?", id_of(url))
    assert tus(small, "HEAD", url).status_code == 404


def test_one_key_begins_one_of_them(small):
    once = {"Idempotency_Key": "one of them", "Upload_Length": 1000}
    first = tus(small, "POST", FOLDER, **once)
    assert first.status_code == 201 and "Idempotent-Replayed" not in first.headers
    url = first.headers["Location"]
    assert patch(small, url, 0, b"x" * 400).status_code == 204
    again = tus(small, "POST", FOLDER, **once)
    assert again.status_code == 201 and again.headers["Location"] == url
    assert again.headers["Upload-Offset"] == "400"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert tus(small, "POST", FOLDER, **{**once, "Upload_Length": 999}).status_code == 422
    token = small.post("/uploads/tokens", {}).json()["token"]
    other = tus(small, "POST", FOLDER, **once, Authorization=f"Bearer {token}")
    assert other.status_code == 404, other.headers
    assert patch(small, url, 400, b"x" * 600).status_code == 204
    assert tus(small, "POST", FOLDER, **once).headers["Upload-Offset"] == "1000"


def test_a_token_is_for_one_of_them(small):
    made = small.post("/uploads/tokens", {"max_bytes": 1000, "expires_in": "5m"}).json()
    as_key = {"Authorization": f"Bearer {made['token']}"}
    large = requests.post(small.url + FOLDER, timeout=WAIT, headers={
        **as_key, "Tus-Resumable": "1.0.0", "Upload-Length": "1001"})
    assert large.status_code == 413 and "1000 bytes" in large.json()["message"]
    url = begin(small, 1000, **as_key)
    assert tus(small, "POST", FOLDER, Upload_Length=5, **as_key).status_code == 401
    assert small.call("POST", "/uploads", data=b"x", headers=as_key).status_code == 401
    assert patch(small, url, 0, b"x" * 400, **as_key).status_code == 204
    ended = requests.patch(f"{url}?token={made['token']}", b"x" * 600, timeout=WAIT, headers={
        "Tus-Resumable": "1.0.0", "Upload-Offset": "400", "Content-Type": BYTES})
    assert ended.headers["Upload-Offset"] == "1000"
    assert content(small, url) == b"x" * 1000
    other = begin(small, 5)
    assert tus(small, "HEAD", other, **as_key).status_code == 404
    assert patch(small, other, 0, b"x", **as_key).status_code == 404
    assert small.call("GET", "/files", headers=as_key).status_code == 401


def test_the_document_knows_of_them(small):
    paths = small.get("/openapi.json").json()["paths"]
    one = paths[FOLDER + "/{id}/{name}"]
    assert set(one) == {"head", "patch", "delete"}
    assert {"uploadToken": []} in one["patch"]["security"]
    assert "Upload-Offset" in one["head"]["responses"]["200"]["headers"]
    assert paths[FOLDER]["post"]["operationId"] == "createUploadResumable"


def test_pieces_and_names_of_uploads_have_a_bound(small):
    url = begin(small, 20_000)
    small.sql("WITH RECURSIVE n (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM n WHERE at < 9999) "
              "INSERT INTO upload_pieces (file_id, at, size, key) SELECT ?, at, 1, 'none' FROM n",
              id_of(url))
    refused = patch(small, url, 10_000, b"x")
    assert refused.status_code == 400 and "begin another" in refused.json()["message"]
    assert tus(small, "DELETE", url).status_code == 204
    many = small.post("/jobs", {"input": url, "kind": "video", "options": {"any": [url] * 64}})
    assert many.status_code == 400 and "at most 64 uploads" in many.json()["message"]


def test_no_other_request_is_what_a_header_says(small):
    asked = tus(small, "POST", "/jobs/job_x/cancel", X_HTTP_Method_Override="DELETE")
    assert asked.status_code == 404 and asked.json()["kind"] == "job_not_found"
    listed = tus(small, "GET", "/files", X_HTTP_Method_Override="DELETE")
    assert listed.status_code == 200
