"""Settings of the service: flags, environment and a file, with one precedence; SIGHUP."""
import json
import re
import signal
import subprocess

import pytest

import cli
from service import Server, wait_for


def check(folder, *flags, config="", env=None, command="serve"):
    """`serve --check`: its exit status, the settings it prints, and what it complains of."""
    file = folder / "ittybit.toml"
    file.write_text(config)
    done = subprocess.run([cli.BINARY, command, "--check", "--config", file, *flags],
                          env={**cli.environment(folder), **(env or {})}, capture_output=True,
                          text=True, timeout=30, check=False)
    lines = (re.fullmatch(r"(\w+) = (.*?)(?:  # by (.*))?", line)
             for line in done.stdout.splitlines())
    told = {line[1]: (json.loads(line[2]), line[3]) for line in lines if line}
    return done.returncode, told, done.stderr


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path):
    config = 'rate_limit = 1\nmax_queued = 2\nkeep_free = 3\nallow_host = ["file:1"]\n'
    env = {"ITTYBIT_RATE_LIMIT": "10", "ITTYBIT_MAX_QUEUED": "20",
           "ITTYBIT_TRUSTED_PROXY": "10.0.0.1,10.0.0.2", "ITTYBIT_REQUIRE_SANDBOX": "true"}
    flags = ["--rate-limit", "100", "--allow-host", "a:1", "--allow-host", "b"]
    status, told, _ = check(tmp_path, *flags, config=config, env=env)
    assert status == 0
    assert told["rate_limit"] == (100, "--rate-limit")
    assert told["max_queued"] == (20, "ITTYBIT_MAX_QUEUED")
    assert told["keep_free"] == (3, f"keep_free in {tmp_path / 'ittybit.toml'}")
    assert told["allow_host"] == (["a:1", "b"], "--allow-host")
    assert told["trusted_proxy"][0] == ["10.0.0.1", "10.0.0.2"]
    assert told["require_sandbox"][0] is True
    assert told["limit_streams"] == (256, None)


def test_the_environment_may_name_the_file_and_a_flag_another(tmp_path):
    named = tmp_path / "named.toml"
    named.write_text("max_queued = 7\n")
    words = [cli.BINARY, "serve", "--check"]
    env = {**cli.environment(tmp_path), "ITTYBIT_CONFIG": str(named)}
    told = subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=True)
    assert f"max_queued = 7  # by max_queued in {named}\n" in told.stdout
    _, told, _ = check(tmp_path, config="max_queued = 8\n", env={"ITTYBIT_CONFIG": str(named)})
    assert told["max_queued"][0] == 8


def test_debug_says_more_whatever_the_settings_say(tmp_path):
    _, told, _ = check(tmp_path, "--debug", config='log_level = "error"\n')
    assert told["log_level"][0] == "debug"
    server = Server(tmp_path, "--log-level", "error", "--debug")
    server.call("GET", "/jobs", headers={"X-Request-Id": "mine"})
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines()
             if line.startswith("{")]
    [told] = [line for line in lines if line.get("request") == "mine"]
    assert (told["level"], told["status"]) == ("debug", 200)
    assert server.stop() == 0


def test_a_flag_may_take_back_what_the_file_says(tmp_path):
    _, told, _ = check(tmp_path, "--redirect-files=false",
                       config="redirect_files = true\nallow_private_network = true\n")
    assert told["redirect_files"] == (False, "--redirect-files")
    assert told["allow_private_network"][0] is True


@pytest.mark.parametrize("url", [
    "postgres://me:secret@host/db", "postgres://me@host/db?password=secret&sslmode=require",
    "postgres://me@host/db?sslmode=verify-full&sslpassword=secret",
])
def test_passwords_are_not_shown(tmp_path, url):
    status, told, _ = check(tmp_path, "--database", url)
    assert status == 0
    assert told["database"][0] == url.replace("secret", "***")


def test_the_file_of_the_documentation_says_what_is_preset(tmp_path):
    text = (cli.ROOT / "docs/ittybit.toml").read_text()
    documented = re.sub("^#(?=[a-z])", "", text, flags=re.M)
    _, preset, _ = check(tmp_path)
    status, told, complaint = check(tmp_path, config=documented)
    assert status == 0, complaint
    values = {name: value for name, (value, _) in told.items()}
    examples = set(re.findall(r"^#   not set by default: an example\n#(\w+) =", text, re.M))
    assert examples == set(values) - set(preset) != set()
    assert {name: value for name, value in values.items() if name not in examples} == {
        name: value for name, (value, _) in preset.items()}
    assert set(re.findall(r"^#([a-z_]+) =", text, re.M)) == set(values)


