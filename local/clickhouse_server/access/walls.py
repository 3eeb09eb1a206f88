"""Keeps the process inside its own folder by the kernel's means (Landlock), where there are any.

No judgement of SQL sees all: `INSERT … VALUES (file('…'))` is evaluated row by row, and the embedded engine itself
checks no path. Behind these walls no file outside opens, whatever opens it, and no program starts. What the process
needs of the machine to run at all is open for reading: libraries, certificates, names of hosts, the kernel's counters.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from enum import IntFlag
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_QUERY_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
# From this version on a file can be moved from folder to folder, as the engine does all the time.
_FIRST_VERSION, _VERSION_WITH_TRUNCATE = 2, 3

_READABLE: Final = (
    *("/usr", "/lib", "/lib64", "/dev/random", "/dev/urandom", "/dev/zero"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/ssl", "/etc/pki", "/etc/ca-certificates"),
    *("/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/services"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/sys/block", "/sys/kernel/mm"),
    *("/proc/cpuinfo", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/version", "/proc/sys"),
    *(f"/proc/self/{name}" for name in ("auxv", "cgroup", "limits", "maps", "mountinfo", "stat", "statm", "status")),
)


class _Access(IntFlag):
    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_FOLDER = 1 << 3
    TRUNCATE = 1 << 14


def available() -> bool:
    """Whether the kernel can confine a process."""
    return sys.platform == "linux" and _version() >= _FIRST_VERSION


def confine(folder: Path, *, readable: Iterable[str] = ()) -> bool:
    """Confine this thread and all that it starts to `folder`; returns False where the kernel cannot.

    To be called before the process has other threads. `readable` are files and folders beside those of the system.
    """
    if not available():
        return False
    everything = _Access((1 << (15 if _version() >= _VERSION_WITH_TRUNCATE else 14)) - 1)
    call = _library().syscall
    attributes = struct.pack("=Q", everything)
    rules = _done(call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    read = _Access.READ_FILE | _Access.READ_FOLDER
    allowed = [(path, read) for path in (*_READABLE, *_imported_from(), *readable)]
    for path, access in [
        *allowed,
        ("/dev/null", read | _Access.WRITE_FILE),
        (str(folder), everything ^ _Access.EXECUTE),
    ]:
        try:
            # Held open for good: the kernel may forget what it knows of a file in /proc, and the rule with it.
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not on this machine
        if not Path(path).is_dir():
            access &= _Access.WRITE_FILE | _Access.READ_FILE | _Access.TRUNCATE  # noqa: PLW2901
        rule = struct.pack("=Qi", access & everything, opened)
        _done(call(_ADD_RULE, rules, _PATH_BENEATH, rule, 0))
    _done(_library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _done(call(_RESTRICT_SELF, rules, 0))
    os.close(rules)
    return True


def _imported_from() -> Iterator[str]:
    """The folders of Python and its packages, without the one of this program."""
    program = Path(__file__).resolve().parents[3]
    for path in {sys.prefix, sys.base_prefix, *sys.path}:
        if path and Path(path).resolve() != program and Path(path).resolve() not in program.parents:
            yield path


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _version() -> int:
    return int(_library().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _QUERY_VERSION))


def _done(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
