"""Types of a common column, and how each is read from the wire, where every field is a String.

A conversion must not throw, or one bad value stops the queue, and must not invent: what is no value of the type becomes
NULL, or the type's own zero where there is no NULL. A field that is absent is ''.
"""

from __future__ import annotations

import re

from msgspec import Struct

from clickhouse.connection.errors import UsageError

_INTEGER = re.compile(r"U?Int(?:8|16|32|64)")
_NULLABLE = re.compile(r"Nullable\((.+)\)")
TAKEN = "String, LowCardinality(String), Bool, UInt8 to UInt64, Int8 to Int64, Float64, or Nullable(…) of one of these"


class ColumnType(Struct, frozen=True):
    """A type, the expression that reads it from `{name}`, what a row without the field has, and the type in Python."""

    sql: str
    expression: str
    absent: str
    python: str

    def read(self, name: str) -> str:
        """The expression for the wire field of this name."""
        return self.expression.format(name=f"q.{name}")

    @property
    def codec(self) -> str:
        """The codec of the column, with a space before it: a LowCardinality column is small numbers already."""
        return "" if self.sql.startswith("LowCardinality") else " CODEC(ZSTD(1))"


def column_type(text: str) -> ColumnType:
    """The type of this name; UsageError says which there are."""
    sql = "".join(text.split())
    inner = _NULLABLE.fullmatch(sql)
    found = _nullable(inner[1]) if inner else _plain(sql)
    if found is None:
        raise UsageError(f"{text}: a field of the wire is read without harm as {TAKEN}")
    return found


def _plain(sql: str) -> ColumnType | None:
    if sql in {"String", "LowCardinality(String)"}:
        return ColumnType(sql, "{name}", "''", "str")
    if sql == "Bool":
        return ColumnType(sql, "{name} IN ('true', '1')", "false", "bool")
    number = _number(sql)
    return number and ColumnType(sql, f"ifNull({number.expression}, 0)", "0", number.python)


def _nullable(inner: str) -> ColumnType | None:
    sql = f"Nullable({inner})"
    if inner == "String":
        return ColumnType(sql, "nullIf({name}, '')", "NULL", "str")
    if inner == "Bool":
        read = "multiIf({name} IN ('true', '1'), true, {name} IN ('false', '0'), false, NULL)"
        return ColumnType(sql, read, "NULL", "bool")
    number = _number(inner)
    return number and ColumnType(sql, number.expression, "NULL", number.python)


def _number(sql: str) -> ColumnType | None:
    """A number or NULL: of another kind, out of range, no finite one."""
    if sql == "Float64":
        read = "toFloat64OrNull({name})"
        return ColumnType(sql, f"if(isFinite({read}), {read}, NULL)", "NULL", "float")
    if not _INTEGER.fullmatch(sql):
        return None
    if sql.endswith("64"):
        # exactly: a Float64 on the way would round what has more than 15 digits
        return ColumnType(sql, f"accurateCastOrNull({{name}}, '{sql}')", "NULL", "int")
    return ColumnType(sql, f"accurateCastOrNull(toFloat64OrNull({{name}}), '{sql}')", "NULL", "int")
