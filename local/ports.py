"""Whether a port can be listened on, and who has it when it cannot."""

from __future__ import annotations

import errno
import socket

import psutil


def why_unavailable(host: str, port: int, variable: str) -> str | None:
    """Return one line: why `host:port` cannot be listened on, and which variable moves it. None when it is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except socket.gaierror:
            return f"the address {host} is not known on this machine: correct UGC_API_HOST"
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} is taken{_holder(port)}: stop that, or set {variable} to a free port"
            if error.errno == errno.EACCES:
                return f"port {port} needs more rights than this user has: set {variable} to a port above 1023"
            return f"cannot listen on {host}:{port} ({error.strerror}): correct {variable}"
    return None


def _holder(port: int) -> str:
    """Name the process that listens on `port`, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
