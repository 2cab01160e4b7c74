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
get_packages() {
    cmp -s package-lock.json node_modules/.installed && return
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund >"$folder/npm.log" 2>&1 &&
        cp package-lock.json node_modules/.installed
}

[[ $mode == OFF ]] && without && exit
if ! get_packages; then
    tail -5 "$folder/npm.log" >&2
    echo "npm could not get the dashboard's packages: see -DITTYBIT_DASHBOARD=OFF" >&2
    [[ $mode == AUTO ]] && without && exit
    exit 1
fi
node node_modules/vite/bin/vite.js build --outDir "$folder/files" --emptyOutDir --logLevel warn
node pack.mjs "$folder/files" "$folder/dashboard_files.cpp"
