"""Pages around the hub that may not embed it, that lie to it, or whose browsers keep cookies from frames."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.embedding.place import Place, place_of
from tests.embedding.test_connect_js import PATIENCE, heard, host_page, start, wait_heard
from tests.peers.browser import Observed, chromium_path

pytestmark = pytest.mark.browser


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path) as running:
        yield running


def posts(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.method == "POST"]


def test_an_origin_that_is_not_configured_gets_nothing(
    tmp_path: Path, page: Page, observed: Observed
) -> None:
    """T28, T29, T32: the browser shows no frame of the hub; the token goes nowhere but to the hub, which does
    not look at it, and a script of the page is refused by /hub/. The host is told that there is no answer."""
    with place_of(tmp_path, allowed=False) as place:
        token = place.token()
        host_page(place, page, token)
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text, timeout=PATIENCE):
            page.get_by_role("button", name="Connect a tool").click()
        frame = page.locator("iframe").element_handle(timeout=PATIENCE).content_frame()
        assert frame is not None
        frame.wait_for_load_state()
        page.wait_for_function("window.handle !== undefined")
        expect(page.frame_locator("iframe").get_by_text("Acme Key")).to_have_count(0)
        refused = page.evaluate(
            """async ([url, token]) => {
              try { return (await fetch(url, { headers: { "x-hub-session-token": token } })).status; }
              catch { return "refused"; }
            }""",
            [f"{place.hub_url}/hub/connectors", token],
        )
        assert refused == "refused"
        page.wait_for_function("window.heard.length === 1", timeout=PATIENCE)
        page.get_by_role("button", name="Close").click()
        assert heard(page) == [["error", {"code": "no_answer"}], ["cancel"], ["close"]]
        assert [r.url for r in posts(observed.requests)] == [f"{place.hub_url}/embed"]
        assert page.context.cookies() == []
        [session] = place.api("GET", "/connect_sessions").json()
        assert "latest_connection_attempt" not in session or not session["latest_connection_attempt"]
        assert place.accounts() == []


def test_neither_the_page_s_markup_nor_a_script_address_takes_the_place_of_the_hub(
    place: Place, page: Page, observed: Observed
) -> None:
    """T32: an image that is named as the current script sends the token nowhere, and no `javascript:` address
    is opened."""
    token = place.token()
    place.pages["/clobbered"] = (
        '<!doctype html><title>Acme HR</title><img name="currentScript" src="https://evil.invalid/a" alt="">'
        f'<script src="{place.hub_url}/connect.js"></script>'
        '<connect-hub token="x" hub-url="javascript:alert(document.domain)//"></connect-hub>'
    )
    dialogs: list[Dialog] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))
    page.goto(place.host + "/clobbered")
    refused = page.evaluate(
        "(sessionToken) => { try { Connect.start({ sessionToken }); } catch (e) { return e.message; } }",
        token,
    )
    assert "apiUrl is missing" in refused
    expect(page.locator("iframe")).to_have_count(0)
    assert dialogs == []
    assert not [request for request in observed.requests if "/embed" in request.url]


def test_messages_of_others_are_not_believed(place: Place, page: Page, observed: Observed) -> None:
    """T32: neither the host's page nor the hub's frame takes a message from any other window: no success that
    was none, no token that is not the host's, no closing."""
    host_page(place, page, place.token(provider="simulated-key"))
    frame = start(page)
    expect(frame.get_by_label("API key")).to_be_visible(timeout=PATIENCE)
    page.evaluate(
        """(hub) => {
          const script = `
            const lies = [
              { type: "success", attempt: "att_1", account: { id: "acc_1", provider: "x" } },
              { type: "close" }, { type: "escape" }, { type: "start" },
              { type: "hello", back: true, background: "red" }, { type: "token", token: "x.y.z" },
            ];
            for (const target of [parent, ...Array.from(parent.frames)]) {
              for (const lie of lies) target.postMessage({ connectHub: 1, ...lie }, "*");
            }
            parent.postMessage("lied", "*");`;
          const over = (done) => addEventListener("message", (e) => e.data === "lied" && done());
          window.lied = new Promise(over);
          const liar = document.createElement("iframe");
          liar.srcdoc = `<script>${script}</` + "script>";
          document.body.append(liar);
          return window.lied;
        }""",
        place.hub_url,
    )
    # The frame goes on as before, and what it tells afterwards is all that the page hears.
    hub = page.frame_locator("dialog iframe")
    hub.get_by_label("API key").fill(place.key)
    hub.get_by_role("button", name="Connect Acme Key").click()
    [[what, account]] = wait_heard(page, 1)
    assert (what, account) == ("success", {"id": place.accounts()[0]["id"], "provider": "simulated-key"})
    assert [r for r in posts(observed.requests) if "x.y.z" in (r.post_data or "")] == []


