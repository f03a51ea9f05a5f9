"""Whole lists, read a page at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click

from connect_hub.cli.progress import counter

__all__ = ["limit_option", "read_all"]

T = TypeVar("T")
P = TypeVar("P")
_AT_ONCE = 500

limit_option = click.option("--limit", type=click.IntRange(1), help="At most so many. Default: all.")


async def read_all(
    page_of: Callable[[int, P | None], Awaitable[Sequence[T]]],
    end_of: Callable[[T], P],
    *,
    limit: int | None,
    wanted: Callable[[T], bool] | None = None,
) -> list[T]:
    """All rows that are `wanted`, or the first `limit`. `page_of(size, before)` reads a page, `end_of(row)`
    is where one ends."""
    found: list[T] = []
    read = 0
    before: P | None = None
    with counter("rows read") as show:
        while limit is None or len(found) < limit:
            size = _AT_ONCE if limit is None or wanted else min(_AT_ONCE, limit - len(found))
            page = await page_of(size, before)
            found += page if wanted is None else filter(wanted, page)
            read += len(page)
            show(read)
            if len(page) < size:
                break
            before = end_of(page[-1])
    return found[:limit]
