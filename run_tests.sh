#!/usr/bin/env bash
# Adds to the environment of run_app.sh what tests need, and runs the whole test suite: lint, types, tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=local/environment.sh
. local/environment.sh
prepare_environment tests
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
[ "$#" -eq 0 ] || exec "$python" -m pytest "$@"
# Two files at a time, then one by one what measures time or needs the whole machine. Both run, also when the first one fails.
failed=0
"$python" -m pytest --numprocesses 2 --dist loadfile --durations 20 -m "not alone" || failed=$?
"$python" -m pytest --durations 20 -m alone || failed=$?
exit "$failed"
