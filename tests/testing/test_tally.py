"""What tests wait with."""

import asyncio

from connect_hub.testing.tally import Tally


async def test_what_comes_after_the_awaited_count_disturbs_nobody() -> None:
    """More may be counted before the loop of the waiter has come to hear of it."""
    tally = Tally()
    waiting = asyncio.create_task(tally.reached(1, 30))
    await asyncio.sleep(0)
    tally.add()
    tally.add()
    await waiting
    assert tally.count == 2
