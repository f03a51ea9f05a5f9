"""The sign-in by token: what it takes, what it gives, and how it ends."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connect_hub import HubConfig, KeyRing
from connect_hub.config import NetworkConfig, Rate, RateConfig
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.errors import ConfigurationError, ValidationFailed
from connect_hub.operators import Operator, Role
from tests.customer import Customer, Form
from tests.dashboard.desk import DESK, Staff, make_desk, sign_in
from tests.hubs import make_hub

SIGN_IN = Form("/connect/dashboard/sign-in")
TOLD = "You were signed out. What you sent was not done."


async def test_without_configuration_there_is_no_dashboard(tmp_path: Path) -> None:
    """Every address of it is as unknown as any other."""
    customer = Customer(make_hub(tmp_path).hub, headers={"accept": "text/html"})
    for path in ("", "/sign-in", "/in/default", "/in/default/accounts"):
        seen = await customer.get(f"/connect/dashboard{path}")
        assert (seen.status, "dashboard" in seen.text) == (404, False)


async def test_a_token_signs_in_and_leads_where_the_browser_wanted_to_go(staff: Staff) -> None:
    """The page asked for comes after the sign-in; without one it is the first project."""
    browser = await staff.browser("nobody")
    asked = await browser.get("/connect/dashboard/in/default/links?status=open")
    assert asked.url.split("?")[0].endswith("/dashboard/sign-in")
    seen = await browser.press(asked, "Sign in", {"token": f" {staff.tokens['viewer']}\n"})
    assert (seen.status, seen.heading) == (200, "Links")
    assert seen.url.endswith("/dashboard/in/default/links?status=open")
    assert (await (await staff.browser("operator")).get("/connect/dashboard")).heading == "Overview"


async def test_an_address_comes_back_as_it_was(staff: Staff) -> None:
    """What stands in a path in quotes, such as a question mark, is not taken for the end of it."""
    browser = await staff.browser("nobody")
    asked = await browser.get("/connect/dashboard/in/default/accounts/a%3Fb%23c%25?done=x")
    assert asked.form("Sign in").fields["next"].endswith("/accounts/a%3Fb%23c%25?done=x")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/connect/dashboard",
        "/connect/dashboard/../../evil",
        "/connect/dashboard/%2e%2e/evil",
        "/connect/dashboard//evil.example",
        "/connect/dashboard\\evil",
        "/connect/dashboards",
        "/connect/accounts",
        "javascript:alert(1)",
    ],
)
async def test_the_sign_in_leads_nowhere_else(staff: Staff, elsewhere: str) -> None:
    """Only an address of the dashboard is gone on to (T17)."""
    browser = await staff.browser("nobody")
    seen = await browser.request(
        "POST",
        SIGN_IN.action,
        {"token": staff.tokens["viewer"], "next": elsewhere},
        origin=browser.origin,
        sec_fetch_site="same-origin",
    )
    assert (seen.status, seen.headers["location"]) == (303, "/connect/dashboard")


async def test_the_cookie_is_the_hub_s_alone(staff: Staff) -> None:
    """T27: `__Host-`, HttpOnly, Secure, SameSite=Strict, and no token in it."""
    browser = await staff.browser("admin")
    [line] = [line for line in browser.set_cookies if "chubop" in line]
    assert line.startswith("__Host-chubop_")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(line.split("; "))
    assert staff.tokens["admin"].split("_", 2)[2] not in line


async def test_a_session_cannot_be_fixed(staff: Staff) -> None:
    """A cookie from before the sign-in, one's own or one planted, opens nothing after it."""
    browser = await staff.browser("viewer")
    planted = dict(browser.cookies)
    assert (await browser.get("/connect/dashboard/sign-in")).heading == "Overview"
    await sign_in_again(browser, staff.tokens["admin"])
    assert browser.cookies != planted
    other = await staff.browser("nobody")
    other.cookies = dict.fromkeys(planted, "A" * 43)
    await sign_in(other, staff.tokens["viewer"])
    assert "A" * 43 not in other.cookies.values()
    other.cookies = planted
    assert "/sign-in" in (await other.get("/connect/dashboard/in/default")).url


async def test_who_has_no_role_signs_in_as_somebody_else(staff: Staff, tmp_path: Path) -> None:
    """The form is asked for, not led on from, or they could go nowhere: here once their project is gone."""
    made = await staff.made.hub.operators.add(name="Ada", roles={"other": Role.VIEWER})
    config = HubConfig(dashboard=DashboardConfig(auth=OperatorTokens()))
    (tmp_path / "restarted").mkdir()
    keys = staff.made.hub.keys
    assert isinstance(keys, KeyRing)
    hub = make_hub(tmp_path / "restarted", storage=staff.made.hub.storage, config=config, keys=keys).hub
    browser = Customer(hub, headers={"accept": "text/html"})
    refused = await browser.send(SIGN_IN, {"token": made.token})
    assert (refused.status, refused.heading) == (403, "This dashboard is not open to you")
    form = await browser.get(refused.link("Sign in as somebody else"))
    assert (await browser.press(form, "Sign in", {"token": staff.tokens["viewer"]})).status == 200


