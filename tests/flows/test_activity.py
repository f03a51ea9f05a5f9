"""What accounts did, counted: each outcome once, in few writes, and never in the way of a call."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import SQLStorage
from connect_hub.errors import RefreshFailed, StorageUnavailable
from connect_hub.flows.activity import Activity
from connect_hub.storage.protocol import AccountDay
from connect_hub.testing.provider import Fault
from tests.flows.test_credentials import oauth_account
from tests.hubs import make_hub

HOUR = timedelta(hours=1)


async def test_calls_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls of a moment are one write, which begins by itself; it has how many failed, and how the
    last of them did. What comes later is added."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    writes, written = list[int](), asyncio.Event()
    add = made.hub.storage.add_activity

    async def counting(days: Sequence[AccountDay]) -> None:
        writes.append(len(days))
        await add(days)
        written.set()

    monkeypatch.setattr(made.hub.storage, "add_activity", counting)
    activity = Activity(made.hub._core, every=0.01)
    told = activity.calling(account.id)
    for status in [*[200] * 97, 404, None, 503]:
        told(status)
    async with asyncio.timeout(30):
        await written.wait()
    [day] = await activity.days(account.id)
    assert (writes, day.calls, day.calls_failed, day.last_status) == ([1], 100, 3, 503)
    made.clock.advance(timedelta(days=1))
    told(200)
    await activity.settled()
    assert [day.calls for day in await activity.days(account.id)] == [1, 100]
    assert await activity.days(account.id, project="other") == []


async def test_refreshes_are_counted_with_why_they_failed(tmp_path: Path) -> None:
    """A refresh that succeeded, and one that the provider's trouble ended; written at the latest when the hub
    is closed."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    await made.hub.credentials(account.id)
    made.clock.advance(2 * HOUR)
    made.provider.faults.set("token", Fault.UNAVAILABLE)
    with pytest.raises(RefreshFailed):
        await made.hub.credentials(account.id)
    await made.hub.aclose()
    [day] = await made.hub._activity.days(account.id)
    assert (day.refreshes, day.refreshes_failed, day.calls) == (1, 1, 0)
    assert day.last_refresh_at == made.clock.now()
    assert day.last_error == "refresh_failed"


async def test_trouble_with_the_database_is_no_trouble_of_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where counts cannot be written they are lost, and the log says so; nothing is raised."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)

    async def broken(self: SQLStorage, days: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(SQLStorage, "add_activity", broken)
    made.hub._activity.calling(account.id)(200)
    with caplog.at_level(logging.WARNING, "connect_hub.activity"):
        await made.hub._activity.settled()
    assert "what 1 accounts did is not counted: StorageUnavailable" in caplog.text
