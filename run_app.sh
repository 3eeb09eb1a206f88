#!/usr/bin/env bash
# Installs what running needs, and runs everything that is not configured from outside; Ctrl-C stops it in order.
# `./run_app.sh --help` lists the options.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=local/environment.sh
. local/environment.sh
prepare_environment app
exec "$python" -m local up "$@"
