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
AHEAD = 8
"""Of these waiting for their turn at such a target, so that it need not wait for the database."""


class Lanes:
    """A lane for each target, with places in it.

    A lane is halved, down to one place, by every try that failed or was slow, and gets a place back by every
    one that was neither: a target that hangs soon holds one place of all. Where the targets are few, one that
    has answered, and has a whole lane, has places before it, too.
    """

    def __init__(self, *, places: int = PLACES, lane: int = LANE, ahead: int = AHEAD) -> None:
        self._places = places
        self._lane = lane
        self._ahead = ahead
        self._under_way: Counter[str] = Counter()
        self._narrowed: dict[str, int] = {}
        self._answers: set[str] = set()
        self._turns: dict[str, asyncio.Semaphore] = {}

    @property
    def free(self) -> int:
        """How many more may be under way."""
        return self._places - self._under_way.total()

    def room(self, targets: Iterable[str]) -> Mapping[str, int]:
        """How many more may be under way to each of these that has room, in a random order, so that none
        always comes first."""
        asked = list(targets)
        few = len(asked) * (self._lane + self._ahead) <= self._places
        room = {
            target: self._width(target)
            + (self._ahead if few and target in self._answers and target not in self._narrowed else 0)
            - self._under_way[target]
            for target in asked
        }
        chosen = [target for target, places in room.items() if places > 0]
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

    def leave(self, target: str, *, well: bool) -> None:
        """`well`: it was delivered, and soon."""
        self._under_way[target] -= 1
        if self._under_way[target] == 0:
            del self._under_way[target]
            self._turns.pop(target, None)  # the next one may come on another event loop
        if well:
            self._answers.add(target)
        width = self._width(target)
        self._narrowed[target] = width + 1 if well else max(1, width // 2)
        if self._narrowed[target] >= self._lane:
            del self._narrowed[target]

    def _width(self, target: str) -> int:
        return self._narrowed.get(target, self._lane)
