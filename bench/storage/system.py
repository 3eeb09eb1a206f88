"""What the comparison asks of a system; one adapter a system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

QUERY: Final = "SELECT event_type, count(*), avg(value) FROM events GROUP BY event_type"


class UnavailableError(Exception):
    """The system cannot be reached; the message says why, and what to set."""


class Answer(NamedTuple):
    """One row of the query's result."""

    event_type: str
    events: int
    average: float


class Session(Protocol):
    """A connection of one thread."""

    def aggregate(self) -> list[Answer]:
        """Run QUERY and read its whole result."""

    def close(self) -> None:
        """Give the connection back."""


class System(Protocol):
    """An adapter. It is made with a folder or a URL, and raises UnavailableError there and then."""

    version: str

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        """Bring the rows into the form in which the client loads them fastest. Not timed: it is the client's work."""

    def create(self) -> None:
        """Make the table anew, empty."""

    def insert(self) -> None:
        """Load the prepared rows. Returns when they are committed and on disk."""

    def settle(self) -> None:
        """Whatever a DBA does after a load, before the queries. Not timed."""

    def session(self) -> Session:
        """Open a connection for one thread."""

    def stored_bytes(self) -> int:
        """What the table takes on disk."""

    def close(self) -> None:
        """Drop the table and end."""