def test_what_the_frame_tells_has_ids_alone(place: Place, page: Page) -> None:
    """T32: every message of the hub's is for the host's exact origin, and has no token or credential."""
    token = place.token(provider="simulated-key")
    host_page(place, page, token)
    page.evaluate(
        "window.told = []; addEventListener('message', (e) => told.push([e.origin, JSON.stringify(e.data)]))"
    )
    frame = start(page)
    frame.get_by_label("API key").fill(place.key, timeout=PATIENCE)
    frame.get_by_role("button", name="Connect Acme Key").click()
    wait_heard(page, 1)
    told = page.evaluate("told")
    assert told
    for origin, text in told:
        assert place.hub_url.startswith(origin)
        assert token not in text
        assert place.key not in text
        assert "Ada" not in text


def test_blocked_third_party_cookies_do_not_matter(place: Place, chromium: Browser) -> None:
    """A browser that keeps other sites' cookies from frames still takes the frame's own, which is
    partitioned; the way by key works to its end."""
    browser = chromium.browser_type.launch(
        executable_path=chromium_path(),
        args=["--no-sandbox", "--disable-gpu", "--test-third-party-cookie-phaseout"],
    )
    try:
        page = browser.new_page()
        host_page(place, page, place.token(provider="simulated-key"))
        page.context.add_cookies(
            [{"name": "third", "value": "1", "url": place.hub_url, "sameSite": "None", "secure": True}]
        )
        sent: list[Request] = []
        page.on("request", lambda request: sent.append(request))
        frame = start(page)
        frame.get_by_label("API key").fill(place.key, timeout=PATIENCE)
        frame.get_by_role("button", name="Connect Acme Key").click()
        assert wait_heard(page, 1)[0][0] == "success"
        cookies = [r.all_headers().get("cookie", "") for r in sent if "/embed/visit" in r.url]
        assert cookies
        assert all("__Host-chub_" in cookie and "third=" not in cookie for cookie in cookies)
    finally:
        browser.close()


class _NoCookies:
    """Takes every Set-Cookie away, as a browser that allows no cookies does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [h for h in message["headers"] if h[0] != b"set-cookie"]
            await send(message)

        await self._app(scope, receive, without)


def test_a_browser_without_cookies_is_told(tmp_path: Path, page: Page) -> None:
    """Where no cookie is kept at all, the frame says so at its first step, and what to do; nothing is
    connected."""
    with place_of(tmp_path, around=_NoCookies) as place:
        for step in ({"provider": "simulated-key"}, {}):
            host_page(place, page, place.token(**step))
            frame = start(page)
            if not step:  # the list came with the token, and its links need the cookie
                frame.get_by_role("link", name="Acme Key").click(timeout=PATIENCE)
            expect(frame.get_by_text("cookie", exact=False).first).to_be_visible(timeout=PATIENCE)
            assert wait_heard(page, 1) == [["error", {"code": "cookie_missing"}]]
            page.get_by_role("button", name="Close").click()
            assert heard(page)[1:] == [["cancel"], ["close"]]


def test_a_form_of_the_host_s_begins_no_visit(place: Place, page: Page, observed: Observed) -> None:
    """T28: the browser says that a form is of another site, also one that the hub may be embedded in, and
    with a good token; no cookie is set. What begins a frame's visit begins none outside of a frame."""
    token = place.token()
    for path, heading in (("/embed/open", "This form came from somewhere else"), ("/embed", "Opening…")):
        place.pages["/"] = f"""<!doctype html><html lang="en"><title>Host</title>
          <form method="post" action="{place.hub_url}{path}">
          <input type="hidden" name="token" value="{token}"><button>Send</button></form>"""
        page.goto(place.host + "/")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name=heading)).to_be_attached(timeout=PATIENCE)
        assert page.context.cookies() == []


class _Answers:
    """Notes what is answered to the first requests of frames."""

    def __init__(self) -> None:
        self.headers: list[dict[bytes, bytes]] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                if message["type"] == "http.response.start" and scope["path"].endswith("/embed"):
                    self.headers.append(dict(message["headers"]))
                await send(message)

            await app(scope, receive, note)

        return noting


