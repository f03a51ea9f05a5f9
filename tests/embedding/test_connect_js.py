"""connect.js and the embedded pages in Chromium: the host on one site, the hub on another or on the same."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import FrameLocator, Page, Request, Route, expect

from connect_hub import HubConfig, PageConfig, Subject, Visitor
from connect_hub.web.languages import Languages
from connect_hub.web.static import STATIC
from tests.embedding.place import Place, place_of, press_escape
from tests.peers.browser import Observed

pytestmark = pytest.mark.browser

PATIENCE = 30_000
HTML = """<!doctype html><html lang="en"><title>Host</title>
<h1>Settings of the host</h1><button id="go" type="button">Connect a tool</button><div id="box"></div>
<script>window.heard = [];</script>
<script src="{hub}/connect.js"></script>
<script>
document.getElementById("go").onclick = () => {{
  window.handle = Connect.start({{
    sessionToken: "{token}", {options}
    onSuccess: (account) => heard.push(["success", account]),
    onCancel: () => heard.push(["cancel"]),
    onClose: () => heard.push(["close"]),
    onError: (error) => heard.push(["error", error]),
  }});
}};
</script>"""


# The list in the frame is not greeted before it is told to listen.
DEAF = """if (parent !== self) addEventListener("message", (event) => {
  if (!self.listens && document.querySelector("form[data-start]") === null) event.stopImmediatePropagation();
}, true);"""
LISTEN = "() => { self.listens = true; parent.postMessage({ connectHub: 1, type: 'ready' }, '*'); }"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["cross-site", "same-origin"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path, same_origin=request.param, prefix="/a/b") as running:
        yield running


def host_page(place: Place, page: Page, token: str, options: str = "") -> None:
    place.pages["/"] = HTML.format(hub=place.hub_url, token=token, options=options)
    page.goto(place.host + "/")


def heard(page: Page) -> list[list[object]]:
    return list(page.evaluate("window.heard"))


def wait_heard(page: Page, count: int) -> list[list[object]]:
    page.wait_for_function(f"window.heard.length >= {count}", timeout=PATIENCE)
    return heard(page)


def start(page: Page) -> FrameLocator:
    page.get_by_role("button", name="Connect a tool").click()
    return page.frame_locator("iframe")


def test_script_is_small() -> None:
    """Under 6 KB gzip, as it is served."""
    assert len(gzip.compress((STATIC / "connect.js").read_bytes(), 9)) < 6 * 1024


def test_a_key_is_connected_in_a_modal(either: Place, page: Page, observed: Observed) -> None:
    """The frame gets the token by message alone, shows list, form and success; the host hears of it once, and
    of the close (T5, T29, T30, T32)."""
    token = either.token()
    host_page(either, page, token)
    frame = start(page)
    expect(page.get_by_role("dialog", name="Connect")).to_be_visible()
    frame.get_by_role("link", name="Acme Key").click(timeout=PATIENCE)
    frame.get_by_label("API key").fill("wrong")
    frame.get_by_role("button", name="Connect Acme Key").click()
    expect(frame.get_by_role("alert").first).to_be_visible(timeout=PATIENCE)
    frame.get_by_label("API key").fill(either.key)
    frame.get_by_role("button", name="Connect Acme Key").click()
    [[what, account]] = wait_heard(page, 1)
    [stored] = either.accounts()
    assert (what, account) == ("success", {"id": stored["id"], "provider": stored["provider"]})
    frame.get_by_role("button", name="Done").click()
    assert [line[0] for line in wait_heard(page, 2)] == ["success", "close"]
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not [r.url for r in observed.requests if token in r.url or either.key in r.url]
    assert observed.csp_violations == observed.page_errors == []


def test_a_sign_in_goes_through_a_window(either: Place, page: Page, observed: Observed) -> None:
    """The window opens in the click, confirms first as a page in no frame (T2, T3, T29), goes to the provider
    and closes itself; the frame learns the result from the server."""
    token = either.token(provider="simulated")
    host_page(either, page, token)
    frame = start(page)
    with page.expect_popup(timeout=PATIENCE) as opening:
        frame.get_by_role("button", name="Connect Acme Login").click(timeout=PATIENCE)
    window = opening.value
    # While it waits, the frame is told off once and meets a restart once; neither ends it.
    answers = [429, 503]

    def troubled(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(0), body="Not now")
        else:
            route.continue_()

    with page.expect_response(lambda answer: answer.status == 503, timeout=PATIENCE):
        page.route("**/embed/**", troubled)
    expect(window.get_by_text("Acme Corp").first).to_be_visible(timeout=PATIENCE)
    assert either.provider.calls["token"] == 0
    expect(frame.get_by_role("heading", name="Sign in to Acme Login")).to_be_visible(timeout=PATIENCE)
    window.get_by_role("button", name="Continue").click()
    window.get_by_role("button", name="Allow").click(timeout=PATIENCE)
    [[what, account]] = wait_heard(page, 1)
    [stored] = either.accounts()
    assert (what, account) == ("success", {"id": stored["id"], "provider": "simulated"})
    expect(frame.get_by_role("heading", name="Acme Login is connected")).to_be_visible()
    if not window.is_closed():
        window.wait_for_event("close", timeout=PATIENCE)
    assert not [r.url for r in observed.requests if token in r.url]
    assert observed.csp_violations == observed.page_errors == []


def test_the_frame_begins_with_the_list(either: Place, page: Page, observed: Observed) -> None:
    """One request brings the list: the token goes with it, in its body. Back and reload come to the list
    again and send nothing twice."""
    token = either.token()
    host_page(either, page, token)
    frame = start(page)
    expect(frame.get_by_role("link", name="Acme Key")).to_be_visible(timeout=PATIENCE)
    asked = [r for r in observed.requests if r.is_navigation_request() and "/embed" in r.url]
    assert [(r.method, r.url, r.post_data_json) for r in asked] == [
        ("POST", f"{either.hub_url}/embed", {"token": token})
    ]
    # The script of the list, which gives it an address, may be later than the list.
    page.frames[1].wait_for_function("location.pathname.includes('/embed/visit/')", timeout=PATIENCE)
    visit = page.frames[1].evaluate("location.pathname")
    frame.get_by_role("link", name="Acme Key").click()
    expect(frame.get_by_label("API key")).to_be_visible(timeout=PATIENCE)
    page.evaluate("history.back()")
    expect(frame.get_by_role("link", name="Acme Login")).to_be_visible(timeout=PATIENCE)
    frame.locator("body").evaluate(
        "(body) => { body.dataset.old = ''; setTimeout(() => location.reload()); }"
    )
    expect(frame.locator("body[data-old]")).to_have_count(0, timeout=PATIENCE)
    expect(frame.get_by_role("link", name="Acme Login")).to_be_visible(timeout=PATIENCE)
    assert page.frames[1].evaluate("location.pathname") == visit
    assert len([r for r in observed.requests if r.method == "POST"]) == 1
    assert observed.csp_violations == observed.page_errors == []


@pytest.mark.parametrize("policy", ["no-referrer", "same-origin"])
def test_a_page_that_tells_no_referrer_embeds_as_any_other(place: Place, page: Page, policy: str) -> None:
    """Whatever the host's pages tell others, the hub learns whose frame it is, and nothing more than that."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    place.pages["/x/y"] = f'<meta name="referrer" content="{policy}">' + HTML.format(
        hub=place.hub_url, token=place.token(), options=""
    )
    page.goto(place.host + "/x/y?secret=1")
    expect(start(page).get_by_role("link", name="Acme Key")).to_be_visible(timeout=PATIENCE)
    asked = [r for r in sent if r.is_navigation_request() and "/embed" in r.url]
    assert [(r.method, r.all_headers()["origin"]) for r in asked] == [("POST", place.host)]
    assert {r.all_headers().get("referer") for r in asked} <= {None, f"{place.host}/"}


