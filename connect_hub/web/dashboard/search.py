"""Customers found by a part of their name, in a list that is read newest first.

No index finds a part of a text on every database, so that rows are looked through: LOOKED_THROUGH at a time,
and the operator may go on with older ones.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from anyio.to_thread import run_sync

from connect_hub.folding import has_part
from connect_hub.models import Account, Session
from connect_hub.web.dashboard.listing import ROWS_AT_ONCE, Looked, Place

__all__ = ["LOOKED_THROUGH", "look_through", "named"]

LOOKED_THROUGH = 1_000
"""How many rows one page looks through."""
Row = TypeVar("Row", Account, Session)


async def named(rows: Sequence[Row], part: str) -> list[Row]:
    """Those whose customer's name or username has `part`. In a thread, as it may take long to fold a name."""

    def those() -> list[Row]:
        return [row for row in rows if has_part(part, row.origin_owner_name, row.origin_username)]

    return await run_sync(those)


async def look_through(
    load: Callable[[int, Place | None], Awaitable[Sequence[Row]]],
    place: Callable[[Row], Place],
    part: str,
    *,
    before: Place | None,
    limit: int,
) -> Looked[Row]:
    """The first `limit` rows of customers so named, of the next LOOKED_THROUGH."""
    found: list[Row] = []
    for _ in range(LOOKED_THROUGH // ROWS_AT_ONCE):
        rows = await load(ROWS_AT_ONCE, before)
        found += await named(rows, part)
        if len(found) >= limit:
            return Looked(found[:limit])
        if len(rows) < ROWS_AT_ONCE:
            return Looked(found)
        before = place(rows[-1])
    return Looked(found, before)
