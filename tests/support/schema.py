"""The whole schema, made once and copied: making it takes a test module longer than its tests."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from clickhouse.authoring.engine import engine_in
from clickhouse.connection.client import connected
from clickhouse.schema import runner, views


def copy_schema(data: Path) -> None:
    """Make `data` the data folder of an embedded ClickHouse with every table and view, and no event.

    Its queue has no broker, which `migrate` corrects.
    """
    shutil.copytree(_made_once(), data, symlinks=True)


@functools.cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ugc-schema-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with engine_in(folder) as settings:
        runner.migrate(settings)
        with connected(settings) as client:
            views.apply(client, views.load())
    return folder / "data"
