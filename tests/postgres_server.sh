#!/bin/bash
# A PostgreSQL server of its own for tests, on a socket in FOLDER (Debian package: postgresql).
#   tests/postgres_server.sh start FOLDER           prints its URL; what is committed is not synced
#   tests/postgres_server.sh stop FOLDER [MODE]     smart, fast or immediate, which is a crash
#   tests/postgres_server.sh again FOLDER           starts one that was stopped
#   tests/postgres_server.sh run FOLDER             start; when its input ends, stop and remove
# Root starts it as nobody.
set -euo pipefail
action=$1
folder=$2

programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
if [ ! -x "$programs/initdb" ]; then
    echo "postgres_server.sh: postgresql is not installed" >&2
    exit 3
fi

# It refuses to be root.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

control() {
    unprivileged "$programs/pg_ctl" --silent --wait --timeout=120 -D "$folder/data" "$@" >&2
}

start() {
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown nobody:nogroup "$folder"; fi
    cd "$folder"
    unprivileged "$programs/initdb" -D "$folder/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
    cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
max_connections = 300
shared_buffers = 32MB
END
    control start -l "$folder/log"
}

case $action in
    start)
        start
        echo "postgres:///postgres?host=$folder&user=postgres"
        ;;
    stop) control stop -m "${3:-fast}" ;;
    again) control start -l "$folder/log" ;;
    run)
        start
        cat >/dev/null
        control stop -m immediate
        rm -rf "$folder"
        ;;
esac
