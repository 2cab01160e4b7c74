#!/usr/bin/env bash
# build.sh ON|AUTO|OFF FOLDER: FOLDER/dashboard_files.cpp, with the dashboard's files in it. None of
# them with OFF, and with AUTO where npm cannot get its packages.
set -euo pipefail
cd "$(dirname "$0")"
mode=$1 folder=$2
mkdir -p "$folder"

without() {
    cat >"$folder/dashboard_files.cpp" <<'END'
#include "api/dashboard.h"
std::span<const ittybit::api::DashboardFile> ittybit::api::dashboard_files() { return {}; }
END
}

# What the build takes, once for each lock file; not what checks it, which ./dev lint adds.
# Other builds wait meanwhile.
get_packages() {
    local lock
    exec {lock}<package-lock.json
    flock "$lock"
    cmp -s package-lock.json node_modules/.installed && return
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
        --fetch-timeout=30000 >"$folder/npm.log" 2>&1 &&
        cp package-lock.json node_modules/.installed
}

rm -f "$folder/complete" # without it the next build tries again
if [[ $mode == OFF ]]; then
    without
    touch "$folder/complete"
    exit
fi
if ! get_packages; then
    tail -5 "$folder/npm.log" >&2
    echo "npm could not get the dashboard's packages: see -DITTYBIT_DASHBOARD=OFF" >&2
    [[ $mode == AUTO ]] && without && exit
    exit 1
fi
node node_modules/vite/bin/vite.js build --outDir "$folder/files" --emptyOutDir --logLevel warn
node pack.mjs "$folder/files" "$folder/dashboard_files.cpp"
touch "$folder/complete"
