#!/usr/bin/env bash
# Writes requirements/*.lock from pyproject.toml: exact versions, with hashes. Run it after every change of a dependency. What is
# locked stays as it is unless pyproject.toml, or an option, asks for another version:
#     local/lock.sh --upgrade-package falcon      local/lock.sh --upgrade
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv # of the version that requirements/installer.lock names; ./run_app.sh brings it
[ -x "$uv" ] || uv=uv
command -v "$uv" >/dev/null || {
    echo "error: no uv: run ./run_app.sh once, or install it (pip install uv)" >&2
    exit 1
}

compile() { # NAME OF THE LOCK, and what goes into it
    "$uv" pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
        --custom-compile-command local/lock.sh --output-file "requirements/$1.lock" "${@:2}"
}

# Everything is resolved together, once; the smaller locks take their versions from there.
compile tests pyproject.toml --group local --group bench --group test "$@"
compile app pyproject.toml --group local --constraint requirements/tests.lock
compile api pyproject.toml --constraint requirements/tests.lock
compile installer --group installer "$@"
