"""Counts that are kept for a while: how often they are made, and who gets which."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connect_hub.clock import FixedClock
from connect_hub.web.dashboard.counting import Counted


class Counter:
    """Counts as soon as it may: each answer is the number of its count."""

    def __init__(self) -> None:
        self.clock = FixedClock(datetime(2026, 1, 2, tzinfo=UTC))
        self.counted = Counted[int](self.clock)
        self.begun = 0
        self.may_end = asyncio.Event()
        self.fails: Callable[[int], bool] = lambda number: False

    async def count(self) -> int:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        if self.fails(number):
            raise ConnectionError(f"count {number}")
        return number

    def ask(self, key: str = "a") -> asyncio.Task[int]:
        return asyncio.create_task(self.counted.get((key,), self.count))


async def turn() -> None:
    """Everyone comes as far as they come."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_asks_at_once_gets_one_count() -> None:
    """Ten who ask while nothing is counted yet get one answer; another key is counted by itself; after
    fifteen seconds it is counted again."""
    counter = Counter()
    asking = [counter.ask() for _ in range(10)]
    other = counter.ask("b")
    await turn()
    assert counter.begun == 2
    counter.clock.advance(timedelta(minutes=1))  # also where counting takes longer than an answer is kept
    counter.may_end.set()
    assert await asyncio.gather(*asking) == [1] * 10
    assert await other == 2
    assert await counter.ask() == 3
    counter.clock.advance(timedelta(seconds=14))
    assert await counter.ask() == 3
    counter.clock.advance(timedelta(seconds=1))
    assert await counter.ask() == 4


async def test_who_waits_for_a_count_that_fails_gets_its_error() -> None:
    """The error goes to all who waited for it, and the next who asks counts anew."""
    counter = Counter()
    counter.fails = lambda number: number == 1
    asking = [counter.ask() for _ in range(3)]
    await turn()
    counter.may_end.set()
    errors = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(error) for error in errors] == ["count 1"] * 3
    assert await counter.ask() == 2


async def test_who_waits_for_a_count_that_is_cancelled_counts() -> None:
    """A count ends with the request that began it; one of those who wait then counts, for all of them. Who
    goes away while waiting takes nothing from the others."""
    counter = Counter()
    first, *others, gone = [counter.ask() for _ in range(4)]
    await turn()
    gone.cancel()
    first.cancel()
    await turn()
    assert (first.cancelled(), gone.cancelled(), counter.begun) == (True, True, 2)
    counter.may_end.set()
    assert await asyncio.gather(*others) == [2, 2]


async def test_nobody_waits_for_another_event_loop() -> None:
    """A count that stands still in one event loop holds nobody up in another; what that one comes to is kept
    for both."""
    counter = Counter()
    waiting = counter.ask()
    await turn()

    async def seven() -> int:
        return 7

    def elsewhere() -> int:
        return asyncio.run(counter.counted.get(("a",), seven))

    assert await asyncio.to_thread(elsewhere) == 7
    assert await counter.ask() == 7
    counter.may_end.set()
    assert await waiting == 1


async def test_what_a_count_raises_is_raised() -> None:
    """Alone, too."""
    counter = Counter()
    counter.fails = lambda number: True
    counter.may_end.set()
    with pytest.raises(ConnectionError, match="count 1"):
        await counter.ask()
