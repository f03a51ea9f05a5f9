"""Connectors as an operator sets them, and what a customer gets of it."""

import html
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import ConnectHub, HubConfig, OAuth, Project, Secret, SQLStorage
from connect_hub.audit import acting_as
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.errors import (
    AccountInactive,
    ConfigurationError,
    ConnectorInactive,
    ConnectorReadOnly,
    ValidationFailed,
)
from connect_hub.operators import Role
from connect_hub.testing import ProviderClient
from tests.customer import Customer, Seen
from tests.dashboard.desk import DESK, TESTER, Staff, later_connector
from tests.hubs import GOOD_KEY, make_hub

SECRET = "canary-secret-0123456789"
CLIENT = {"client_id": "later-client", "client_secret": SECRET}


def elsewhere(staff: Staff, tmp_path: Path) -> ConnectHub:
    """The same hub in what may be another process: nothing is shared but the database and the keys."""
    hub, provider = staff.made.hub, staff.made.provider
    return ConnectHub(
        public_url=hub.public_url.text,
        keys=hub.keys,
        storage=SQLStorage.sqlite(tmp_path / "hub.db"),
        connectors=[
            OAuth(provider.connector(), client_id="hub", client_secret="hub-secret-0123456789"),
            provider.key_connector(),
            later_connector(),
        ],
        config=hub.config,
    )


def register(staff: Staff) -> None:
    """What the operator does at the provider's own pages."""
    staff.made.provider.add_client(
        ProviderClient(
            client_id="later-client",
            client_secret=Secret(SECRET),
            redirect_uris=tuple(
                f"https://hub.test/connect/oauth/callback/{key}" for key in ("later", "either")
            ),
        )
    )


def written(tmp_path: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))


async def connect_later(staff: Staff, hub: ConnectHub) -> Seen:
    """A customer's whole way with 'Later Login', through `hub`."""
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="later")
    customer = Customer(hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Later Login")
    assert leaving.refresh is not None
    return await customer.get(staff.made.provider.approve(leaving.refresh, user="ada"))


async def test_the_operator_sets_a_client_and_a_customer_connects_with_it(
    staff: Staff, tmp_path: Path
) -> None:
    """From 'No OAuth client' to a linked account whose token is refreshed, in a hub of another process that
    runs all the while; disabled, the account is inactive there at once, and enabled it is back."""
    hub, there = staff.made.hub, elsewhere(staff, tmp_path)
    browser = await staff.browser("admin")
    with pytest.raises(ConnectorInactive):
        await there.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="later")
    seen = await browser.get((await browser.get(f"{DESK}/connectors")).link("Later Login"))
    assert "No OAuth client" in seen.text
    form = await browser.get(seen.link("Set OAuth client"))
    assert 'value="https://hub.test/connect/oauth/callback/later"' in form.text
    seen = await browser.press(form, "Save", {**CLIENT, "client_secret": f"  {SECRET} ", "public": ""})
    assert (seen.heading, "The OAuth client is set." in seen.text) == ("Later Login", True)
    assert "later-client" in seen.text
    register(staff)
    done = await connect_later(staff, there)
    assert done.heading == "Later Login is connected"
    [account] = await there.accounts.list(providers=["later"])
    before = (await there.credentials(account.id)).secrets["access_token"].reveal()
    staff.made.clock.advance(timedelta(hours=2))
    after = (await there.credentials(account.id)).secrets["access_token"].reveal()
    assert after != before

    browser = await staff.browser("admin")  # the other sign-in is over by now
    asked = await browser.get((await browser.get(f"{DESK}/connectors/later")).link("Disable"))
    assert asked.heading == "Disable this connector?"
    assert "1 account would be inactive" in asked.text
    assert asked.link("Acme") == f"{DESK}/accounts/{account.id}"
    seen = await browser.press(asked, "Disable")
    assert "Disabled" in seen.text
    assert (await there.accounts.get(account.id)).status.value == "inactive"
    assert [one.id for one in await hub.accounts.list(providers=["later"])] == [account.id]
    with pytest.raises(AccountInactive):
        await there.credentials(account.id)
    with pytest.raises(ConnectorInactive):
        await there.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="later")
    asked = await browser.get(seen.link("Enable"))
    assert "would be inactive" not in asked.text
    await browser.press(asked, "Enable")
    assert (await there.accounts.get(account.id)).status.value == "active"
    assert (await there.credentials(account.id)).secrets
    await there.aclose()


