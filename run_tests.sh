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
exec "$python" -m pytest "$@"
