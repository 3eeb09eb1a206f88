"""Runs an ASGI application under gunicorn."""

from __future__ import annotations

import importlib
import math
import os
import resource
import secrets
import shutil
import socket
import tempfile
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from api.server import logs, worker

if TYPE_CHECKING:
    from api.configuration.settings import Settings

GRACE_S = 15
"""How long a stop may take: a request waits at most 6 s for its acknowledgement, and the sink as long to close."""


class PortTakenError(Exception):
    """The service cannot listen where it should; the message says where and why."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by `Settings` and by nothing else."""

    def __init__(self, settings: Settings, app_uri: str, folder: str) -> None:
        """`folder` is the workers' own, and goes when the service ends."""
        self.settings = settings
        self._folder = folder
        self._app_uri = app_uri
        super().__init__()

    def load_config(self) -> None:
        address = _address(self.settings)
        options: dict[str, Any] = {
            "bind": address,
            "workers": self.settings.api_workers,
            "worker_class": worker.Worker,
            "child_exit": worker.forget_metrics,
            "on_exit": lambda _arbiter: shutil.rmtree(self._folder, ignore_errors=True),
            "backlog": 2048,
            "timeout": 30,
            "graceful_timeout": math.ceil(GRACE_S + self.settings.api_drain_s),
            "max_requests": self.settings.api_max_requests,
            "max_requests_jitter": self.settings.api_max_requests // 10,
            "errorlog": "-",
            "loglevel": "warning",
            "logconfig_dict": logs.configuration(self.settings.log_level),
            "control_socket_disable": True,
            "proc_name": "ugc-api",
            "when_ready": lambda _arbiter: print(f"serving on http://{address}", flush=True),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        module, _, name = self._app_uri.partition(":")
        return getattr(importlib.import_module(module), name)


def run(settings: Settings, app_uri: str = "api.asgi:app") -> None:
    """Serve until a signal ends it, and leave by `SystemExit`. Raises `PortTakenError`.

    `app_uri` names an ASGI application as `module:attribute`; it is imported in every worker, after the fork.
    """
    _check_address(settings)
    if settings.ip_mode == "hash" and settings.ip_hash_salt is None:
        # One salt for all workers, and another after the next start.
        os.environ["UGC_IP_HASH_SALT"] = secrets.token_hex(16)
    # Every connection is a file, and many systems begin with 1,024 of them for a process.
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    folder = tempfile.mkdtemp(prefix="ugc-api-")
    # Read by the workers and by the library of the metrics, which must not be imported before.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    Server(settings, app_uri, folder).run()


def _address(settings: Settings) -> str:
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    return f"{host}:{settings.api_port}"


def _check_address(settings: Settings) -> None:
    """Gunicorn tries a taken port for five seconds and reports it in eleven lines; this is one."""
    try:
        [(family, kind, protocol, _, where), *_] = socket.getaddrinfo(
            settings.api_host, settings.api_port, type=socket.SOCK_STREAM
        )
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        what = f"cannot listen on {_address(settings)} ({error.strerror})"
        raise PortTakenError(f"{what}; set UGC_API_HOST and UGC_API_PORT to a free address") from error
