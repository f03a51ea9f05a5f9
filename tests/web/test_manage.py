"""The manage view: what a customer has connected, its health, and the way to end or renew it."""

from pathlib import Path

from connect_hub import Account, HubConfig, PageConfig, Subject, Visitor
from connect_hub.models import Binding
from tests.customer import Customer, Seen
from tests.hubs import GOOD_KEY, OTHER_KEY, Hub, make_hub
from tests.web.stored import fingerprint
from tests.web.test_visit import KEY, entered, linked


def _signed_in(visitor: Visitor) -> Subject:
    return Subject("42", project="default")


def managed_hub(tmp_path: Path) -> Hub:
    return make_hub(tmp_path, config=HubConfig(pages=PageConfig(identity=_signed_in)))


async def managing(made: Hub) -> tuple[Customer, Seen]:
    """The customer 42 in a session that may manage."""
    return await entered(made, manage=True, binding=Binding.HOST_IDENTITY)


def url_of(listed: Seen, account: Account) -> str:
    return f"{listed.url}/accounts/{account.id}"


async def test_customer_sees_and_disconnects(tmp_path: Path) -> None:
    """The list shows each account with its state and who it is; its page says since when and by whom;
    disconnecting asks first, changes nothing until the answer, and is told to the host."""
    made = managed_hub(tmp_path)
    account = await linked(made, origin_username="ada@example.com")
    customer, listed = await managing(made)
    assert "What you have connected" in listed.text
    shown = await customer.get(listed.link("Acme Key"))
    assert shown.url == url_of(listed, account)
    for text in ("ada", "2 Jan 2026, 03:04", "ada@<wbr>example.com", "Connected as"):
        assert text in shown.text
    before = fingerprint(tmp_path)
    question = await customer.get(shown.link("Disconnect"))
    assert question.heading == "Disconnect Acme Key?"
    kept = await customer.get(question.link("Keep it connected"))
    assert kept.heading == "Acme Key"
    assert fingerprint(tmp_path) == before
    gone = await customer.press(question, "Disconnect Acme Key")
    assert "Acme Key was disconnected." in gone.text
    assert "What you have connected" not in gone.text
    assert await made.hub.accounts.list() == []
    assert (await customer.press(question, "Disconnect Acme Key")).status == 404


async def test_customer_reconnects_what_needs_it(tmp_path: Path) -> None:
    """An account whose sign-in ended says so in words, and its reconnection keeps its id."""
    made = managed_hub(tmp_path)
    account = await linked(made)
    await made.hub.accounts.suspend(account.id, reason="<b>A bill</b> is open")
    customer, listed = await managing(made)
    shown = await customer.get(url_of(listed, account))
    assert "Paused" in shown.text
    assert "does not use this account at the moment" in shown.text
    assert "<b>A bill" not in shown.text
    form = await customer.get(shown.link("Reconnect"))
    assert form.heading == "Reconnect Acme Key"
    done = await customer.press(form, "Reconnect Acme Key", KEY)
    assert done.heading == "Acme Key is connected again"
    assert [found.id for found in await made.hub.accounts.list()] == [account.id]


async def test_customer_reconnects_one_of_several(tmp_path: Path) -> None:
    """Of several accounts at one provider the chosen one is renewed, in a session for several and in one that
    is not; a refused form, and the question whether it may be somebody else, lead back to it."""
    made = managed_hub(tmp_path)
    older, newer = await linked(made, multiple=True), await linked(made, key=OTHER_KEY, multiple=True)
    for generation, multiple in ((2, True), (3, False)):
        customer, listed = await entered(made, manage=True, multiple=multiple, binding=Binding.HOST_IDENTITY)
        shown = await customer.get(url_of(listed, older))
        form = await customer.get(shown.link("Reconnect"))
        assert form.heading == "Reconnect Acme Key"
        wrong = await customer.press(form, "Reconnect Acme Key", {"f.api_key": "wrong-key-0123456789"})
        assert wrong.status == 422
        other = await customer.press(wrong, "Reconnect Acme Key", {"f.api_key": OTHER_KEY})
        assert other.heading == "Is this the right account?"
        form = await customer.get(other.link("Choose"))
        done = await customer.press(form, "Reconnect Acme Key", KEY)
        assert done.heading == "Acme Key is connected again"
        found = {account.id: account.generation for account in await made.hub.accounts.list()}
        assert found == {older.id: generation, newer.id: 1}


async def test_customer_signs_in_again_for_one_of_several(tmp_path: Path) -> None:
    """The same over the provider's own sign-in, where somebody else's account is accepted for the chosen."""
    made = managed_hub(tmp_path)
    accounts: list[Account] = []
    for user in ("ada", "bob"):
        customer, form = await entered(made, provider="simulated", multiple=True)
        leaving = await customer.press(form, "Connect Acme Login")
        await customer.get(made.provider.approve(leaving.refresh or "", user=user))
        [account] = [a for a in await made.hub.accounts.list() if a.id not in {one.id for one in accounts}]
        accounts.append(account)
    customer, listed = await entered(made, manage=True, multiple=True, binding=Binding.HOST_IDENTITY)
    shown = await customer.get(url_of(listed, accounts[0]))
    leaving = await customer.press(await customer.get(shown.link("Reconnect")), "Reconnect Acme Login")
    asked = await customer.get(made.provider.approve(leaving.refresh or "", user="bob"))
    done = await customer.press(asked, "Connect")
    assert done.heading == "Acme Login is connected again"
    found = {account.id: account.generation for account in await made.hub.accounts.list()}
    assert found == {accounts[0].id: 2, accounts[1].id: 1}


