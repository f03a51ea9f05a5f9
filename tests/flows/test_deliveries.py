"""Events on their way: the schedule, callbacks that fail in every manner, endpoints that do."""

import asyncio
import logging
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_hub import Event, HubConfig, Project, Secret, Webhook
from connect_hub.clock import iso
from connect_hub.flows import deliveries as deliveries_module
from connect_hub.flows.lanes import LANE
from connect_hub.net import Answer
from connect_hub.net.answer import Headers
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing import InProcessTransport
from connect_hub.testing.storage.values import event
from connect_hub.webhooks import verify
from connect_hub.webhooks.delivery import SCHEDULE, Outcome, next_try
from connect_hub.webhooks.signing import generate_secret
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY, Hub, deliver_by, make_hub

URL = "https://hooks.test/in"


class Endpoint(InProcessTransport):
    """A transport whose calls to URL are answered by script; 204 when it is used up."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub.provider)
        self.answers: list[Answer | Exception] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []

    async def send(self, method: str, url: str, **rest: Any) -> Answer:
        if url != URL:
            return await super().send(method, url, **rest)
        self.posts.append((rest["headers"], rest["content"]))
        answer = self.answers.pop(0) if self.answers else Answer(204, Headers([]), b"")
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, **headers: str) -> Answer:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Answer(status, Headers(raw), b"")


def with_endpoint(tmp_path: Path, secrets: list[Secret]) -> tuple[Hub, Endpoint]:
    project = Project(api_keys=[Secret(API_KEY)], webhooks=[Webhook(url=URL, secrets=secrets, name="in")])
    made = make_hub(tmp_path, config=HubConfig(projects={"default": project}))
    endpoint = Endpoint(made)
    deliver_by(made, endpoint)
    return made, endpoint


async def link_account(made: Hub) -> str:
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    done = await customer.press(
        await customer.pick(link.url, "Acme Key"), "Connect Acme Key", {"f.api_key": GOOD_KEY}
    )
    assert done.status == 200
    [account] = await made.hub.accounts.list()
    return account.id


async def states(made: Hub) -> dict[DeliveryState, int]:
    backlog = await made.hub.deliveries._core.storage.backlog()
    return {state: count for state, count in backlog.by_state.items() if count}


async def test_webhook_is_signed_with_every_live_secret(tmp_path: Path) -> None:
    """T47, T48: the exact stored bytes are posted, and a receiver with either of two secrets accepts them."""
    secrets = [generate_secret(), generate_secret()]
    made, endpoint = with_endpoint(tmp_path, secrets)
    account_id = await link_account(made)
    assert await made.hub.deliveries.run_due() == 1
    [(headers, body)] = endpoint.posts
    for secret in secrets:
        event = verify(body, headers, [secret], clock=made.clock)
        assert (event["type"], event["account_id"]) == ("account.created", account_id)
    assert await states(made) == {DeliveryState.DELIVERED: 1}
    assert await made.hub.deliveries.run_due() == 0


async def test_schedule_is_kept_to_the_last_try_and_then_the_delivery_is_dead(tmp_path: Path) -> None:
    """R4, R5: ten tries at the waits of Standard Webhooks, each within its jitter and none before; the same
    message id each time and a new timestamp; then dead, and never again."""
    made, endpoint = with_endpoint(tmp_path, [generate_secret()])
    await link_account(made)
    run, ids, stamps = made.hub.deliveries.run_due, set(), set()
    for tries in range(1, len(SCHEDULE) + 2):
        endpoint.answers = [answer(500)]
        assert await run() == 1
        headers, _ = endpoint.posts[-1]
        ids.add(headers["webhook-id"])
        stamps.add(headers["webhook-timestamp"])
        if tries <= len(SCHEDULE):
            wait = SCHEDULE[tries - 1]
            made.clock.advance(wait * 0.8 - timedelta(seconds=1))
            assert await run() == 0, f"try {tries + 1} came too early"
            made.clock.advance(wait * 0.4 + timedelta(seconds=2))
    assert len(endpoint.posts) == 10
    assert len(ids) == 1
    assert len(stamps) == 10
    assert await states(made) == {DeliveryState.DEAD: 1}
    made.clock.advance(timedelta(days=30))
    assert await run() == 0


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("3600", timedelta(hours=1)),
        ("Fri, 02 Jan 2026 04:04:05 GMT", timedelta(hours=1)),
        ("999999999", timedelta(hours=24)),
        ("Fri, 02 Jan 9999 04:04:05 GMT", timedelta(hours=24)),
    ],
)
async def test_retry_after_is_honoured(tmp_path: Path, header: str, wait: timedelta) -> None:
    """R4: 429 and 503 with Retry-After, in seconds or as a date, are left alone so long, 24 hours at most."""
    made, endpoint = with_endpoint(tmp_path, [generate_secret()])
    await link_account(made)
    endpoint.answers = [answer(429, retry_after=header)]
    assert await made.hub.deliveries.run_due() == 1
    made.clock.advance(wait - timedelta(seconds=1))
    assert await made.hub.deliveries.run_due() == 0
    made.clock.advance(timedelta(seconds=1))
    assert await made.hub.deliveries.run_due() == 1


@given(
    st.sampled_from([429, 503]),
    st.text(max_size=40) | st.integers().map(str) | st.dates().map(lambda d: f"{d:%a, %d %b %Y} 25:00:00"),
)
def test_no_retry_after_breaks_the_schedule(status: int, header: str) -> None:
    """R4: whatever an endpoint says, the next try is in the future and within 24 hours."""
    from connect_hub.webhooks.delivery import _retry_after

    now = datetime(2026, 1, 2, tzinfo=UTC)
    outcome = Outcome(False, f"answered {status}", _retry_after({"retry-after": header}, now))
    state, at = next_try(outcome, attempts=1, now=now, random_source=random.Random(1))
    assert state is DeliveryState.PENDING
    assert at is not None
    assert now + timedelta(seconds=4) <= at <= now + timedelta(hours=24)


async def test_callbacks_of_every_kind_are_called_and_a_failing_one_is_called_again(tmp_path: Path) -> None:
    """R5: async and plain callbacks get the event; one that raises, even SystemExit, is called again on
    schedule, and keeps no other one from its event."""
    made = make_hub(tmp_path)
    seen: list[tuple[str, str]] = []
    broken = {"raising": 1, "exiting": 1}

    @made.hub.on("account.created", name="async")
    async def coroutine(event: Event) -> None:
        seen.append(("async", event.id))

    @made.hub.on("account.created", name="plain")
    def plain(event: Event) -> None:
        assert threading.current_thread() is not threading.main_thread()
        seen.append(("plain", event.id))

    @made.hub.on("account.created", name="raising")
    def raising(event: Event) -> None:
        if broken["raising"]:
            broken["raising"] -= 1
            raise ValueError("not now")
        seen.append(("raising", event.id))

    @made.hub.on("account.created", name="exiting")
    def exiting(event: Event) -> None:
        if broken["exiting"]:
            broken["exiting"] -= 1
            raise SystemExit(3)
        seen.append(("exiting", event.id))

    await link_account(made)
    assert await made.hub.deliveries.run_due() == 4
    assert sorted(name for name, _ in seen) == ["async", "plain"]
    made.clock.advance(timedelta(seconds=7))
    assert await made.hub.deliveries.run_due() == 2
    assert sorted(name for name, _ in seen) == ["async", "exiting", "plain", "raising"]
    assert len({event_id for _, event_id in seen}) == 1


async def test_each_try_that_fails_is_one_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With what happened, how often it was tried and when it is tried again; and what a callback raised."""
    made = make_hub(tmp_path)

    @made.hub.on("account.created", name="crm")
    def crm(event: Event) -> None:
        raise ValueError("not now")

    await link_account(made)
    caplog.clear()
    for number in range(1, 11):
        assert await made.hub.deliveries.run_due() == 1
        [record] = caplog.records
        [delivery] = await made.hub.events.deliveries()
        text = record.getMessage()
        assert f"event {delivery.event_id} to handler:crm: the callback raised ValueError; " in text
        tried = f"after {number} {'try' if number == 1 else 'tries'}"
        assert text.endswith(
            f"given up {tried}" if number == 10 else f"next try at {iso(delivery.next_at)} {tried}"
        )
        assert record.exc_info is not None
        assert record.exc_info[0] is ValueError
        caplog.clear()
        made.clock.advance(timedelta(days=2))