def test_a_page_that_lets_no_form_out_hands_the_token_over_by_message(
    place: Place, page: Page, observed: Observed
) -> None:
    """A host's policy may name where its forms go, and has no reason to name the hub (T32): the frame's first
    page asks for the token then. A policy that only reports changes nothing."""
    policy = f"default-src 'unsafe-inline' 'unsafe-eval' {place.hub_url}/; form-action 'self'"
    for header, ways in (
        ("Content-Security-Policy", ["GET /embed", "POST /embed/open"]),
        ("Content-Security-Policy-Report-Only", ["POST /embed"]),
    ):
        place.headers.clear()
        place.headers[header] = policy
        observed.requests.clear()
        host_page(place, page, place.token(provider="simulated-key"))
        frame = start(page)
        frame.get_by_label("API key").fill(place.key, timeout=PATIENCE)
        frame.get_by_role("button", name="Connect Acme Key").click()
        assert wait_heard(page, 1)[0][0] == "success"
        begun = [f"{r.method} {r.url.removeprefix(place.hub_url)}" for r in observed.requests]
        assert [line for line in begun if line.endswith(("/embed", "/embed/open"))] == ways


def test_an_embedded_hub_manages_as_well(tmp_path: Path, page: Page, observed: Observed) -> None:
    """On the host's own origin, where the host's sign-in comes with the frame (T51): one of two accounts at a
    provider is renewed and the other disconnected, all inside the frame."""

    def signed_in(config: HubConfig) -> HubConfig:
        def identity(_: Visitor) -> Subject:
            return Subject("acme-42", project="default")

        return replace(config, pages=PageConfig(identity=identity))

    with place_of(tmp_path, same_origin=True, configured=signed_in) as place:
        for _ in range(2):
            token = place.token(multiple=True)
            sent = {"integration_id": "simulated-key", "credentials": {"api_key": place.key}}
            headers = {"x-hub-session-token": token}
            httpx2.post(f"{place.hub_url}/hub/accounts", json=sent, headers=headers, trust_env=False)
        newer, older = place.accounts()
        host_page(place, page, place.token(manage=True, multiple=True, binding="host_identity"))
        frame = start(page)
        frame.get_by_role("link", name="Acme Key").nth(1).click(timeout=PATIENCE)
        frame.get_by_role("link", name="Reconnect").click()
        frame.get_by_role("button", name="Reconnect Acme Key").click()
        assert wait_heard(page, 1) == [["success", {"id": older["id"], "provider": "simulated-key"}]]
        frame.get_by_role("link", name="Connect another").click()
        frame.get_by_role("link", name="Acme Key").first.click()
        frame.get_by_role("link", name="Disconnect").click()
        frame.get_by_role("button", name="Disconnect Acme Key").click()
        expect(frame.get_by_text("Acme Key was disconnected.")).to_be_visible(timeout=PATIENCE)
        [left] = place.accounts()
        assert (left["id"], left["created_at"]) == (older["id"], older["created_at"])
        assert newer["id"] != older["id"]
        assert observed.csp_violations == observed.page_errors == []


