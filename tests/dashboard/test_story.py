"""The operator's story in Chromium: with a script, by keyboard alone, and without a script."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import zxingcpp
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import Route as Request

from tests.dashboard.running import Running, connect, sign_in
from tests.peers.browser import Observed, OpenPage
from tests.peers.loopback import Answer
from tests.peers.receiver import RawReceiver

pytestmark = [pytest.mark.browser, pytest.mark.node]


def told(page: Page, desk: Running, receiver: RawReceiver, follow: Callable[[Locator], None]) -> None:
    """From any page on: the account stands on its page and in `GET /accounts`, and its webhook, which has
    arrived, on the page of its endpoint and on one of its own. `follow` goes where a link leads."""
    [account] = desk.accounts()
    assert (account["origin_owner_id"], account["provider"]) == ("acme-42", "staffbook")
    [delivered] = receiver.wait_for(1)
    assert json.loads(delivered.body)["account_id"] == account["id"]
    follow(page.get_by_role("navigation").get_by_role("link", name="Accounts"))
    row = page.get_by_role("row", name="Acme Corp")
    expect(row).to_contain_text("Staffbook")
    expect(row).to_contain_text("Active")
    follow(page.get_by_role("navigation").get_by_role("link", name="Webhooks"))
    follow(page.get_by_role("row", name="payroll").get_by_role("link"))
    row = page.get_by_role("row", name="Account connected")
    refresh = page.get_by_role("link", name="Refresh to see what is new")
    tries = 30 if refresh.is_visible() else 0  # with a script the page keeps itself up to date
    while row.get_by_text("Delivered").count() == 0 and tries:
        follow(refresh)
        tries -= 1
    expect(row).to_contain_text("Delivered", timeout=30_000)
    follow(row.get_by_role("link"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Account connected")
    expect(page.locator("pre").first).to_contain_text(str(account["id"]))
    expect(page.get_by_role("heading", name="Try 1")).to_be_visible()


def scanned(code: Locator) -> str:
    """What a reader of QR codes reads on the screen."""
    picture = base64.b64encode(code.screenshot()).decode()
    beside = code.page.context.new_page()  # the pages' policy lets no picture in
    width, height, grey = beside.evaluate(
        """async picture => {
            const bytes = Uint8Array.from(atob(picture), c => c.charCodeAt(0));
            const image = await createImageBitmap(new Blob([bytes]));
            const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
            context.drawImage(image, 0, 0);
            const { data } = context.getImageData(0, 0, image.width, image.height);
            const grey = Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
            return [image.width, image.height, grey];
        }""",
        picture,
    )
    beside.close()
    [found] = zxingcpp.read_barcodes(memoryview(bytes(grey)).cast("B", (height, width)))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


def test_what_is_folded_open_stays_open(
    desk: Running, page: Page, observed: Observed, receiver: RawReceiver
) -> None:
    """A page that loads itself anew, as what it shows has changed, leaves open what somebody reads."""
    receiver.will_answer(Answer(status=503))
    delivery = desk.do(lambda: desk.hub.sync.endpoints.test("payroll"))
    receiver.wait_for(1)
    sign_in(page, desk)
    page.goto(f"{desk.desk}/deliveries/{delivery.id}")
    for _ in range(100):
        if page.get_by_text("Request and response").count():
            break
        page.reload()
    page.get_by_text("Request and response").click()
    changed: list[str] = []

    def changes_once(route: Request) -> None:
        if changed:
            route.continue_()
            return
        changed.append(route.request.url)
        route.fulfill(json={"key": "another"})

    page.route("**/state", changes_once)
    with page.expect_event("load", timeout=30_000):
        expect(page.get_by_role("region", name="Request and response")).to_contain_text("webhook-id")
    expect(page.get_by_role("region", name="Request and response")).to_contain_text("webhook-id")
    assert changed
    observed.assert_clean()


def test_the_story(desk: Running, open_page: OpenPage, observed: Observed, receiver: RawReceiver) -> None:
    """Log in, Accounts, Create Auth Link, required fields, copy; the customer connects in a second browser;
    the account is on its page and in `GET /accounts`, and the webhook was delivered."""
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, desk)
    page.get_by_role("navigation").get_by_role("link", name="Accounts").click()
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()

    page.get_by_role("link", name="Create Auth Link").first.click()
    dialog = page.get_by_role("dialog", name="Create Auth Link")
    expect(dialog.get_by_label("Origin owner ID")).to_be_focused()
    assert urlsplit(page.url).path.endswith("/accounts")  # a dialog, not another page
    dialog.get_by_label("Origin owner ID").fill("acme-42")
    dialog.get_by_role("button", name="Create link").click()
    name = dialog.get_by_label("Origin owner name")
    assert name.evaluate("field => field.validity.valueMissing")
    assert desk.do(desk.hub.sync.sessions.list) == []
    name.fill("Acme Corp")
    dialog.get_by_label("Origin username").fill("ada@acme.example")
    dialog.get_by_role("button", name="Create link").click()

    ready = page.get_by_role("dialog", name="The link is ready")
    ready.get_by_role("button", name="Copy link").click()
    expect(ready.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == ready.get_by_label("Auth link", exact=True).input_value()
    assert link.startswith(f"{desk.url}/link#t=")
    ready.get_by_text("Show as a QR code").click()
    assert scanned(ready.get_by_role("img", name="The auth link as a QR code")) == link
    until = ready.locator("time")
    at, written = until.get_attribute("datetime"), until.inner_text()
    assert "UTC" not in written
    ready.get_by_role("link", name="Watch this link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Acme Corp")
    expect(page.locator(f'time[datetime="{at}"]')).to_have_text(written)  # in a dialog as on a page
    expect(page.get_by_text("This page keeps itself up to date.")).to_be_visible()
    busy: list[str] = []

    def busy_once(route: Request) -> None:
        if busy:
            route.continue_()
            return
        busy.append(route.request.url)
        route.fulfill(status=429)

    page.set_viewport_size({"width": 1280, "height": 300})
    page.mouse.wheel(0, 120)
    page.route("**/state", busy_once)
    with page.expect_response(lambda answer: answer.status == 429):
        connect(open_page(), link)

    # The page of the link learns of it by itself, although it was once told to come back later.
    # It stays where it was scrolled to, and is at its own address.
    expect(page.get_by_text("Staffbook was connected")).to_be_visible(timeout=30_000)
    for _ in range(100):
        if page.evaluate("scrollY") == 120:
            break
        page.wait_for_timeout(100)
    assert page.evaluate("scrollY") == 120
    assert "watching" not in page.url
    told(page, desk, receiver, Locator.click)
    observed.console_errors = [e for e in observed.console_errors if "429" not in e]
    observed.assert_clean()
    assert observed.origins() == {desk.url.removesuffix("/connect")}


def by_keyboard(link: Locator) -> None:
    """Go where it leads, as a person without a mouse does."""
    link.wait_for()
    for _ in range(60):
        if link.evaluate("link => link === document.activeElement"):
            link.page.keyboard.press("Enter")
            link.page.wait_for_load_state()
            return
        link.page.keyboard.press("Tab")
    raise AssertionError(f"no way to {link} by keyboard")


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(
        page.evaluate(
            "(() => { const e = document.activeElement;"
            "return (e.labels?.[0]?.textContent ?? e.textContent ?? '').trim().replace(/\\s+/g, ' ') })()"
        )
    )


def tab_to(page: Page, name: str) -> None:
    """Press Tab until `name` has the focus, as a person without a mouse does."""
    for _ in range(60):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name!r} by keyboard")


def test_the_story_by_keyboard_alone(
    desk: Running, open_page: OpenPage, observed: Observed, receiver: RawReceiver
) -> None:
    """No mouse: every step has the focus where it is needed, and Escape closes the dialog and comes back."""
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{desk.url}/dashboard")
    tab_to(page, "Operator token")
    page.keyboard.type(desk.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    tab_to(page, "Accounts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Accounts")).to_be_visible()
    tab_to(page, "Create Auth Link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert focused(page).startswith("Create Auth Link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Origin owner ID")).to_be_focused()
    page.keyboard.type("acme-42")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Origin owner name")).to_be_focused()  # it is required
    assert desk.do(desk.hub.sync.sessions.list) == []
    page.keyboard.type("Acme Corp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="The link is ready")).to_be_visible()
    expect(page.get_by_label("Auth link", exact=True)).to_be_focused()
    tab_to(page, "Copy link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.get_by_label("Auth link", exact=True).input_value()
    connect(open_page(), link)
    by_keyboard(page.get_by_role("link", name="Watch this link"))
    told(page, desk, receiver, by_keyboard)
    by_keyboard(page.get_by_role("navigation").get_by_role("link", name="Accounts"))
    by_keyboard(page.get_by_role("link", name="Acme Corp"))
    expect(page.get_by_role("heading", level=1, name="Acme Corp")).to_be_visible()
    tab_to(page, "Suspend")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Suspend this account?")).to_be_visible()
    tab_to(page, "Reason (optional)")
    page.keyboard.type(" unpaid since May ")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_contain_text("suspended")
    assert desk.accounts()[0]["status"] == "suspended"
    observed.assert_clean()


def test_the_story_without_javascript(
    desk: Running, open_page: OpenPage, observed: Observed, receiver: RawReceiver
) -> None:
    """Pages and forms alone: the link stands in a field to be selected."""
    page = open_page(javascript=False)
    sign_in(page, desk)
    page.get_by_role("navigation").get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="Create Auth Link").first.click()
    expect(page.get_by_role("heading", level=1, name="Create Auth Link")).to_be_visible()
    page.get_by_label("Origin owner ID").fill("acme-42")
    page.get_by_label("Origin owner name").fill("   ")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_text("Fill this in.").first).to_be_visible()
    expect(page.get_by_label("Origin owner ID")).to_have_value("acme-42")
    page.get_by_label("Origin owner name").fill("Acme Corp")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", level=1, name="The link is ready")).to_be_visible()
    expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    link = page.get_by_label("Auth link", exact=True).input_value()
    page.get_by_role("link", name="Watch this link").click()
    connect(open_page(), link)
    page.get_by_role("link", name="Refresh to see what is new").click()
    expect(page.get_by_text("Staffbook was connected")).to_be_visible()
    told(page, desk, receiver, Locator.click)
    page.locator("summary", has_text="Ada").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to the dashboard")
    observed.console_errors = [e for e in observed.console_errors if "422" not in e]
    observed.assert_clean()


def test_what_is_left_to_the_server_with_a_script(
    desk: Running, open_page: OpenPage, observed: Observed
) -> None:
    """Spaces of an id are not taken away, but asked about; a form in a dialog that comes after the sign-in
    has ended leads to the sign-in, which says so; and what was done is said once, not again by Reload."""
    page = open_page()
    sign_in(page, desk)
    page.goto(f"{desk.desk}/links/new")
    page.get_by_label("Origin owner ID").fill(" acme-42 ")
    page.get_by_label("Origin owner name").fill("Acme Corp")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", name="do you mean “acme-42”?")).to_be_visible()
    page.get_by_role("button", name="Change what was entered").click()
    expect(page.get_by_label("Origin owner ID")).to_have_value(" acme-42 ")
    page.get_by_role("button", name="Create link").click()
    page.get_by_role("button", name="Keep the spaces").click()
    expect(page.get_by_role("heading", name="The link is ready")).to_be_visible()
    page.get_by_role("link", name="Watch this link").click()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The link was revoked.")).to_be_visible()
    expect(page).not_to_have_url(re.compile("done="))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Acme Corp")
    expect(page.get_by_text("The link was revoked.")).to_have_count(0)
    page.goto(f"{desk.desk}/links")
    page.get_by_role("link", name="Create Auth Link").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Origin owner ID").fill("acme-43")
    dialog.get_by_label("Origin owner name").fill("Globex")
    page.context.clear_cookies()
    dialog.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to the dashboard")
    expect(page.get_by_role("alert")).to_have_text("You were signed out. What you sent was not done.")
    page.get_by_label("Operator token").fill(desk.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Create Auth Link")
    expect(page.get_by_role("alert")).to_have_text("You were signed out. What you sent was not done.")
    assert len(desk.do(desk.hub.sync.sessions.list)) == 1
    observed.console_errors = [e for e in observed.console_errors if "422" not in e]
    observed.assert_clean()
