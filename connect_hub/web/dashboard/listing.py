"""Lists: one page of the rows that the address asks for, and all of them for a download."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from starlette.requests import Request

from connect_hub.errors import ValidationFailed
from connect_hub.message import Message
from connect_hub.web.dashboard.contexts import Pager
from connect_hub.web.dashboard.dead_ends import wrong_parts
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.parameters import OF_THE_MOMENT
from connect_hub.web.documents import cursor_text
from connect_hub.web.query import Query
from connect_hub.web.urls import with_query

__all__ = ["ROWS_AT_ONCE", "Listed", "Looked", "Place", "listed", "rows_of_all"]

Row = TypeVar("Row")
Place = tuple[datetime, str]
"""Where a row stands in a list that is newest first."""
ROWS_AT_ONCE = 500
"""How many rows a download reads, and is let go on for."""
_PASSED_OVER = OF_THE_MOMENT | {"cursor"}


@dataclass(frozen=True, slots=True)
class Looked(Generic[Row]):
    """What was found, and where the looking stopped; None: no older row is left, or the page is full."""

    rows: Sequence[Row]
    stopped: Place | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """One page of a list."""

    rows: tuple[Row, ...]
    pager: Pager
    alert: str
    """What is wrong with the address, in words; empty: nothing is."""
    by_name: bool = False
    """Whether the rows were looked through for a name."""

    @property
    def status(self) -> int:
        """Of the answer that shows it."""
        return 400 if self.alert else 200


async def listed(
    pages: Pages,
    request: Request,
    query: Query,
    *,
    url: str,
    size: int,
    load: Callable[[int], Awaitable[Sequence[Row] | Looked[Row]]],
    place: Callable[[Row], Place],
) -> Listed[Row]:
    """What `load` finds, given how many rows to look for; nothing, and why, if the address cannot be read.

    `url` is the list without filters.
    """
    try:
        query.refuse_problems()
        found = await load(size + 1)
    except ValidationFailed as refused:
        return Listed((), Pager(), _misread(pages, request, refused))
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in _PASSED_OVER]
    looked = found if isinstance(found, Looked) else Looked(found)
    rows, stopped = looked.rows, looked.stopped

    def older_than(where: Place) -> str:
        return with_query(url, [*kept, ("cursor", cursor_text(*where))])

    pager = Pager(
        with_query(url, kept) if "cursor" in request.query_params else None,
        older_than(place(rows[size - 1])) if len(rows) > size else None,
        None if stopped is None else older_than(stopped),
    )
    return Listed(tuple(rows[:size]), pager, "", isinstance(found, Looked))


async def rows_of_all(
    load: Callable[[int, Place | None], Awaitable[Sequence[Row]]], place: Callable[[Row], Place]
) -> AsyncIterator[Row]:
    """Every row, read a page at a time, and no further than somebody asks."""
    before: Place | None = None
    while True:
        rows = await load(ROWS_AT_ONCE, before)
        for row in rows:
            yield row
        if len(rows) < ROWS_AT_ONCE:
            return
        before = place(rows[-1])


def _misread(pages: Pages, request: Request, refused: ValidationFailed) -> str:
    say = pages.say(request)
    parts = wrong_parts(refused)
    if not parts:
        return say(Message("This address was cut or changed. Clear the filters to begin again."))
    return say(
        Message(
            "This address was cut or changed: its part “%(part)s” cannot be read. Clear the filters to begin "
            "again.",
            part=parts[0],
        )
    )
