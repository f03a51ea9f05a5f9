"""What a provider sends a browser back with, in Chromium: to a page, and to an embedded hub's window."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Dialog, Page, Route, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from connect_hub import OAuth
from connect_hub.connectors.catalog import parse
from connect_hub.secret import Secret
from connect_hub.testing.provider import ProviderClient
from connect_hub.testing.provider.connectors import oauth_toml
from tests.embedding.place import Place, place_of
from tests.embedding.test_connect_js import PATIENCE, host_page, start, wait_heard
from tests.peers.browser import Observed

pytestmark = pytest.mark.browser

CLIENT_SECRET = "poster-secret-0123456789"
POLYGLOT = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</title></textarea><b id=injected>"
)


@dataclass
class Posts:
    """The answers that came to the callback by POST: the visits whose cookies came along, from where, and
    how often the provider's token endpoint had been called by then."""

    seen: list[tuple[set[str], str, int]] = field(default_factory=list)
    place: Place | None = None

    def around(self, app: ASGIApp) -> ASGIApp:
        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            if scope["method"] == "POST" and "/oauth/callback/" in scope["path"]:
                headers = dict(scope["headers"])
                assert self.place is not None
                visits = set(re.findall(r"__Host-chub_(\w+)=", headers.get(b"cookie", b"").decode()))
                calls = self.place.provider.calls["token"]
                self.seen.append((visits, headers[b"sec-fetch-site"].decode(), calls))

        return noting


def poster(provider_url: str) -> OAuth:
    """A connector whose provider answers by a form."""
    toml = oauth_toml(base_url=provider_url, name="Poster").replace('key = "simulated"', 'key = "poster"', 1)
    toml = toml.replace("scopes = ", 'response_mode = "form_post"\nscopes = ', 1)
    return OAuth(parse(toml, "poster.toml"), client_id="poster", client_secret=CLIENT_SECRET)


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def place(tmp_path: Path, posts: Posts) -> Iterator[Place]:
    # The hub is `localhost`, and the provider `127.0.0.1`: two sites to a browser.
    with place_of(tmp_path, same_origin=True, more=poster, around=posts.around) as running:
        running.provider.add_client(
            ProviderClient(
                client_id="poster",
                client_secret=Secret(CLIENT_SECRET),
                redirect_uris=(running.hub.redirect_uris["poster"],),
            )
        )
        posts.place = running
        yield running


def begin(place: Place, page: Page, provider: str, *, embedded: bool) -> Page:
    """Go as far as the provider; the page that is there then."""
    page.set_default_timeout(PATIENCE)
    name = {"poster": "Poster Login", "simulated": "Acme Login"}[provider]
    if not embedded:
        page.goto(str(place.session(provider=provider)["auth_link_url"]))
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=f"Connect {name}").click()
        return page
    host_page(place, page, place.token(provider=provider))
    frame = start(page)
    with page.expect_popup(timeout=PATIENCE) as opening:
        frame.get_by_role("button", name=f"Connect {name}").click(timeout=PATIENCE)
    window = opening.value
    window.get_by_role("button", name="Continue").click(timeout=PATIENCE)
    return window


@pytest.mark.parametrize("embedded", [False, True], ids=["full page", "embedded"])
def test_an_answer_by_a_form_is_posted_once_more(
    place: Place, posts: Posts, page: Page, observed: Observed, embedded: bool
) -> None:
    """T22: the browser keeps the visit's Lax cookie back from the provider's own POST, which therefore trades
    no code; the page of ours that it gets posts the same from our own origin, and that connects."""

    def authorize(route: Route) -> None:
        url = re.sub("&response_mode=form_post|response_mode=form_post&", "", route.request.url)
        back = place.provider.approve(url)
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in parse_qsl(urlsplit(back).query)
        )
        form = f'<form method="post" action="{back.partition("?")[0]}">{fields}</form>'
        script = "<script>document.forms[0].submit()</script>"
        route.fulfill(content_type="text/html", body=f"<!doctype html><title>x</title>{form}{script}")

    page.context.route("**/oauth/authorize?*", authorize)
    begin(place, page, "poster", embedded=embedded)
    if embedded:
        assert wait_heard(page, 1)[0][0] == "success"
    else:
        expect(page.get_by_role("heading", name="Poster Login is connected")).to_be_visible(timeout=PATIENCE)
    (abroad, *first), (at_home, *second) = posts.seen
    assert (first, second) == (["cross-site", 0], ["same-origin", 1])
    assert len(at_home - abroad) == 1  # a frame's own cookie is not Lax
    assert len(abroad) == int(embedded)
    [account] = place.accounts()
    assert account["provider"] == "poster"
    assert observed.csp_violations == observed.page_errors == []


@pytest.mark.parametrize("embedded", [False, True], ids=["full page", "embedded"])
def test_what_a_provider_says_runs_nothing(
    place: Place, page: Page, observed: Observed, embedded: bool
) -> None:
    """T20: markup in every parameter of a refusal becomes no element and no script, neither on the page it
    comes to nor in the frame that tells of it; the policy has nothing to refuse, and another try works."""
    dialogs: list[Dialog] = []
    page.context.on("dialog", lambda dialog: dialogs.append(dialog))

    def refuse(route: Route) -> None:
        asked = dict(parse_qsl(urlsplit(route.request.url).query))
        answer = dict.fromkeys(
            ("error", "error_description", "error_uri", "session_state", POLYGLOT), POLYGLOT
        )
        back = f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"
        body = f'<!doctype html><title>x</title><meta http-equiv="refresh" content="0; url={escape(back)}">'
        route.fulfill(content_type="text/html", body=body)

    page.context.route("**/oauth/authorize?*", refuse)
    begin(place, page, "simulated", embedded=embedded)
    shown = page.frame_locator("iframe") if embedded else page
    expect(shown.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
    expect(shown.locator("#injected, main script, img[onerror]")).to_have_count(0)
    page.context.unroute("**/oauth/authorize?*")
    if embedded:
        with page.expect_popup(timeout=PATIENCE) as opening:
            shown.get_by_role("button", name="Connect Acme Login").click(timeout=PATIENCE)
        opening.value.get_by_role("button", name="Continue").click(timeout=PATIENCE)
        opening.value.get_by_role("button", name="Allow").click(timeout=PATIENCE)
        assert wait_heard(page, 1)[0][0] == "success"
    else:
        page.get_by_role("button", name="Connect Acme Login").click()
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading", name="Acme Login is connected")).to_be_visible(timeout=PATIENCE)
    assert dialogs == []
    assert observed.csp_violations == observed.page_errors == []
