"""Names the machine that figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final

import msgspec
import psutil

_GIB: Final = 1 << 30
_CPUINFO: Final = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True):
    """Cores that this process may use, memory in GiB, the CPU's model, the system and Python."""

    cores: int
    memory_gib: float
    cpu: str
    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.cores} cores ({self.cpu}), {self.memory_gib:g} GiB memory, {self.system}, Python {self.python}"


def this_machine() -> Machine:
    """Look at the machine that runs this."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(
        cores=cores,
        memory_gib=round(psutil.virtual_memory().total / _GIB, 1),
        cpu=_cpu_model(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _cpu_model() -> str:
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