async def test_nobody_reconnects_what_is_not_theirs(tmp_path: Path) -> None:
    """T51: an account's id in the address, or in a form that was made for another one, opens nothing that the
    session may not manage, nor an account of another provider."""
    made = managed_hub(tmp_path)
    own, foreign = await linked(made, multiple=True), await linked(made, key=OTHER_KEY, origin_owner_id="13")
    plain, plain_list = await entered(made, multiple=True)
    manager, manager_list = await managing(made)
    for customer, listed, account in (
        (plain, plain_list, own),
        (plain, plain_list, foreign),
        (manager, manager_list, foreign),
    ):
        address = f"{listed.url}/connect/simulated-key?account={account.id}"
        assert (await customer.get(address)).status == 404
        form = (await customer.get(f"{listed.url}/connect/simulated-key")).form("Acme Key")
        form.action += f"?account={account.id}"
        assert (await customer.send(form, KEY)).status == 404
    assert (await manager.get(f"{manager_list.url}/connect/simulated?account={own.id}")).status == 404
    assert {account.generation for account in await made.hub.accounts.list()} == {1}


async def test_nobody_manages_what_is_not_theirs(tmp_path: Path) -> None:
    """T51: neither a session without `manage` nor one of another owner sees, or disconnects, an account."""
    made = managed_hub(tmp_path)
    own, foreign = await linked(made), await linked(made, key=OTHER_KEY, origin_owner_id="13")
    plain, plain_list = await entered(made)
    manager, manager_list = await managing(made)
    question = await manager.get(f"{url_of(manager_list, own)}/disconnect")
    form = question.form("Disconnect")
    for customer, listed, account in (
        (plain, plain_list, own),
        (plain, plain_list, foreign),
        (manager, manager_list, foreign),
    ):
        for path in ("", "/disconnect"):
            seen = await customer.get(url_of(listed, account) + path)
            assert seen.status == 404
        form.action = f"{url_of(listed, account)}/disconnect".removeprefix(customer.origin)
        assert (await customer.send(form)).status == 404
    form.action = f"{url_of(manager_list, own)}/disconnect".removeprefix(manager.origin)
    form.fields["nonce"] = "1.forged"
    refused = await manager.send(form)
    assert refused.status == 403
    cross = await manager.request(
        "POST", form.action, form.fields, origin="https://evil.example", sec_fetch_site="cross-site"
    )
    assert cross.status == 403
    assert len(await made.hub.accounts.list()) == 2
    assert GOOD_KEY[-4:] not in plain_list.text


# --- the choice of a language ---


async def test_reader_chooses_a_language(tmp_path: Path) -> None:
    """The choice works without scripts, before and within a visit, comes back to the same page, and stays;
    a session's own locale decides, and then there is no choice."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    landing = await customer.open(link.url)
    german = landing.form("Deutsch")
    seen = await customer.send(german, {"lang": "de"})
    assert seen.headers["content-language"] == "de"
    listed = await customer.press(seen, "Weiter")
    assert listed.headers["content-language"] == "de"
    french = await customer.send(listed.form("Français"), {"lang": "fr"})
    assert (french.url, french.headers["content-language"]) == (listed.url, "fr")
    form = await customer.get(french.link("Acme Key"))
    japanese = await customer.send(form.form("日本語"), {"lang": "ja"})
    assert (japanese.url, japanese.headers["content-language"]) == (form.url, "ja")
    assert all(
        {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        for line in customer.set_cookies
    )
    forced = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", locale="es")
    spanish = await customer.open(forced.url)
    assert spanish.headers["content-language"] == "es"
    assert "Deutsch" not in spanish.text


async def test_choice_of_a_language_leads_nowhere_else(tmp_path: Path) -> None:
    """T19: whatever stands in `back`, the answer leads to a page of the hub; an unknown tag sets nothing."""
    made = make_hub(tmp_path)
    customer = Customer(made.hub)
    own = {"origin": customer.origin, "sec_fetch_site": "same-origin"}
    for back in (
        "https://evil.example/",
        "//evil.example",
        "/connect//evil.example",
        "/connect/../x",
        "/connect\\evil",
        "/other",
        "",
        "/connect/\r\nx: y",
        "/connect/?q=\r\nx: y",
        "/connect/?q=\\evil",
        "//evil.example/?q=/connect/",
        "/connect//evil.example?q",
        "/connect/?" + "q" * 3000,
    ):
        seen = await customer.request("POST", "/connect/language", {"lang": "de", "back": back}, **own)
        assert (seen.status, seen.headers["location"]) == (303, "/connect/")
    customer.set_cookies.clear()
    seen = await customer.request("POST", "/connect/language", {"lang": "xx", "back": "/connect/"}, **own)
    assert customer.set_cookies == []
    cross = await customer.request(
        "POST", "/connect/language", {"lang": "de", "back": "/connect/"}, sec_fetch_site="cross-site"
    )
    assert cross.status == 403
