"""What the dashboard says where there is nothing, or nothing for this person, and where it leads."""

from pathlib import Path

import pytest

from connect_hub import HubConfig
from connect_hub.dashboard import DashboardConfig
from connect_hub.models import AccountType
from connect_hub.operators import NoOperator, Operator, Role
from tests.customer import Customer, Form
from tests.dashboard.desk import DESK, Staff
from tests.hubs import make_hub

HOME = "/connect/dashboard"


@pytest.mark.parametrize(
    ("answer", "told", "ways"),
    [
        (
            NoOperator("/login?as=other"),
            "You are signed in, but have no role here. Ask an administrator of hub.test.",
            {"Sign in as somebody else": "/login?as=other&next=%2Fconnect%2Fdashboard"},
        ),
        (
            NoOperator(),
            "You are signed in, but have no role here. Ask an administrator of hub.test.",
            {},
        ),
        (
            Operator("7", "Ada", {"gone": Role.ADMIN}),
            "You are signed in, but have no role here. Ask an administrator of hub.test.",
            {},
        ),
        (None, "You are not signed in, or have no role here. Ask an administrator of hub.test.", {}),
    ],
    ids=["elsewhere", "nowhere", "no project", "unknown"],
)
async def test_who_is_no_operator_is_led_in_no_circle(
    tmp_path: Path, answer: Operator | NoOperator | None, told: str, ways: dict[str, str]
) -> None:
    """Whom to ask, and where to sign in as another as far as the host says; never the same page again."""
    config = HubConfig(dashboard=DashboardConfig(auth=lambda visitor: answer))
    browser = Customer(make_hub(tmp_path, config=config).hub, headers={"accept": "text/html"})
    seen = await browser.get(HOME)
    assert (seen.status, seen.heading, told in seen.text) == (403, "This dashboard is not open to you", True)
    seen.links.pop("Skip to the content")
    assert seen.links == ways
    at_home = HubConfig(dashboard=DashboardConfig(auth=lambda visitor: answer, home_url="/app"))
    (tmp_path / "home").mkdir()
    elsewhere = Customer(make_hub(tmp_path / "home", config=at_home).hub, headers={"accept": "text/html"})
    assert ("Back to the application" in (await elsewhere.get(HOME)).links) is (not ways)
    if ways:
        seen = await browser.get(f"{DESK}/accounts?status=error")
        came_for = "next=%2Fconnect%2Fdashboard%2Fin%2Fdefault%2Faccounts%3Fstatus%3Derror"
        assert seen.link("Sign in as somebody else") == f"/login?as=other&{came_for}"


async def test_roles_in_no_project_of_the_hub_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever writes the host's function reads which projects it names, and which there are."""
    operator = Operator("7", "Ada", {"defualt": Role.ADMIN})
    config = HubConfig(dashboard=DashboardConfig(auth=lambda visitor: operator))
    browser = Customer(make_hub(tmp_path, config=config).hub, headers={"accept": "text/html"})
    assert (await browser.get(HOME)).status == 403
    [line] = [record.getMessage() for record in caplog.records if record.name == "connect_hub.dashboard"]
    assert line.endswith("its roles are in ['defualt'], the hub has ['default']")


async def test_what_is_not_there_is_said_in_the_dashboard_s_words(staff: Staff) -> None:
    """Of an account, a link and so on, with the way to where they are; else with that to the dashboard."""
    browser = await staff.browser("admin")
    for path, heading, way, to in (
        ("/in/default/accounts/acc_nope", "There is no such account", "Back to the accounts", "accounts"),
        ("/in/default/links/new?account=no", "There is no such account", "Back to the accounts", "accounts"),
        ("/in/default/links/123", "There is no such link", "Back to the links", "links"),
        ("/in/default/links/x", "There is no such link", "Back to the links", "links"),
        ("/in/default/connectors/no", "There is no such connector", "Back to the connectors", "connectors"),
        ("/in/default/webhooks/no", "There is no such endpoint", "Back to the webhooks", "webhooks"),
        ("/in/default/deliveries/no", "There is no such delivery", "Back to the webhooks", "webhooks"),
        ("/in/default/nope", "There is no such page", "Back to the dashboard", ""),
        ("/in/nope", "There is no such page", "Back to the dashboard", ""),
        ("/nope/no", "There is no such page", "Back to the dashboard", ""),
    ):
        seen = await browser.get(HOME + path)
        assert (seen.status, seen.heading) == (404, heading), path
        assert seen.link(way) == (f"{DESK}/{to}" if to else HOME), path
        assert "the link again" not in seen.text, path
    assert (await browser.send(Form(f"{DESK}/nope"))).heading == "There is no such page"


