"""How much is under way to each target, so that a slow one does not take the places of the others."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

__all__ = ["AHEAD", "LANE", "PLACES", "Lanes"]

PLACES = 64
"""Deliveries of one process that may be under way at once."""
LANE = 8
"""Of these being tried at one target, while it answers."""
AHEAD = 24
"""Of these waiting for their turn at such a target, at most, so that it need not wait for the database, and
the database is asked for many at a time."""
_SOON = 0.2
"""Seconds within which those that wait have their turn: what is longer off is left to other workers."""


class Lanes:
    """A lane for each target, with places in it.

    A lane is halved, down to one place, by every try that failed or was slow, and gets a place back by every
    one that was neither: a target that hangs soon holds one place of all. Where the targets are few, one that
    has answered, and has a whole lane, has places before it, too: as many as it soon takes. These are given
    out when half of them are free, not one by one.
    """

    def __init__(self, *, places: int = PLACES, lane: int = LANE, ahead: int = AHEAD) -> None:
        self._places = places
        self._lane = lane
        self._ahead = ahead
        self._under_way: Counter[str] = Counter()
        self._narrowed: dict[str, int] = {}
        self._pace: dict[str, float] = {}
        """Seconds of a try at each target that has answered: the later ones weigh more."""
        self._turns: dict[str, asyncio.Semaphore] = {}

    @property
    def free(self) -> int:
        """How many more may be under way."""
        return self._places - self._under_way.total()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._under_way)

    def room(self, targets: Iterable[str]) -> Mapping[str, int]:
        """How many more may be under way to each of these that has room, in a random order, so that none
        always comes first."""
        asked = list(targets)
        share = self._places // (len(asked) + 1) - self._lane  # another one may come
        room = {}
        for target in asked:
            ahead = self._before(target, share)
            free = self._width(target) + ahead - self._under_way[target]
            if free > 0 and 2 * free >= ahead:
                room[target] = free
        chosen = list(room)
        random.shuffle(chosen)
        return {target: room[target] for target in chosen}

    def enter(self, target: str) -> None:
        self._under_way[target] += 1

    @asynccontextmanager
    async def turn(self, target: str) -> AsyncIterator[bool]:
        """Between `enter` and `leave`: wait until one may be tried, and keep others waiting inside. Yields
        whether it had to wait."""
        lane = self._turns.setdefault(target, asyncio.Semaphore(self._lane))
        waits = lane.locked()
        async with lane:
            yield waits

    def leave(self, target: str, *, well: bool, took: float = 0.0) -> None:
        """`well`: it was delivered, and soon; `took`: in so many seconds."""
        self._under_way[target] -= 1
        if self._under_way[target] == 0:
            del self._under_way[target]
            self._turns.pop(target, None)  # the next one may come on another event loop
        if well:
            self._pace[target] = took if target not in self._pace else 0.8 * self._pace[target] + 0.2 * took
        width = self._width(target)
        self._narrowed[target] = width + 1 if well else max(1, width // 2)
        if self._narrowed[target] >= self._lane:
            del self._narrowed[target]

    def _before(self, target: str, share: int) -> int:
        """Places before its lane; `share`: what there is for it."""
        if target in self._narrowed or target not in self._pace:
            return 0
        soon = self._lane * _SOON / max(self._pace[target], 0.001)
        return max(0, min(self._ahead, share, int(soon)))

    def _width(self, target: str) -> int:
        return self._narrowed.get(target, self._lane)
