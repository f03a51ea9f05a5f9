"""Clauses of `EventStore`."""

import asyncio
from datetime import timedelta

import pytest

from connect_hub.errors import StorageConflict
from connect_hub.storage.protocol import Backlog, Delivery, DeliveryState, Settlement, Storage
from connect_hub.testing.storage.values import NOW, Clauses, event, later

__all__ = ["EventClauses"]

LEASE = timedelta(hours=1)
OVER = timedelta(0)
ONE = ("webhook:one",)


async def _claim(storage: Storage, *targets: str, at: float = 0, lease: timedelta = LEASE) -> list[Delivery]:
    return await storage.claim_deliveries(
        dict.fromkeys(targets or ONE, 100), limit=100, lease=lease, now=later(at)
    )


async def _settle(
    storage: Storage,
    delivery: Delivery,
    state: DeliveryState,
    *,
    again_at: float | None = None,
    counts: bool = True,
) -> bool:
    settlement = Settlement(
        delivery_id=delivery.id,
        epoch=delivery.epoch,
        state=state,
        next_at=None if again_at is None else later(again_at),
        error=None if state is DeliveryState.DELIVERED else "503",
        now=NOW,
        counts=counts,
    )
    return await storage.settle_deliveries([settlement]) == [True]


class EventClauses(Clauses):
    """The outbox gives each delivery to one worker at a time, in the order of its record."""

    async def test_an_event_is_given_out_as_it_was(self, storage: Storage) -> None:
        """One delivery to each target, with the exact bytes of the body."""
        body = '{"name":"👩‍👩‍👧 \u2028 O\'Brien"}'.encode()
        made = event(body=body, targets=("webhook:one", "handler:Two"), record_id="r", project_id="p")
        await storage.record([made])
        (one,) = await _claim(storage)
        assert (one.event_id, one.event_name, one.project_id) == (made.id, made.name, "p")
        assert (one.record_id, one.target, one.body) == ("r", "webhook:one", body)
        assert (one.attempts, one.epoch, one.created_at) == (0, 1, NOW)
        (two,) = await _claim(storage, "handler:Two", "handler:other")
        assert two.body == body
        assert await _claim(storage, "handler:two") == []

    async def test_an_event_id_is_taken_once(self, storage: Storage) -> None:
        """Of a batch with an id that is taken, nothing is written."""
        taken = event()
        await storage.record([taken])
        with pytest.raises(StorageConflict):
            await storage.record([event(record_id="new"), taken])
        assert len(await _claim(storage)) == 1

    async def test_no_delivery_is_given_out_twice(self, storage: Storage) -> None:
        """R3: 10 workers that claim at once share 50 deliveries, each once."""
        await storage.record([event(record_id=str(n)) for n in range(50)])
        claims = await asyncio.gather(
            *(
                storage.claim_deliveries({"webhook:one": 10}, limit=10, lease=LEASE, now=NOW)
                for _ in range(10)
            )
        )
        ids = [one.id for claim in claims for one in claim]
        assert len(ids) == len(set(ids))
        while more := await storage.claim_deliveries({"webhook:one": 10}, limit=10, lease=LEASE, now=NOW):
            ids += [one.id for one in more]
        assert len(ids) == len(set(ids)) == 50

    async def test_only_what_is_due_and_asked_for(self, storage: Storage) -> None:
        """Oldest first, up to the limit, not before its time, and to no target that was not named."""
        await storage.record([event(record_id=str(n), created_at=later(9 - n)) for n in range(10)])
        assert await storage.claim_deliveries({}, limit=9, lease=LEASE, now=later(99)) == []
        assert await _claim(storage, "webhook:other", at=99) == []
        first = await storage.claim_deliveries({"webhook:one": 2}, limit=2, lease=LEASE, now=later(4))
        assert [one.record_id for one in first] == ["9", "8"]
        assert [one.record_id for one in await _claim(storage, at=4)] == ["7", "6", "5"]

    async def test_a_lease_that_ran_out_is_taken_over(self, storage: Storage) -> None:
        """R2, R9: a dead worker's delivery is given out again; its late answer is not written."""
        await storage.record([event()])
        (first,) = await _claim(storage, lease=OVER)
        (second,) = await _claim(storage)
        assert (second.id, second.epoch, second.attempts) == (first.id, 2, 0)
        assert await _claim(storage) == []
        assert not await _settle(storage, first, DeliveryState.DELIVERED)
        assert await _settle(storage, second, DeliveryState.DELIVERED)
        assert not await _settle(storage, second, DeliveryState.DELIVERED)
        assert await _claim(storage, at=1e6) == []

    async def test_a_failed_try_is_repeated_later(self, storage: Storage) -> None:
        """R4: PENDING gives it out again from `next_at` on, and counts the try; DEAD never does."""
        await storage.record([event()])
        (one,) = await _claim(storage)
        assert await _settle(storage, one, DeliveryState.PENDING, again_at=60)
        assert await _claim(storage, at=59.999) == []
        (again,) = await _claim(storage, at=60)
        assert (again.id, again.attempts, again.epoch) == (one.id, 1, 2)
        assert await _settle(storage, again, DeliveryState.DEAD)
        assert await _claim(storage, at=1e6) == []

    async def test_what_is_handed_back_was_no_try(self, storage: Storage) -> None:
        """R5, R18: a claim that ends without a try leaves the count, and what is behind it waits."""
        await storage.record([event(sequence=1), event(sequence=2)])
        (one,) = await _claim(storage)
        assert await _settle(storage, one, DeliveryState.PENDING, counts=False)
        (again,) = await _claim(storage)
        assert (again.id, again.attempts, again.epoch) == (one.id, 0, 2)

    async def test_one_record_is_told_in_order(self, storage: Storage) -> None:
        """R6: of one target and record only the earliest is out; the next one comes when it is settled."""
        await storage.record([event(sequence=n, name=f"n{n}") for n in (3, 1, 2)])
        await storage.record([event(sequence=1, record_id="other", name="other")])
        told = []
        while claimed := await _claim(storage):
            told.append(sorted(one.event_name for one in claimed))
            for one in claimed:
                await _settle(storage, one, DeliveryState.DELIVERED)
        assert told == [["n1", "other"], ["n2"], ["n3"]]

    async def test_events_without_a_sequence_are_told_in_order_too(self, storage: Storage) -> None:
        """R6: of equal sequences, as events of sessions have, the one that was made first comes first."""
        await storage.record([event(sequence=0, name=f"n{n}", created_at=later(n)) for n in (2, 1)])
        assert [one.event_name for one in await _claim(storage, at=9)] == ["n1"]

    async def test_a_lease_holds_back_those_behind_it(self, storage: Storage) -> None:
        """R6: while the earliest is being tried, also again, nothing behind it is given out."""
        await storage.record([event(sequence=1), event(sequence=2)])
        (head,) = await _claim(storage)
        assert await _claim(storage) == []
        await _settle(storage, head, DeliveryState.PENDING, again_at=60)
        (head,) = await _claim(storage, at=60)
        assert head.attempts == 1
        assert await _claim(storage, at=60) == []

    async def test_a_back_off_lets_others_pass(self, storage: Storage) -> None:
        """R5, R6: a head that waits for a later try holds up nothing; when it is due, it is first."""
        await storage.record([event(sequence=1, name="a"), event(sequence=2, name="b"), event(sequence=3)])
        (head,) = await _claim(storage)
        await _settle(storage, head, DeliveryState.PENDING, again_at=60)
        (next_one,) = await _claim(storage, at=1)
        assert next_one.event_name == "b"
        await _settle(storage, next_one, DeliveryState.PENDING, again_at=60)
        assert [one.event_name for one in await _claim(storage, at=60)] == ["a"]

    async def test_targets_do_not_wait_for_each_other(self, storage: Storage) -> None:
        """R20: a record's order is kept for each target by itself."""
        both = ("webhook:one", "webhook:two")
        await storage.record([event(sequence=1, targets=both), event(sequence=2, targets=both)])
        (head,) = await _claim(storage, "webhook:one")
        (other,) = await _claim(storage, "webhook:two")
        await _settle(storage, other, DeliveryState.DELIVERED)
        assert len(await _claim(storage, *both)) == 1
        assert await _settle(storage, head, DeliveryState.DELIVERED)

    async def test_each_target_has_its_room(self, storage: Storage) -> None:
        """R20: no more is given out for a target than it has room for, in the order of the targets, up to the
        limit; a target without room is left alone."""
        targets = [f"webhook:{n}" for n in range(20)]
        await storage.record([event(record_id=str(n), targets=targets) for n in range(5)])
        claimed = await storage.claim_deliveries(
            {"webhook:7": 2, "webhook:1": 0, "webhook:3": 1, "webhook:none": 9},
            limit=99,
            lease=LEASE,
            now=NOW,
        )
        assert [one.target for one in claimed] == ["webhook:7", "webhook:7", "webhook:3"]
        every = dict.fromkeys(["webhook:none", *reversed(targets)], 3)
        claimed = await storage.claim_deliveries(every, limit=7, lease=LEASE, now=NOW)
        assert [one.target for one in claimed] == [f"webhook:{n}" for n in (19, 19, 19, 18, 18, 18, 17)]

    async def test_a_long_queue_of_one_record_hides_nobody(self, storage: Storage) -> None:
        """R6, R20: behind the head of a record with hundreds of events, which is out, the others' are found;
        and the first of a record goes although its later ones have waited for longer."""
        long = [event(sequence=n, record_id="long", created_at=NOW) for n in range(300)]
        late = [event(sequence=n, record_id="late", created_at=later(9 - n)) for n in (1, 2)]
        await storage.record([*long, event(record_id="other", created_at=later(1)), *late])
        (head,) = await storage.claim_deliveries({"webhook:one": 1}, limit=1, lease=LEASE, now=later(9))
        assert head.record_id == "long"
        others = await storage.claim_deliveries({"webhook:one": 2}, limit=2, lease=LEASE, now=later(9))
        assert [one.record_id for one in others] == ["other", "late"]
        assert others[1].event_id == late[0].id
        assert await _claim(storage, at=9) == []

    async def test_outcomes_are_written_together(self, storage: Storage) -> None:
        """R9: of several outcomes those whose claim was lost are left out; and a claim has only one."""
        await storage.record([event(record_id=str(n)) for n in range(3)])
        one, two, three = await _claim(storage, lease=OVER)
        (again,) = await storage.claim_deliveries({"webhook:one": 1}, limit=1, lease=LEASE, now=NOW)
        assert again.id == one.id
        settlements = [
            Settlement(
                delivery_id=each.id,
                epoch=each.epoch,
                state=DeliveryState.DELIVERED,
                next_at=None,
                error=None,
                now=NOW,
            )
            for each in (three, one, two, again, two)
        ]
        assert await storage.settle_deliveries(settlements) == [True, False, True, True, False]
        assert await storage.settle_deliveries([]) == []
        assert (await storage.backlog()).by_state[DeliveryState.DELIVERED] == 3

    async def test_the_backlog_counts(self, storage: Storage) -> None:
        """Deliveries by state, zeros included, the oldest pending one, and pending ones by target."""
        nothing = dict.fromkeys(DeliveryState, 0)
        assert await storage.backlog() == Backlog(nothing, None, {})
        await storage.record(
            [event(record_id=str(n), created_at=later(n), targets=(*ONE, "handler:x")) for n in range(3)]
        )
        one, two, _ = await _claim(storage, at=9)
        await _settle(storage, one, DeliveryState.DELIVERED)
        await _settle(storage, two, DeliveryState.DEAD)
        assert await storage.backlog() == Backlog(
            {**nothing, DeliveryState.PENDING: 4, DeliveryState.DELIVERED: 1, DeliveryState.DEAD: 1},
            NOW,
            {"webhook:one": 1, "handler:x": 3},
        )
