"""Finds where a view differs from its answer: rows as multisets, whatever the two engines call the same value."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tests.oracle.answers.ledger import Table

SHOWN: Final = 5
# Quotients of the same whole numbers: two engines may differ in the last digits only.
TOLERANCE: Final = 1e-9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Difference:
    """What is in the answer and not in the view (`missing`), and the other way round (`unexpected`)."""

    columns: tuple[str, ...]
    missing: list[Row]
    unexpected: list[Row]
    missing_columns: tuple[str, ...] = ()
    unexpected_columns: tuple[str, ...] = ()
    expected_rows: int = 0
    found_rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.missing_columns or self.unexpected_columns)

    def __str__(self) -> str:
        lines = [
            (
                f"{len(self.missing)} of {self.expected_rows} right rows are missing, "
                f"{len(self.unexpected)} of {self.found_rows} rows are wrong"
            )
        ]
        if self.missing_columns:
            lines.append(f"columns missing: {', '.join(self.missing_columns)}")
        if self.unexpected_columns:
            lines.append(f"columns that the oracle does not know: {', '.join(self.unexpected_columns)}")
        if self.missing or self.unexpected:
            lines.append(f"          {self.columns}")
        lines += [f"missing   {row}" for row in sorted(self.missing, key=repr)[:SHOWN]]
        lines += [f"wrong     {row}" for row in sorted(self.unexpected, key=repr)[:SHOWN]]
        return "\n".join(lines)


def compare(
    expected: Table, columns: Collection[str], rows: Iterable[Row], ignored: Collection[str] = ()
) -> Difference:
    """The difference between an answer and the rows of a view: columns by name, and rows by the columns that both have.

    `ignored` are columns of the view that only ClickHouse can know.
    """
    found_columns = list(columns)
    common = tuple(name for name in expected.columns if name in found_columns)
    here = [_picked(row, [expected.columns.index(name) for name in common]) for row in expected.rows]
    there = [_picked(row, [found_columns.index(name) for name in common]) for row in rows]
    left_here, left_there = _without_twins(here, there)
    normalisers: list[Callable[[Any], Any]] = [_json if name in expected.json else _same for name in common]
    missing, unexpected = _unmatched(
        [_normalised(row, normalisers) for row in left_here],
        [_normalised(row, normalisers) for row in left_there],
        [number for number, name in enumerate(common) if name in expected.divided],
    )
    return Difference(
        columns=common,
        missing=missing,
        unexpected=unexpected,
        missing_columns=tuple(name for name in expected.columns if name not in found_columns),
        unexpected_columns=tuple(name for name in found_columns if name not in (*expected.columns, *ignored)),
        expected_rows=len(here),
        found_rows=len(there),
    )


def _picked(row: Row, places: list[int]) -> Row:
    return tuple(_plain(row[place]) for place in places)


def _without_twins(here: list[Row], there: list[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of both that are not equal to the letter, which are few: what follows takes its time."""
    counted_here, counted_there = Counter(here), Counter(there)
    return list((counted_here - counted_there).elements()), list((counted_there - counted_here).elements())


def _normalised(row: Row, normalisers: list[Callable[[Any], Any]]) -> Row:
    return tuple(normaliser(value) for normaliser, value in zip(normalisers, row, strict=True))


def _same(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    """One value for whatever engines and drivers make of it; times become milliseconds, and text stays as it is."""
    return _PLAIN.get(type(value), _same)(value)


def _milliseconds(moment: datetime) -> float:
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH).total_seconds() * 1000


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    bool: int,
    datetime: _milliseconds,
    date: date.isoformat,
    UUID: str,
    Decimal: float,
    list: lambda values: tuple(map(_plain, values)),
    tuple: lambda values: tuple(map(_plain, values)),
}


def _json(value: Any) -> str:
    """The same text for the same JSON, however it is written."""
    return json.dumps(json.loads(value), sort_keys=True, ensure_ascii=False)


def _unmatched(here: list[Row], there: list[Row], divided: list[int]) -> tuple[list[Row], list[Row]]:
    """Rows without a partner: each row has one, equal in all values, quotients within the tolerance."""
    missing, unexpected = _by_exact_values(here, divided), _by_exact_values(there, divided)
    left_here: list[Row] = []
    left_there: list[Row] = []
    for exact in {**missing, **unexpected}:
        others = list(unexpected.get(exact, ()))
        for row in missing.get(exact, ()):
            partner = next((other for other in others if _close(row, other, divided)), None)
            if partner is None:
                left_here.append(row)
            else:
                others.remove(partner)
        left_there += others
    return left_here, left_there


def _by_exact_values(rows: list[Row], divided: list[int]) -> dict[Row, list[Row]]:
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(value for number, value in enumerate(row) if number not in divided)].append(row)
    return groups


def _close(one: Row, other: Row, divided: list[int]) -> bool:
    return all(_same_quotient(one[number], other[number]) for number in divided)


def _same_quotient(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