async def test_what_cannot_be_done_says_why_and_leads_back(staff: Staff) -> None:
    """To what it could not be done with: what code has set, and an account that its customer has already."""
    hub, first = staff.made.hub, await staff.connected("42", "Acme")
    await hub.accounts.convert(first, AccountType.TEST)
    await staff.connected("42", "Acme")
    assert len(await hub.accounts.list()) == 2
    browser = await staff.browser("admin")
    asked = await browser.get(f"{DESK}/accounts/{first}/convert-to-production")
    seen = await browser.press(asked, "Convert to production")
    assert (seen.status, seen.heading) == (409, "This customer has such an account already")
    assert seen.link("Back to the account") == f"{DESK}/accounts/{first}"
    seen = await browser.get(f"{DESK}/connectors/simulated/client")
    assert (seen.status, seen.heading) == (409, "This is set in code")
    assert seen.link("Back to the connector") == f"{DESK}/connectors/simulated"


@pytest.mark.parametrize("path", ["", "/in/default", "/in/default/accounts"])
async def test_a_slash_too_many_leads_to_the_page(staff: Staff, path: str) -> None:
    """To the same address without it, with its query, and nowhere else."""
    browser = await staff.browser("viewer")
    seen = await browser.request("GET", f"{HOME}{path}/?q=1")
    assert (seen.status, seen.headers["location"]) == (307, f"{HOME}{path}?q=1")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("//evil.example/", "//evil.example"),
        ("/\\evil.example//", "/%5Cevil.example"),
        ("/%3Fx/", "/%3Fx"),
    ],
)
async def test_a_slash_too_many_leads_nowhere_else(staff: Staff, path: str, to: str) -> None:
    """T17: whatever stands before it."""
    browser = await staff.browser("nobody")
    seen = await browser.request("GET", HOME + path)
    assert (seen.status, seen.headers["location"]) == (307, HOME + to)


async def test_an_export_says_which_filter_is_wrong(staff: Staff) -> None:
    """And leads back to the list; nothing stands in the log."""
    browser = await staff.browser("admin")
    for path, name, back in (
        ("/accounts.csv?status=bogus", "status", "accounts"),
        ("/accounts.csv?foo=1&status=bogus", "foo, status", "accounts"),
        ("/accounts.csv?provider=bogus", "provider", "accounts"),
        ("/audit.csv?colour=red", "colour", "audit"),
        ("/audit.csv?action=account.bogus", "action", "audit"),
    ):
        seen = await browser.get(DESK + path)
        assert (seen.status, seen.heading) == (400, "These filters cannot be used"), path
        assert f"This part of the address is wrong: {name}." in seen.text
        assert f'href="{DESK}/{back}"' in seen.text
    assert await staff.made.hub.audit.list() == []


async def test_a_form_that_is_refused_says_how_to_send_it(staff: Staff) -> None:
    """One from elsewhere, such as a sign-in without an Origin, and one that was open for too long."""
    browser = await staff.browser("admin")
    for form in (Form(f"{HOME}/sign-in"), Form(f"{DESK}/keys")):
        seen = await browser.request("POST", form.action, {})
        assert (seen.status, seen.heading) == (403, "This was not asked for on a page of the dashboard")
        assert "Nothing was done. Open the page again, and use its own buttons." in seen.text
    seen = await browser.send(Form(f"{DESK}/keys", {"nonce": "old", "name": "typed"}))
    assert (seen.status, seen.heading) == (403, "This form was open for too long")
    assert seen.link("Open the form again") == f"{DESK}/keys"
