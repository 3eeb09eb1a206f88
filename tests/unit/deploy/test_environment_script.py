"""local/environment.sh, run for real over a small project of its own: wheels made here, and no network."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

START = """
set -euo pipefail
. local/environment.sh
prepare_environment "$1"
exec "$python" -c "$2"
"""
NOTHING = hashlib.sha256(b"").hexdigest()
NO_UV = f"uv==0 \\\n    --hash=sha256:{NOTHING}\n"


def wheel(
    folder: Path, name: str, version: str = "1", tag: str = "py3-none-any", scripts: dict[str, bytes] | None = None
) -> str:
    """Write a wheel of a module that knows its version, and of scripts; returns the line that locks it."""
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": f"version = {version!r}\n".encode(),
        **{f"{name}-{version}.data/scripts/{script}": content for script, content in (scripts or {}).items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = "".join(f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in contents.items())
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(entry, content)
    (folder / f"{name}-{version}-{tag}.whl").write_bytes(packed.getvalue())
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}\n"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


class Project:
    """A folder with the script, locks, and wheels instead of an index."""

    def __init__(self, folder: Path, uv: Path | None) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        for name in ("local", "requirements", "wheels"):
            (folder / name).mkdir()
        shutil.copy(ROOT / "local" / "environment.sh", folder / "local")
        self.lock("installer", wheel(self.wheels, "uv", scripts={"uv": uv.read_bytes()}) if uv else NO_UV)
        self.lock("app", wheel(self.wheels, "one"))
        self.lock("tests", wheel(self.wheels, "one"), wheel(self.wheels, "two"))
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON"))}
        self.variables = outside | {
            "PYTHON": sys.executable,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_CACHE_DIR": str(folder / "cache"),
        }

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def packages(self) -> Path:
        (found,) = self.venv.glob("lib/python*/site-packages")
        return found

    def lock(self, name: str, *lines: str) -> None:
        (self.folder / "requirements" / f"{name}.lock").write_text("".join(lines))

    def begin(self, lock: str = "app", code: str = "import one; print(one.version)") -> subprocess.Popen[str]:
        command = ["bash", "-c", START, "start", lock, code]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, lock: str = "app", code: str = "import one; print(one.version)") -> str:
        """Run to a good end; returns what was said on the way."""
        process = self.begin(lock, code)
        out, said = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "1\n"), said
        return said

    def fail(self, lock: str = "app") -> str:
        """Run to a bad end that leaves no stamp; returns what was said, checked to end in one line of error."""
        process = self.begin(lock)
        out, said = process.communicate(timeout=120)
        assert (process.returncode, out) == (1, ""), said
        assert [line.startswith("error: ") for line in said.splitlines()].count(True) == 1
        assert said.splitlines()[-1].startswith("error: ")
        assert not (self.venv / f"{lock}.lock").exists()
        return said


@pytest.fixture(scope="module")
def uv() -> Path | None:
    """The real one. Where pip had to install this environment, it has to install those of most tests here, too."""
    if find_spec("uv") is None and not os.environ.get("CI"):
        return None
    return next(Path(str(file.locate())) for file in distribution("uv").files or [] if file.name == "uv")


@pytest.fixture
def project(tmp_path: Path, uv: Path | None) -> Project:
    return Project(tmp_path, uv)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, uv: Path | None) -> Path:
    """A project's .venv that holds what running needs."""
    first = Project(tmp_path_factory.mktemp("made"), uv)
    assert first.start() == "Setting up .venv (once; about half a minute)…\n"
    assert (first.packages / "one-1.dist-info" / "INSTALLER").read_text().strip() == ("uv" if uv else "pip")
    return first.venv


@pytest.fixture
def running(project: Project, made: Path) -> Project:
    shutil.copytree(made, project.venv, symlinks=True)
    return project


def test_second_start_installs_nothing(running: Project) -> None:
    shutil.rmtree(running.wheels)
    before = sorted(path.stat().st_mtime_ns for path in running.venv.rglob("*"))
    assert running.start(code="import sys; sys.dont_write_bytecode = True; import one; print(one.version)") == ""
    assert sorted(path.stat().st_mtime_ns for path in running.venv.rglob("*")) == before


def test_tests_add_what_is_missing_and_leave_the_rest_as_it_is(running: Project) -> None:
    before = (running.packages / "one.py").stat()
    assert running.start("tests", "import two; print(two.version)").startswith("Adding to .venv")
    assert (running.packages / "one.py").stat() == before
    assert running.start("app") == running.start("tests") == ""


def test_nothing_is_left_of_what_an_older_lock_brought(running: Project) -> None:
    running.start("tests")
    running.lock("app", wheel(running.wheels, "three"))
    running.lock("tests", wheel(running.wheels, "three"), wheel(running.wheels, "two"))
    assert running.start("tests", "import three, two; print(three.version)").startswith("Setting up .venv")
    assert not list(running.packages.glob("one*"))


