"""Walls that are missing are told of everywhere; and whoever must have them all can say so."""
import json
import subprocess

import pytest

import cli
import service

LAYERS = ["namespaces", "privileges", "limits", "landlock", "seccomp"]


def layers_here():
    return cli.ittybit("health", "--local", cwd="/tmp").last["sandbox"]


def without(*layers):
    return {"ITTYBIT_WITHOUT_LAYERS": ",".join(layers)}


def serve_strictly(folder, *left_out):
    """The exit status and words of a server that must have all walls and has not."""
    env = {**cli.environment(folder), **without(*left_out), "ITTYBIT_DATA": str(folder / "data")}
    done = subprocess.run(
        [cli.BINARY, "serve", "--listen", "127.0.0.1:0", "--require-sandbox"], env=env, text=True,
        capture_output=True, timeout=service.WAIT, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("layer", LAYERS)
def test_a_missing_wall_is_refused_where_all_are_required(tmp_path, layer):
    status, words = serve_strictly(tmp_path, layer)
    assert status == 1 and f"lacks sandbox layers: {layer}" in words, words


def test_a_missing_wall_is_told_of_and_the_work_goes_on(tmp_path, clip):
    server = service.Server(tmp_path, env=without("landlock", "seccomp"))
    log = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines()
           if line.startswith("{")]
    warned = [line for line in log if line["level"] == "warn"]
    assert any("landlock" in line["missing"] and "seccomp" in line["missing"] for line in warned)
    told = server.get("/health").json()["sandbox"]
    assert told["landlock"] == 0 and told["seccomp"] is False and told["limits"] is True
    health = cli.ittybit("health", "--local", cwd=tmp_path, env=without("landlock", "seccomp"))
    assert health.last["sandbox_missing"] == ["landlock", "seccomp"], health.last
    assert health.last["advice"].keys() == {"landlock", "seccomp"}
    assert "Linux 5.13" in health.last["advice"]["landlock"]
    assert "--security-opt seccomp=unconfined" in health.last["advice"]["seccomp"]
    assert server.wait(server.job(input=clip, kind="image"))["status"] == "succeeded"
    assert server.stop() == 0


@pytest.mark.parametrize("abi", [1, 2, 3])
def test_an_older_kernel_has_an_older_landlock_and_says_so(tmp_path, clip, abi):
    if layers_here()["landlock"] <= abi:
        pytest.skip("this kernel is as old itself")
    server = service.Server(tmp_path, env=without(f"landlock-{abi}"))
    assert server.get("/health").json()["sandbox"]["landlock"] == abi
    assert server.wait(server.job(input=clip, kind="image"))["status"] == "succeeded"
    assert server.stop() == 0


def test_a_machine_with_all_walls_is_strict_enough(tmp_path):
    if not all(layers_here()[layer] for layer in LAYERS):
        pytest.skip("this machine permits fewer layers")
    server = service.Server(tmp_path, "--require-sandbox")
    assert server.stop() == 0
