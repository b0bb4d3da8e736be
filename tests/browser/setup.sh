#!/bin/sh
# Finds Chromium, or installs it from Debian's packages; prints its path. What it installs, it says on stderr.
set -eu

found() { command -v chromium || command -v chromium-browser; }

if found; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "there is no Chromium, and no apt-get to install it with" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "there is no Chromium, and only root installs it: apt-get install chromium" >&2
    exit 1
fi
echo "installing Chromium from Debian's packages: apt-get install chromium" >&2
export DEBIAN_FRONTEND=noninteractive
# Without a network this ends soon. The lists of packages may be old, or not there at all.
get() { timeout 240 apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"; }
get install -y --no-install-recommends chromium >/dev/null 2>&1 || {
    get update >/dev/null 2>&1
    get install -y --no-install-recommends chromium >&2
}
found
