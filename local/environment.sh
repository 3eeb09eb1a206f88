# shellcheck shell=bash
# Sourced by run_app.sh, run_tests.sh and .ci/run. `prepare_environment app` makes .venv with what running needs (requirements/app.lock),
# once, and again whenever that lock changes; `prepare_environment tests` adds the rest (requirements/tests.lock). Afterwards $python is
# the interpreter to use. An install that fails says why and exits 1, and the next start tries again.

python=.venv/bin/python
log=.venv/install.log

# What was compiled is kept, in .venv alone, also where the user's Python keeps nothing: the stack and its tests start many
# processes, and each would compile a thousand files again.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$PWD/.venv/bytecode

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

version_of() { # PYTHON
    "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null
}

# .venv holds a copy of each lock that was installed to the end.
installed() { # LOCK
    [ -f ".venv/$1.lock" ] && [ "$(<"requirements/$1.lock")" = "$(<".venv/$1.lock")" ] || return
    # A Python that went away is noticed, and so is another version that is asked for by name.
    local version
    version=$(version_of "$python") && { [ -z "${PYTHON:-}" ] || [ "$version" = "$(version_of "$PYTHON")" ]; }
}

check_platform() {
    local needed="ClickHouse's engine and the broker come as wheels for Linux with glibc on x86-64 and ARM64" system processor
    system=$(uname -s) processor=$(uname -m)
    case $system/$processor in
        Linux/x86_64 | Linux/aarch64) ;;
        *) fail "this platform cannot run the embedded tier: $needed, and this is $system on $processor" ;;
    esac
    case $(ldd --version 2>&1) in
        *musl*) fail "this platform cannot run the embedded tier: $needed, and this is Linux with musl, such as Alpine" ;;
    esac
}

# $pip becomes a Python whose pip installs into .venv: the one that made it, or where that has no pip, .venv's own, which takes seconds.
find_pip() {
    pip=$(readlink -f "$python")
    # --python came with pip 22.3.
    "$pip" -c 'import pip, sys; sys.exit(int(pip.__version__.split(".")[0]) < 23)' 2>/dev/null && return
    pip=$python
    "$python" -m ensurepip
}

# Makes an empty .venv with the first Python that can: Debian's, for one, comes without what that takes.
make_environment() {
    local candidates=(python3 python3.13 python3.12 python3.11 python3.14 python) candidate said useless=""
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        "$candidate" -c 'import sys, sysconfig
fits = (3, 11) <= sys.version_info[:2] <= (3, 14) and sys.implementation.name == "cpython"
sys.exit(not fits or bool(sysconfig.get_config_var("Py_GIL_DISABLED")))' 2>/dev/null || continue
        if said=$("$candidate" -m venv --clear --without-pip .venv 2>&1); then
            find_pip >"$log" 2>&1 && return
            said=$(<"$log")
        fi
        useless="$candidate cannot make .venv (${said##*$'\n'}): is the folder writable, and are Python's modules venv and ensurepip \
installed (Debian: apt-get install python3-venv)?"
    done
    fail "${useless:-no CPython from 3.11 to 3.14 found: install one, or name it with PYTHON=/path/to/python3}"
}

# Of the user's configuration of pip, what is about other folders does not hold for .venv.
pip_install() {
    [ -n "${pip:-}" ] || find_pip || return
    PIP_USER=0 "$pip" -m pip --python "$python" --disable-pip-version-check --no-input --quiet --retries 2 \
        install --no-deps --no-compile --require-hashes "$@"
}

# uv installs in a third of the time; where it cannot be had, or does not reach the index that pip is configured for, pip installs.
uv_or_pip_install() {
    { [ -x .venv/bin/uv ] || pip_install --only-binary :all: -r requirements/installer.lock; } \
        && UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}} \
            .venv/bin/uv pip install --quiet --python "$python" --no-deps --require-hashes "$@" && return
    pip_install "$@"
}

# Says why an install failed, from what was printed.
cause() {
    local said package
    said=$(<"$log")
    case $said in
        *"No space left"* | *"Disk quota exceeded"*) echo "the disk is full" ;;
        *"DO NOT MATCH THE HASHES"*)
            echo "a file that came is not the one that was locked: is there a proxy or a mirror that changes files?" ;;
        *onnection* | *"name resolution"* | *"timed out"* | *Proxy* | *CERTIFICATE* | *"HTTP error"*)
            echo "the network: the package index could not be reached" ;;
        *"No matching distribution found for "*)
            package=${said##*No matching distribution found for }
            echo "there is no wheel of ${package%%[ $'\n']*} for Python $(version_of "$python" | tr ' ' .) on this machine ($(uname -m)," \
                "$(ldd --version 2>&1 | head -n 1))" ;;
        *) echo "see above" ;;
    esac
}

install() { # LOCK [--force-reinstall]
    if ! uv_or_pip_install --only-binary :all: -r "requirements/$1.lock" "${@:2}" >"$log" 2>&1; then
        tail -n 8 "$log" | sed 's/^/    /' >&2
        fail "could not install requirements/$1.lock ($(cause)); the next start tries again"
    fi
}

prepare_environment() { # app | tests
    local lock
    for lock in app "$1"; do
        [ -r "requirements/$lock.lock" ] || fail "requirements/$lock.lock cannot be read: restore it with 'git checkout requirements'"
    done
    installed "$1" && { [ "$1" = app ] || installed app; } && return
    check_platform
    # One start at a time makes .venv. The system frees this lock with the process that holds it, however that ends.
    (
        if command -v flock >/dev/null && ! flock --nonblock 9; then
            echo "Another start is setting up .venv; waiting for it…" >&2
            flock 9
        fi
        if ! installed app || { ! installed "$1" && [ -e ".venv/$1.lock" ]; }; then # nothing is left of what other locks brought
            echo "Setting up .venv (once; about half a minute)…" >&2
            make_environment
            install app
            cp requirements/app.lock .venv/
        fi
        if ! installed "$1"; then
            echo "Adding to .venv what tests and benchmarks need (once; about half a minute)…" >&2
            # A try that was broken off may have left half a package.
            if [ -e .venv/unfinished ]; then install "$1" --force-reinstall; else : >.venv/unfinished && install "$1"; fi
            cp "requirements/$1.lock" .venv/
            rm .venv/unfinished
        fi
    ) 9<local/environment.sh || exit 1
}
