"""Clauses of `EndpointStore`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_hub.errors import StorageConflict
from connect_hub.storage.protocol import (
    Delivery,
    DeliveryState,
    Judge,
    NewEvent,
    Retention,
    Settlement,
    Storage,
    WebhookEndpoint,
)
from connect_hub.testing.storage.values import HOSTILE, NOW, Clauses, endpoint, event, later, linked, telling

__all__ = ["EndpointClauses"]

LEASE = timedelta(hours=1)


async def _made(storage: Storage, **fields: object) -> WebhookEndpoint:
    new = endpoint(**fields)
    assert await storage.create_endpoint(new, at_most=10)
    return new


async def _claim(storage: Storage, at: float = 0) -> list[Delivery]:
    """What is due to stored endpoints, as a worker finds it."""
    due = await storage.endpoints_due(now=later(at))
    targets = [f"webhook:{one.project_id}/{one.id}" for one in due if one.enabled]
    return await storage.claim_deliveries(dict.fromkeys(targets, 100), limit=100, lease=LEASE, now=later(at))


def _to(one: Delivery) -> str:
    """The id of the endpoint that it goes to."""
    return one.target.rpartition("/")[2]


async def _settle(
    storage: Storage,
    one: Delivery,
    state: DeliveryState,
    judge: Judge | None = None,
    epoch: int | None = None,
) -> bool:
    settlement = Settlement(
        delivery_id=one.id,
        epoch=one.epoch if epoch is None else epoch,
        state=state,
        next_at=later(60) if state is DeliveryState.PENDING else None,
        error=None if state is DeliveryState.DELIVERED else "503",
        now=NOW,
        judge=judge,
    )
    return (await storage.settle_deliveries([settlement]))[0]


async def _states(storage: Storage) -> dict[DeliveryState, int]:
    return {state: count for state, count in (await storage.backlog()).by_state.items() if count}


def _id(one: WebhookEndpoint) -> str:
    return one.id


def _disabled(one: WebhookEndpoint) -> WebhookEndpoint:
    return replace(one, enabled=False, disabled_at=NOW, disabled_reason="manual")


def _enabled(one: WebhookEndpoint) -> WebhookEndpoint:
    return replace(one, enabled=True, disabled_at=None, disabled_reason=None)


class EndpointClauses(Clauses):
    """Endpoints are a project's own; who gets an event is decided where it is written."""

    async def test_an_endpoint_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field survives; an id is taken once and exact."""
        made = await _made(
            storage,
            id="ep_abc",
            url="https://example.com/?token=" + "x" * 1000,
            description=HOSTILE[0],
            events=("account.updated", "link.opened"),
            providers=("acme", HOSTILE[1]),
            enabled=False,
            disabled_at=later(1),
            disabled_reason="failing",
            failing_since=later(2),
            last_failure_at=later(3),
            generation=7,
            updated_at=later(4),
        )
        assert await storage.endpoint("default", "ep_abc") == made
        assert await storage.endpoint("default", "EP_ABC") is None
        plain = await _made(storage, events=None)
        assert await storage.endpoint("default", plain.id) == plain
        with pytest.raises(StorageConflict):
            await storage.create_endpoint(replace(plain, url="https://other.example.com"), at_most=10)
        assert await storage.endpoint("default", plain.id) == plain

    async def test_endpoints_are_the_projects_own(self, storage: Storage) -> None:
        """T41: lists, changes and removals see the project's, newest first; workers see all."""
        made = [await _made(storage, created_at=later(n)) for n in range(3)]
        other = await _made(storage, project_id="another")
        assert await storage.endpoints("default") == made[::-1]
        assert await storage.endpoint("another", made[0].id) is None
        assert await storage.change_endpoint("another", made[0].id, _disabled, now=NOW) is None
        assert await storage.delete_endpoint("another", made[0].id, now=NOW) is None
        assert await storage.endpoint("default", made[0].id) == made[0]
        assert await storage.endpoints_due(now=NOW) == []
        await storage.record([event(), event(project_id="another", created_at=later(5))])
        assert len(await storage.endpoints_due(now=later(4))) == 3
        due = await storage.endpoints_due(now=later(5))
        assert sorted(due, key=_id) == sorted([*made, other], key=_id)

    async def test_there_are_so_many_and_no_more(self, storage: Storage) -> None:
        """A project's limit is its own, and nothing is written beyond it."""
        for _ in range(2):
            assert await storage.create_endpoint(endpoint(), at_most=2)
        assert not await storage.create_endpoint(endpoint(), at_most=2)
        assert len(await storage.endpoints("default")) == 2
        assert await storage.create_endpoint(endpoint(project_id="another"), at_most=2)

    async def test_who_adds_at_once_stays_within_the_limit(self, storage: Storage) -> None:
        """Of 12 at once as many are refused as there is no room for."""
        await _made(storage)
        added = await asyncio.gather(*(storage.create_endpoint(endpoint(), at_most=5) for _ in range(12)))
        assert sum(added) == 4
        assert len(await storage.endpoints("default")) == 5

    async def test_changes_at_once_are_all_there_in_the_end(self, storage: Storage) -> None:
        """Of 10 changes at once none is lost; id, project and creation are the storage's own."""
        made = await _made(storage)

        def change(one: WebhookEndpoint) -> WebhookEndpoint:
            return replace(one, generation=one.generation + 1, id="x", project_id="y", created_at=later(9))

        await asyncio.gather(
            *(storage.change_endpoint("default", made.id, change, now=NOW) for _ in range(10))
        )
        assert await storage.endpoint("default", made.id) == replace(made, generation=11)
        assert await storage.change_endpoint("default", "ep_unknown", change, now=NOW) is None

    async def test_who_wants_an_event_gets_it(self, storage: Storage) -> None:
        """By project, name and provider, and only while enabled; without names, what is sent by default."""
        by_default = await _made(storage, events=None)
        named = await _made(storage, events=("link.opened",))
        acme = await _made(storage, events=None, providers=("acme",))
        await _made(storage, enabled=False)
        await _made(storage, project_id="another", events=None)

        async def who(new: NewEvent) -> set[str]:
            await storage.record([new])
            claimed = await _claim(storage)
            for one in claimed:
                assert one.target == f"webhook:default/{_to(one)}"
                assert (one.event_id, one.body) == (new.id, new.body)
                await _settle(storage, one, DeliveryState.DELIVERED)
            return {_to(one) for one in claimed}

        assert await who(event(targets=())) == {by_default.id}
        assert await who(event(targets=(), provider="acme")) == {by_default.id, acme.id}
        assert await who(event(targets=(), provider="Acme")) == {by_default.id}
        assert await who(event(targets=(), name="link.opened")) == {named.id}
        assert await who(event(targets=(), name="account.expired")) == set()
        assert await who(event(targets=(), name="account.expired", endpoints=(acme.id,))) == {acme.id}
        assert await who(event(targets=(), endpoints=())) == set()

    async def test_a_change_of_an_account_reaches_endpoints_too(self, storage: Storage) -> None:
        """R1: whatever writes an event, its deliveries to stored endpoints are in the same transaction."""
        made = await _made(storage, events=("account.created", "account.deleted"))
        account = await linked(storage, announce=telling())
        (one,) = await _claim(storage)
        assert (one.event_name, _to(one)) == ("account.created", made.id)
        await _settle(storage, one, DeliveryState.DELIVERED)
        await storage.delete_account("default", account.id, announce=telling())
        assert [one.event_name for one in await _claim(storage)] == ["account.deleted"]

    async def test_a_disabled_endpoint_holds_and_an_enabled_one_goes_on(self, storage: Storage) -> None:
        """R7: what waits is held, but for what is being tried; enabling makes it due with all its tries."""
        made, other = await _made(storage), await _made(storage, events=None)
        await storage.record([event(sequence=n, targets=()) for n in (1, 2)])
        claimed = await _claim(storage)
        (mine,) = [one for one in claimed if _to(one) == made.id]
        await _settle(storage, mine, DeliveryState.PENDING)
        after = await storage.change_endpoint("default", made.id, _disabled, now=NOW)
        assert after == _disabled(made)
        assert await _states(storage) == {DeliveryState.HELD: 2, DeliveryState.PENDING: 2}
        assert {_to(one) for one in await _claim(storage, 99)} <= {other.id}
        await storage.record([event(sequence=3, targets=())])
        assert (await _states(storage))[DeliveryState.HELD] == 2
        assert await storage.change_endpoint("default", made.id, _enabled, now=later(99)) == made
        assert await _states(storage) == {DeliveryState.PENDING: 5}
        (first,) = [one for one in await _claim(storage, 99) if _to(one) == made.id]
        assert (first.id, first.attempts) == (mine.id, 0)

    async def test_what_is_being_tried_when_it_is_disabled_is_settled(self, storage: Storage) -> None:
        """R7: its outcome counts; if it failed, it is held with the others."""
        made = await _made(storage)
        await storage.record([event(record_id=name, targets=()) for name in ("a", "b")])
        good, bad = await _claim(storage)
        await storage.change_endpoint("default", made.id, _disabled, now=NOW)
        assert await _settle(storage, good, DeliveryState.DELIVERED, judge=_as_it_is)
        assert await _settle(storage, bad, DeliveryState.PENDING, judge=_as_it_is)
        assert await _states(storage) == {DeliveryState.DELIVERED: 1, DeliveryState.HELD: 1}

    async def test_a_deleted_endpoint_gets_nothing_more(self, storage: Storage) -> None:
        """What waited or was held is dead, and says why; another endpoint's goes on."""
        made, other = await _made(storage), await _made(storage)
        await storage.record([event(targets=())])
        assert await storage.delete_endpoint("default", made.id, now=later(5)) == made
        assert await storage.endpoint("default", made.id) is None
        assert await storage.delete_endpoint("default", made.id, now=later(5)) is None
        assert await _states(storage) == {DeliveryState.DEAD: 1, DeliveryState.PENDING: 1}
        assert [_to(one) for one in await _claim(storage)] == [other.id]

    async def test_an_event_that_was_under_way_when_its_endpoint_went(self, storage: Storage) -> None:
        """R3: what was written for an endpoint that is disabled or deleted is found by the workers, until
        the endpoint is purged."""
        off = await _made(storage, enabled=False)
        gone = await _made(storage)
        await storage.delete_endpoint("default", gone.id, now=NOW)
        await storage.record([event(targets=(), endpoints=(off.id, gone.id))])
        due = await storage.endpoints_due(now=NOW)
        assert {(one.id, one.enabled, one.deleted_at) for one in due} == {
            (off.id, False, None),
            (gone.id, False, NOW),
        }
        long_ago = NOW - timedelta(days=1)
        old = Retention(
            sessions_before=long_ago,
            attempts_before=long_ago,
            events_before=NOW,
            visits_before=long_ago,
            idempotency_before=long_ago,
        )
        assert (await storage.purge(old)).endpoints == 0
        assert (await storage.purge(replace(old, events_before=later(1)))).endpoints == 1
        assert [one.id for one in await storage.endpoints_due(now=NOW)] == [off.id]

    async def test_a_try_is_judged_in_its_own_transaction(self, storage: Storage) -> None:
        """R7: the endpoint is changed, what waits for it held, and told of to the others, together."""
        made = await _made(storage)
        told = await _made(storage, events=("webhook_endpoint.disabled",))
        await storage.record([event(record_id=name, targets=()) for name in ("a", "b")])
        one, two = await _claim(storage)
        notice = event(name="webhook_endpoint.disabled", record_id=made.id, targets=("handler:x",))

        def judge(found: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
            assert found == made
            return _disabled(found), [notice]

        assert not await _settle(storage, one, DeliveryState.DEAD, judge, epoch=one.epoch + 1)
        assert await storage.endpoint("default", made.id) == made
        assert await _settle(storage, one, DeliveryState.PENDING, judge=judge)
        assert await storage.endpoint("default", made.id) == _disabled(made)
        assert [_to(one) for one in await _claim(storage)] == [told.id]
        (handler,) = await storage.claim_deliveries({"handler:x": 9}, limit=9, lease=LEASE, now=NOW)
        assert handler.event_id == notice.id
        assert await _settle(storage, two, DeliveryState.DELIVERED)
        held = {DeliveryState.HELD: 1, DeliveryState.DELIVERED: 1, DeliveryState.PENDING: 2}
        assert await _states(storage) == held

    async def test_judgements_at_once_build_on_each_other(self, storage: Storage) -> None:
        """R7: of tries that end together or at once, each sees what the one before it decided."""
        made = await _made(storage)
        await storage.record([event(record_id=str(n), targets=()) for n in range(20)])
        claimed = await _claim(storage)

        def judge(found: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
            return replace(found, generation=found.generation + 1), ()

        together = [
            Settlement(
                delivery_id=one.id,
                epoch=one.epoch,
                state=DeliveryState.DELIVERED,
                next_at=None,
                error=None,
                now=NOW,
                judge=judge,
            )
            for one in claimed[:10]
        ]
        await asyncio.gather(
            storage.settle_deliveries(together),
            *(_settle(storage, one, DeliveryState.DELIVERED, judge) for one in claimed[10:]),
        )
        assert await storage.endpoint("default", made.id) == replace(made, generation=21)

    async def test_a_judgement_that_cannot_be_written_leaves_all_as_it_was(self, storage: Storage) -> None:
        """R1: a notice whose id is taken undoes the settling as well."""
        made = await _made(storage)
        taken = event(targets=())
        await storage.record([taken])
        (one,) = await _claim(storage)
        with pytest.raises(StorageConflict):
            await _settle(
                storage, one, DeliveryState.DELIVERED, judge=lambda found: (_disabled(found), [taken])
            )
        assert await storage.endpoint("default", made.id) == made
        assert await _settle(storage, one, DeliveryState.DELIVERED)


def _as_it_is(one: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
    return one, ()
