"""A real S3 service for tests, one for all of a run's processes."""
import fcntl
import os
import pathlib
import shutil
import subprocess

import boto3
import botocore.config

import cli
from service import free_ports

NAMES = [f"ITTYBIT_TEST_S3{end}" for end in ("", "_KEY", "_SECRET", "_BUCKET", "_OTHER_KEY",
                                              "_OTHER_SECRET", "_REGION")]


def folder():
    """Of this run: pytest's first process tells the others its number."""
    run = os.environ.setdefault("ITTYBIT_TEST_RUN", str(os.getpid()))
    return cli.ROOT / "build/s3" / run


def variables(script="s3_server.sh"):
    """Starts the service unless it runs; the variables that say where it is."""
    if NAMES[0] in os.environ:
        return {name: os.environ[name] for name in NAMES}
    home, script = folder(), cli.ROOT / "tests" / script
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = home / "variables"
        if not told.exists():
            made = subprocess.run([script, "start", home / "server", str(free_ports(5))],
                                  check=False, capture_output=True, text=True, timeout=600)
            assert made.returncode == 0, f"{script.name} did not start: {made.stderr}"
            watch(script, home)
            told.write_text(made.stdout)
    lines = [line.removeprefix("export ").split("=", 1) for line in told.read_text().split("\n")]
    return {pair[0]: pair[1] for pair in lines if len(pair) == 2}


def watch(script, home):
    """Stops the service when the run is gone, however it went."""
    loop = 'while kill -0 "$3" 2>/dev/null; do sleep 1; done; "$1" stop "$2/server"; rm -rf "$2"'
    subprocess.Popen(["bash", "-c", loop, "watch", script, home, home.name],
                     start_new_session=True, stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(script="s3_server.sh"):
    """At the end of a run, by the one process that outlives the others."""
    home = folder()
    if (home / "server").exists():
        subprocess.run([cli.ROOT / "tests" / script, "stop", home / "server"], check=False)
    shutil.rmtree(home, ignore_errors=True)


class Service:
    """The service as boto3 sees it, and what ittybit is told of it."""

    def __init__(self, script="s3_server.sh"):
        told = variables(script)
        self.variables = told
        self.url = told["ITTYBIT_TEST_S3"]
        self.address = (self.url.split("/")[2].split(":")[0], int(self.url.rsplit(":", 1)[1]))
        self.key, self.secret = told["ITTYBIT_TEST_S3_KEY"], told["ITTYBIT_TEST_S3_SECRET"]
        self.bucket = told["ITTYBIT_TEST_S3_BUCKET"]
        # Somebody known who may do nothing in this bucket; and where the service says it is.
        self.other = {"access_key_id": told["ITTYBIT_TEST_S3_OTHER_KEY"],
                      "secret_access_key": told["ITTYBIT_TEST_S3_OTHER_SECRET"]}
        self.region = told["ITTYBIT_TEST_S3_REGION"]
        self.client = self.as_boto3("s3")

    def as_boto3(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=botocore.config.Config(s3={"addressing_style": "path"},
                                          retries={"max_attempts": 5}),
        )

    def connection(self, **more):
        return {"kind": "s3", "name": "store", "endpoint": self.url, "region": "us-east-1",
                "access_key_id": self.key, "secret_access_key": self.secret, **more}

    def aws(self, **more):
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret,
                "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": self.url, **more}

    def put(self, path, key):
        self.client.upload_file(str(path), self.bucket, key)
        return f"s3://{self.bucket}/{key}"

    def keys(self, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def head(self, key):
        return self.client.head_object(Bucket=self.bucket, Key=key)

    def read(self, key):
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def save(self, prefix, folder):
        """Everything below a prefix, as files; gives the folder."""
        for key in self.keys(prefix):
            path = pathlib.Path(folder) / key[len(prefix):].lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(key))
        return pathlib.Path(folder)

    def uploads(self, prefix=""):
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=prefix)
        return [each for page in pages for each in page.get("Uploads", [])]

    def open_uploads(self, prefix=""):
        return [each["Key"] for each in self.uploads(prefix)]

    def end_uploads(self, prefix):
        for each in self.uploads(prefix):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=each["Key"],
                                               UploadId=each["UploadId"])