async def sign_in_again(browser: Customer, token: str) -> None:
    """By a form that was open before: whoever is signed in is not asked for a token."""
    assert (await browser.send(SIGN_IN, {"token": token})).status == 200


async def test_tokens_cannot_be_guessed_at(staff: Staff, caplog: pytest.LogCaptureFixture) -> None:
    """Brute force: wrong, cut, revoked and unknown tokens are one answer, and after some of them a 429."""
    token = staff.tokens["viewer"]
    id_, secret = token.split("_")[1], token.split("_", 2)[2]
    await staff.made.hub.operators.revoke(staff.tokens["operator"].split("_")[1])
    browser = await staff.browser("nobody")
    answers = set()
    for guess in ("", "x", token[:-1], f"cho_{id_}_{secret[::-1]}", f"cho_{id_[::-1]}_{secret}", "\x00" * 99,
                  staff.tokens["operator"]):  # fmt: skip
        seen = await browser.send(SIGN_IN, {"token": guess})
        assert (len(guess) > 1 and guess in seen.text, seen.status) == (False, 422)
        answers.add(seen.text)
    assert len(answers) == 1
    assert browser.cookies == {}
    refused = [record.getMessage() for record in caplog.records if record.name == "connect_hub.dashboard"]
    assert len(refused) == 7
    assert id_ in refused[3]
    assert secret not in caplog.text
    last = [(await browser.send(SIGN_IN, {"token": "x"})).status for _ in range(10)]
    assert last[-1] == 429
    assert (await browser.send(SIGN_IN, {"token": token})).status == 429


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example", "sec_fetch_site": ""},
        {"origin": "null", "sec_fetch_site": ""},
    ],
)
async def test_a_foreign_page_signs_nobody_in(staff: Staff, headers: dict[str, str]) -> None:
    """T28: login CSRF is refused, and no cookie is set."""
    browser = await staff.browser("nobody")
    seen = await browser.send(SIGN_IN, {"token": staff.tokens["viewer"]}, **headers)
    assert (seen.status, browser.cookies) == (403, {})


async def test_signing_out_ends_the_session(staff: Staff) -> None:
    """The cookie is dead in the hub, and not only forgotten by the browser."""
    browser = await staff.browser("viewer")
    kept = dict(browser.cookies)
    seen = await browser.press(await browser.get("/connect/dashboard"), "Sign out")
    assert (seen.heading, browser.cookies) == ("Sign in to the dashboard", {})
    browser.cookies = kept
    assert "/sign-in" in (await browser.get("/connect/dashboard/in/default")).url


async def test_a_removed_operator_is_out_at_once(staff: Staff) -> None:
    """Whatever page is open: the next request, reading or writing, leads to the sign-in; nothing happens."""
    browser = await staff.browser("operator")
    form = (await browser.get("/connect/dashboard/in/default/links/new")).form("Create link")
    await staff.made.hub.operators.revoke(staff.tokens["operator"].split("_")[1])
    typed = {"origin_owner_id": "42", "origin_owner_name": "Acme"}
    assert (await browser.send(form, typed)).heading == "Sign in to the dashboard"
    assert (await browser.get("/connect/dashboard/in/default")).heading == "Sign in to the dashboard"
    refused = await browser.request("GET", "/connect/dashboard/in/default", accept="application/json")
    assert (refused.status, '"operator_required"' in refused.text) == (403, True)
    assert await staff.made.hub.sessions.list() == []


async def test_a_form_after_the_sign_in_ended_is_told_of(staff: Staff) -> None:
    """The sign-in says that nothing was done and leads back to the page of the form, which says it as well;
    what was typed is in no address, and nothing is made."""
    account_id = await staff.connected()
    browser = await staff.browser("operator")
    typed = {"origin_owner_id": "typed-42", "origin_owner_name": "Typed Ltd", "days": "5"}
    for page, button, back in (
        (f"{DESK}/links/new", "Create link", "Create Auth Link"),
        (f"{DESK}/links/new?account={account_id}", "Create link", "Reconnect"),
        (f"{DESK}/accounts/{account_id}/suspend", "Suspend", "Suspend this account?"),
    ):
        form = (await browser.get(page)).form(button)
        staff.made.clock.advance(timedelta(minutes=31))
        seen = await browser.send(form, typed)
        assert (seen.status, seen.heading) == (200, "Sign in to the dashboard")
        assert TOLD in seen.text
        assert all(
            part not in seen.url + seen.form("Sign in").fields["next"] for part in ("typed-42", "Typed")
        )
        assert "done=" in seen.form("Sign in").fields["next"]
        wrong = await browser.press(seen, "Sign in", {"token": "x"})
        assert (wrong.status, TOLD in wrong.text) == (422, True)
        seen = await browser.press(wrong, "Sign in", {"token": staff.tokens["operator"]})
        assert (seen.status, back in seen.heading, TOLD in seen.text) == (200, True, True)
        assert account_id in seen.text or "account" not in page
    assert len(await staff.made.hub.sessions.list()) == 1
    assert not (await staff.made.hub.accounts.get(account_id)).is_suspended
    home = await browser.get(DESK)
    staff.made.clock.advance(timedelta(minutes=31))
    seen = await browser.press(home, "Sign out")
    assert (seen.heading, TOLD in seen.text) == ("Sign in to the dashboard", False)


