"""Hosts that wait: for the account of a session, and for events as they happen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connect_hub import Event
from connect_hub.errors import (
    AccountNotFound,
    ConfigurationError,
    LinkExpired,
    LinkRevoked,
    SessionNotFound,
    ValidationFailed,
)
from connect_hub.flows.live import Live
from connect_hub.flows.sessions import IssuedSession
from connect_hub.storage.protocol import EventRecord
from connect_hub.testing.storage.values import event
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub

PATIENCE = 30.0


async def new_link(made: Hub) -> IssuedSession:
    return await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )


async def connect(made: Hub, link: IssuedSession) -> None:
    customer = Customer(made.hub)
    done = await customer.press(await customer.enter(link.url), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert done.status == 200


async def test_the_account_is_waited_for(tmp_path: Path) -> None:
    """Whoever shares the database gets the account as soon as the customer has made it; asked again it is
    there at once, and deleted it is AccountNotFound."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    waiting = asyncio.create_task(Live(made.hub._core).account(link.session.id))
    await connect(made, link)
    async with asyncio.timeout(PATIENCE):
        account = await waiting
    assert [account] == await made.hub.accounts.list()
    assert await made.hub.wait_for_account(link.session.id, wait=timedelta(seconds=PATIENCE)) == account
    await made.hub.accounts.delete(account.id)
    with pytest.raises(AccountNotFound):
        await made.hub.wait_for_account(link.session.id)


async def test_waiting_ends_when_nothing_can_come(tmp_path: Path) -> None:
    """An unknown session, one that was revoked, and one that expired too long ago for a visit to go on are
    errors; while it is open there is an end only where one is given."""
    made = make_hub(tmp_path)
    open_one, revoked, expired = [await new_link(made) for _ in range(3)]
    with pytest.raises(TimeoutError, match=r"no account within 0:00:00\.02"):
        await made.hub.wait_for_account(open_one.session.id, wait=timedelta(milliseconds=20))
    with pytest.raises(ValidationFailed, match=r"wait: must be a timedelta"):
        await made.hub.wait_for_account(open_one.session.id, wait=5)  # type: ignore[arg-type]  # a mistake
    with pytest.raises(SessionNotFound):
        await made.hub.wait_for_account(1)
    with pytest.raises(SessionNotFound):
        await made.hub.wait_for_account(open_one.session.id, project="other")
    await made.hub.sessions.revoke(revoked.session.id)
    with pytest.raises(LinkRevoked):
        await made.hub.wait_for_account(revoked.session.id)
    made.clock.advance(timedelta(days=5))
    with pytest.raises(TimeoutError):  # a visit that began in time may still finish
        await made.hub.wait_for_account(expired.session.id, wait=timedelta(milliseconds=20))
    made.clock.advance(timedelta(hours=1))
    with pytest.raises(LinkExpired):
        await made.hub.wait_for_account(expired.session.id)


class Looking(Live):
    """Says when it has looked for the first time."""

    def __init__(self, made: Hub) -> None:
        super().__init__(made.hub._core, every=timedelta(milliseconds=1))
        self.looked = asyncio.Event()

    async def _since(self, since: datetime, names: Sequence[str], project: str) -> list[EventRecord]:
        found = await super()._since(since, names, project)
        self.looked.set()
        return found


async def step(listening: AsyncIterator[Event]) -> Event:
    async with asyncio.timeout(PATIENCE):
        return await anext(listening)


async def test_events_are_listened_to(tmp_path: Path) -> None:
    """Whoever listens gets what happens from then on, of any process, each event once and only those of the
    names and the project; one that is committed after a later one comes all the same (R6)."""
    made = make_hub(tmp_path)
    storage = made.hub.deliveries._core.storage
    now = made.clock.now()
    await storage.record([event(id="msg_before", created_at=now, body=_body("account.created"))])
    live = Looking(made)
    listening = live.events("account.created", "account.deleted")
    waiting = asyncio.create_task(step(listening))
    await live.looked.wait()  # what is there by then is not given
    last = event(id="msg_1", name="account.created", created_at=now, body=_body("account.created"))
    await storage.record([replace(last, id="msg_x", name="account.updated")])
    await storage.record([replace(last, id="msg_y", project_id="other"), last])
    assert (await waiting).id == "msg_1"
    late = replace(last, id="msg_0", created_at=now - timedelta(seconds=30))
    await storage.record([late])
    assert (await step(listening)).id == "msg_0"
    made.clock.advance(timedelta(minutes=10))
    many = [replace(last, id=f"msg_many_{n:03}", created_at=made.clock.now(), sequence=n) for n in range(250)]
    await storage.record(many)
    assert [(await step(listening)).id for _ in many] == [one.id for one in many]


async def test_a_name_that_is_no_event_is_refused(tmp_path: Path) -> None:
    """A misspelt name would never come."""
    with pytest.raises(ConfigurationError, match="not an event"):
        await anext(make_hub(tmp_path).hub.listen("account.create"))


def _body(name: str) -> bytes:
    return f'{{"event":"{name}","project_id":"default","account_id":"acc"}}'.encode()
