"""Fuzzes the way from bytes to the wire, guided by the coverage of `api`.

    python -m tests.fuzz.decoder --seconds 180 --corpus .fuzz

`--corpus` keeps what was found to be of interest; another run goes on from there. The input of a crash is left in that
folder as `crash-…` or `timeout-…`, and as the argument of `--again` runs alone.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import atheris

# Before anything else imports them: the decoder and all that it stands on report what of them is run.
with atheris.instrument_imports(include=["api"]):
    from tests.fuzz.oracle import check

from tests.fuzz.inputs import seeds, words

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMITS: Final = (
    "-timeout=5",  # seconds, for one input
    "-max_len=70000",  # a little more than an event may have
    # libFuzzer looks at the most that the process ever had, once a second, and begins with what its parent had.
    "-rss_limit_mb=0",
)
MAX_DATA_MIB: Final = 256
"""Beyond this there is no memory to be had, which is an error of the input that asks for it."""


def fuzz(target: Callable[[bytes], None]) -> None:
    """Run the target by the command line until time is up (exit code 0) or an input breaks it. Does not return."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="how long (default 60)")
    parser.add_argument("--corpus", type=Path, help="folder to keep inputs in (default: a new one)")
    parser.add_argument("--again", type=Path, help="one input to run, and nothing else")
    options = parser.parse_args()
    if options.again:
        target(options.again.read_bytes())
        return
    # libFuzzer ends the process without a word to Python, so that nothing here would be cleaned up.
    folder = options.corpus or Path(tempfile.mkdtemp(prefix="fuzz-"))
    found, beginning = folder / "found", folder / "seeds"
    for each in (found, beginning):
        each.mkdir(parents=True, exist_ok=True)
    for seed in seeds():
        (beginning / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    dictionary = folder / "words"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in sorted(words())))
    arguments = [sys.argv[0], *_LIMITS, f"-max_total_time={options.seconds}", "-print_final_stats=1"]
    arguments += [f"-artifact_prefix={folder}/", f"-dict={dictionary}", str(found), str(beginning)]
    atheris.Setup(arguments, target)
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA_MIB * 1024 * 1024,) * 2)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    fuzz(check)