def test_environment_is_made_anew_when_its_python_is_gone(running: Project) -> None:
    (running.venv / "bin" / "python").unlink()
    (running.venv / "bin" / "python").symlink_to(running.folder / "uninstalled")
    assert running.start().startswith("Setting up .venv")


def test_missing_wheel_is_named_and_the_next_start_tries_again(project: Project) -> None:
    (project.wheels / "one-1-py3-none-any.whl").unlink()
    project.lock("app", wheel(project.wheels, "one", tag="cp27-cp27m-win32"))
    said = project.fail()
    assert "    ERROR: No matching distribution found for one==1" in said, "pip's own words"
    assert "there is no wheel of one==1 for Python 3." in said.splitlines()[-1]
    project.lock("app", wheel(project.wheels, "one"))
    project.start()


def test_unreachable_index_is_named(project: Project) -> None:
    project.variables |= {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_NO_CACHE_DIR": "1"}
    del project.variables["PIP_NO_INDEX"], project.variables["PIP_FIND_LINKS"]
    said = project.fail()
    assert "Connection refused" in said
    assert "could not install requirements/app.lock (the network:" in said.splitlines()[-1]


def test_file_with_another_hash_is_refused_and_named(project: Project) -> None:
    project.lock("app", f"one==1 \\\n    --hash=sha256:{NOTHING}\n")
    assert "a file that came is not the one that was locked" in project.fail().splitlines()[-1]


def test_failing_to_add_what_tests_need_does_not_stop_running(running: Project) -> None:
    (running.wheels / "two-1-py3-none-any.whl").unlink()
    running.fail("tests")
    assert running.start() == ""
    wheel(running.wheels, "two")
    assert running.start("tests", "import two; print(two.version)").startswith("Adding to .venv")


def test_half_a_package_of_a_try_that_was_broken_off_is_made_whole(running: Project) -> None:
    running.start("tests")
    (running.packages / "two.py").unlink()
    (running.venv / "tests.lock").unlink()
    (running.venv / "unfinished").touch()
    running.start("tests", "import two; print(two.version)")


def test_starts_at_once_wait_for_the_one_that_sets_up_and_a_dead_one_blocks_nobody(project: Project) -> None:
    script = str(project.folder / "local" / "environment.sh")
    holder = subprocess.Popen(["flock", script, "cat"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        probe = ["flock", "--nonblock", script, "true"]
        while subprocess.run(probe, check=False).returncode == 0:
            assert holder.poll() is None
        starts = [project.begin(), project.begin()]
        for one in starts:
            assert one.stderr
            assert one.stderr.readline() == "Another start is setting up .venv; waiting for it…\n"
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.communicate()
    answers = [one.communicate(timeout=120) for one in starts]
    assert [out for out, _ in answers] == ["1\n", "1\n"], answers
    assert sorted(said for _, said in answers) == ["", "Setting up .venv (once; about half a minute)…\n"]


def executable(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(project: Project) -> Path:
    """A folder at the head of PATH, for commands that are other than this machine's."""
    folder = project.folder / "bin"
    project.variables["PATH"] = f"{folder}:{project.variables['PATH']}"
    del project.variables["PYTHON"]
    return folder


BROKEN = """case "$*" in *venv*) echo "ensurepip is not available" >&2; exit 1;; esac"""


def test_python_that_cannot_make_environments_is_passed_over(project: Project, path: Path) -> None:
    executable(path, "python3", f'{BROKEN}\nexec "{sys.executable}" "$@"')
    executable(path, "python3.13", f'exec "{sys.executable}" "$@"')
    project.start()


def test_python_that_is_too_old_or_cannot_make_environments_is_named_where_there_is_no_other(
    project: Project, path: Path
) -> None:
    for tool in ("bash", "uname", "ldd", "flock", "cat", "readlink"):
        executable(path, tool, f'exec {shutil.which(tool)} "$@"')
    project.variables["PATH"] = str(path)
    assert "no CPython from 3.11 to 3.14 found" in project.fail()
    executable(path, "python3.12", f'{BROKEN}\nexec "{sys.executable}" "$@"')
    assert "python3.12 cannot make .venv (ensurepip is not available)" in project.fail()


@pytest.mark.parametrize(
    ("command", "script", "named"),
    [
        ("uname", '[ "$1" = -m ] && echo arm64 || echo Darwin', "this is Darwin on arm64"),
        ("uname", '[ "$1" = -m ] && echo riscv64 || echo Linux', "this is Linux on riscv64"),
        ("ldd", 'echo "musl libc (x86_64)\nVersion 1.2.5" >&2; exit 1', "this is Linux with musl, such as Alpine"),
    ],
)
def test_platform_without_wheels_is_named_in_one_sentence(
    project: Project, path: Path, command: str, script: str, named: str
) -> None:
    executable(path, command, script)
    (line,) = project.fail().splitlines()
    assert named in line
    assert not project.venv.exists()


def test_pip_installs_where_uv_cannot_be_had(project: Project) -> None:
    project.lock("installer", NO_UV)
    project.start()
    assert (project.packages / "one-1.dist-info" / "INSTALLER").read_text() == "pip\n"
