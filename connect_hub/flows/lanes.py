"""How much is under way to each target, so that a slow one does not take the places of the others."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["LANE", "PLACES", "Lanes"]

PLACES = 64
"""Deliveries of one process that may be under way at once."""
LANE = 8
"""Of these to one target, while it answers."""


class Lanes:
    """A lane for each target, with places in it.

    A lane is halved, down to one place, by every try that failed or was slow, and gets a place back by every
    one that was neither: a target that hangs soon holds one place of all.
    """

    def __init__(self, *, places: int = PLACES, lane: int = LANE) -> None:
        self._places = places
        self._lane = lane
        self._under_way: Counter[str] = Counter()
        self._narrowed: dict[str, int] = {}

    @property
    def free(self) -> int:
        """How many more may be under way."""
        return self._places - self._under_way.total()

    def room(self, targets: Iterable[str]) -> Mapping[str, int]:
        """How many more may be under way to each of these that has room, in a random order, so that none
        always comes first."""
        room = {target: self._width(target) - self._under_way[target] for target in targets}
        chosen = [target for target, places in room.items() if places > 0]
        random.shuffle(chosen)
        return {target: room[target] for target in chosen}

    def enter(self, target: str) -> None:
        self._under_way[target] += 1

    def leave(self, target: str, *, well: bool) -> None:
        """`well`: it was delivered, and soon."""
        self._under_way[target] -= 1
        if self._under_way[target] == 0:
            del self._under_way[target]
        width = self._width(target)
        self._narrowed[target] = width + 1 if well else max(1, width // 2)
        if self._narrowed[target] >= self._lane:
            del self._narrowed[target]

    def _width(self, target: str) -> int:
        return self._narrowed.get(target, self._lane)