async def test_disabling_takes_effect_in_the_middle_of_a_sign_in(staff: Staff) -> None:
    """A customer who is at the provider when the connector is disabled comes back to a closed door, and
    nothing is stored; a list that is open offers it no more, and offers it again when it is enabled."""
    hub = staff.made.hub
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(hub)
    listed = await customer.enter(link.url)
    leaving = await customer.press(await customer.get(listed.link("Acme Login")), "Connect Acme Login")
    assert leaving.refresh is not None
    back = staff.made.provider.approve(leaving.refresh, user="ada")
    await hub.connector_settings.disable("simulated")
    assert (await customer.get(back)).status == 404
    assert staff.made.token_calls() == 0
    assert await hub.accounts.list() == []
    assert (await customer.get(leaving.url)).status == 404
    await hub.connector_settings.enable("simulated")
    assert "Acme Login" in (await customer.get(listed.url)).text


async def test_another_client_id_is_confirmed_with_the_accounts_that_it_ends(staff: Staff) -> None:
    """Tokens belong to the client that they were given to: the form says whose, keeps what was typed, and
    stores nothing unconfirmed. A new secret alone asks nothing, and an empty one keeps the stored."""
    hub, browser = staff.made.hub, await staff.browser("admin")
    await hub.connector_settings.configure("later", client_id="later-client", client_secret=SECRET)
    register(staff)
    await connect_later(staff, hub)
    url, unticked = f"{DESK}/connectors/later/client", {"confirmed": "", "public": ""}
    form = await browser.get(url)
    assert "Acme" in form.links
    assert "1 account would have to connect again once its access runs out." in form.text
    assert SECRET not in form.text
    other = {"client_id": "another", "client_secret": "typed-0123456789"}
    refused = await browser.press(form, "Save", {**unticked, **other})
    assert (refused.status, "Say that these accounts may have to connect again" in refused.text) == (
        422,
        True,
    )
    assert 'value="another"' in refused.text
    assert 'value="typed-0123456789"' in refused.text
    assert (await hub.connector_settings.get("later")).stored_client_id == "later-client"
    kept = await browser.press(form, "Save", unticked)
    assert (kept.status, kept.heading) == (200, "Later Login")
    assert (await connect_later(staff, hub)).heading == "Later Login is connected again"
    confirmed = {**unticked, "confirmed": "1"}
    missing = await browser.press(form, "Save", {**confirmed, "client_id": "another"})
    assert (missing.status, "unless it is a public client" in missing.text) == (422, True)
    field = missing.text.partition('<label for="field-client_secret">')[2].partition(
        "field-client_secret-error"
    )[0]
    assert "Another client ID has a secret of its own." in field
    assert not any(told in field for told in ("Leave it empty", "(optional)"))  # which the error contradicts
    seen = await browser.press(form, "Save", {**confirmed, **other})
    assert (seen.status, "another" in seen.text) == (200, True)
    asked = await browser.get(seen.link("Remove client"))
    assert "Acme" in asked.links
    seen = await browser.press(asked, "Remove client")
    assert "There is none yet." in seen.text
    [account] = await hub.accounts.list()
    assert account.status.value == "inactive"


