"""Values to rows and back, alike for every storage of ours.

A row is a dict from column to a plain value: instants are whole milliseconds since 1970, hashes hexadecimal
text, structured values JSON text. Its order is that of the table's columns, and the way back reads by
position: it is on the path of every request. What went through a row shares nothing with what was stored.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = [
    "MILLISECOND",
    "Row",
    "Values",
    "dumped",
    "dumped_or_none",
    "instant",
    "instant_or_none",
    "milliseconds",
    "milliseconds_or_none",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Row = dict[str, Any]
Values = Sequence[Any]
"""A row's values in the order of its columns; their types are the columns'."""


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _EPOCH) // MILLISECOND


def instant(value: int) -> datetime:
    """The inverse of `milliseconds`."""
    return _EPOCH + timedelta(milliseconds=value)


def milliseconds_or_none(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else instant(value)


def dumped(value: object) -> str:
    """JSON text, as short as it can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dumped_or_none(value: object | None) -> str | None:
    return None if value is None else dumped(value)
