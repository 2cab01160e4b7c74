"""A PostgreSQL server for tests, one for all of a run's processes; see postgres_server.sh."""
import fcntl
import os
import pathlib
import secrets
import subprocess
import tempfile

import cli

SCRIPT = cli.ROOT / "tests/postgres_server.sh"


def folder():
    """Of this run: pytest's first process tells the others its number."""
    run = os.environ.setdefault("ITTYBIT_TEST_RUN", str(os.getpid()))
    return pathlib.Path(tempfile.gettempdir()) / f"ittybit-postgres-{run}"


def control(action, home, *words):
    made = subprocess.run([SCRIPT, action, home, *words], check=False, capture_output=True,
                          text=True, timeout=600)
    assert made.returncode == 0, f"{SCRIPT.name} {action}: {made.stderr}"


def start(home):
    """A server in this folder, which is gone when the run is, however it went."""
    control("start", home)
    loop = ('while kill -0 "$3" 2>/dev/null; do sleep 1; done; "$1" stop "$2" immediate; '
            'rm -rf "$2"')
    run = os.environ["ITTYBIT_TEST_RUN"]
    subprocess.Popen(["bash", "-c", loop, "watch", SCRIPT, home, run], start_new_session=True,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder, name):
    """A certificate authority of our own: its certificate; its key lies beside it."""
    made = folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}",
            "-keyout", made.with_suffix(".key"), "-out", made)
    return made


def listen_with_tls(home, ca, port):
    """Starts it again on 127.0.0.1 too, by TLS alone, as the authority says."""
    data = home / "data"
    key, asked, made = data / "server.key", ca.with_suffix(".csr"), data / "server.crt"
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=postgres", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", asked)
    openssl("x509", "-req", "-in", asked, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-days", 2,
            "-set_serial", 1, "-copy_extensions", "copy", "-out", made)
    owner = data.stat()
    for file in key, made:
        file.chmod(0o600)
        os.chown(file, owner.st_uid, owner.st_gid)
    with open(data / "postgresql.conf", "a", encoding="utf-8") as settings:
        settings.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n")
    rules = data / "pg_hba.conf"
    rules.write_text("local all all trust\nhostssl all all 127.0.0.1/32 trust\n")
    control("stop", home)
    control("again", home)


def url(home, database):
    return f"postgres:///{database}?host={home}&user=postgres"


def create(home=None):
    """The URL of a database of its own."""
    if home is None:
        home = folder()
        with open(f"{home}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not home.exists():
                start(home)
    name = f"test_{secrets.token_hex(8)}"
    query(url(home, "postgres"), f"CREATE DATABASE {name}")
    return url(home, name)


def stop():
    """At the end of a run, by the one process that outlives the others."""
    subprocess.run([SCRIPT, "stop", folder(), "immediate"], check=False, capture_output=True)
    pathlib.Path(f"{folder()}.lock").unlink(missing_ok=True)


def quoted(value):
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def query(database, sql, *values):
    """The rows of an answer as tuples of texts; each ? is one of the values."""
    parts = sql.split("?")
    filled = parts[0] + "".join(quoted(value) + part for value, part in zip(values, parts[1:]))
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", database, "-c",
                           filled], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
