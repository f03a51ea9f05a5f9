"""A host's clock that is set an hour forth or back while a delivery is being tried."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_hub.net import Answer
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing.storage.values import event
from connect_hub.testing.tally import Hold
from connect_hub.webhooks.delivery import SCHEDULE
from tests.hubs import deliver_by
from tests.webhooks.hooked import URL, Hooked, Hooks, answer, hooked

PATIENCE = 30.0
HOUR = timedelta(hours=1)


class Held(Hooks):
    """Answers when it is let."""

    def __init__(self, on: Hooked) -> None:
        super().__init__(on.made)
        self.hold = Hold()

    async def send(self, method: str, url: str, **rest: Any) -> Answer:
        said = await super().send(method, url, **rest)
        await self.hold.stop_here()
        return said


async def _told(on: Hooked, event_id: str, sequence: int) -> None:
    now = on.made.clock.now()
    told = event(id=event_id, name="account.created", sequence=sequence, targets=(), created_at=now)
    await on.made.hub.storage.record([told])


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
@pytest.mark.parametrize("status", [204, 500])
async def test_a_clock_that_jumps_during_a_try_costs_nothing_but_time(
    tmp_path: Path, jump: timedelta, status: int
) -> None:
    """R2, R4, R6: the lease is by the database's clock, so nobody else gets the delivery; what came of it is
    written down; the next try is as far off as the schedule has it, by the clock as it is then. What waited
    goes when the clock is where it was, and once it is set right nothing comes again."""
    on = hooked(tmp_path)
    held = Held(on)
    deliver_by(on.made, held)
    await on.hub.endpoints.create(url=URL)
    held.says = lambda post: answer(status if len(held.posts) == 1 else 204)
    await _told(on, "msg_1", 1)
    await _told(on, "msg_2", 2)

    trying = asyncio.create_task(on.made.hub.deliveries.run_due())
    await held.hold.arrived(1, PATIENCE)
    on.made.clock.advance(jump)
    assert list(await on.made.hub.deliveries.claim()) == []
    held.hold.release()
    assert await trying == 1

    [tried] = [one for one in await on.hub.events.deliveries() if one.event_id == "msg_1"]
    assert tried.attempts == 1
    if status == 204:
        assert tried.state is DeliveryState.DELIVERED
    else:
        assert tried.state is DeliveryState.PENDING
        wait = tried.next_at - on.made.clock.now()
        assert 0.8 * SCHEDULE[0] <= wait <= 1.2 * SCHEDULE[0] + timedelta(milliseconds=1)
    await on.after(seconds=6)
    on.made.clock.advance(-jump)
    await on.after(seconds=6)
    assert {one.state for one in await on.hub.events.deliveries()} == {DeliveryState.DELIVERED}
    await _told(on, "msg_3", 3)
    await on.delivered()
    await on.after(hours=3)
    came = [str(post.headers["webhook-id"]) for post in held.posts]
    assert Counter(came) == {"msg_1": 1 if status == 204 else 2, "msg_2": 1, "msg_3": 1}
    if status == 204:
        assert came == ["msg_1", "msg_2", "msg_3"]
