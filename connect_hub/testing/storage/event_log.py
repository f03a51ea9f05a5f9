"""Clauses of `EventLog`."""

from datetime import timedelta

from connect_hub.storage.protocol import (
    Delivery,
    DeliveryAttempt,
    DeliveryQuery,
    DeliveryRecord,
    DeliveryState,
    EventQuery,
    EventRecord,
    NewEvent,
    Replay,
    Replayed,
    Settlement,
    Storage,
)
from connect_hub.testing.storage.values import HOSTILE, NOW, Clauses, endpoint, event, later, telling

__all__ = ["EventLogClauses"]

LEASE = timedelta(hours=1)
MINE = DeliveryQuery(project_id="default", limit=100)


def _seen(new: NewEvent) -> EventRecord:
    return EventRecord(
        id=new.id,
        project_id=new.project_id,
        name=new.name,
        record_id=new.record_id,
        owner_id=new.owner_id,
        provider=new.provider,
        sequence=new.sequence,
        body=new.body,
        created_at=new.created_at,
    )


async def _claim(storage: Storage, at: float = 0) -> list[Delivery]:
    due = await storage.endpoints_due(now=later(at))
    targets = ["webhook:one", *(f"webhook:{one.project_id}/{one.id}" for one in due)]
    return await storage.claim_deliveries(dict.fromkeys(targets, 100), limit=100, lease=LEASE, now=later(at))


async def _settle(
    storage: Storage, one: Delivery, state: DeliveryState, attempt: DeliveryAttempt | None = None
) -> bool:
    settlement = Settlement(
        delivery_id=one.id,
        epoch=one.epoch,
        state=state,
        next_at=later(60) if state is DeliveryState.PENDING else None,
        error=None if state is DeliveryState.DELIVERED else "503",
        now=later(1),
        attempt=attempt,
    )
    return (await storage.settle_deliveries([settlement]))[0]


def _replay(**changes: object) -> Replay:
    values: dict[str, object] = {
        "project_id": "default",
        "target": "webhook:default/ep_1",
        "endpoint_id": "ep_1",
        "names": ["account.updated"],
        "providers": None,
        "since": NOW,
        "until": later(1000),
        "include_delivered": False,
        "now": later(1000),
    }
    return Replay(**{**values, **changes})  # type: ignore[arg-type]  # a test names the fields


