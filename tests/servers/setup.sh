#!/bin/sh
# Installs moto and ministack, as pinned in requirements.txt, into a venv of their own; used again when it is there.
# usage: setup.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$1
if cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    echo "servers: using $venv"
    exit 0
fi
echo "servers: installing $(grep -c == "$here/requirements.txt") pinned packages into $venv"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
cp "$here/requirements.txt" "$venv/installed.txt"
