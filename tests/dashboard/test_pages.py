"""Accounts, links, keys and the audit log as an operator uses them, without a script."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub.audit import AuditAction, acting_as
from connect_hub.clock import iso
from connect_hub.errors import AccountNotFound
from connect_hub.models import AccountStatus
from connect_hub.web.dashboard.labels import ACTIONS
from tests.dashboard.desk import DESK, TESTER, Staff, make_desk
from tests.hubs import API_KEY, GOOD_KEY
from tests.web.api import Caller


@pytest.fixture
async def staff(tmp_path: Path) -> Staff:
    return await make_desk(tmp_path)


async def test_the_list_is_filtered_in_its_address(staff: Staff) -> None:
    """By customer, account, provider and status; what is not a filter or a cursor is told, not guessed."""
    first, second = await staff.connected("42", "Acme"), await staff.connected("43", "Globex <b>")
    await staff.made.hub.accounts.suspend(second)
    browser = await staff.browser("viewer")
    everything = await browser.get(f"{DESK}/accounts")
    assert "Acme" in everything.text
    assert "Globex &lt;b&gt;" in everything.text
    for query, shown in (
        ("q=42", "Acme"),
        (f"q={second}", "Globex"),
        ("status=suspended", "Globex"),
        (f"q={first}&status=", "Acme"),
    ):
        text = (await browser.get(f"{DESK}/accounts?{query}")).text
        assert ("Acme<" in text, "Globex &lt;b&gt;<" in text) == (shown == "Acme", shown == "Globex"), query
    for query in ("status=closed", "provider=nothing", "cursor=x", "cursor=1.%00", "colour=red", "q=%00"):
        seen = await browser.get(f"{DESK}/accounts?{query}")
        assert (seen.status, "cut or changed" in seen.text) == (400, True), query
        assert "Acme<" not in seen.text, query


async def test_no_list_guesses_what_was_asked_for(staff: Staff) -> None:
    """A filter that is none, and a cursor that was cut, tampered with, or is another list's, are a 400 that
    says so and shows no row, on every list; the way back is to clear the filters."""
    await staff.connected("42", "Acme")
    with acting_as(TESTER):
        endpoint = (await staff.made.hub.endpoints.create(url="https://example.com/hook")).endpoint
    await staff.made.hub.endpoints.test(endpoint.id)
    failing = await staff.made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = await staff.browser("nobody")
    wrong = await customer.press(
        await customer.pick(failing.url, "Acme Key"),
        "Connect Acme Key",
        {"f.api_key": "wrong-key-0123456789"},
    )
    assert wrong.status == 422
    browser = await staff.browser("admin")
    for path in ("accounts", "links", "attempts", "audit", f"webhooks/{endpoint.id}"):
        assert '<th scope="row"' in (await browser.get(f"{DESK}/{path}")).text, path
        for query in (
            "colour=red",
            "cursor=x",
            "cursor=1767323045000",
            "cursor=1767323045000.%00",
            "cursor=99999999999999999999.a",
            "cursor=1767323045000.1'%20OR%201=1",
            f"cursor=1767323045000.{'a' * 300}",
        ):
            seen = await browser.get(f"{DESK}/{path}?{query}")
            assert (seen.status, "was cut or changed" in seen.text) == (400, True), (path, query)
            assert '<th scope="row"' not in seen.text, (path, query)


async def test_an_operator_chooses_a_language(staff: Staff) -> None:
    """At the foot of a page, without a script: the same page comes back in it, and so do the others."""
    browser = await staff.browser("viewer")
    page = await browser.get(f"{DESK}/accounts")
    form = next(form for form in page.forms if form.action == "/connect/language")
    german = await browser.send(form, {"lang": "de"})
    assert (german.heading, german.url.partition("?")[0]) == ("Konten", f"https://hub.test{DESK}/accounts")
    assert (await browser.get(f"{DESK}/links")).heading == "Links"
    assert "Noch keine Links" in (await browser.get(f"{DESK}/links")).text


async def test_the_choice_of_a_language_comes_back_to_what_was_shown(staff: Staff) -> None:
    """With its filters, its account, or where the sign-in leads; not where something typed, or shown this
    once, would be lost by it. What was done is not said again."""
    account_id = await staff.connected("42", "Acme & Söhne")
    browser, nobody = await staff.browser("operator"), await staff.browser("nobody")
    for who, path, comes_back in (
        (browser, f"{DESK}/accounts?q=42&status=", f"{DESK}/accounts?q=42&status="),
        (browser, f"{DESK}/accounts?q=%C3%B6+%26%23%3F", f"{DESK}/accounts?q=%C3%B6+%26%23%3F"),
        (browser, f"{DESK}/accounts?status=bogus", f"{DESK}/accounts?status=bogus"),
        (browser, f"{DESK}/links/new?account={account_id}", f"{DESK}/links/new?account={account_id}"),
        (browser, f"{DESK}/accounts/{account_id}?done=resumed", f"{DESK}/accounts/{account_id}"),
        (browser, f"{DESK}/accounts/{account_id}/suspend", f"{DESK}/accounts/{account_id}/suspend"),
        (nobody, f"{DESK}/links?status=open", None),
    ):
        page = await who.get(path)
        form = next(form for form in page.forms if form.action == "/connect/language")
        german = await who.send(form, {"lang": "de"})
        assert german.url.removeprefix("https://hub.test") == comes_back or who is nobody
        assert ('lang="de"' in german.text, german.status) == (True, page.status)
        if who is nobody:
            german = await who.press(german, "Anmelden", {"token": staff.tokens["viewer"]})
            assert german.url == f"https://hub.test{path}"
        who.headers["accept-language"] = "en"
    form = (await browser.get(f"{DESK}/links/new")).form("Link erstellen")
    typed = {"origin_owner_id": "42", "origin_owner_name": "Other", "days": "5"}
    for answer in (await browser.send(form, typed), await browser.send(form, {**typed, "keep_name": "1"})):
        assert "/connect/language" not in {form.action for form in answer.forms}
    long = await browser.get(f"{DESK}/accounts?q=" + "x" * 3000)
    assert "/connect/language" not in {form.action for form in long.forms}


async def test_pages_follow_each_other(staff: Staff) -> None:
    """Twenty-five at a time, each account once, and the way back to the first page."""
    hub = staff.made.hub
    for number in range(60):
        await hub.links.create(origin_owner_id=str(number), origin_owner_name=f"Owner {number:02}")
    browser = await staff.browser("viewer")
    seen, names = await browser.get(f"{DESK}/links?status=open"), []
    for _ in range(3):
        names += [label for label in seen.links if label.startswith("Owner ")]
        if "Next page" in seen.links:
            seen = await browser.get(seen.link("Next page"))
    assert sorted(names) == [f"Owner {number:02}" for number in range(60)]
    assert seen.link("First page") == f"{DESK}/links?status=open"


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
    for told in ("Account suspended", "Account resumed", "Account converted", "Operator"):
        assert told in page.text
    gone = await browser.press(await browser.get(page.link("Disconnect")), "Disconnect")
    assert (gone.status, gone.heading) == (200, "Accounts")
    with pytest.raises(AccountNotFound):
        await hub.accounts.get(account_id)
    assert (await browser.get(f"{DESK}/accounts/{account_id}")).status == 404


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
    page = await browser.press(await browser.get(page.link("Resume")), "Resume")
    assert ("Suspend" in page.links, ">Suspended</span>" in page.text) == (True, False)
    assert "The account is no longer suspended." in page.text
    await hub.connector_settings.enable("simulated-key")
    assert (await hub.accounts.get(account_id)).status is AccountStatus.ACTIVE


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


async def test_a_viewer_is_offered_nothing_to_do(staff: Staff) -> None:
    """Pages show what the role allows, and no more."""
    account_id = await staff.connected()
    browser = await staff.browser("viewer")
    for path in ("", "/accounts", f"/accounts/{account_id}", "/links"):
        seen = await browser.get(f"{DESK}{path}")
        assert seen.status == 200
        for offered in ("Suspend", "Disconnect", "Create Auth Link", "Keys", "Audit log"):
            assert offered not in seen.links, (path, offered)


async def test_a_key_is_made_shown_once_and_revoked(staff: Staff) -> None:
    """The key works, the list does not have it, and after revoking it is refused."""
    browser = await staff.browser("admin")
    keys = await browser.get(f"{DESK}/keys")
    assert "No keys yet" in keys.text
    wrong = await browser.press(keys, "Create key", {"name": "x" * 81})
    assert (wrong.status, "x" * 81 in wrong.text) == (422, True)
    made = await browser.press(wrong, "Create key", {"name": "payroll"})
    key = next(part for part in made.text.split('"') if part.startswith("chk_live_"))
    api = Caller(staff.made.hub, key=key)
    assert (await api.get("/accounts")).status_code == 200
    listed = await browser.get(made.link("Done"))
    assert ("payroll" in listed.text, key in listed.text) == (True, False)
    revoked = await browser.press(await browser.get(listed.link("Revoke payroll")), "Revoke")
    assert "The key was revoked." in revoked.text
    assert (await api.get("/accounts")).status_code == 401


async def test_everybody_stands_in_the_log(staff: Staff) -> None:
    """Operators, API keys and the command line: who, when, what, from where, before and after; T46: no secret
    among it."""
    hub, account_id = staff.made.hub, await staff.connected()
    browser = await staff.browser("admin")
    await browser.press(await browser.get(f"{DESK}/accounts/{account_id}/suspend"), "Suspend")
    await Caller(hub).patch(f"/accounts/{account_id}", json={"label": "=HQ()"})
    with acting_as(TESTER):
        link = await hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
    log = await browser.get(f"{DESK}/audit")
    for told in (
        "Account suspended",
        "Account changed",
        "Link created",
        "Dashboard",
        "API key",
        "Command line",
    ):
        assert told in log.text
    assert "<del>" in log.text
    only = await browser.get(f"{DESK}/audit?action=account.suspended&subject={account_id}")
    rows = re.findall(r'<th scope="row">(.*?)<', only.text)
    assert rows == ["Account suspended"]
    for query in ("action=x", "cursor=y", "who=z"):
        assert (await browser.get(f"{DESK}/audit?{query}")).status == 400
    answer = await browser.get(f"{DESK}/audit.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    changed = next(row for row in rows if row["action"] == "account.changed")
    assert (json.loads(changed["before"]), json.loads(changed["after"])) == (
        {"label": None},
        {"label": "=HQ()"},
    )
    assert changed["at"] == iso(staff.made.clock.now())
    for secret in (link.url.partition("#t=")[2], GOOD_KEY, API_KEY, *staff.tokens.values()):
        assert secret not in answer.text + log.text


async def test_accounts_are_exported_as_a_table(staff: Staff) -> None:
    """All that the filters leave, and no cell is a formula to a spreadsheet; the export is in the log."""
    await staff.connected("42", "=cmd()")
    staff.made.clock.advance(timedelta(seconds=1))
    await staff.connected("43", "Globex")
    browser = await staff.browser("viewer")
    rows = list(csv.DictReader(io.StringIO((await browser.get(f"{DESK}/accounts.csv")).text)))
    assert [row["origin_owner_name"] for row in rows] == ["Globex", "'=cmd()"]
    staff.made.clock.advance(timedelta(seconds=1))
    await staff.connected("44", 'Acme;"=cmd()";')
    exported = (await browser.get(f"{DESK}/accounts.csv")).text
    # Where lists are separated by semicolons, a spreadsheet splits there, and reads a quote as a beginning.
    cells = [cell for row in csv.reader(io.StringIO(exported), delimiter=";") for cell in row]
    assert [cell for cell in cells if cell.startswith("=")] == []
    some = await browser.get(f"{DESK}/accounts.csv?q=43")
    assert [row["origin_owner_id"] for row in csv.DictReader(io.StringIO(some.text))] == ["43"]
    log = await staff.made.hub.audit.list(action="accounts.exported")
    assert [entry.actor.name for entry in log] == ["Viewer"] * 3


async def test_the_log_is_filtered_by_what_it_can_tell(staff: Staff) -> None:
    """Every action has words, and each that a project's log may have is a filter; an event is none."""
    assert set(ACTIONS) == set(AuditAction)
    assert all(text != action.value for action, text in ACTIONS.items())
    with acting_as(TESTER):
        await staff.made.hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
    browser = await staff.browser("admin")
    text = (await browser.get(f"{DESK}/audit")).text
    chosen = text[text.index('<select name="action"') :]
    offered = re.findall(r'<option value="([a-z_.]+)"', chosen[: chosen.index("</select>")])
    assert offered == [action.value for action in AuditAction if action.is_of_projects]
    for name in offered:
        assert (await browser.get(f"{DESK}/audit?action={name}")).status == 200, name
    for name in ("account.created", "link.opened", "account.expiring"):
        assert (await browser.get(f"{DESK}/audit?action={name}")).status == 400, name
    with acting_as(TESTER), pytest.raises(ValueError, match="made_up"):
        await staff.made.hub.audit.write("default", "made_up", "x")