async def test_without_its_client_a_connector_keeps_the_accounts_of_other_methods(staff: Staff) -> None:
    """Of a connector that takes a key as well, only the accounts that signed in with OAuth are inactive once
    the client is removed: on the page, in the list's filters, by API; with a client again they are back."""
    hub, browser = staff.made.hub, await staff.browser("admin")
    ways = (await browser.get(f"{DESK}/connectors/either")).text
    assert "(no OAuth client yet)" in ways
    await hub.connector_settings.configure("either", client_id="later-client", client_secret=SECRET)
    register(staff)
    accounts = {}
    for owner, method in (("42", "oauth2"), ("43", "api_key")):
        link = await hub.links.create(origin_owner_id=owner, origin_owner_name=method, provider="either")
        customer = Customer(hub)
        form = await customer.enter(link.url)
        if method == "oauth2":
            leaving = await customer.press(form, "Connect Either Login")
            assert leaving.refresh is not None
            done = await customer.get(staff.made.provider.approve(leaving.refresh, user="ada"))
        else:
            by_key = await customer.get(form.link("API key"))
            done = await customer.press(by_key, "Connect Either Login", {"f.api_key": GOOD_KEY})
        assert done.heading == "Either Login is connected"
        [account] = await hub.accounts.list(origin_owner_ids=[owner])
        accounts[method] = account.id
    client = await browser.get(f"{DESK}/connectors/either/client")
    assert ("oauth2" in client.links, "api_key" in client.links) == (True, False)
    assert "Accounts that signed in with OAuth would have to connect again" in client.text
    page = await browser.get(f"{DESK}/connectors/either")
    disabling = await browser.get(page.link("Disable"))
    assert "2 accounts would be inactive." in disabling.text
    asked = await browser.get(page.link("Remove client"))
    assert ("oauth2" in asked.links, "api_key" in asked.links) == (True, False)
    assert "Accounts that signed in with OAuth would be inactive." in asked.text
    await browser.press(asked, "Remove client")

    async def found(status: str) -> set[str]:
        listed = await browser.get(f"{DESK}/accounts?provider=either&status={status}")
        return {method for method, account_id in accounts.items() if account_id in listed.text}

    assert (await found("inactive"), await found("active")) == ({"oauth2"}, {"api_key"})
    assert (await hub.accounts.get(accounts["oauth2"])).status.value == "inactive"
    assert (await hub.accounts.get(accounts["api_key"])).status.value == "active"
    with pytest.raises(AccountInactive):
        await hub.credentials(accounts["oauth2"])
    await hub.credentials(accounts["api_key"])
    await hub.connector_settings.configure("either", client_id="later-client", client_secret=SECRET)
    assert (await found("inactive"), await found("active")) == (set(), {"oauth2", "api_key"})


async def test_the_secret_is_sealed_and_never_told(staff: Staff, tmp_path: Path) -> None:
    """T46: the client secret stands in no page, answer, log of changes or export, and not in the database;
    who set it and when does. Copied to another project's row it does not open."""
    hub = staff.made.hub
    browser = await staff.browser("admin")
    form = await browser.get(f"{DESK}/connectors/later/client")
    await browser.press(form, "Save", {**CLIENT, "public": ""})
    detail = await browser.get(f"{DESK}/connectors/later")
    assert "Client secret set" in detail.text
    for path in (
        "connectors",
        "connectors/later",
        "connectors/later/client",
        "audit",
        "audit.csv",
        "settings",
    ):
        seen = await browser.get(f"{DESK}/{path}")
        assert (seen.status, SECRET in seen.text) == (200, False), path
    [entry] = await hub.audit.list(action="connector.configured")
    assert (entry.actor.name, entry.subject) == ("Admin", "later")
    assert entry.after is not None
    assert entry.after["client_id"] == "later-client"
    assert str(entry.after["client_secret"]).startswith("set 2026-")
    state = await hub.connector_settings.get("later")
    assert state.client is not None
    assert state.client.secret_set_by == "Admin"
    assert SECRET not in repr(entry) + repr(state)
    assert SECRET.encode() not in written(tmp_path)
    [mine] = await hub.storage.connector_settings("default")
    await hub.storage.change_connector("other", "later", lambda _: mine, now=mine.updated_at)
    copied = await hub.connector_settings.get("later", project="other")
    assert copied.client is not None
    assert (copied.client.is_readable, copied.is_active) == (False, False)
    chief = await staff.browser("chief")
    seen = await chief.get("/connect/dashboard/in/other/connectors/later")
    assert "cannot be opened" in seen.text


