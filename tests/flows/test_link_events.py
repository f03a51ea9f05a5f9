"""What the host is told of a link: that it was opened, failed, led to an account, expired."""

import json
from datetime import timedelta
from pathlib import Path

from connect_hub import Event
from connect_hub.storage.protocol import EventQuery
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub

NAMES = ("link.opened", "link.failed", "link.completed", "link.expired", "link.renewal_requested")


def told_by(made: Hub) -> list[Event]:
    """The link events of a hub, as they are handed over."""
    told: list[Event] = []

    @made.hub.on(*NAMES, name="told")
    async def keep(event: Event) -> None:
        told.append(event)

    return told


async def drain(made: Hub) -> None:
    while await made.hub.deliveries.run_due():
        continue


async def new_link(made: Hub, **fields: object) -> str:
    link = await made.hub.links.create(
        origin_owner_id="42",
        origin_owner_name="Acme",
        origin_username="ada@acme.example",
        provider="simulated-key",
        **fields,  # type: ignore[arg-type]
    )
    return link.url


async def test_a_customers_way_is_told(tmp_path: Path) -> None:
    """`link.opened` once somebody pressed Continue, not when a scanner looked; `link.failed` with provider
    and code, without names and what was typed; `link.completed` with the account that it led to."""
    made = make_hub(tmp_path)
    told = told_by(made)
    url = await new_link(made)
    customer = Customer(made.hub)
    await customer.open(url)
    await drain(made)
    assert told == []
    form = await customer.enter(url)
    made.clock.advance(timedelta(seconds=1))  # events of one millisecond have no order
    again = await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-0123456789"})
    made.clock.advance(timedelta(seconds=1))
    assert (await customer.press(again, "Connect Acme Key", {"f.api_key": GOOD_KEY})).status == 200
    await drain(made)
    assert [event.name for event in told] == ["link.opened", "link.failed", "link.completed"]
    opened, failed, completed = (event.data for event in told)
    [account] = await made.hub.accounts.list()
    assert {data["record_id"] for data in (opened, failed, completed)} == {str(account.session_id)}
    assert (opened["record_type"], opened["account_id"]) == ("connect_session", None)
    assert (failed["provider"], failed["error_code"]) == ("simulated-key", "rejected_credentials")
    for personal in ("Acme", "ada@", "wrong-0123456789"):
        assert personal not in json.dumps(dict(failed))
    assert (completed["provider"], completed["connected_account_id"]) == ("simulated-key", account.id)


async def test_nothing_is_written_of_links_unless_somebody_subscribed(tmp_path: Path) -> None:
    """Link events are off by default: the account's own event is all that a connection leaves."""
    made = make_hub(tmp_path)
    url = await new_link(made)
    customer = Customer(made.hub)
    await customer.press(await customer.enter(url), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    await new_link(made)
    made.clock.advance(timedelta(days=6))
    await drain(made)
    events = await made.hub.deliveries._core.storage.events(EventQuery(project_id="default"))
    assert [event.name for event in events] == ["account.created"]


async def test_an_expired_link_is_told_once(tmp_path: Path) -> None:
    """Whichever process looks first tells it, and none again; a link that was used up or revoked in time is
    not told of."""
    made = make_hub(tmp_path)
    other = make_hub(tmp_path, storage=made.hub.deliveries._core.storage)
    told = [*map(told_by, (made, other))]
    used = await new_link(made)
    customer = Customer(made.hub)
    await customer.press(await customer.enter(used), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    revoked = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    await made.hub.sessions.revoke(revoked.session.id)
    left = await made.hub.links.create(origin_owner_id="43", origin_owner_name="Other")

    async def look(wait: timedelta) -> list[object]:
        for hub in (made, other):
            hub.clock.advance(wait)
            await drain(hub)
        events = [event for one in told for event in one if event.name == "link.expired"]
        return [event.data["record_id"] for event in events]

    assert await look(timedelta(days=5) - timedelta(seconds=1)) == []
    for _ in range(3):
        assert await look(timedelta(minutes=1)) == [str(left.session.id)]