async def test_a_download_that_nobody_here_asked_for_is_not_noted(staff: Staff) -> None:
    """A link on another site, which an operator's browser follows, downloads nothing and writes nothing into
    the log; asking for the head alone reads no row and is not noted."""
    await staff.connected()
    browser = await staff.browser("admin")
    for path in ("accounts.csv", "audit.csv"):
        for site in ("cross-site", "same-site"):
            seen = await browser.request("GET", f"{DESK}/{path}", sec_fetch_site=site)
            assert (seen.status, "cross_site_request" in seen.text) == (403, True)
        head = await browser.request("HEAD", f"{DESK}/{path}")
        assert (head.status, head.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert await staff.made.hub.audit.list() == []
    for site in ("same-origin", "none"):
        seen = await browser.request("GET", f"{DESK}/accounts.csv", sec_fetch_site=site)
        assert seen.status == 200
    assert len(await staff.made.hub.audit.list(action="accounts.exported")) == 2


async def test_an_operator_goes_from_project_to_project(staff: Staff) -> None:
    """The switcher has the projects that somebody has a role in, and none where that is one; each shows its
    own rows."""
    await staff.connected("42", "Acme")
    await staff.connected("43", "Globex", project="other")
    chief, viewer = await staff.browser("chief"), await staff.browser("viewer")
    here = await chief.get(f"{DESK}/accounts")
    there = await chief.get(here.link("other"))
    assert (there.heading, there.url) == ("Overview", "https://hub.test/connect/dashboard/in/other")
    listed = await chief.get(there.link("Accounts"))
    assert ("Globex" in listed.links, "Acme" in listed.links) == (True, False)
    assert not {"default", "other"} & (await viewer.get(f"{DESK}/accounts")).links.keys()


async def test_settings_say_what_code_configured(staff: Staff) -> None:
    """The address, how long links live, and how the brand looks to a customer."""
    page = await (await staff.browser("viewer")).get(f"{DESK}/settings")
    for told in ("https://hub.test/connect", "5 days", "hub.test", "What customers see"):
        assert told in page.text, told
