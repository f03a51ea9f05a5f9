"""The scripts of the pages, in Chromium, under the pages' own content security policy."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from connect_hub.connectors.fields import Field
from connect_hub.connectors.formats import Format
from connect_hub.connectors.values import read_values
from connect_hub.testing.gallery.product import TOOLS, assets, templating
from connect_hub.testing.gallery.samples import samples
from connect_hub.web.contexts import Providers
from connect_hub.web.headers import PAGE_POLICY
from tests.peers.browser import Observed, OpenPage

pytestmark = pytest.mark.browser
SAMPLES = samples()
FILES = assets()
RENDERED = templating()


@dataclass
class Site:
    """The sample pages at `url`, and every form that was posted there."""

    url: str
    posts: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    def posted(self, page: Page) -> tuple[str, dict[str, list[str]]]:
        """The last form, once the browser has its answer."""
        expect(page.get_by_role("heading", name="Posted")).to_be_visible()
        return self.posts[-1]


@pytest.fixture
def site() -> Iterator[Site]:
    names = (
        "pages.css",
        "hub.js",
        "embed.js",
        "opener.js",
        "brand.svg",
        *(f"logos/{key}.svg" for key in TOOLS),
    )
    plain = {FILES.url(name): name for name in names}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path[1:] in SAMPLES:
                self.answer(RENDERED.render(SAMPLES[path[1:]]).encode(), "text/html; charset=utf-8")
            elif path in plain:
                kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
                self.answer(FILES.read(plain[path]), kind[path.rpartition(".")[2]])
            else:
                self.answer(b"<!doctype html><title>x</title><h1>Elsewhere</h1>", "text/html")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            here.posts.append((self.path, parse_qs(body, keep_blank_values=True)))
            self.answer(b"<!doctype html><title>x</title><h1>Posted</h1>", "text/html")

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            if kind.startswith("text/html"):
                self.send_header("content-security-policy", PAGE_POLICY)
                self.send_header("referrer-policy", "strict-origin")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield here
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_page_fits_a_phone_and_breaks_no_policy(
    site: Site, open_page: OpenPage, observed: Observed
) -> None:
    """T5, T30: at 320 pixels nothing scrolls sideways (WCAG 2.2, 1.4.10), the policy refuses nothing, and
    nothing is asked of another host; the focus is on the heading, or on what went wrong."""
    page = open_page(width=320, color_scheme="dark")
    for name in SAMPLES:
        if name in ("leaving", "leaving-home", "bounce", "closed-window"):
            continue  # these leave at once
        page.goto(f"{site.url}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        focused = page.evaluate("document.activeElement.tagName")
        wrong = name in ("connect-wrong", "connect-refused", "connect-down")
        assert focused == ("DIV" if wrong else "INPUT" if name == "opener-wrong" else "H1"), name
    observed.assert_clean()
    assert observed.origins() == {site.url}


def test_opener_posts_the_token_and_forgets_it(site: Site, page: Page, observed: Observed) -> None:
    """T5: the token goes from the fragment into a form's body; it stands in no address that is requested,
    none that is kept, and no Referer. Another link in the same tab works too."""
    page.goto(f"{site.url}/opener#t=canary.one.x")
    assert site.posted(page) == ("/link/open", {"nonce": ["n0nce"], "token": ["canary.one.x"]})
    page.goto(f"{site.url}/opener")
    expect(page.get_by_label("Your link")).to_be_visible()
    page.evaluate("location.hash = 't=canary.two.x'")
    assert site.posted(page)[1]["token"] == ["canary.two.x"]
    page.go_back()
    assert "canary" not in page.url + page.content()
    assert not any("canary" in request.url + str(request.headers) for request in observed.requests)
    observed.assert_clean()


def test_opener_without_scripts_asks_for_the_link(site: Site, open_page: OpenPage) -> None:
    """T5: without scripts the fragment stays where it is, and the page asks for the whole link."""
    page = open_page(javascript=False)
    page.goto(f"{site.url}/opener#t=canary")
    page.get_by_label("Your link").fill("https://app.example/link#t=canary")
    page.get_by_role("button", name="Open the link").click()
    assert site.posted(page)[1]["link"] == ["https://app.example/link#t=canary"]


def test_bounce_sends_itself(site: Site, page: Page, observed: Observed) -> None:
    """T22: a provider's answer is posted again from our own origin, by itself."""
    page.goto(f"{site.url}/bounce")
    assert site.posted(page) == ("/bounce-demo", {"code": ["c0de"], "state": ["st4te"]})
    observed.assert_clean()