def test_escape_before_the_frame_is_greeted_closes_too(place: Place, page: Page) -> None:
    """A page of the frame is there to be used before the host's page has spoken with it."""
    page.add_init_script(DEAF)
    host_page(place, page, place.token())
    link = start(page).get_by_role("link", name="Acme Login")
    press_escape(link)
    assert heard(page) == []
    link.evaluate(LISTEN)
    assert wait_heard(page, 2) == [["cancel"], ["close"]]


def test_the_modal_is_one_for_the_keyboard_too(place: Place, page: Page, observed: Observed) -> None:
    """Named, it holds the focus while it is open, is as high as what it shows, closes on Escape from inside
    the frame, and gives the focus back; without `close` there is no button, and Escape still works."""
    host_page(place, page, place.token())
    frame = start(page)
    dialog = page.get_by_role("dialog", name="Connect")
    expect(frame.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    assert page.locator("iframe").get_attribute("title") == "Connect"
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 320", timeout=PATIENCE)
    inside = "[document.body, ...document.querySelectorAll('dialog *')].includes(document.activeElement)"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(inside)
    assert page.evaluate("document.getElementById('go').matches(':focus')") is False
    tall = page.evaluate("document.querySelector('iframe').offsetHeight")
    frame.get_by_role("link", name="Acme Login").click()
    expect(frame.get_by_role("heading", name="Connect Acme Login")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(f"document.querySelector('iframe').offsetHeight !== {tall}", timeout=PATIENCE)
    press_escape(frame.get_by_role("button", name="Connect Acme Login"))
    assert wait_heard(page, 2) == [["cancel"], ["close"]]
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Connect a tool")).to_be_focused()

    host_page(place, page, place.token(), "styles: { options: { close: false, back: false } },")
    frame = start(page)
    frame.get_by_role("link", name="Acme Key").click(timeout=PATIENCE)
    expect(frame.get_by_label("API key")).to_be_visible(timeout=PATIENCE)
    expect(frame.get_by_role("link", name="All tools")).to_be_hidden()
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
    page.evaluate("handle.close(); handle.close()")
    assert heard(page) == [["cancel"], ["close"]]
    assert observed.page_errors == []


def test_the_words_of_the_script_are_the_catalogue_s() -> None:
    """What connect.js says before the frame is there, in every language that is shipped."""
    text = (STATIC / "connect.js").read_text()
    table = text.partition("const WORDS = {")[2].partition("};")[0]
    said = {
        tag: tuple(json.loads(pair)) for tag, pair in re.findall(r"^ +(\w+): (\[.*\]),$", table, re.MULTILINE)
    }
    languages = Languages()
    wanted = {tag: tuple(map(languages.get(tag).text, ("Connect", "Close"))) for tag in languages.tags}
    assert said == wanted


def test_the_modal_speaks_the_language_of_its_page(place: Place, page: Page) -> None:
    """Name, close button and direction are those of the host's page at first, and once it is there those of
    the page in the frame, whose session may have another; in Arabic the button stands at the other end."""
    for around, first, locale, title, close, is_left in (
        ("de-AT", "Verbinden", "de", "Verbinden", "Schließen", False),
        ("en", "Connect", "ar", "الربط", "إغلاق", True),
        ("ar", "الربط", "ja", "接続", "閉じる", False),
    ):
        host_page(place, page, place.token(locale=locale))
        said = page.evaluate(
            "(lang) => { document.documentElement.lang = lang; document.getElementById('go').click();"
            " return document.querySelector('dialog').ariaLabel; }",
            around,
        )
        assert said == first
        dialog = page.get_by_role("dialog", name=title, exact=True)
        expect(page.frame_locator("iframe").locator(f"html[lang={locale}] h1")).to_be_visible(
            timeout=PATIENCE
        )
        button = dialog.get_by_role("button", name=close, exact=True)
        expect(button).to_be_visible(timeout=PATIENCE)
        expect(page.locator("iframe")).to_have_attribute("title", title)
        box, frame_box = button.bounding_box(), page.locator("iframe").bounding_box()
        assert box is not None
        assert frame_box is not None
        assert (box["x"] - frame_box["x"] < frame_box["width"] / 2) is is_left
        button.click()
        expect(dialog).to_have_count(0)


def test_bad_options_are_named(place: Place, page: Page) -> None:
    """A TypeError that names the option, and nothing opens; a name that is none is told of in the console."""
    host_page(place, page, "unused")
    for options, wrong in (
        ("{}", "sessionToken"),
        ("undefined", "sessionToken"),
        ("{ sessionToken: 5 }", "sessionToken"),
        ("{ sessionToken: 'a', styles: { inline: { containerId: 'nowhere' } } }", "nowhere"),
        ("{ sessionToken: 'a', styles: 3 }", "styles is no object"),
        (
            "{ sessionToken: 'a', styles: { options: { bgcolor: 'red' } } }",
            "styles.options.bgcolor is called bgColor",
        ),
        ("{ sessionToken: 'a', onSuccess: 3 }", "onSuccess is no function"),
        ("{ sessionToken: 'a', onsuccess: () => {} }", "onsuccess is called onSuccess"),
        ("{ sessionToken: 'a', apiUrl: 'nonsense' }", "apiUrl is not a web address"),
        ("{ sessionToken: 'a', apiUrl: 'https://' }", "apiUrl is not a web address"),
        ("{ sessionToken: 'a', apiUrl: 'javascript:alert(1)' }", "apiUrl is not a web address"),
        ("{ token: 'a' }", "token is called sessionToken"),
    ):
        message = page.evaluate(
            f"(() => {{ try {{ Connect.start({options}); }} catch (e) {{ return `${{e}}`; }} }})()"
        )
        assert message.startswith("TypeError: Connect.start"), message
        assert wrong in message
    expect(page.locator("iframe")).to_have_count(0)
    with page.expect_console_message(lambda told: told.type == "warning") as warning:
        page.evaluate("Connect.start({ sessionToken: 'a', bgColour: 'red' }).close()")
    assert warning.value.text.startswith(
        "Connect.start: there is no option bgColour; there are sessionToken,"
    )


def test_lengths_are_pixels_or_css(place: Place, page: Page) -> None:
    """`height="400"` of the element, as HTML writes numbers, is 400 pixels, and so is 400 of the option; a
    frame with a height of its own keeps it whatever it shows."""
    place.pages["/"] = f"""<!doctype html><html lang="en"><title>Host</title><h1>Host</h1><div id="box"></div>
      <connect-hub token="{place.token()}" width="300" height="400"></connect-hub>
      <script src="{place.hub_url}/connect.js"></script>
      <script>Connect.start({{ sessionToken: "{place.token()}", styles: {{ inline: {{
        containerId: "box", width: "50%", height: 401.5 }} }} }});</script>"""
    page.goto(place.host + "/")
    for where in ("connect-hub", "#box"):
        expect(page.frame_locator(f"{where} iframe").get_by_role("link", name="Acme Key")).to_be_visible(
            timeout=PATIENCE
        )
    sizes = page.evaluate(
        "[...document.querySelectorAll('iframe')].map((f) => [f.style.width, f.style.height])"
    )
    assert sorted(sizes) == [["300px", "400px"], ["50%", "401.5px"]]


def test_the_host_is_told_of_an_error(place: Place, page: Page, observed: Observed) -> None:
    """A token that is of no use any more: `onError` and the element's `error` have the code, so that the host
    can begin with another; the text in the frame speaks of no link. The handler of the window hears none."""
    session = place.session()
    place.api("DELETE", f"/connect_sessions/{session['id']}")
    host_page(place, page, str(session["token"]))
    frame = start(page)
    expect(frame.get_by_role("heading", name="This session was withdrawn")).to_be_visible(timeout=PATIENCE)
    assert wait_heard(page, 1) == [["error", {"code": "link_revoked"}]]
    assert "link" not in frame.locator("main").inner_text().lower().replace("link_revoked", "")
    page.evaluate("handle.close()")
    assert heard(page)[1:] == [["cancel"], ["close"]]

    place.pages["/element"] = f"""<!doctype html><html lang="en"><title>Host</title><h1>Host</h1>
      <connect-hub token="no token of this hub"></connect-hub>
      <script src="{place.hub_url}/connect.js"></script>
      <script>window.heard = [];
        window.onerror = () => heard.push(["window"]);
        document.querySelector("connect-hub").addEventListener("error", (e) => {{
          heard.push(["error", e.detail]);
          e.target.setAttribute("token", "{place.token()}");
        }});</script>"""
    page.goto(place.host + "/element")
    frame = page.frame_locator("connect-hub iframe")
    expect(frame.get_by_role("link", name="Acme Login")).to_be_visible(timeout=PATIENCE)
    assert heard(page) == [["error", {"code": "link_not_found"}]]
    assert observed.page_errors == []


def test_the_element_opens_the_hub_in_its_place(either: Place, page: Page, observed: Observed) -> None:
    """`<connect-hub>`: events with the account, as high as its content; another token begins anew, and taking
    it out of the page closes it."""
    token = either.token(provider="simulated-key")
    either.pages["/"] = f"""<!doctype html><html lang="en"><title>Host</title><h1>Host</h1>
      <connect-hub token="{token}"></connect-hub>
      <script src="{either.hub_url}/connect.js"></script>
      <script>window.heard = []; for (const name of ["success", "cancel", "close"])
        document.addEventListener(name, (e) => heard.push(e.detail ? [name, e.detail] : [name]));</script>"""
    page.goto(either.host + "/")
    frame = page.frame_locator("connect-hub iframe")
    frame.get_by_label("API key").fill(either.key, timeout=PATIENCE)
    frame.get_by_role("button", name="Connect Acme Key").click()
    told = wait_heard(page, 1)
    [account] = either.accounts()
    assert told == [["success", {"id": account["id"], "provider": "simulated-key"}]]
    page.evaluate(
        "(token) => document.querySelector('connect-hub').setAttribute('token', token)", either.token()
    )
    expect(frame.get_by_role("link", name="Acme Login")).to_be_visible(timeout=PATIENCE)
    page.evaluate("document.querySelector('connect-hub').remove()")
    assert wait_heard(page, 2)[1] == ["close"]
    assert observed.page_errors == []
