"""connect.js and the embedded pages in Chromium: the host on one site, the hub on another or on the same."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from connect_hub.web.static import STATIC
from tests.embedding.place import Place, place_of
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
  }});
}};
</script>"""


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
