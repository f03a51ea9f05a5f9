"""Outcomes are written many at a time, and not given up at the first fault of the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connect_hub.errors import ConnectHubError, StorageUnavailable
from connect_hub.flows import settling as settling_module
from connect_hub.flows.settling import Settling
from connect_hub.storage.protocol import DeliveryAttempt, DeliveryState, Settlement


def outcome(number: int) -> Settlement:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return Settlement(
        delivery_id=str(number), epoch=1, state=DeliveryState.DELIVERED, next_at=None, error=None, now=now
    )


class Store:
    """Writes when `gate` is open; loses the claims of odd numbers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.gate = asyncio.Event()
        self.began = asyncio.Event()
        self.batches: list[list[str]] = []

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> list[bool]:
        self.batches.append([one.delivery_id for one in settlements])
        self.began.set()
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        return [int(one.delivery_id) % 2 == 0 for one in settlements]


async def test_what_comes_while_one_is_written_is_written_together() -> None:
    """One transaction for all that came during the one before; each hears of its own outcome."""
    store: Any = Store()
    settling = Settling(store)
    tasks = [asyncio.create_task(settling.settle(outcome(0)))]
    await store.began.wait()
    tasks += [asyncio.create_task(settling.settle(outcome(n))) for n in range(1, 5)]
    await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(*tasks) == [True, False, True, False, True]
    assert store.batches == [["0"], ["1", "2", "3", "4"]]


async def test_an_outcome_waits_a_moment_for_those_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until nothing is under way any more, or there are enough; and no longer than the moment is."""
    monkeypatch.setattr(settling_module, "_LINGER", 3600.0)
    store: Any = Store()
    store.gate.set()
    under_way = 3
    settling = Settling(store, more=lambda: under_way > 0)
    tasks = []
    for number in range(3):
        under_way -= 1
        tasks.append(asyncio.create_task(settling.settle(outcome(number))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert store.batches == [["0", "1", "2"]]
    under_way = 1
    await asyncio.gather(*(settling.settle(outcome(n)) for n in range(32)))
    assert len(store.batches) == 2
    monkeypatch.setattr(settling_module, "_LINGER", 0.0)
    await settling.settle(outcome(0))
    assert len(store.batches) == 3


async def test_one_that_cannot_be_written_fails_no_other() -> None:
    """R5: the others of its batch are written; it too, if only the log of its try is what cannot be."""

    class Picky(Store):
        async def settle_deliveries(self, settlements: Sequence[Settlement]) -> list[bool]:
            written = await super().settle_deliveries(settlements)
            if any(one.attempt is not None or one.delivery_id == "6" for one in settlements):
                raise ConnectHubError
            return written

    store: Any = Picky()
    settling = Settling(store)
    logged = DeliveryAttempt(started_at=outcome(0).now, duration_ms=1, response_body=b"\0")
    tasks = [asyncio.create_task(settling.settle(outcome(0)))]
    await store.began.wait()
    wanted = [outcome(2), replace(outcome(4), attempt=logged), outcome(6)]
    tasks += [asyncio.create_task(settling.settle(one)) for one in wanted]
    await asyncio.sleep(0)
    store.gate.set()
    *well, bad = await asyncio.gather(*tasks, return_exceptions=True)
    assert well == [True, True, True]
    assert isinstance(bad, ConnectHubError)
    assert store.batches == [["0"], ["2", "4", "6"], ["2"], ["4"], ["4"], ["6"]]


async def test_a_database_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """R13: an outcome is written once the database is back, and not lost meanwhile."""
    monkeypatch.setattr(settling_module, "_FIRST_PAUSE", 0.0)
    store: Any = Store(*[StorageUnavailable()] * 5)
    store.gate.set()
    assert await Settling(store).settle(outcome(2)) is True
    assert store.batches == [["2"]] * 6


@pytest.mark.parametrize("fault", [StorageUnavailable, ConnectHubError])
async def test_a_fault_that_stays_is_told(monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    """Who waits for an outcome to be written hears that it was not; the next one is written."""
    monkeypatch.setattr(settling_module, "_FIRST_PAUSE", 0.0)
    store: Any = Store(*[fault()] * (6 if fault is StorageUnavailable else 1))
    store.gate.set()
    settling = Settling(store)
    with pytest.raises(fault):
        await settling.settle(outcome(2))
    assert await settling.settle(outcome(4)) is True
