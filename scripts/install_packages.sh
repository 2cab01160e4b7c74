#!/usr/bin/env bash
# install_packages.sh SECTION…: installs what is missing of these sections of packages.txt.
# Something counts as there when the package is installed or a command of its name is on the PATH.
set -euo pipefail
list=$(dirname "$0")/packages.txt

in_section() { sed -n "/^\[$1\]/,/^\[/{/^[a-z]/p}" "$list"; }

is_present() {
    type -P "$1" >/dev/null && return
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

is_any_present() {
    local name
    for name in ${1//|/ }; do is_present "$name" && return; done
    return 1
}

has_candidate() { [[ $(apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[!\(]* ]]; }

# The first of the alternatives that this release has; nothing when that is allowed.
pick() {
    local name
    for name in ${1//|/ }; do
        if has_candidate "$name"; then echo "$name" && return; fi
    done
    [[ $1 == *'|' ]] || { echo "no package for $1 in this release" >&2 && return 1; }
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

missing=()
for section in "$@"; do
    while read -r line; do
        is_any_present "$line" && continue
        # One that only some releases have is missing where this one has it.
        if [[ $line != *'|' ]] || [[ -n $(pick "$line") ]]; then missing+=("$line"); fi
    done < <(in_section "$section")
done
[[ ${#missing[@]} == 0 ]] && exit

echo "missing Debian packages: ${missing[*]}" >&2
as_root apt-get update -q >&2
wanted=()
for line in "${missing[@]}"; do
    name=$(pick "$line")
    if [[ -n $name ]]; then wanted+=("$name"); fi
done
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${wanted[@]}" >&2