async def test_a_session_ends_by_itself(staff: Staff) -> None:
    """After half an hour without a request, and after twelve hours in any case."""
    browser = await staff.browser("viewer")
    for _ in range(30):
        staff.made.clock.advance(timedelta(minutes=24))
        seen = await browser.get("/connect/dashboard/in/default")
    assert seen.heading == "Sign in to the dashboard"
    await sign_in_again(browser, staff.tokens["viewer"])
    staff.made.clock.advance(timedelta(minutes=31))
    assert (await browser.get("/connect/dashboard/in/default")).heading == "Sign in to the dashboard"


async def test_only_the_hash_of_a_token_is_kept(staff: Staff) -> None:
    """T46: neither the token nor the cookie stands in the database."""
    browser = await staff.browser("admin")
    [database] = (staff.made.hub.storage.engine.url.database,)  # type: ignore[attr-defined]
    stored = b"".join(p.read_bytes() for p in Path(database).parent.iterdir() if p.is_file())
    for secret in (*(t.split("_", 2)[2] for t in staff.tokens.values()), *browser.cookies.values()):
        assert secret.encode() not in stored


async def test_an_operator_needs_a_name_and_roles_that_exist(staff: Staff) -> None:
    """What is wrong is named; nobody is made."""
    before = await staff.made.hub.operators.list()
    for name, roles, wrong in (
        ("", {"default": Role.VIEWER}, "name"),
        ("x" * 81, {"default": Role.VIEWER}, "name"),
        ("Ada", {}, "roles"),
        ("Ada", {"nowhere": Role.VIEWER}, "roles"),
    ):
        with pytest.raises(ValidationFailed, match=wrong):
            await staff.made.hub.operators.add(name=name, roles=roles)
    assert await staff.made.hub.operators.list() == before


async def test_the_rate_is_configured(tmp_path: Path) -> None:
    """A host may allow fewer tries."""
    rates = replace(RateConfig(), sign_ins=Rate(1, 1))
    staff = await make_desk(tmp_path, network=NetworkConfig(rates=rates))
    browser = await staff.browser("nobody")
    assert [(await browser.send(SIGN_IN, {"token": "x"})).status for _ in range(2)] == [422, 429]
    assert HubConfig().network.rates.sign_ins is not None


A: Any = Role.ADMIN
NO_OPERATORS: list[tuple[Any, str]] = [
    (True, "it must return an Operator"),
    ("ada", "it must return an Operator"),
    (Operator("", "Ada", {"*": A}), "the id of its Operator"),
    (Operator("7" * 256, "Ada", {"*": A}), "the id of its Operator"),
    (Operator(cast("str", 7), "Ada", {"*": A}), "the id of its Operator, a int"),
    (Operator("7", "Ada\ud800", {"*": A}), "the name of its Operator"),
    (Operator("7", "Ada\x00", {"*": A}), "the name of its Operator"),
    (Operator("7", cast("str", None), {"*": A}), "the name of its Operator, a NoneType"),
    (Operator("7", "Ada", {"*": cast("Role", "admin")}), "the roles of its Operator"),
    (Operator("7", "Ada", {"*": cast("Role", "root")}), "the roles of its Operator"),
    (Operator("7", "Ada", cast("dict[str, Role]", None)), "the roles of its Operator"),
]


@pytest.mark.parametrize(("answer", "told"), NO_OPERATORS, ids=range(len(NO_OPERATORS)))
async def test_what_is_no_operator_signs_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: Any, told: str
) -> None:
    """T46: a host's function that answers something else is told in the log what it may answer, and the page
    is closed."""
    config = HubConfig(dashboard=DashboardConfig(auth=lambda visitor: answer))
    made = make_hub(tmp_path, config=config)
    page = await Customer(made.hub, headers={"accept": "text/html"}).get(DESK + "/accounts")
    assert page.status == 500
    assert told in caplog.text


@pytest.mark.parametrize("wrong", [True, "x", OperatorTokens()])
def test_a_configuration_that_is_none_is_refused_when_it_is_made(wrong: Any) -> None:
    """Not at the first request; `OperatorTokens` without its brackets is a function that names nobody."""
    with pytest.raises(ConfigurationError, match="dashboard"):
        HubConfig(dashboard=wrong)
    with pytest.raises(ConfigurationError, match=r"dashboard\.auth"):
        DashboardConfig(auth=cast("OperatorTokens", OperatorTokens))
