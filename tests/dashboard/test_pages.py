"""The pages as an operator uses them, without a script: lists, languages, keys, projects, settings."""

import re

from connect_hub.audit import acting_as
from connect_hub.testing.gallery import Gallery
from connect_hub.testing.gallery.desk import dashboard_samples
from tests.dashboard.desk import DESK, TESTER, Staff
from tests.web.api import Caller


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
    # A reload of the page with the key sends its form once more.
    again = await browser.press(wrong, "Create key", {"name": "payroll"})
    assert (again.status, "There is a key of this name." in again.text) == (422, True)
    assert len(await staff.made.hub.api_keys.list()) == 1
    listed = await browser.get(made.link("Done"))
    assert ("payroll" in listed.text, key in listed.text) == (True, False)
    revoked = await browser.press(await browser.get(listed.link("Revoke payroll")), "Revoke")
    assert "The key was revoked." in revoked.text
    assert (await api.get("/accounts")).status_code == 401


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


def test_every_form_that_changes_something_waits_for_a_deliberate_click() -> None:
    """T29: on every page, but signing in, which takes a token, and signing out."""
    gallery = Gallery()
    actions: set[str] = set()
    for name in dashboard_samples():
        forms = re.findall(r'<form method="post" action="([^"]*)"([^>]*)>', gallery.render(name))
        actions.update(action for action, marks in forms if "data-deliberate" not in marks)
    assert actions == {"/d/sign-in", "/d/sign-out"}