async def test_hanging_callback_is_given_up_and_not_called_on_top_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5, R20: a callback that hangs is counted as failed; while a plain one still sits in its thread it is
    not called again, and others go on."""
    monkeypatch.setattr(deliveries_module, "_HANDLER_LIMIT", 2.0)  # time for a thread to begin
    made = make_hub(tmp_path)
    gate, calls = threading.Event(), {"plain": 0, "async": 0, "good": 0}

    @made.hub.on("account.created", name="plain")
    def plain(event: Event) -> None:
        calls["plain"] += 1
        gate.wait(10)

    @made.hub.on("account.created", name="async")
    async def hanging(event: Event) -> None:
        calls["async"] += 1
        await asyncio.Event().wait()

    @made.hub.on("account.created", name="good")
    async def good(event: Event) -> None:
        calls["good"] += 1

    try:
        await link_account(made)
        assert await made.hub.deliveries.run_due() == 3
        made.clock.advance(timedelta(seconds=7))
        assert await made.hub.deliveries.run_due() == 1
        assert calls == {"plain": 1, "async": 2, "good": 1}
    finally:
        gate.set()
    for _ in range(200):
        if "handler:plain" in made.hub.deliveries.targets:
            break
        await asyncio.sleep(0.01)
    assert await made.hub.deliveries.run_due() == 1
    assert calls["plain"] == 2


async def test_a_callback_that_ends_cancelled_has_failed_and_no_more(tmp_path: Path) -> None:
    """R5: whatever it awaited was cancelled; nobody told this process to stop, so the schedule goes on."""
    made, calls = make_hub(tmp_path), []

    @made.hub.on("account.created", name="cancelled")
    async def cancelled(event: Event) -> None:
        calls.append(event.id)
        raise asyncio.CancelledError

    await link_account(made)
    assert await made.hub.deliveries.run_due() == 1
    assert await made.hub.deliveries.run_due() == 0
    [delivery] = await made.hub.events.deliveries()
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, "the callback was cancelled")
    assert len(calls) == 1


async def test_unknown_targets_wait_for_a_process_that_knows_them(tmp_path: Path) -> None:
    """R3: a process without the callback leaves its delivery alone; one that registers it carries it out."""
    made = make_hub(tmp_path)
    seen: list[str] = []

    def register(hub: Hub) -> None:
        @hub.hub.on("account.created", name="crm")
        async def crm(event: Event) -> None:
            seen.append(event.name)

    register(made)
    await link_account(made)
    other = make_hub(tmp_path, storage=made.hub.deliveries._core.storage)
    assert await other.hub.deliveries.run_due() == 0
    assert (await states(made)) == {DeliveryState.PENDING: 1}
    register(other)
    assert await other.hub.deliveries.run_due() == 1
    assert seen == ["account.created"]


async def test_fault_of_our_own_does_not_keep_a_delivery_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R5: a delivery whose try fails in the hub's own code is logged, counted and tried again later."""
    made, endpoint = with_endpoint(tmp_path, [generate_secret()])
    await link_account(made)

    async def broken(*args: object, **kwargs: object) -> Outcome:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(deliveries_module, "post", broken)
        assert await made.hub.deliveries.run_due() == 1
    assert "ZeroDivisionError" in caplog.text
    made.clock.advance(timedelta(seconds=7))
    assert await made.hub.deliveries.run_due() == 1
    assert len(endpoint.posts) == 1


