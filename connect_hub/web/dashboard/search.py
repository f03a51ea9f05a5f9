"""Customers found by a part of their name, in a list that is read newest first.

No index finds a part of a text on every database, so that rows are looked through: LOOKED_THROUGH at a time,
and the operator may go on with older ones.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from connect_hub.models import Account, Session
from connect_hub.web.contexts.picking import folded
from connect_hub.web.dashboard.listing import ROWS_AT_ONCE, Looked, Place

__all__ = ["LOOKED_THROUGH", "NamePart", "look_through"]

LOOKED_THROUGH = 1_000
"""How many rows one page looks through."""
Row = TypeVar("Row")


class NamePart:
    """A part of a customer's name or username, without regard to case and accents; "" is part of none."""

    def __init__(self, text: str) -> None:
        self._wanted = folded(text)

    def is_of(self, row: Account | Session) -> bool:
        """Whether the row's customer has it."""
        names = (row.origin_owner_name, row.origin_username or "")
        return self._wanted != "" and any(self._wanted in folded(name) for name in names)


async def look_through(
    load: Callable[[int, Place | None], Awaitable[Sequence[Row]]],
    place: Callable[[Row], Place],
    wanted: Callable[[Row], bool],
    *,
    before: Place | None,
    limit: int,
) -> Looked[Row]:
    """The first `limit` rows that are wanted, of the next LOOKED_THROUGH."""
    found: list[Row] = []
    for _ in range(LOOKED_THROUGH // ROWS_AT_ONCE):
        rows = await load(ROWS_AT_ONCE, before)
        found += [row for row in rows if wanted(row)]
        if len(found) >= limit:
            return Looked(found[:limit])
        if len(rows) < ROWS_AT_ONCE:
            return Looked(found)
        before = place(rows[-1])
    return Looked(found, before)