def test_a_worker_is_told_of_no_setting_that_it_does_not_heed(tmp_path):
    config = 'listen = "0.0.0.0:80"\nrate_limit = 5\nconcurrency = 3\n'
    status, told, _ = check(tmp_path, config=config, command="worker")
    assert status == 0 and told["concurrency"][0] == 3
    assert not {"listen", "rate_limit", "max_queued", "sign_files"} & set(told)
    _, told, _ = check(tmp_path, "--listen", "127.0.0.1:90", config=config, command="worker")
    assert told["listen"] == ("127.0.0.1:90", "--listen")
    text = (cli.ROOT / "docs/ittybit.toml").read_text()
    of_serve = re.findall(r"^#   of serve alone\n(?:#   .*\n)*#(\w+) =", text, re.M)
    assert "rate_limit" in of_serve and not set(of_serve) & set(told)


def test_all_that_is_wrong_is_told_with_its_place(tmp_path):
    config = 'max_queud = 3\nlimit_pixels = 0\nlisten = "nowhere"\nkeep_outputs = "1y"\n'
    status, told, complaint = check(tmp_path, "--limit-streams", "many", config=config,
                                    env={"ITTYBIT_LOG_LEVEL": "loud"})
    assert status == 2 and not told
    file = tmp_path / "ittybit.toml"
    for what in (f"max_queud in {file} is not an option here; the nearest is max_queued",
                 f"limit_pixels in {file} must be between 1 and", f"listen in {file} must be",
                 f"keep_outputs in {file} must be a time like 30d", "--limit-streams must be",
                 "ITTYBIT_LOG_LEVEL must be one of debug, info, warn, error"):
        assert what in complaint


@pytest.mark.parametrize(("config", "what"), [
    ("listen = \n", ":1:10: "), ("\n[limits]\npixels = 3\n", ":2:1: "),
    ("listen = 1979-05-27\n", "texts, numbers, true or false"),
    ('public_url = "media.example"\n', "https://"),
    ('public_url = "https://media.example/files"\n', "no folder named files"),
    ('storage = "bucket/x"\n', "s3://"),
])
def test_what_cannot_be_read_is_told_with_line_and_column(tmp_path, config, what):
    status, _, complaint = check(tmp_path, config=config)
    assert status == 2 and what in complaint


@pytest.mark.parametrize("file", ["/nowhere.toml", "/tmp"])
def test_a_file_that_cannot_be_read_is_told(tmp_path, file):
    done = subprocess.run([cli.BINARY, "worker", "--check", "--config", file],
                          env=cli.environment(tmp_path), capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 2 and f"{file} cannot be read" in done.stderr


def test_sighup_reads_the_settings_again(tmp_path):
    file = tmp_path / "ittybit.toml"
    file.write_text('log_format = "text"\n')
    server = Server(tmp_path, "--config", str(file))
    log = tmp_path / "server.log"
    assert "RateLimit" not in server.get("/jobs").headers
    assert " info  listening  address=" in log.read_text()

    def reload(text):
        file.write_text(text)
        seen = log.stat().st_size
        server.process.send_signal(signal.SIGHUP)
        return wait_for(lambda: log.read_text()[seen:], 5, "a line about the settings")

    told = reload('rate_limit = 60\nmax_queued = 0\nconcurrency = 7\nlog_format = "json"\n')
    assert json.loads(told)["wait_for_the_next_start"] == ["concurrency"]
    answer = server.get("/jobs")
    assert answer.headers["RateLimit-Policy"] == '"default";q=60;w=60'
    assert re.fullmatch(r'"default";r=59;t=\d', answer.headers["RateLimit"])
    refused = server.post("/jobs", {"input": "https://a.example/b", "kind": "image"})
    assert refused.status_code == 429
    assert "max_queued in" in json.loads(reload("max_queued = -1\n"))["error"]
    assert server.get("/jobs").headers["RateLimit"], "what was wrong changed nothing"
    assert server.stop() == 0


def test_a_trace_is_carried_into_the_log_of_the_job(server):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "X-Request-Id": "mine"}
    job = server.call("POST", "/jobs", json={"input": "https://a.invalid/b", "kind": "image"},
                      headers=headers).json()
    text = (server.folder / "server.log").read_text()
    lines = [json.loads(line) for line in text.splitlines() if trace in line]
    assert {line["message"] for line in lines} == {"job queued", "request"}
    assert all(line["request"] == "mine" for line in lines)
    assert [line["job"] for line in lines if line["message"] == "job queued"] == [job["id"]]
