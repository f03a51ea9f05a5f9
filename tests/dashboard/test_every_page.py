"""Every page that the dashboard has, in Chromium: usable by all, and not by another site."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from starlette.routing import Route

from tests.dashboard.running import Running, connect, sign_in
from tests.dashboard.test_authorisation import address, methods
from tests.peers.browser import Observed, OpenPage
from tests.peers.receiver import RawReceiver

pytestmark = [pytest.mark.browser, pytest.mark.node]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds on the page: the rule, and the elements."""
    # Playwright evaluates beside the page's own policy, which would not let a script in.
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))",
        RULES,
    )
    return [f"{rule}: {nodes}" for rule, nodes in found]


def test_axe_finds_nothing_and_the_policy_refuses_nothing(
    desk: Running, open_page: OpenPage, observed: Observed
) -> None:
    """T30: on every page that the dashboard has a route for, empty and with rows, no violation of
    WCAG 2.2 AA, nothing refused by the policy, nothing asked of another host, and at 320 pixels, in the dark,
    nothing wider than the window."""
    page, narrow = open_page(), open_page(width=320, color_scheme="dark")
    page.goto(f"{desk.url}/dashboard/sign-in")
    wrong = {"sign-in": violations(page)}
    for browser in (page, narrow):
        sign_in(browser, desk)
    shown = [
        route
        for route in desk.hub._web._site.urls._routes
        if isinstance(route, Route)
        and route.path.startswith("/dashboard/in/")
        and "GET" in methods(route)
        and not route.name.endswith(("_csv", "_state"))
    ]
    lists = [route for route in shown if route.param_convertors.keys() == {"project"}]
    assert len(lists) >= 11
    for name in (route.path.partition("{project}")[2] for route in lists):
        page.goto(f"{desk.desk}{name}")
        wrong[f"empty {name}"] = violations(page)
    link = desk.do(
        lambda: desk.hub.sync.links.create(origin_owner_id="acme-42", origin_owner_name="Acme Corp")
    )
    connect(open_page(), link.url)
    account_id, session_id = desk.accounts()[0]["id"], link.session.id
    key = desk.do(lambda: desk.hub.sync.api_keys.create(name="payroll"))
    page.goto(f"{desk.desk}/accounts/{account_id}/suspend")
    page.get_by_role("button", name="Suspend").click()
    named = {
        "project": "default",
        "account_id": str(account_id),
        "session_id": str(session_id),
        "key_id": key.key.id,
        "endpoint_id": "payroll",
        "delivery_id": desk.do(lambda: desk.hub.sync.events.deliveries(endpoint_id="payroll"))[0].id,
        "provider": "staffbook",
    }
    there = f"/connect{urlsplit(desk.desk).path.removeprefix('/connect')}"
    names = [address(route, named).removeprefix(there) for route in shown]
    names += ["/accounts?status=expired", "/accounts?cursor=x", "/nothing"]
    for name in names:
        for browser in (page, narrow):
            browser.goto(f"{desk.desk}{name}")
            wide = browser.evaluate("document.documentElement.scrollWidth > innerWidth")
            # In the dark and on a phone, axe looks at the same pages of the gallery.
            found = violations(browser) if browser is page else []
            wrong[f"{name} {browser.viewport_size}"] = found + (["too wide"] if wide else [])
    page.goto(f"{desk.desk}/links/new")
    page.get_by_label("Origin owner ID").fill("acme-43")
    page.get_by_label("Origin owner name").fill("Globex")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", level=1, name="The link is ready")).to_be_visible()
    wrong["made"] = violations(page)
    assert {name: found for name, found in wrong.items() if found} == {}
    observed.console_errors = [e for e in observed.console_errors if "status of 4" not in e]
    observed.assert_clean()
    assert observed.origins() == {desk.url.removesuffix("/connect")}


def test_a_form_on_another_origin_does_nothing(
    desk: Running, open_page: OpenPage, receiver: RawReceiver
) -> None:
    """T28, T29: a page of another origin can neither post to the dashboard nor frame it, although the browser
    is signed in."""
    page = open_page()
    sign_in(page, desk)
    elsewhere = page.context.new_page()
    body = (
        f'<form method="post" action="{desk.desk}/keys">'
        '<input name="name" value="x"><button>Go</button></form>'
        f'<iframe src="{desk.desk}" title="x"></iframe>'
    )
    elsewhere.route("http://foreign.test/", lambda route: route.fulfill(body=body, content_type="text/html"))
    elsewhere.goto("http://foreign.test/")
    assert len(elsewhere.frames) == 2
    assert elsewhere.frames[1].get_by_role("heading", name="Overview").count() == 0
    elsewhere.get_by_role("button", name="Go").click()
    elsewhere.wait_for_url(f"{desk.desk}/keys")
    expect(elsewhere.get_by_role("heading", level=1)).not_to_have_text("The key is ready")
    assert desk.do(desk.hub.sync.api_keys.list) == []


def test_second_click_of_a_double_click_presses_nothing(desk: Running, open_page: OpenPage) -> None:
    """T29: half a second long after a question was loaded, or came to the front, a pointer presses no button
    of it: it was meant for what lay above, which another site can have put there. The keyboard does."""
    page = open_page()
    sign_in(page, desk)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(f"{desk.desk}/connectors/staffbook/disable")
    button = page.locator("form[data-deliberate] button")
    for comes_to_the_front in (False, True):
        if comes_to_the_front:
            page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(button).to_have_attribute("aria-disabled", "true")
        page.clock.run_for(499)
        button.click(force=True)
        assert urlsplit(page.url).path.endswith("/connectors/staffbook/disable")
        page.clock.run_for(1)
        expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    expect(page.locator(".done")).to_be_visible()
    page.goto(f"{desk.desk}/connectors/staffbook/enable")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    expect(page.locator(".done")).to_be_visible()


def test_a_click_in_a_dialog_counts_at_once(desk: Running, open_page: OpenPage) -> None:
    """T29: what is asked in a dialog, its operator has opened: no button of it waits."""
    desk.do(lambda: desk.hub.sync.sessions.create(origin_owner_id="acme-42", origin_owner_name="Acme Corp"))
    page = open_page()
    sign_in(page, desk)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(f"{desk.desk}/links")
    page.get_by_role("link", name="Create Auth Link").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Origin owner ID").fill("acme-42")
    dialog.get_by_label("Origin owner name").fill("Acme")
    dialog.get_by_role("button", name="Create link").click()
    asked = dialog.get_by_role("alert").locator("form[data-deliberate] button")
    expect(asked).to_have_count(3)
    asked.first.click(force=True)
    ready = page.get_by_role("dialog", name="The link is ready")
    expect(ready).to_be_visible()
    ready.get_by_role("link", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("row", name="Acme")).to_have_count(2)
