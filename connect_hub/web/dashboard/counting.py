"""Figures that are counted anew only after a while: counting reads many rows, pages are asked for often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from connect_hub.clock import Clock

__all__ = ["Counted"]

T = TypeVar("T")
_AGE = timedelta(seconds=15)
_MOST = 256
"""Answers that are kept; the oldest goes first."""


@dataclass(slots=True)
class _Count(Generic[T]):
    """One that is under way."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answers: list[T] = field(default_factory=list)
    """The one that it came to; empty: none."""
    error: Exception | None = None


class Counted(Generic[T]):
    """Keeps the last answer for each key, for fifteen seconds; who asks meanwhile waits for the same one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[datetime, T]] = {}
        # Nobody waits for a count of another event loop: it may stand still, or be gone.
        self._under_way: dict[tuple[asyncio.AbstractEventLoop, tuple[str, ...]], _Count[T]] = {}

    async def get(self, key: tuple[str, ...], count: Callable[[], Awaitable[T]]) -> T:
        """The answer of `count()`, or of an earlier one. What it raises is raised to all who wait for it, and
        not kept; where it was cancelled, the next of them counts."""
        here = (asyncio.get_running_loop(), key)
        while True:
            now, kept = self._clock.now(), self._kept.get(key)
            if kept is not None and timedelta(0) <= now - kept[0] < _AGE:
                return kept[1]
            other = self._under_way.get(here)
            if other is None:
                break
            await other.ended.wait()
            if other.error is not None:
                raise other.error
            if other.answers:
                return other.answers[0]
        mine = self._under_way[here] = _Count[T]()
        try:
            answer = await count()
            mine.answers.append(answer)
            self._keep(key, now, answer)
        except Exception as error:
            mine.error = error
            raise
        finally:
            del self._under_way[here]
            mine.ended.set()
        return answer

    def _keep(self, key: tuple[str, ...], at: datetime, answer: T) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (at, answer)
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
