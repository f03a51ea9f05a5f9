"""`hub.upkeep`: what is removed, what is counted, and that it does nothing else."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connect_hub import ConnectHub, HubConfig, KeyRing, LinkConfig, MemoryStorage, SQLStorage, Storage
from connect_hub.clock import FixedClock
from connect_hub.errors import ValidationFailed, WrongKeys
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import DeliveryState, NewEvent, Purged, Retention, Settlement

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING = Purged(sessions=0, attempts=0, events=0, visits=0, states=0, idempotency=0, held=0)


def _hub(storage: Storage, config: HubConfig) -> ConnectHub:
    return ConnectHub(
        public_url="https://connect.example.com",
        keys=KeyRing.from_text(new_key_text()),
        storage=storage,
        connectors=["bamboohr"],
        config=config,
    )


def _event(name: str, created_at: datetime, *targets: str) -> NewEvent:
    return NewEvent(
        id=f"msg_{name}",
        project_id="default",
        name="account.created",
        record_id=name,
        owner_id="42",
        sequence=1,
        body=b"{}",
        targets=targets,
        created_at=created_at,
    )


async def test_what_is_over_is_removed(tmp_path: Path) -> None:
    """T50: 30 days after their end sessions and delivered events go; what waits stays."""
    clock = FixedClock(NOW - timedelta(days=40))
    storage = SQLStorage.sqlite(tmp_path / "hub.db")
    hub = _hub(storage, HubConfig(clock=clock, dispatch=False))
    old = await hub.links.create(origin_owner_id="42", origin_owner_name="Old")  # ended 35 days before NOW
    await storage.record([_event(f"old{n}", clock.now(), "handler:x") for n in range(3)])
    claimed = await storage.claim_deliveries(
        {"handler:x": 2}, limit=2, lease=timedelta(minutes=1), now=clock.now()
    )
    await storage.settle_deliveries(
        [
            Settlement(
                delivery_id=delivery.id,
                epoch=delivery.epoch,
                state=DeliveryState.DELIVERED,
                next_at=None,
                error=None,
                now=clock.now(),
            )
            for delivery in claimed
        ]
    )
    clock.advance(timedelta(days=30))
    young = await hub.links.create(origin_owner_id="42", origin_owner_name="Young")
    clock.advance(timedelta(days=10))
    assert await hub.upkeep.purge() == replace(NOTHING, sessions=1, events=2)
    assert [session.id for session in await hub.sessions.list()] == [young.session.id] != [old.session.id]
    backlog = await hub.upkeep.backlog()
    assert backlog.by_state.get(DeliveryState.PENDING) == 1
    assert (dict(backlog.pending_by_target), backlog.oldest_pending) == (
        {"handler:x": 1},
        NOW - timedelta(days=40),
    )
    assert await hub.upkeep.purge() == NOTHING
    await hub.aclose()


class _InBatches(MemoryStorage):
    """Has rows for three calls, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Retention] = []
        self.left = [
            replace(NOTHING, events=1),
            replace(NOTHING, sessions=2, held=1),
            replace(NOTHING, sessions=5),
        ]

    async def purge(self, retention: Retention) -> Purged:
        self.asked.append(retention)
        return self.left.pop() if self.left else NOTHING


async def test_batches_are_added_up_until_one_is_empty() -> None:
    """T50: the totals of all batches are returned; each batch is of the same instants, days after days."""
    storage = _InBatches()
    hub = _hub(storage, HubConfig(clock=FixedClock(NOW), dispatch=False))
    told: list[Purged] = []
    removed = await hub.upkeep.purge(days=7, on_batch=told.append)
    assert removed == replace(NOTHING, sessions=7, events=1, held=1)
    assert told[-1] == removed
    assert [one.sessions for one in told] == sorted(one.sessions for one in told)
    assert len(storage.asked) == len(told) + 1 == 4
    [asked] = {tuple(asdict(retention).items()) for retention in storage.asked}
    week, day = NOW - timedelta(days=7), NOW - timedelta(days=1)
    assert dict(asked) == {
        "sessions_before": week,
        "attempts_before": week,
        "events_before": week,
        "visits_before": day,
        "idempotency_before": day,
        "operator_sessions_before": NOW - timedelta(days=31),
        "audit_before": None,
        "batch": 1000,
    }


async def test_a_long_visit_is_not_cut_short() -> None:
    """A visit stays for as long as the configuration lets it live, with a sign-in of its last minute."""
    storage = _InBatches()
    links = LinkConfig(visit_absolute=timedelta(hours=24), oauth_state_lifetime=timedelta(hours=3))
    await _hub(storage, HubConfig(clock=FixedClock(NOW), dispatch=False, links=links)).upkeep.purge()
    assert storage.asked[0].visits_before == NOW - timedelta(hours=27)


@pytest.mark.parametrize("days", [0, -1, 3651])
async def test_days_that_would_remove_too_much_are_refused(days: int) -> None:
    """Nothing younger than a day is ever removed by mistake."""
    storage = _InBatches()
    with pytest.raises(ValidationFailed, match="days"):
        await _hub(storage, HubConfig(dispatch=False)).upkeep.purge(days=days)
    assert storage.asked == []


async def test_upkeep_delivers_nothing() -> None:
    """A job that looks or cleans does not take deliveries from the workers; the next flow begins them."""
    hub = _hub(MemoryStorage(), HubConfig())
    await hub.upkeep.backlog()
    await hub.upkeep.purge()
    assert hub._runtime._dispatcher is None
    await hub.check()
    assert hub._runtime._dispatcher is not None
    await hub.aclose()


async def test_keys_that_do_not_fit_are_found_first() -> None:
    """T45: what looks into a database does so with its keys, or not at all."""
    storage = MemoryStorage()
    await _hub(storage, HubConfig(dispatch=False)).check()
    with pytest.raises(WrongKeys):
        await _hub(storage, HubConfig(dispatch=False)).upkeep.backlog()


def test_upkeep_is_there_without_await(tmp_path: Path) -> None:
    """A script writes `hub.sync.upkeep.purge()`."""
    hub = _hub(SQLStorage.sqlite(tmp_path / "hub.db"), HubConfig(dispatch=False))
    assert hub.sync.upkeep.purge() == NOTHING
    assert hub.sync.upkeep.backlog().oldest_pending is None
    hub.sync.check()
