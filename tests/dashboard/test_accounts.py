"""The pages of an account: what was done with it, what can be, and that it is asked first."""

import html
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import HubConfig, KeyRing, Project, Secret
from connect_hub.dashboard import DashboardConfig
from connect_hub.errors import AccountNotFound
from connect_hub.models import AccountStatus
from connect_hub.operators import Operator, Role
from tests.customer import Customer
from tests.dashboard.desk import DESK, Staff, make_desk
from tests.hubs import API_KEY, GOOD_KEY, make_hub


async def test_what_is_done_with_an_account_is_asked_first_and_written_down(staff: Staff) -> None:
    """Suspend, resume, convert, disconnect: each by a form that says what it does, each in the history."""
    hub, account_id = staff.made.hub, await staff.connected()
    browser = await staff.browser("operator")
    page = await browser.get(f"{DESK}/accounts/{account_id}")
    production = "Convert this account to a production account?"
    for label, title, then, told in (
        ("Suspend", "Suspend this account?", "suspended", "The account is suspended."),
        ("Resume", "Resume this account?", "active", "The account is no longer suspended."),
        ("Convert to test", "Convert this account to a test account?", "active", "is a test account now."),
        ("Convert to production", production, "active", "is a production account now."),
    ):
        asked = await browser.get(page.link(label))
        assert asked.heading == title
        page = await browser.press(asked, label)
        assert (page.heading, 'role="status"' in page.text, told in page.text) == ("Acme", True, True)
        assert (await hub.accounts.get(account_id)).status.value == then
    for told in ("Account suspended", "Account resumed", "Account converted", "by <bdi>Operator"):
        assert told in page.text
    gone = await browser.press(await browser.get(page.link("Disconnect")), "Disconnect")
    assert (gone.status, gone.heading) == (200, "Accounts")
    with pytest.raises(AccountNotFound):
        await hub.accounts.get(account_id)
    assert (await browser.get(f"{DESK}/accounts/{account_id}")).status == 404


async def test_what_the_host_noted_is_shown(staff: Staff) -> None:
    """Metadata and label, on the account's page and on that of its link: as text, whatever they hold."""
    hub = staff.made.hub
    link = await hub.links.create(
        origin_owner_id="42",
        origin_owner_name="Acme",
        label="<b>main</b>",
        metadata={"plan": "<i>gold</i>", "seats": [1, 2]},
    )
    customer = Customer(hub)
    await customer.press(
        await customer.pick(link.url, "Acme Key"), "Connect Acme Key", {"f.api_key": GOOD_KEY}
    )
    [account] = await hub.accounts.list()
    browser = await staff.browser("viewer")
    for path in (f"accounts/{account.id}", f"links/{link.session.id}"):
        text = html.unescape((await browser.get(f"{DESK}/{path}")).text)
        assert '<code>{"plan": "<i>gold</i>", "seats": [1, 2]}</code>' in text, path
        assert "“<b>main</b>”" in text, path


