"""Links as an operator makes, watches, revokes and renews them, without a script."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from connect_hub.audit import acting_as
from connect_hub.config import LinkConfig, PageConfig
from connect_hub.identity import Subject
from connect_hub.models import Binding
from tests.customer import Customer, Form
from tests.dashboard.desk import DESK, TESTER, Staff, make_desk
from tests.hubs import GOOD_KEY

TYPED = {"origin_owner_id": "42", "origin_owner_name": "Acme", "days": "5"}


async def test_a_link_for_a_disabled_provider_is_not_made(staff: Staff) -> None:
    """Disabled while the form was open: the form says so with what was typed, and nothing is made."""
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    await staff.made.hub.connector_settings.disable("simulated-key")
    seen = await browser.press(form, "Create link", {**TYPED, "provider": "simulated-key"})
    assert (seen.status, 'value="Acme"' in seen.text) == (422, True)
    assert "This provider is not enabled on this project. Choose another one." in seen.text
    chosen = seen.text.partition('name="provider"')[2].partition("</select>")[0]
    assert ('<option value="">Your customer chooses</option>' in chosen, "selected" in chosen) == (
        True,
        False,
    )
    assert await staff.made.hub.sessions.list() == []


async def test_a_link_is_made_and_shown_once(staff: Staff) -> None:
    """Required fields are asked for with what was typed kept; the link works, lasts five days, and stands in
    no page and no row afterwards."""
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    wrong = await browser.press(
        form, "Create link", {**TYPED, "origin_owner_name": " ", "origin_username": "u@x"}
    )
    assert (wrong.status, wrong.text.count("Fill this in.") >= 1, 'value="u@x"' in wrong.text) == (
        422,
        True,
        True,
    )
    made = await browser.press(wrong, "Create link", TYPED)
    assert made.heading == "The link is ready"
    link = next(v for f in made.text.split('"') if (v := f).startswith("https://hub.test/connect/link#t="))
    assert "<svg" in made.text
    assert "mailto:" in made.link("Write a mail")
    again = await browser.press(wrong, "Create link", TYPED)
    assert link in again.text  # the same form twice is one link
    [session] = await staff.made.hub.sessions.list()
    assert (session.expires_at - session.created_at).days == 5
    customer = await staff.browser("nobody")
    done = await customer.press(
        await customer.pick(link, "Acme Key"), "Connect Acme Key", {"f.api_key": GOOD_KEY}
    )
    assert done.heading == "Acme Key is connected"
    detail = await browser.get(made.link("Watch this link"))
    assert "Acme Key was connected" in detail.text
    for path in ("/links", "/accounts", f"/links/{session.id}"):
        assert "#t=" not in (await browser.get(f"{DESK}{path}")).text
    [session] = await staff.made.hub.sessions.list()
    assert session.connects == 1
    await staff.made.hub.sessions.revoke(session.id)
    anew = await browser.press(wrong, "Create link", TYPED)
    assert anew.heading == "The link is ready"
    assert link not in anew.text  # one that was withdrawn is not handed out again


@pytest.mark.parametrize("binding", Binding)
async def test_who_can_use_a_link_is_said_with_it(tmp_path: Path, binding: Binding) -> None:
    """Whoever has it, or its owner alone, who is signed in to the application: as the link is bound."""
    staff = await make_desk(
        tmp_path,
        links=LinkConfig(binding=binding),
        pages=PageConfig(identity=lambda visitor: Subject("42")),
    )
    browser = await staff.browser("operator")
    made = await browser.press(await browser.get(f"{DESK}/links/new"), "Create link", TYPED)
    assert made.heading == "The link is ready"
    told = {
        Binding.CONFIRM: "Whoever has it can connect accounts for this customer.",
        Binding.HOST_IDENTITY: "Only who is signed in to hub.test as this customer can use it.",
    }
    assert {one for one, text in told.items() if text in made.text} == {binding}
    assert "It is shown this once." in made.text


@pytest.mark.parametrize("account", ["a/b", "../../keys", "https://evil.example/", "a\r\nb/", "?x#y", "<x>"])
async def test_an_account_that_cannot_be_is_refused(staff: Staff, account: str) -> None:
    """A posted account id that no account has is a form again, whatever it is made of, with a way back on
    the dashboard; nothing is made."""
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    values = {**form.form("Create link").fields, **TYPED, "account": account}
    refused = await browser.send(Form(f"{DESK}/links/new", values))
    assert refused.status == 422
    assert f'"{DESK}/accounts/{quote(account, safe="")}"' in refused.text
    assert await staff.made.hub.sessions.list() == []


async def test_an_id_with_spaces_at_its_ends_is_asked_about(staff: Staff) -> None:
    """The trimmed one is offered; whoever means the spaces keeps them."""
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    asked = await browser.press(form, "Create link", {**TYPED, "origin_owner_id": " 42 "})
    assert (asked.status, "do you mean “42”?" in asked.text) == (422, True)
    changed = await browser.press(asked, "Change what was entered")
    field = next(part for part in changed.text.split("<input") if 'id="field-origin_owner_id"' in part)
    assert ('value=" 42 "' in field, "data-tidy" in field) == (True, False)  # no script takes them away
    assert (await browser.press(asked, "Use “42”")).heading == "The link is ready"
    assert [s.origin_owner_id for s in await staff.made.hub.sessions.list()] == ["42"]
    asked = await browser.press(form, "Create link", {**TYPED, "origin_owner_id": " 43 "})
    kept = await browser.press(asked, "Keep the spaces")
    assert kept.heading == "The link is ready"
    assert " 43 " in [s.origin_owner_id for s in await staff.made.hub.sessions.list()]


async def test_spaces_in_an_id_are_seen(staff: Staff) -> None:
    """Two ids that differ by spaces look different wherever they stand: in lists, on pages, in the audit log
    and in questions; of spaces at the ends it is said."""
    with acting_as(TESTER):
        padded = await staff.made.hub.links.create(origin_owner_id=" 4  2 ", origin_owner_name="Acme")
        plain = await staff.made.hub.links.create(origin_owner_id="4 2", origin_owner_name="Acme")
    account_id = await staff.connected(" 4  2 ", "Acme")
    browser, told = await staff.browser("admin"), "(with spaces at its ends)"
    for path, spelt in (
        ("/links", '<bdi class="exact"> 4  2 </bdi>'),
        (f"/links/{padded.session.id}", '<bdi class="quote">“ 4  2 ”</bdi>'),
        ("/accounts", '<bdi class="exact"> 4  2 </bdi>'),
        (f"/accounts/{account_id}", '<bdi class="quote">“ 4  2 ”</bdi>'),
        ("/audit", '<bdi class="quote">“ 4  2 ”</bdi>'),
    ):
        text = (await browser.get(DESK + path)).text
        assert (spelt in text, told in text) == (True, True), path
    found = (await browser.get(f"{DESK}/links?q=+4++2+")).text
    assert (f"/links/{padded.session.id}" in found, f"/links/{plain.session.id}" in found) == (True, False)
    found = (await browser.get(f"{DESK}/links?q=+4+2+")).text
    assert (f"/links/{padded.session.id}" in found, f"/links/{plain.session.id}" in found) == (False, True)
    text = (await browser.get(f"{DESK}/links/{plain.session.id}")).text
    assert ("“4 2”" in text, told in text) == (True, False)
    form = await browser.get(f"{DESK}/links/new")
    typed = {**TYPED, "origin_owner_id": " 4  2 ", "origin_owner_name": "Globex", "keep_id": " 4  2 "}
    asked = await browser.press(form, "Create link", typed)
    assert '<h2 class="exact">The origin owner ID “ 4  2 ” is known under the name “Acme”.' in asked.text


async def test_a_known_id_under_another_name_is_asked_about(staff: Staff) -> None:
    """The name that is known is shown before anything is made."""
    await staff.connected("42", "Acme")
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    asked = await browser.press(form, "Create link", {**TYPED, "origin_owner_name": "Globex"})
    assert (asked.status, "is known under the name “Acme”" in asked.text) == (422, True)
    assert len(await staff.made.hub.sessions.list()) == 1
    assert (await browser.press(asked, "Use the name “Acme”")).heading == "The link is ready"
    assert {s.origin_owner_name for s in await staff.made.hub.sessions.list()} == {"Acme"}
    await staff.connected("43", "Acme  Inc")  # two spaces are all that is different
    asked = await browser.press(
        form, "Create link", {**TYPED, "origin_owner_id": "43", "origin_owner_name": "Acme Inc"}
    )
    assert "is known under the name “Acme  Inc”" in asked.text


async def test_what_was_entered_is_changed_instead_of_answering(staff: Staff) -> None:
    """A question stands in the place of the form, whose edited fields its buttons would not send; the form
    comes back with all that was typed, and an answer is of one id and name alone."""
    await staff.connected("42", "Acme")
    await staff.connected("43", "Acme")
    browser = await staff.browser("operator")
    typed = {**TYPED, "origin_owner_name": "Globex", "origin_username": "ada@example.com", "days": "3"}
    asked = await browser.press(await browser.get(f"{DESK}/links/new"), "Create link", typed)
    assert [form.fields.get("origin_owner_id") for form in asked.forms if "days" in form.fields] == ["42"] * 3
    assert 'name="origin_owner_id" type="text"' not in asked.text
    form = await browser.press(asked, "Change what was entered")
    fields = form.form("Create link").fields
    assert fields.items() >= {name: value for name, value in typed.items() if name != "days"}.items()
    assert '<option value="3" selected' in form.text
    assert len(await staff.made.hub.sessions.list()) == 2
    kept = await browser.press(asked, "Use the new name")
    assert kept.heading == "The link is ready"
    answered = dict(next(f for f in asked.forms if "keep_name" in f.fields).fields)
    other = await browser.press(form, "Create link", {**answered, "origin_owner_id": "43"})
    assert "“43” is known under the name “Acme”" in other.text


async def test_a_question_quotes_in_one_short_line(staff: Staff) -> None:
    """What somebody outside wrote is quoted without what turns the text around it, and no longer than can be
    read; what the buttons send is whole."""
    name = "Acme \u202e" + "x" * 490
    await staff.connected("42", name)
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    asked = await browser.press(form, "Create link", {**TYPED, "origin_owner_name": "Globex"})
    assert f"is known under the name “Acme {'x' * 74}…”" in asked.text
    made = await browser.press(asked, f"Use the name “Acme {'x' * 34}…”")
    assert made.heading == "The link is ready"
    assert {s.origin_owner_name for s in await staff.made.hub.sessions.list()} == {name}

    owner_id = "a" * 253
    asked = await browser.press(form, "Create link", {**TYPED, "origin_owner_id": f" {owner_id} "})
    assert f"do you mean “{owner_id}”?" in asked.text
    assert (await browser.press(asked, f"Use “{'a' * 39}…”")).heading == "The link is ready"
    assert owner_id in [s.origin_owner_id for s in await staff.made.hub.sessions.list()]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"provider": "gone"}, "This provider is not enabled on this project."),
        ({"category": "nothing"}, "Choose one from the list."),
        (
            {"category": "crm", "provider": "simulated-key"},
            "This provider is not of that category. Choose another provider, or another category.",
        ),
        ({"days": "400"}, "Choose one from the list."),
        ({"origin_owner_id": "x" * 300}, "This is too long: write at most 255 characters."),
        (
            {"origin_owner_id": "\x00"},
            "There is a character in it that is not seen, such as a line break. Type it anew.",
        ),
    ],
)
async def test_a_form_that_cannot_be_used_says_which_field(
    staff: Staff, typed: dict[str, str], told: str
) -> None:
    """Nothing is made, and what was typed stands in the form."""
    browser = await staff.browser("operator")
    seen = await browser.press(await browser.get(f"{DESK}/links/new"), "Create link", {**TYPED, **typed})
    assert (seen.status, told in seen.text, 'value="Acme"' in seen.text) == (422, True, True)
    assert await staff.made.hub.sessions.list() == []


async def test_a_link_is_revoked_and_renewed(staff: Staff) -> None:
    """A revoked link opens nothing; the new one asks for the same."""
    hub = staff.made.hub
    old = await hub.links.create(
        origin_owner_id="42",
        origin_owner_name="Acme",
        provider="simulated-key",
        label="HQ",
        metadata={"a": "b"},
    )
    browser = await staff.browser("operator")
    page = await browser.get(f"{DESK}/links/{old.session.id}")
    page = await browser.press(await browser.get(page.link("Revoke")), "Revoke")
    assert ("Nobody can connect with it" in page.text, "Revoke" in page.links) == (True, False)
    assert (await (await staff.browser("nobody")).open(old.url)).status == 410
    staff.made.clock.advance(timedelta(seconds=1))
    made = await browser.press(await browser.get(page.link("Renew")), "Renew")
    assert made.heading == "The link is ready"
    new, _ = await hub.sessions.list()
    assert (new.provider, new.label, new.metadata) == ("simulated-key", "HQ", {"a": "b"})
    [entry] = await hub.audit.list(subject=str(new.id))
    assert entry.after is not None
    assert entry.after["renews"] == str(old.session.id)
    await hub.connector_settings.disable("simulated-key")
    refused = await browser.press(await browser.get(page.link("Renew")), "Renew")
    assert (refused.status, "connector_inactive" in refused.text) == (412, True)


async def test_a_link_s_page_says_where_its_customer_stopped(staff: Staff) -> None:
    """Each step with its name, and each failure with its code, in words, and with what to do, the newest
    first; a form that was not even tried is among them. What keeps the page up to date sees each of them."""
    hub, browser = staff.made.hub, await staff.browser("viewer")
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    address = f"{DESK}/links/{link.session.id}"
    keys = []

    async def key() -> str:
        staff.made.clock.advance(timedelta(seconds=1))
        state = json.loads((await browser.get(f"{address}/state")).text)
        assert f'data-live-key="{state["key"]}"' in (await browser.get(address)).text
        assert set(state) == {"key"}
        return str(state["key"])

    keys.append(await key())
    customer = Customer(hub)
    form = await customer.pick(link.url, "Acme Key")
    keys.append(await key())
    for typed in (" ", "wrong-key-0123456789"):
        form = await customer.press(form, "Connect Acme Key", {"f.api_key": typed})
        assert form.status == 422
        keys.append(await key())
    assert len(set(keys)) == len(keys)
    page = (await browser.get(address)).text
    history = page[page.index('class="history"') :]
    places = [
        history.index(told)
        for told in (
            "<code>rejected_credentials</code>",
            "Ask the customer to copy the key again",
            "The form of Acme Key was sent",
            "<code>validation_error</code>",
            "The customer was told which field.",
            "Acme Key was picked",
            "Link opened",
            "Link created",
        )
    ]
    assert places == sorted(places)
    await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    page = (await browser.get(address)).text
    assert "Acme Key was connected" in page
    assert "data-live=" in page  # more may be connected with it
    await hub.links.revoke(link.session.id)
    assert "data-live=" not in (await browser.get(address)).text


async def test_a_reconnect_link_says_whom_and_what_it_reconnects(staff: Staff) -> None:
    """Its owner and its provider are fixed, whatever is sent in their place; where the connector is off it is
    not offered, and its form says why."""
    hub, account_id = staff.made.hub, await staff.connected("42", "Acme")
    staff.made.clock.advance(timedelta(seconds=1))
    browser = await staff.browser("operator")
    page = await browser.get(f"{DESK}/accounts/{account_id}")
    form = await browser.get(page.link("Reconnect link"))
    assert form.heading == "Reconnect Acme · Acme Key"
    field = next(part for part in form.text.split("<input") if 'id="field-provider_name"' in part)
    assert ('value="Acme Key"' in field, " readonly" in field) == (True, True)
    assert '<select id="field-provider"' not in form.text
    wrong = await browser.press(form, "Create link", {"days": "400", "origin_owner_name": "Acme"})
    assert (wrong.status, wrong.heading) == (422, "Reconnect Acme · Acme Key")
    sent = {"days": "5", "provider": "simulated", "provider_name": "x", "origin_owner_id": "43"}
    made = await browser.press(wrong, "Create link", {**sent, "origin_owner_name": "Acme"})
    assert made.heading == "The link is ready"
    session = (await hub.sessions.list())[0]
    assert (session.account_id, session.provider, session.origin_owner_id) == (
        account_id,
        "simulated-key",
        "42",
    )
    await hub.connector_settings.disable("simulated-key")
    assert "Reconnect link" not in (await browser.get(f"{DESK}/accounts/{account_id}")).links
    told = "This connector is off on this project, so that nobody can reconnect with it."
    assert told in (await browser.get(page.link("Reconnect link"))).text
    refused = await browser.press(form, "Create link", {"days": "5", "origin_owner_name": "Acme"})
    assert (refused.status, told in refused.text) == (422, True)
    assert "Choose another one." not in refused.text


async def test_a_link_for_an_account_that_is_gone_says_so(staff: Staff) -> None:
    """Disconnected while the form of its reconnect link was open: the form comes again and says it, although
    no field of it is wrong; nothing is made."""
    account_id = await staff.connected()
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new?account={account_id}")
    before = len(await staff.made.hub.sessions.list())
    await staff.made.hub.accounts.delete(account_id)
    refused = await browser.press(form, "Create link", {"days": "5", "provider": "simulated-key"})
    assert (refused.status, refused.text.count('role="alert"')) == (422, 1)
    assert "The account that was to be reconnected is not there any more" in refused.text
    assert len(await staff.made.hub.sessions.list()) == before


async def test_a_reconnect_link_without_its_account_is_not_renewed(staff: Staff) -> None:
    """Its page says that the account is gone and offers no renewal, nor a way to the account; a question that
    was open meanwhile says that it is not possible any more, and nothing is made."""
    hub, account_id = staff.made.hub, await staff.connected()
    made = await hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key", account_id=account_id
    )
    browser = await staff.browser("operator")
    address = f"{DESK}/links/{made.session.id}"
    page = await browser.get(address)
    assert f'href="{DESK}/accounts/{account_id}"' in page.text
    question = await browser.get(page.link("Renew"))
    await hub.accounts.delete(account_id)
    before = len(await hub.sessions.list())
    refused = await browser.press(question, "Renew")
    assert (refused.status, "is not possible any more" in refused.text) == (422, True)
    assert len(await hub.sessions.list()) == before
    page = await browser.get(address)
    assert ("Renew" in page.links, "Revoke" in page.links) == (False, True)
    assert "The account that was to be reconnected is not there any more" in page.text
    assert f'href="{DESK}/accounts/{account_id}"' not in page.text


async def test_a_reason_is_said_in_the_reader_s_language(staff: Staff) -> None:
    """What the flow says of a field, as far as it is a text of the catalogue."""
    browser = await staff.browser("operator")
    form = await browser.get(f"{DESK}/links/new")
    browser.headers["accept-language"] = "de"
    seen = await browser.press(form, "Create link", {**TYPED, "origin_owner_id": "x" * 300})
    assert "Das ist zu lang: Schreiben Sie höchstens 255 Zeichen." in seen.text