def test_a_frame_of_another_site_begins_no_visit(tmp_path: Path, page: Page) -> None:
    """T28, T29: a page that is not configured sends a good token into a frame, through a frame without an
    origin as well: no cookie is set, and nothing of the hub is shown."""
    answers = _Answers()
    with place_of(tmp_path, around=answers.around) as place:
        form = f"""<form method="post" action="{place.hub_url}/embed" target="hub">
          <input type="hidden" name="token" value="{place.token()}"></form><iframe name="hub"></iframe>
          <script>document.forms[0].submit();</script>"""
        place.pages["/evil"] = f'<!doctype html><html lang="en"><title>Evil</title>{form}'
        place.pages["/opaque"] = (
            '<!doctype html><html lang="en"><title>Host</title>'
            f'<iframe sandbox="allow-scripts allow-forms" srcdoc="{escape(form)}"></iframe>'
        )
        evil = f"{place.host.replace('localhost', 'evil.localhost')}/evil"
        for count, address in enumerate((evil, f"{place.host}/opaque"), 1):
            page.goto(address)
            # The browser does not always tell of an answer that it does not show.
            for _ in range(600):
                if len(answers.headers) == count:
                    break
                page.wait_for_timeout(100)
            assert len(answers.headers) == count
            assert b"set-cookie" not in answers.headers[-1]
            assert (
                b"frame-ancestors " + place.host.encode() in answers.headers[-1][b"content-security-policy"]
            )
            assert page.context.cookies() == []
            expect(page.frame_locator("iframe").get_by_text("Acme Key")).to_have_count(0)
        [session] = place.api("GET", "/connect_sessions").json()
        assert session["status"] == "open"


def test_a_sibling_plants_no_visit(tmp_path: Path, chromium: Browser, page: Page) -> None:
    """T27: a page of a sibling subdomain gives nobody's browser a visit of its own: the browser keeps no
    `__Host-` cookie from it, and the same value without the prefix, which it keeps, opens nothing."""
    with place_of(tmp_path, same_origin=True, host_name="app.localhost") as place:
        page.set_default_timeout(PATIENCE)
        place.pages["/evil"] = "<!doctype html><html lang='en'><title>Evil</title>"
        attacker = chromium.new_context()
        try:
            theirs = attacker.new_page()
            theirs.goto(str(place.session()["auth_link_url"]))
            theirs.get_by_role("button", name="Continue").click(timeout=PATIENCE)
            expect(theirs.get_by_role("searchbox")).to_be_visible(timeout=PATIENCE)
            [cookie] = attacker.cookies(place.hub_url)
            visit = theirs.url
        finally:
            attacker.close()
        name, value = cookie["name"], cookie["value"]
        kept = [cookie[key] for key in ("domain", "path", "secure", "httpOnly", "sameSite")]
        assert kept == ["app.localhost", "/", True, True, "Lax"]
        page.goto(place.host.replace("//app.", "//evil.app.") + "/evil")
        page.evaluate(
            "([name, value]) => { for (const each of [name, name.replace('__Host-', '')])"
            " document.cookie = `${each}=${value}; Domain=app.localhost; Path=/; Secure`; }",
            [name, value],
        )
        assert [c["name"] for c in page.context.cookies(place.hub_url)] == [name.removeprefix("__Host-")]
        page.goto(visit)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your browser did not send our cookie")


def test_a_window_that_was_kept_from_opening_is_opened_by_hand(place: Place, page: Page) -> None:
    """A browser may keep the first window from opening; the page in the frame then has a button for it."""
    page.add_init_script("window.open = () => null")
    host_page(place, page, place.token(provider="simulated"))
    frame = start(page)
    frame.get_by_role("button", name="Connect Acme Login").click(timeout=PATIENCE)
    with page.expect_popup(timeout=PATIENCE) as opening:
        frame.get_by_role("button", name="Open the window").click(timeout=PATIENCE)
    window = opening.value
    window.get_by_role("button", name="Continue").click(timeout=PATIENCE)
    window.get_by_role("button", name="Allow").click(timeout=PATIENCE)
    assert wait_heard(page, 1)[0][0] == "success"


def test_a_sign_in_that_is_refused_can_be_tried_again(place: Place, page: Page) -> None:
    """Refused at the provider, the window closes; the frame says so over the form, and a second try works."""
    host_page(place, page, place.token(provider="simulated"))
    frame = start(page)
    for decision in ("Deny", "Allow"):
        with page.expect_popup(timeout=PATIENCE) as opening:
            frame.get_by_role("button", name="Connect Acme Login").click(timeout=PATIENCE)
        window = opening.value
        window.get_by_role("button", name="Continue").click(timeout=PATIENCE)
        window.get_by_role("button", name=decision).click(timeout=PATIENCE)
        if decision == "Deny":
            expect(frame.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
            assert heard(page) == []
    assert wait_heard(page, 1)[0][0] == "success"