async def test_interrupted_try_is_free_at_once(tmp_path: Path) -> None:
    """R18: a delivery that is cut short by a stop needs no lease to run out before another worker has it."""
    made = make_hub(tmp_path)
    began, calls = asyncio.Event(), 0

    @made.hub.on("account.created", name="slow")
    async def slow(event: Event) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            began.set()
            await asyncio.Event().wait()

    await link_account(made)
    task = asyncio.create_task(made.hub.deliveries.run_due())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await made.hub.deliveries.run_due() == 1
    assert calls == 2


async def test_a_forked_child_has_nothing_under_way(tmp_path: Path) -> None:
    """R18: what its parent was delivering at the fork takes no place in the child's lanes."""
    made = make_hub(tmp_path)
    hung = asyncio.Event()

    @made.hub.on("link.opened", name="hangs")
    async def hangs(event: Event) -> None:
        await hung.wait()

    async def open_links(number: int) -> None:
        for _ in range(number):
            link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
            await Customer(made.hub).enter(link.url)

    await open_links(LANE + 2)
    taken = await made.hub.deliveries.claim()
    assert len(taken) == LANE
    assert len(await made.hub.deliveries.claim()) == 0
    made.hub.deliveries._process = 1  # the parent's
    assert len(await made.hub.deliveries.claim()) == 2


@pytest.mark.parametrize("workers", [2, 8])
async def test_many_workers_deliver_each_event_once(tmp_path: Path, workers: int) -> None:
    """R3: dispatchers that look at the same time carry each delivery out once."""
    made = make_hub(tmp_path)
    seen: list[str] = []

    @made.hub.on("link.opened", name="count")
    async def count(event: Event) -> None:
        seen.append(event.id)

    for _ in range(5):
        link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
        await Customer(made.hub).enter(link.url)

    async def drain() -> None:
        while await made.hub.deliveries.run_due():
            pass

    await asyncio.gather(*(drain() for _ in range(workers)))
    assert len(seen) == len(set(seen)) == 5


async def test_what_waited_long_for_its_turn_is_handed_back_untried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2, R20: those behind tries that take long go back, for what is known of their endpoint is old by then,
    and their leases are not used up by waiting; that was no try."""
    monkeypatch.setattr(deliveries_module, "_STALE", 0.0)
    made, endpoint = with_endpoint(tmp_path, [generate_secret()])
    taken = endpoint.send

    async def take(*arguments: Any, **rest: Any) -> Answer:
        await asyncio.sleep(0)  # so that the others begin
        return await taken(*arguments, **rest)

    monkeypatch.setattr(endpoint, "send", take)
    now = made.clock.now()
    told = [
        event(id=f"msg_{n}", record_id=f"acc_{n}", targets=("webhook:default/in",), created_at=now)
        for n in range(LANE + 2)
    ]
    await made.hub.storage.record(told[:1])
    assert await made.hub.deliveries.run_due() == 1  # it answers
    await made.hub.storage.record(told[1:])
    assert await made.hub.deliveries.run_due() == LANE + 1
    assert len(endpoint.posts) == 1 + LANE
    assert await states(made) == {DeliveryState.DELIVERED: 1 + LANE, DeliveryState.PENDING: 1}
    assert await made.hub.deliveries.run_due() == 1
    assert await states(made) == {DeliveryState.DELIVERED: LANE + 2}
    log = [await made.hub.events.delivery(one.id) for one in await made.hub.events.deliveries(limit=50)]
    assert {len(one.attempts) for one in log} == {1}