async def test_why_an_account_is_suspended_is_told(staff: Staff) -> None:
    """A reason may be given: it stands at the account, and with who gave it in the history and the audit log,
    also once it is resumed. One that is too long is refused, and asked for again with what was typed."""
    hub, account_id = staff.made.hub, await staff.connected()
    browser = await staff.browser("admin")
    page = f"{DESK}/accounts/{account_id}"
    asked = await browser.get(f"{page}/suspend")
    typed = {"reason": "<b>unpaid</b> " + "x" * 200}
    refused = await browser.press(asked, "Suspend", typed)
    assert (refused.status, refused.heading) == (422, "Suspend this account?")
    assert "This is too long: write at most 200 characters." in refused.text
    assert refused.form("Suspend").fields["reason"] == typed["reason"]
    assert (await hub.accounts.get(account_id)).status.value == "active"
    seen = await browser.press(refused, "Suspend", {"reason": "  <b>unpaid</b> since May "})
    told = "“&lt;b&gt;unpaid&lt;/b&gt; since May”"
    assert seen.text.count(told) == 2
    [reason] = (await hub.accounts.get(account_id)).status_reasons
    assert reason.description == "<b>unpaid</b> since May"
    seen = await browser.press(await browser.get(f"{page}/resume"), "Resume")
    assert seen.text.count(told) == 1
    assert told in (await browser.get(f"{DESK}/audit")).text
    left_open = await browser.get(f"{page}/suspend")
    await browser.press(await browser.get(f"{page}/suspend"), "Suspend", {"reason": "first"})
    seen = await browser.press(left_open, "Suspend", {"reason": "second"})
    [reason] = (await hub.accounts.get(account_id)).status_reasons
    assert reason.description == "second"
    log = await hub.audit.list(subject=account_id)
    assert ({}, {"reason": "second"}) in [(entry.before, entry.after) for entry in log]
    await hub.accounts.resume(account_id)
    seen = await browser.press(await browser.get(f"{page}/suspend"), "Suspend", {"reason": " "})
    assert (seen.status, seen.text.count(told)) == (200, 1)


async def test_a_suspended_account_of_a_disabled_connector_is_both(staff: Staff) -> None:
    """Both facts stand in the list and on the page, and what is offered is to resume it, not to suspend it
    again; it is active once the connector is enabled and it was resumed."""
    hub, account_id = staff.made.hub, await staff.connected()
    await hub.accounts.suspend(account_id)
    await hub.connector_settings.disable("simulated-key")
    assert (await hub.accounts.get(account_id)).is_suspended
    browser = await staff.browser("operator")
    listed, page = await browser.get(f"{DESK}/accounts"), await browser.get(f"{DESK}/accounts/{account_id}")
    for seen in (listed, page):
        assert ("Resume" in seen.links, "Suspend" in seen.links) == (True, False)
        assert all(f">{state}</span>" in seen.text for state in ("Connector off", "Suspended"))
    for status, found in (("suspended", True), ("inactive", True), ("active", False)):
        text = (await browser.get(f"{DESK}/accounts?status={status}")).text
        assert (account_id in text) is found, status
    page = await browser.press(await browser.get(page.link("Resume")), "Resume")
    assert ("Suspend" in page.links, ">Suspended</span>" in page.text) == (True, False)
    assert "The account is no longer suspended." in page.text
    await hub.connector_settings.enable("simulated-key")
    assert (await hub.accounts.get(account_id)).status is AccountStatus.ACTIVE


async def test_account_link_and_delivery_lead_to_each_other(staff: Staff) -> None:
    """From an account to the link it came by and to all of its customer; from a link to its customer's
    accounts; from what was delivered to the account it tells of."""
    hub = staff.made.hub
    await hub.endpoints.create(url="https://hooks.example/x", events=["account.created", "link.completed"])
    account_id, browser = await staff.connected(" 4 2 "), await staff.browser("viewer")
    account = await browser.get(f"{DESK}/accounts/{account_id}")
    [session] = await hub.sessions.list()
    assert f'href="{DESK}/links/{session.id}"' in account.text
    links = await browser.get(account.link("Links of this customer"))
    link = await browser.get(links.link("Acme"))
    assert link.heading == "Link for Acme"
    assert account_id in (await browser.get(link.link("Accounts of this customer"))).text
    ways = {"account.created": f"accounts/{account_id}", "link.completed": f"links/{session.id}"}
    deliveries = await hub.events.deliveries()
    assert {one.event_name for one in deliveries} == set(ways)
    for delivery in deliveries:
        told = await browser.get(f"{DESK}/deliveries/{delivery.id}")
        assert f'href="{DESK}/{ways[delivery.event_name]}"' in told.text


