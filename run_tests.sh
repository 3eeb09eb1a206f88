#!/usr/bin/env bash
# Sets up the same environment as run_app.sh and runs the whole test suite: lint, types, tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=local/environment.sh
. local/environment.sh
prepare_environment
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
exec "$python" -m pytest "$@"
