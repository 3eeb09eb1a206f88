"""How long clients may take, over sockets: to write, to read, and to do nothing."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from common.waiting import wait_until
from tests.unit.api.server.process import BEGUN, BODY_WITHIN_S, KEPT_S, SLOW_S, click, clicks, get, in_chunks, post

if TYPE_CHECKING:
    from tests.unit.api.server.process import Running


def test_slow_client_is_served_byte_by_byte(server: Running) -> None:
    sent = post(click("bytes"))
    with server.wire() as wire:
        for place in range(len(sent)):
            wire.send(sent[place : place + 1])
        assert wire.answer().status == 202


def test_body_that_does_not_come_in_time_is_a_408_and_ends_the_connection(server: Running) -> None:
    for sent in (
        post()[:-5],
        BEGUN + b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n",
        in_chunks(b"{", end=b""),
    ):
        with server.wire() as wire:
            answer = wire.ask(sent)
            assert (answer.problem["status"], answer.headers["connection"]) == (408, "close")
            wire.no_more()
            assert wire.ended()


def test_rest_of_a_body_that_nobody_reads_may_come_and_the_connection_goes_on(server: Running) -> None:
    refused = post(b"x" * 5000, path="/nothing")
    with server.wire() as wire:
        assert wire.ask(refused[:-4000]).status == 404
        wire.send(refused[-4000:] + get())
        assert wire.answer().status == 200


def test_rest_of_a_body_that_nobody_reads_may_not_come_for_ever(server: Running) -> None:
    with server.wire() as wire:
        assert wire.ask(post(b"x" * 5000, path="/nothing")[:-4000]).status == 404
        assert wire.ended(within_s=BODY_WITHIN_S + 3)


def test_body_that_is_too_large_is_answered_while_its_sender_is_writing(server: Running) -> None:
    for sent in (post(b" " * (5 << 20)), in_chunks(*[b" " * 65_536] * 80)):
        with server.wire() as wire:
            wire.send(sent)
            answer = wire.answer()
            assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_idle_connection_is_kept_for_its_time_and_then_closed(server: Running) -> None:
    with server.wire() as wire, server.wire() as other:
        for each in (wire, other):
            assert each.ask(get()).status == 200
        assert not wire.ended(within_s=KEPT_S / 2)
        assert wire.ask(get()).status == 200
        assert wire.ended(within_s=KEPT_S + 2)
        assert other.ended(within_s=1)


def test_empty_lines_do_not_keep_a_connection(server: Running) -> None:
    with server.wire() as wire:
        assert wire.ask(get()).status == 200

        def gone() -> bool:
            try:
                wire.send(b"\r\n")
                return wire.ended(within_s=0.2)
            except OSError:
                return True

        assert wait_until(gone, KEPT_S + 3)


def test_client_that_reads_nothing_does_not_hold_up_the_others(server: Running) -> None:
    with server.wire() as deaf, server.wire() as wire:
        deaf.send(get("/apidocs/swagger-ui-bundle.js") * 200)
        (worker,) = server.workers()
        assert wire.ask(get()).status == 200
        assert worker.memory_info().rss < 200 << 20


def test_connection_that_is_reset_in_the_middle_harms_nobody(server: Running) -> None:
    for sent in (b"", b"GET /", post()[:-3], post(click("slow")), get("/apidocs/swagger-ui-bundle.js") * 20):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(sent)
    with server.wire() as wire:
        assert wire.ask(get()).status == 200
    assert wait_until(lambda: clicks(server, "slow") > 0, SLOW_S + 5), "what is under way is stored all the same"
