"""What goes wrong between a person's browser and the hub: cookies, clocks, tabs, Back, no network."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from connect_hub.testing.serving import serving
from tests.embedding.place import Place, place_of
from tests.peers.browser import Observed, OpenPage, chromium_path
from tests.web.awkward import many_fields, odd_logos
from tests.web.stored import fingerprint

pytestmark = pytest.mark.browser
PATIENCE = 30_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path, more=lambda url: many_fields(url, required=False)) as running:
        yield running


def enter(place: Place, page: Page, **fields: object) -> None:
    """Open a new link and confirm."""
    page.set_default_timeout(PATIENCE)
    page.goto(str(place.session(**fields)["auth_link_url"]))
    page.get_by_role("button", name="Continue").click()


def connected(page: Page, name: str = "Acme Key") -> None:
    expect(page.get_by_role("heading", name=f"{name} is connected")).to_be_visible(timeout=PATIENCE)


def test_scanner_that_runs_scripts_uses_nothing_up(place: Place, page: Page, chromium: Browser) -> None:
    """T4: a mail scanner that opens a link in a browser of its own, scripts and all, and looks at what comes,
    changes no row and keeps no cookie; then the person comes, and connects."""
    link = str(place.session(provider="simulated-key")["auth_link_url"])
    before = fingerprint(place.folder)
    for _ in range(3):
        scanner = chromium.new_context()
        try:
            seen = scanner.new_page()
            seen.goto(link)
            expect(seen.get_by_role("button", name="Continue")).to_be_visible(timeout=PATIENCE)
            assert scanner.cookies() == []
        finally:
            scanner.close()
    assert fingerprint(place.folder) == before
    page.goto(link)
    page.get_by_role("button", name="Continue").click(timeout=PATIENCE)
    page.get_by_label("API key").fill(place.key, timeout=PATIENCE)
    page.get_by_role("button", name="Connect Acme Key").click()
    connected(page)


def test_cookies_blocked(place: Place, chromium: Browser, tmp_path: Path) -> None:
    """A browser that is set to keep no cookies at all gets a page in words, which says what to change;
    nothing is connected. With cookies allowed, the same link goes on."""
    profile = tmp_path / "profile" / "Default"
    profile.mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(blocked))
    link = str(place.session(provider="simulated-key")["auth_link_url"])
    for allowed in (False, True):
        if allowed:
            (profile / "Preferences").unlink()
        context = chromium.browser_type.launch_persistent_context(
            profile.parent, executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(link)
            page.get_by_role("button", name="Continue").click()
            if allowed:
                page.get_by_label("API key").fill(place.key)
                page.get_by_role("button", name="Connect Acme Key").click()
                connected(page)
            else:
                expect(page.get_by_role("heading", level=1)).to_have_text(
                    "Your browser did not send our cookie"
                )
                expect(page.get_by_role("main")).to_contain_text("Allow cookies")
                assert context.cookies() == []
                assert place.accounts() == []
        finally:
            context.close()
    assert len(place.accounts()) == 1


def test_a_page_that_was_left_forgets_the_secret(place: Place, page: Page) -> None:
    """T31: what the browser keeps of a page for Back has no key in it, whoever presses Back."""
    enter(place, page, provider="simulated-key")
    field = page.get_by_label("API key")
    field.fill(place.key)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    expect(field).to_have_value("")


@pytest.mark.parametrize("years", [-1, 1])
def test_clock_of_the_browser_is_wrong(place: Place, page: Page, observed: Observed, years: int) -> None:
    """A clock a year slow or fast changes nothing: the times shown are those of the hub, and the whole way
    works, by key and by a sign-in, until the list is done."""
    wrong = datetime.now(UTC) + timedelta(days=365 * years)
    page.clock.install(time=wrong)
    enter(place, page, multiple=True)
    assert page.evaluate("new Date().getUTCFullYear()") == wrong.year
    page.get_by_role("searchbox").fill("acme key")
    page.get_by_role("link", name="Acme Key").click()
    page.get_by_label("API key").fill(place.key)
    page.get_by_role("button", name="Connect Acme Key").click()
    connected(page)
    page.get_by_role("link", name="Connect another tool").click()
    page.get_by_role("link", name="Acme Login").click()
    page.get_by_role("button", name="Connect Acme Login").click()
    page.get_by_role("button", name="Allow").click()
    connected(page, "Acme Login")
    assert len(place.accounts()) == 2
    assert observed.page_errors == observed.csp_violations == []


def test_tabs_back_reload_and_no_network(place: Place, page: Page, observed: Observed) -> None:
    """R16: 400 fields are filled in while the network comes and goes, in two tabs, with Back and reload
    after the end: nothing typed is lost, the page says why nothing happens, and one account is made."""
    enter(place, page, provider="form-without-end")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("API key").fill(place.key)

    # The browser knows that it is offline: the form stays, says so, and is sent later.
    last = page.get_by_label("Answer 397", exact=False)
    last.fill("typed <once> & kept")
    page.get_by_label("API key").fill(place.key)
    button = page.get_by_role("button", name="Connect Long Form")
    page.context.set_offline(True)
    button.click()
    expect(page.get_by_text("You are offline. Nothing was sent")).to_be_visible()
    expect(button).to_have_text("Connect Long Form")
    expect(last).to_have_value("typed <once> & kept")
    page.context.set_offline(False)
    page.get_by_label("Answer 399").fill("1")
    page.get_by_label("Answer 398").fill("Refused")

    # Only the way to the hub is broken: reloading the browser's own page sends the form again.
    page.route("**/connect/form-without-end", lambda route: route.abort("connectionreset"))
    page.get_by_label("Answer 399").fill("ok")
    page.get_by_label("Answer 398").evaluate("e => { e.setCustomValidity(''); e.form.noValidate = true }")
    button.click()
    page.wait_for_url("chrome-error://**")
    page.unroute_all(behavior="wait")
    page.reload()

    # The hub refuses one of 401 answers, by name, and has kept the others.
    expect(page.get_by_role("alert")).to_contain_text("Answer 398: Small letters alone.", timeout=PATIENCE)
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(1)
    expect(last).to_have_value("typed <once> & kept")
    expect(page.get_by_label("API key")).to_have_value(place.key)
    page.reload()
    expect(last).to_have_value("typed <once> & kept")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Answer 398")).to_be_focused()
    page.get_by_label("Answer 398").fill("small")
    button.click()
    connected(page, "Long Form")

    # Reload, and the tab that was left open.
    page.reload()
    connected(page, "Long Form")
    other.get_by_role("button", name="Connect Long Form").click()
    ended = other.get_by_role("heading", name="This link has been used")
    same = other.get_by_role("heading", name="Long Form is connected")
    expect(ended.or_(same)).to_be_visible(timeout=PATIENCE)
    assert len(place.accounts()) == 1

    # Back to a form that was accepted at once: the page as it was, from the browser's cache, or the truth.
    enter(place, page, provider="simulated-key")
    button = page.get_by_role("button", name="Connect Acme Key")
    page.get_by_label("API key").fill(place.key)
    button.click()
    connected(page)
    page.go_back()
    ended = page.get_by_role("heading", name="This link has been used")
    expect(ended.or_(button)).to_be_visible(timeout=PATIENCE)
    if button.count():
        expect(button).not_to_have_attribute("aria-busy", "true")
        page.get_by_label("API key").fill(place.key)
        button.click()
        connected(page)
    else:
        page.go_forward()
        connected(page)
    assert len(place.accounts()) == 2
    assert observed.page_errors == observed.csp_violations == []


def test_logo_with_a_script_runs_nothing(open_page: OpenPage, observed: Observed, tmp_path: Path) -> None:
    """T30: a host's SVG with scripts, handlers and foreign content runs and loads nothing, in a page's <img>
    and opened by itself; a broken or missing one leaves the page whole."""
    logos = odd_logos(tmp_path)
    with serving(logos.app, before_stop=lambda: None) as address:
        for javascript in (True, False):
            page = open_page(javascript=javascript)
            page.goto(f"{address}/page")
            for key in ("evil", "absent", "broken"):
                expect(page.get_by_text(key)).to_be_visible()
            # The evil one is drawn, the absent one is a letter, the broken one is nothing.
            widths = [image.evaluate("e => e.naturalWidth > 0") for image in page.get_by_role("img").all()]
            assert widths == [True, True, False]
            assert page.title() == "logos"
            page.goto(f"{address}{logos.assets.logo_url('evil')}")
            assert page.context.cookies() == []
            assert len(page.context.pages) == 1
        # By itself its scripts would have asked for something, or gone elsewhere.
        assert page.url == f"{address}{logos.assets.logo_url('evil')}"
    assert logos.asked == []
    assert observed.origins() == {address}
    assert [text for text in observed.console_errors if "EVIL" in text] == []
