# Sourced by run_app.sh and run_tests.sh: makes .venv with what requirements/tests.lock pins, once, and again whenever the lock changes.
# Afterwards $python is the interpreter to use. On failure it says in one line what is wrong and what to do, and exits 1.

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

install() {
    "$python" -m pip --disable-pip-version-check --no-input --quiet --retries 2 install --no-deps --require-hashes "$@" >&2
}

prepare_environment() {
    local base lock_sum stamp
    base=$(find_python) || fail "no Python from 3.11 to 3.14 found: install one, or name it with PYTHON=/path/to/python3"
    lock_sum=$(
        "$base" -c 'import hashlib, sys; print(hashlib.sha256(open("requirements/tests.lock", "rb").read()).hexdigest(), *sys.version_info[:2])'
    ) || fail "requirements/tests.lock cannot be read: restore it with 'git checkout requirements/tests.lock'"
    python=.venv/bin/python
    stamp=.venv/installed-lock
    if [ "$(cat "$stamp" 2>/dev/null)" = "$lock_sum" ] && "$python" -c '' 2>/dev/null; then
        return
    fi

    echo "Setting up .venv (once; about a minute)…" >&2
    "$base" -m venv --clear .venv >&2 \
        || fail "could not make .venv: is the folder writable, and the venv module installed (Debian: apt-get install python3-venv)?"
    # gunicorn-h1c, a faster HTTP parser that gunicorn can do without, is the one package that has no wheels. It is built where there
    # is a C compiler, and left out where there is none.
    awk '/^gunicorn-h1c==/ { leave_out = 1; next } /^[^ ]/ { leave_out = 0 } !leave_out' requirements/tests.lock >.venv/wheels.lock
    install --only-binary :all: --requirement .venv/wheels.lock \
        || fail "could not install requirements/tests.lock: check the network (pip's own message is above), then run this again"
    install --requirement requirements/tests.lock 2>/dev/null \
        || echo "note: no C compiler, so gunicorn uses its slower HTTP parser" >&2
    printf '%s\n' "$lock_sum" >"$stamp"
}
