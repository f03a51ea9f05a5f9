"""Figures that are counted anew only after a while: counting reads many rows, pages are asked for often."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from connect_hub.clock import Clock

__all__ = ["Counted"]

T = TypeVar("T")
_AGE = timedelta(seconds=15)
_MOST = 256
"""Answers that are kept; the oldest goes first."""


class Counted(Generic[T]):
    """Keeps the last answer for each key, for fifteen seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[datetime, T]] = {}

    async def get(self, key: tuple[str, ...], count: Callable[[], Awaitable[T]]) -> T:
        """The answer of `count()`, or of an earlier one. What it raises is raised, and not kept."""
        now, kept = self._clock.now(), self._kept.get(key)
        if kept is not None and timedelta(0) <= now - kept[0] < _AGE:
            return kept[1]
        answer = await count()
        self._kept.pop(key, None)
        self._kept[key] = (now, answer)
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return answer