async def test_what_code_says_stands_and_the_page_says_so(tmp_path: Path) -> None:
    """A client of code is not changed from here, a connector that code leaves out of the project is not
    enabled, and scopes of code stay when operators set the client; each is told, none is a dead button."""
    made = make_hub(
        tmp_path,
        connectors=[OAuth(later_connector(), scopes=["profile"])],
        config=HubConfig(
            projects={"default": Project(connectors=frozenset({"simulated", "later"}))},
            dashboard=DashboardConfig(auth=OperatorTokens()),
        ),
    )
    hub = made.hub
    staff = Staff(made, {"admin": (await hub.operators.add(name="Admin", roles={"*": Role.ADMIN})).token})
    browser = await staff.browser("admin")
    coded = await browser.get(f"{DESK}/connectors/simulated")
    assert "The OAuth client is set in code, and changed there." in coded.text
    assert "Change OAuth client" not in coded.links
    assert (await browser.get(f"{DESK}/connectors/simulated/client")).status == 409
    out = await browser.get(f"{DESK}/connectors/simulated-key")
    assert "leaves this connector out" in out.text
    assert "Enable" not in out.links
    assert (await browser.get(f"{DESK}/connectors/simulated-key/enable")).status == 409
    with pytest.raises(ConnectorReadOnly):
        await hub.connector_settings.enable("simulated-key")
    with pytest.raises(ConnectorReadOnly):
        await hub.connector_settings.configure("simulated", client_id="x", public=True)
    form = await browser.get(f"{DESK}/connectors/later/client")
    assert 'name="scopes"' not in form.text
    await browser.press(form, "Save", {**CLIENT, "public": ""})
    state = await hub.connector_settings.get("later")
    assert (state.scopes, state.scopes_source, state.is_active) == (("profile",), "code", True)
    assert "Left out in code" in (await browser.get(f"{DESK}/connectors")).text
    assert (await browser.get(f"{DESK}/connectors/nothing")).status == 404


def test_without_a_dashboard_a_missing_client_still_stops_the_start(tmp_path: Path) -> None:
    """What nobody could set later is told at the start, by name, with both ways out."""
    with pytest.raises(ConfigurationError, match="'later' signs in with OAuth 2 and has no client") as error:
        make_hub(tmp_path, connectors=[later_connector()])
    assert "dashboard" in error.value.message


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"client_id": "", "client_secret": "x"}, "client_id"),
        ({"client_id": "a b", "client_secret": "x"}, "client_id"),
        ({"client_id": "x" * 256, "client_secret": "x"}, "client_id"),
        ({"client_id": "a", "client_secret": "se\ncret"}, "client_secret"),
        ({"client_id": "a", "client_secret": ""}, "client_secret"),
        ({"client_id": "a", "client_secret": "x", "public": "1"}, "client_secret"),
        ({"client_id": "a", "client_secret": "x", "scopes": "réad"}, "scopes"),
        ({"client_id": "a", "client_secret": "x", "scopes": 'read "write'}, "scopes"),
    ],
)
async def test_bad_input_is_named_and_loses_nothing(staff: Staff, fields: dict[str, str], field: str) -> None:
    """A field that cannot be right is answered at that field, with what was typed, and nothing is stored."""
    browser = await staff.browser("admin")
    form = await browser.get(f"{DESK}/connectors/later/client")
    refused = await browser.press(form, "Save", {"public": "", **fields})
    assert (refused.status, f'id="field-{field}-error"' in refused.text) == (422, True)
    assert "This cannot be used" not in refused.text  # a whole sentence instead
    for name in {"client_id", "scopes"} & fields.keys():
        assert f'value="{fields[name]}"' in html.unescape(refused.text)
    assert await staff.made.hub.storage.connector_settings("default") == []


async def test_a_form_that_was_open_overwrites_nothing_unseen(staff: Staff) -> None:
    """What was set meanwhile stays until the form, which says so, is sent once more."""
    settings, browser = staff.made.hub.connector_settings, await staff.browser("admin")
    form = await browser.get(f"{DESK}/connectors/later/client")
    with acting_as(TESTER):
        await settings.configure("later", client_id="abc", client_secret="x", scopes=["profile"])
    stale = await browser.press(form, "Save", {"client_id": "abc", "client_secret": "y", "public": ""})
    assert (stale.status, "This was changed while the form was open" in stale.text) == (422, True)
    assert (await settings.get("later")).scopes == ("profile",)
    done = await browser.press(stale, "Save", {"client_secret": "y", "public": ""})
    assert (done.status, (await settings.get("later")).scopes) == (200, None)


async def test_code_of_the_host_sets_the_same(staff: Staff) -> None:
    """By `hub.connector_settings`, with scopes of one's own and a public client; each project by itself."""
    settings = staff.made.hub.connector_settings
    with acting_as(TESTER):
        state = await settings.configure("later", client_id="open", public=True, scopes=["profile"])
    assert state.client is not None
    assert (state.client.has_secret, state.scopes, state.is_active) == (False, ("profile",), True)
    with pytest.raises(ValidationFailed, match="client_id"):
        await settings.configure("simulated-key", client_id="x", public=True)
    assert {one.key: one.is_active for one in await settings.list(project="other")} == {
        "simulated": True,
        "simulated-key": True,
        "later": False,
        "either": True,
    }