async def test_who_cannot_reconnect_an_account_is_told_why(staff: Staff) -> None:
    """Its connector is off: there is no reconnect link to make, and the page says so."""
    account_id, browser = await staff.connected(), await staff.browser("operator")
    await staff.made.hub.connector_settings.disable("simulated-key")
    page = await browser.get(f"{DESK}/accounts/{account_id}")
    assert "Reconnect link" not in page.links
    assert "nobody can reconnect with it" in page.text
    await staff.made.hub.connector_settings.enable("simulated-key")
    page = await browser.get(f"{DESK}/accounts/{account_id}")
    assert "Reconnect link" in page.links
    assert "nobody can reconnect with it" not in page.text


async def test_a_connector_with_two_ways_is_off_when_it_is_disabled(staff: Staff) -> None:
    """No reconnect link is offered for it, as its form would refuse one."""
    hub, customer = staff.made.hub, Customer(staff.made.hub)
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="either")
    form = await customer.enter(link.url)
    await customer.press(form, "Connect Either Login", {"f.api_key": GOOD_KEY})
    [account] = await hub.accounts.list()
    browser = await staff.browser("operator")
    page = f"{DESK}/accounts/{account.id}"
    assert "Reconnect link" in (await browser.get(page)).links
    await hub.connector_settings.disable("either")
    for address in (page, f"{DESK}/accounts"):
        assert "Reconnect link" not in (await browser.get(address)).links
    assert "nobody can reconnect with it" in (await browser.get(page)).text
    form = await browser.get(f"{DESK}/links/new?account={account.id}")
    assert "nobody can reconnect with it" in form.text


async def test_what_code_leaves_out_is_code_s_to_bring_back(tmp_path: Path) -> None:
    """No administrator can: neither page says so."""
    before = await make_desk(tmp_path)
    account_id = await before.connected()
    config = HubConfig(
        projects={"default": Project(api_keys=[Secret(API_KEY)], connectors=frozenset({"simulated"}))},
        dashboard=DashboardConfig(auth=lambda visitor: Operator("7", "Ada", {"default": Role.OPERATOR})),
    )
    keys = before.made.hub.keys
    assert isinstance(keys, KeyRing)
    hub = make_hub(tmp_path, config=config, keys=keys).hub
    browser = Customer(hub, headers={"accept": "text/html"})
    for address in (f"accounts/{account_id}", f"links/new?account={account_id}"):
        page = (await browser.get(f"{DESK}/{address}")).text
        assert "Your code leaves this connector out of the project." in page
        assert "An administrator can" not in page


async def test_an_account_s_history_has_events_acts_calls_and_refreshes(staff: Staff) -> None:
    """What happened, who did what, and by the day how often it was called and refreshed, with the newest
    first; what an operator did is told once."""
    hub, account_id = staff.made.hub, await staff.connected()
    staff.made.clock.advance(timedelta(minutes=5))
    told = hub._activity.calling(account_id)
    for status in (200, 200, 429):
        told(status)
    staff.made.clock.advance(timedelta(minutes=1))
    hub._activity.refreshed(account_id)
    hub._activity.refreshed(account_id, "refresh_failed")
    await hub._activity.settled()
    staff.made.clock.advance(timedelta(minutes=1))
    await hub.accounts.change(account_id, label="HQ")
    staff.made.clock.advance(timedelta(minutes=1))
    browser = await staff.browser("operator")
    page = await browser.get(f"{DESK}/accounts/{account_id}")
    page = await browser.press(await browser.get(page.link("Suspend")), "Suspend")
    history = page.text[page.text.index('class="history"') :]
    places = [
        history.index(text)
        for text in (
            "Account suspended",
            "Account updated",
            "Access refreshed 1 time",
            "3 calls on this day",
            "1 failed · last with HTTP 429",
            "Account connected",
        )
    ]
    assert places == sorted(places)
    assert "Refreshing failed 1 time" in history
    assert "The provider did not answer, or not as it should" in history
    assert [history.count(text) for text in ("Account updated", "Account connected")] == [1, 1]