class EventLogClauses(Clauses):
    """What happened can be read, a project's own alone, and sent again."""

    async def test_events_are_listed_newest_first(self, storage: Storage) -> None:
        """T41: the project's, by name, record, owner and time, page by page."""
        made = [event(id=f"msg_{n}", created_at=later(n // 2), record_id=f"r{n % 2}") for n in range(6)]
        named = event(id="msg_x", name="link.opened", owner_id="Owner", provider="acme", created_at=later(9))
        await storage.record([*made, named, event(project_id="another")])

        async def ids(**query: object) -> list[str]:
            found = await storage.events(EventQuery(**{"project_id": "default", **query}))  # type: ignore[arg-type]
            return [one.id for one in found]

        everything = ["msg_x", "msg_5", "msg_4", "msg_3", "msg_2", "msg_1", "msg_0"]
        assert await ids() == everything
        assert await ids(limit=3) == everything[:3]
        assert await ids(before=(later(2), "msg_4"), limit=3) == everything[3:6]
        assert await ids(names=["link.opened", "account.created"]) == ["msg_x"]
        assert await ids(record_id="r1") == ["msg_5", "msg_3", "msg_1"]
        assert await ids(owner_id="Owner") == ["msg_x"]
        assert await ids(since=later(1), until=later(2)) == ["msg_3", "msg_2"]
        assert (await storage.events(EventQuery(project_id="default", limit=1)))[0] == _seen(named)
        assert await storage.event("default", "msg_x") == _seen(named)
        assert await storage.event("another", "msg_x") is None
        assert await storage.event("default", "MSG_X") is None

    async def test_deliveries_are_listed_newest_first(self, storage: Storage) -> None:
        """T41: the project's, by event, target and state, page by page."""
        target = endpoint()
        await storage.create_endpoint(target, at_most=10)
        made = [event(record_id=str(n), created_at=later(n), targets=("webhook:one",)) for n in range(3)]
        await storage.record([*made, event(project_id="another", created_at=later(9))])
        everything = await storage.deliveries(MINE)
        assert len(everything) == 6
        order = [(one.created_at, one.id) for one in everything]
        assert order == sorted(order, reverse=True)
        page = DeliveryQuery(project_id="default", before=order[1], limit=2)
        assert await storage.deliveries(page) == everything[2:4]
        (one, *_), (two, *_) = await _claim(storage), everything
        await _settle(storage, one, DeliveryState.DEAD)
        (dead,) = await storage.deliveries(
            DeliveryQuery(project_id="default", states=[DeliveryState.DEAD, DeliveryState.DELIVERED])
        )
        assert dead == DeliveryRecord(
            id=one.id,
            event_id=one.event_id,
            event_name="account.updated",
            project_id="default",
            record_id="0",
            target=one.target,
            endpoint_id=None,
            state=DeliveryState.DEAD,
            attempts=1,
            last_error="503",
            next_at=NOW,
            created_at=NOW,
            settled_at=later(1),
        )
        of_event = DeliveryQuery(project_id="default", event_id=made[2].id)
        assert {d.target for d in await storage.deliveries(of_event)} == {
            "webhook:one",
            f"webhook:default/{target.id}",
        }
        to_target = DeliveryQuery(project_id="default", target=f"webhook:default/{target.id}")
        assert [d.endpoint_id for d in await storage.deliveries(to_target)] == [target.id] * 3
        assert await storage.delivery("default", two.id) == two
        assert await storage.delivery("another", two.id) is None

    async def test_tries_are_logged_with_what_was_said(self, storage: Storage) -> None:
        """Request, answer and time of each, in order; an outcome that came too late is not among them."""
        await storage.record([event()])
        first = DeliveryAttempt(
            started_at=NOW,
            duration_ms=1234,
            status=503,
            request_headers={"webhook-id": "msg", "x-odd": HOSTILE[0]},
            response_headers={"retry-after": "5"},
            response_body=b"\x00\xff" * 8192,
            error="answered 503",
        )
        second = DeliveryAttempt(started_at=later(60), duration_ms=0)
        (one,) = await _claim(storage)
        assert await _settle(storage, one, DeliveryState.PENDING, first)
        assert not await _settle(storage, one, DeliveryState.PENDING, second)
        (again,) = await _claim(storage, 60)
        assert await _settle(storage, again, DeliveryState.DELIVERED, second)
        assert await storage.delivery_attempts("default", one.id) == [first, second]
        assert await storage.delivery_attempts("another", one.id) == []
        assert await storage.delivery_attempts("default", "dlv_unknown") == []

    async def test_what_was_said_is_erased_with_the_owner(self, storage: Storage) -> None:
        """T50: the log of an erased owner's events goes with them."""
        await storage.record([event()])
        (one,) = await _claim(storage)
        await _settle(storage, one, DeliveryState.DELIVERED, DeliveryAttempt(started_at=NOW, duration_ms=1))
        await storage.erase_owner("default", "owner", announce=telling())
        assert await storage.delivery("default", one.id) is None
        assert await storage.delivery_attempts("default", one.id) == []
        assert await storage.events(EventQuery(project_id="default")) == []

    async def test_a_delivery_is_sent_again(self, storage: Storage) -> None:
        """R5: one that is over gets a successor with the same event; one that waits is due at once."""
        await storage.record([event(sequence=5)])
        (one,) = await _claim(storage)
        await _settle(storage, one, DeliveryState.DEAD)
        assert await storage.resend("another", one.id, now=later(5)) is None
        assert await storage.resend("default", "dlv_unknown", now=later(5)) is None
        successor = await storage.resend("default", one.id, now=later(5))
        assert successor is not None
        assert successor.id != one.id
        assert (successor.event_id, successor.state, successor.attempts, successor.next_at) == (
            one.event_id,
            DeliveryState.PENDING,
            0,
            later(5),
        )
        assert await _claim(storage, 4) == []
        (again,) = await _claim(storage, 5)
        assert (again.id, again.event_id, again.body) == (successor.id, one.event_id, one.body)
        await _settle(storage, again, DeliveryState.PENDING)
        assert await storage.resend("default", one.id, now=later(6)) is not None
        assert [d.id for d in await _claim(storage, 6)] == [successor.id]
        assert len(await storage.deliveries(MINE)) == 2

    async def test_a_span_is_sent_again_in_batches(self, storage: Storage) -> None:
        """R5, R7: oldest first and each once, to one target alone; not what waits, nor what is another's."""
        made = [event(created_at=later(n // 2), targets=(), provider="acme") for n in range(7)]
        others = [
            event(project_id="another", targets=()),
            event(name="link.opened", targets=()),
            event(created_at=later(-1), targets=()),
            event(created_at=later(1000), targets=()),
            event(endpoints=(), targets=()),
        ]
        await storage.record(made + others)
        counts, batch = [], _replay(limit=3)
        while True:
            replayed = await storage.replay(batch)
            counts.append(replayed.deliveries)
            if replayed.after is None:
                break
            batch = _replay(limit=3, after=replayed.after)
        assert counts == [3, 3, 1]
        mine = await storage.deliveries(MINE)
        assert sorted(d.event_id for d in mine) == sorted(one.id for one in made)
        assert {(d.target, d.endpoint_id) for d in mine} == {("webhook:default/ep_1", "ep_1")}
        assert await storage.replay(_replay()) == Replayed(0, None)
        assert await _claim(storage, 999) == []
        first = await storage.claim_deliveries(
            {"webhook:default/ep_1": 9}, limit=9, lease=LEASE, now=later(1000)
        )
        assert len(first) == 1  # of its record; the others come behind it

    async def test_a_replay_leaves_out_what_was_taken_unless_asked(self, storage: Storage) -> None:
        """R7: dead deliveries are made anew; delivered ones only when they are asked for."""
        target = endpoint(id="ep_1")
        await storage.create_endpoint(target, at_most=10)
        await storage.record([event(record_id=str(n), targets=()) for n in range(3)])
        taken, dead, _ = await _claim(storage)
        await _settle(storage, taken, DeliveryState.DELIVERED)
        await _settle(storage, dead, DeliveryState.DEAD)
        assert (await storage.replay(_replay(providers=["acme"]))).deliveries == 0
        assert (await storage.replay(_replay())).deliveries == 1
        assert (await storage.replay(_replay(include_delivered=True))).deliveries == 1
        assert (await storage.replay(_replay(include_delivered=True))).deliveries == 0
