"""The examples of how it is run, for Kubernetes and compose, and the image: what they say is what
the program takes."""
import pathlib
import re
import subprocess

import pytest
import yaml

import cli
import image

SETTINGS = {f"ITTYBIT_{name.upper()}" for name in
            re.findall(r"^#(\w+) =", (cli.ROOT / "docs/ittybit.toml").read_text(), re.M)}
SECRETS = {"ITTYBIT_SECRET_KEY", "ITTYBIT_WEBHOOK_SECRET", "ITTYBIT_API_KEY"}


def in_force(words, variables, folder):
    """What `--check` prints of serve or worker with these variables, all of which it must know."""
    ours = {name for name in variables if name.startswith("ITTYBIT_")}
    assert ours <= SETTINGS | SECRETS
    done = subprocess.run([cli.BINARY, *words, "--check"], capture_output=True, text=True,
                          env={**cli.environment(folder), **variables}, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^(\w+) = (.*?)(?:  # by .*)?$", done.stdout, re.M))


# Kubernetes.

def kubernetes(kind):
    """All objects of a kind, by name."""
    text = (cli.ROOT / "packaging/kubernetes/ittybit.yaml").read_text()
    return {each["metadata"]["name"]: each for each in yaml.safe_load_all(text)
            if each["kind"] == kind}


DEPLOYMENTS = kubernetes("Deployment")


def pod_of(deployment):
    pod = DEPLOYMENTS[deployment]["spec"]["template"]
    container, = pod["spec"]["containers"]
    return pod, container


def pod_settings(container, folder):
    variables = {}
    for source in container["envFrom"]:
        for kind, reference in source.items():
            named = kubernetes({"secretRef": "Secret", "configMapRef": "ConfigMap"}[kind])
            said = named[reference["name"]]
            variables |= said.get("data") or said["stringData"]
    assert all(isinstance(value, str) for value in variables.values())
    return in_force(container["args"], variables, folder)


def size(text):
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()
    return int(number) << {"Mi": 20, "Gi": 30}[unit]


def test_there_are_servers_and_workers():
    commands = {name: pod_of(name)[1]["args"][0] for name in DEPLOYMENTS}
    assert commands == {"ittybit-server": "serve", "ittybit-worker": "worker"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_children_fit_into_a_pod_and_its_data_folder_is_its_own(name, tmp_path):
    _, container = pod_of(name)
    told = pod_settings(container, tmp_path)
    slots = int(told["concurrency"]) + int(told["light_slots"])
    memory = container["resources"]["limits"]["memory"]
    assert slots * int(told["limit_memory_bytes"]) + (100 << 20) < size(memory)
    # A volume's own folder is root's, and its mode is not ours to change.
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    data = pathlib.PurePath(told["data"].strip('"'))
    assert str(data) not in mounts and str(data.parent) in mounts and "/tmp" in mounts


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_is_restarted_for_a_dead_port_only(name, tmp_path):
    _, container = pod_of(name)
    port, = container["ports"]
    assert pod_settings(container, tmp_path)["listen"] == f'"0.0.0.0:{port["containerPort"]}"'
    for probe in ("livenessProbe", "startupProbe"):
        assert container[probe]["tcpSocket"]["port"] == port["name"] and len(container[probe]) == 2
    ready = container.get("readinessProbe")
    if container["args"][0] == "serve":
        assert ready["httpGet"] == {"path": "/ready", "port": port["name"]}
        assert ready["timeoutSeconds"] > 10  # as long as a look at the database may take


def test_what_asks_for_metrics_has_a_key_and_finds_the_pods():
    monitor, = kubernetes("PodMonitor").values()
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    credentials = endpoint["authorization"]["credentials"]
    assert credentials["key"] in kubernetes("Secret")[credentials["name"]]["stringData"]
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    for name in DEPLOYMENTS:
        pod, container = pod_of(name)
        assert wanted <= pod["metadata"]["labels"].items()
        assert endpoint["port"] == container["ports"][0]["name"]
        assert "prometheus.io/scrape" not in pod["metadata"].get("annotations", {})


# Compose.

COMPOSES = ["compose.yaml", "compose.cluster.yaml"]


def compose(file):
    """Its services, and those of them that are ours."""
    services = yaml.safe_load((cli.ROOT / file).read_text())["services"]
    return services, {name: service for name, service in services.items()
                      if service["image"] == "ittybit"}


@pytest.mark.parametrize("file", COMPOSES)
def test_services_start_with_settings_that_are_good(file, tmp_path):
    services, ours = compose(file)
    volumes = yaml.safe_load((cli.ROOT / file).read_text())["volumes"]
    for service in ours.values():
        said = {name: re.sub(r"\$\{\w+:\?.*\}", "0" * 64, value)
                for name, value in service.get("environment", {}).items()}
        command = service.get("command", image.COMMAND)
        told = in_force(command, {**image.ENVIRONMENT, **said}, tmp_path)
        # Where the system is read-only, what is written has a place.
        mounted = [volume.split(":")[-1] for volume in service["volumes"]]
        assert service["read_only"] and told["data"].strip('"') in mounted
        assert service["tmpfs"] == ["/tmp"] and service["cap_drop"] == ["ALL"]
        assert set(service.get("depends_on", {})) <= set(services)
        assert {name.split(":")[0] for name in service["volumes"] if ":" in name} <= set(volumes)


def test_a_published_port_is_the_one_that_is_listened_at(tmp_path):
    for file in COMPOSES:
        for service in compose(file)[1].values():
            for port in service.get("ports", []):
                told = in_force(image.COMMAND, image.ENVIRONMENT, tmp_path)
                assert told["listen"] == f'"0.0.0.0:{port.split(":")[-1]}"'


# The image.

def test_the_image_serves_with_what_it_says(tmp_path):
    assert image.ENTRYPOINT == ["ittybit"] and image.USER == "ittybit"
    told = in_force(image.COMMAND, image.ENVIRONMENT, tmp_path)
    assert told["data"] == f'"{image.VOLUME}"'


def test_its_health_check_passes_while_a_server_is_well_and_then_fails(server, tmp_path):
    address = server.url.removeprefix("http://")
    there = image.HEALTH.replace("127.0.0.1:8080", address)
    nowhere = image.HEALTH.replace("127.0.0.1:8080", "127.0.0.1:1")
    assert there != image.HEALTH
    found = cli.environment(tmp_path)
    found["PATH"] = f"{cli.BINARY.parent}:{found['PATH']}"
    for command, is_well in ((there, True), (nowhere, False)):
        done = subprocess.run(["sh", "-c", command], env=found, timeout=30, check=False)
        assert (done.returncode == 0) == is_well
