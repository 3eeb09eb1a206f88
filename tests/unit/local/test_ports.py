from __future__ import annotations

import os
import socket

from local.ports import why_unavailable


def test_a_free_port_is_available() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert why_unavailable("127.0.0.1", port, "UGC_API_PORT") is None


def test_a_taken_port_is_said_with_who_has_it_and_the_variable_that_moves_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        why = why_unavailable("127.0.0.1", port, "UGC_KAFKA_PORT")
    assert why is not None
    assert f"port {port} is taken" in why
    assert f"process {os.getpid()}" in why
    assert "UGC_KAFKA_PORT" in why


def test_an_unknown_address_names_the_variable_to_correct() -> None:
    why = why_unavailable("no-such-host.invalid", 9001, "UGC_API_PORT")
    assert why is not None
    assert "UGC_API_HOST" in why
