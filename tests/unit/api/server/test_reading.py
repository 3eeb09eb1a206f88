"""Reading requests from bytes, however they are cut into pieces."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from api.server.heads import RefusedError
from api.server.reading import MAX_FRAMING, DamagedChunksError, Reader
from tests.unit.api.server.process import get, in_chunks, post

FRAGMENTS = [
    get(),
    get("http://a/b?c=d"),
    get(method="HEAD"),
    post(b"{}"),
    post(b""),
    post(b"a\r\n\r\nb", "Expect: 100-continue"),
    post(b"xyz", "Connection: Upgrade", "Upgrade: h2c"),
    get("/", "Connection: close"),
    in_chunks(b"a", b"bc"),
    in_chunks(b"\r\n\r\n", end=b"0;e=f\r\nX: y\r\n\r\n"),
    in_chunks(b"a", end=b"zz\r\n"),
    b"GET / HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"\r",
    b"\n",
    b"0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"X: " + b"a" * 9000,
    b"Cookie: " + b"a" * 9000,
    b"\x16\x03\x01\x00",
]
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6)), max_size=6).map(b"".join)


def read(pieces: list[bytes]) -> tuple[list[tuple[str, bytes, bytes, bool]], str]:
    """All requests with their bodies and whether these are whole, and how it ended."""
    reader = Reader()
    found: list[tuple[str, bytes, bytes, bool]] = []
    for piece in pieces:
        data = piece
        while data:
            if reader.beyond:
                return found, "beyond"
            try:
                if reader.complete:
                    request = reader.read_head(data)
                    if request is not None:
                        found.append((request.method, request.path, b"", reader.complete))
                        if not request.keep_alive:
                            return found, "closed"
                else:
                    method, path, body, _ = found[-1]
                    body += reader.read_body(data)
                    found[-1] = (method, path, body, reader.complete)
            except RefusedError:
                # The status may be that of what is seen first.
                return found, "refused"
            except DamagedChunksError:
                return found, "damaged"
            data = reader.rest
    return found, "beyond" if reader.beyond else "awaits more"


@given(TEXTS, st.lists(st.integers(0, 30_000), max_size=6))
def test_cuts_change_nothing(text: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[begin:end] for begin, end in itertools.pairwise(places)]
    whole, end = read([text])
    found, found_end = read(pieces)
    if end == "beyond":
        # What shares a piece with the end of a chunked body is lost, and with other cuts it is not.
        assert found[: len(whole)] == whole
    elif found_end == "beyond":
        assert whole[: len(found)] == found
    elif end == "damaged":
        # How much of a chunked body was read before the damage depends on the cuts; what was whole does not.
        assert (found[:-1], found_end) == (whole[:-1], end)
    else:
        assert (found, found_end) == (whole, end)


@given(TEXTS)
def test_byte_by_byte_is_the_same_too(text: bytes) -> None:
    whole, end = read([text])
    found, found_end = read([text[place : place + 1] for place in range(len(text))])
    assert found_end == end or "beyond" in {end, found_end}
    assert [one[:2] for one in found[: len(whole)]] == [one[:2] for one in whole[: len(found)]]


def test_chunks_may_be_small_but_not_all_of_them() -> None:
    reader = Reader()
    assert reader.read_head(in_chunks(end=b"")) is not None
    chunk = b"1\r\nx\r\n"
    read_so_far = 0
    try:
        while True:
            read_so_far += len(reader.read_body(chunk * 100))
    except DamagedChunksError:
        assert MAX_FRAMING // 5 - 100 <= read_so_far <= MAX_FRAMING // 5


def test_chunked_body_is_whole_whatever_follows_in_the_same_piece() -> None:
    reader = Reader()
    assert reader.read_head(in_chunks(end=b"")) is not None
    assert reader.read_body(b"2\r\nab\r\n0\r\n\r\n" + get("/" + "a" * 200_000)) == b"ab"
    assert (reader.complete, reader.beyond) == (True, True)


def test_request_after_a_chunked_one_is_read_when_it_comes_by_itself() -> None:
    reader = Reader()
    for _ in range(3):
        assert reader.read_head(in_chunks(end=b"")) is not None
        assert reader.read_body(b"2\r\nab\r\n0\r\n\r\n") == b"ab"
        assert (reader.complete, reader.beyond) == (True, False)
        request = reader.read_head(post(b"cd"))
        assert request is not None
        assert reader.read_body(reader.rest) == b"cd"
        assert reader.complete