def test_search_finds_the_same_with_and_without_scripts(site: Site, page: Page) -> None:
    """Whatever is typed, the script leaves the same cards as the server, says how many, and keeps the search
    in the address; Enter opens the only one."""
    listing = SAMPLES["providers"]
    assert isinstance(listing, Providers)
    names = {card.provider.name: card.provider.key for card in listing.cards}
    page.goto(f"{site.url}/providers")
    for category in ("hris", ""):
        page.get_by_role("link", name={"hris": "HR", "": "All"}[category], exact=True).click()
        for query in ("", "SOCIÉTÉ générale", "Societe", "gmail", "hub", "(", "  h  r ", "ﬁ", "none of them"):
            page.get_by_role("searchbox").fill(query)
            server = Providers(
                cards=listing.cards, url="/", categories=listing.categories, query=query, category=category
            )
            # Their content: of a card that has just been shown nothing may be painted yet.
            shown = page.locator("li[data-search]:visible").evaluate_all(
                "cards => cards.map(card => card.querySelector('.name').textContent)"
            )
            assert {names[name] for name in shown} == server.matches, (query, category)
            assert page.locator("[data-search-empty]").is_visible() == (not shown)
            words = "1 tool found" if len(shown) == 1 else f"{len(shown)} tools found"
            expect(page.get_by_role("status")).to_have_text(words)
            assert parse_qs(urlsplit(page.url).query).get("q", [""]) == [query.strip()]
    page.get_by_role("link", name="Clear the search").click()
    assert page.locator("li[data-search]:visible").count() == len(listing.cards)
    page.get_by_role("searchbox").fill("bamb")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/c/v/bamboohr")


@pytest.mark.parametrize(
    "pasted",
    [
        "acme",
        " Acme ",
        "https://acme.zendesk.com",
        "HTTP://Acme.Zendesk.COM/agent?x=1#y",
        "acme.zendesk.com.evil",
    ],
)
def test_pasted_address_is_cut_as_the_server_cuts_it(site: Site, page: Page, pasted: str) -> None:
    """A pasted address becomes the part that is asked for, the same on both sides, and is then accepted."""
    spec = Field(
        key="subdomain", label="Subdomain", prefix="https://", suffix=".zendesk.com", format=Format.DNS_LABEL
    )
    page.goto(f"{site.url}/connect")
    box = page.get_by_label("Subdomain")
    box.fill(pasted)
    page.get_by_label("Email address").focus()
    assert box.input_value() == read_values([spec], {"subdomain": pasted}).variables["subdomain"]
    assert box.evaluate("e => e.validity.valid")


def test_form_says_what_is_wrong_and_is_sent_once(site: Site, page: Page, observed: Observed) -> None:
    """A value that does not match is named in the provider's words before it is sent; a form that was sent
    says so and is not sent again; a shown secret is hidden again first."""
    page.goto(f"{site.url}/connect")
    box = page.get_by_label("Subdomain")
    box.fill("not one word")
    box.blur()
    assert box.evaluate("e => e.validationMessage") == "Only the part before .zendesk.com, such as acme."
    box.fill("acme")
    page.get_by_label("Email address").fill("jane@globex.example")
    token = page.get_by_label("API token", exact=True)
    token.fill(" s3cret ")
    page.get_by_role("button", name="Show API token").click()
    expect(token).to_have_attribute("type", "text")
    button = page.get_by_role("button", name="Connect Zendesk")
    state = button.evaluate(
        "b => { const kept = []; b.form.addEventListener('submit', e => kept.push(e.defaultPrevented));"
        " b.click(); b.click();"
        " return [...kept, b.textContent, b.ariaBusy, b.disabled,"
        " document.querySelector('#field-api_token').type] }"
    )
    assert state == [False, True, "Connecting…", "true", False, "password"]
    assert site.posted(page)[1]["api_token"] == ["s3cret"]
    assert len(site.posts) == 1
    observed.assert_clean()


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_stored_secret_is_kept_or_replaced(site: Site, open_page: OpenPage, javascript: bool) -> None:
    """An untouched stored secret is sent empty; its Edit opens a field for a new one, scripts or not."""
    page = open_page(javascript=javascript)
    for typed in ("", "n3w"):
        page.goto(f"{site.url}/connect-edit")
        page.get_by_label("Email address").fill("jane@globex.example")
        expect(page.locator("#field-api_token")).to_be_hidden()
        if typed:
            page.get_by_text("Edit").click()
            page.locator("#field-api_token").fill(typed)
        page.get_by_role("button", name="Reconnect Zendesk").click()
        assert site.posted(page)[1]["api_token"] == [typed]


@pytest.mark.parametrize("name", ["landing", "identity-changed", "disconnect", "connect-methods"])
def test_second_click_of_a_double_click_presses_nothing(site: Site, page: Page, name: str) -> None:
    """T29: half a second long after a page was loaded, or came to the front, a pointer presses no button that
    grants or removes something: it was meant for what lay above. The keyboard does, and then everything."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(f"{site.url}/{name}")
    button = page.locator("form[data-deliberate] button")
    persisted = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    for comes_to_the_front in (None, "window.dispatchEvent(new Event('focus'))", persisted):
        if comes_to_the_front is not None:
            page.evaluate(comes_to_the_front)
        expect(button).to_have_attribute("aria-disabled", "true")
        page.clock.run_for(400)
        button.click(force=True)
        page.clock.run_for(99)
        button.click(force=True)
        assert site.posts == []
        page.clock.run_for(1)
        expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    site.posted(page)
    page.goto(f"{site.url}/{name}")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.press("Enter")
    site.posted(page)
    assert len(site.posts) == 2


def test_error_summary_leads_to_the_field(site: Site, page: Page) -> None:
    """The summary has the focus when the page is shown, and each of its links moves it to the field."""
    page.goto(f"{site.url}/connect-wrong")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="API token: An API token").click()
    expect(page.get_by_label("API token", exact=True)).to_be_focused()
