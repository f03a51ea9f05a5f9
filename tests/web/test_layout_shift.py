"""Nothing on a page moves by itself: Chromium's own measure, the Layout Instability API."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from connect_hub.testing.gallery import Gallery
from connect_hub.testing.serving import serving
from tests.embedding.place import place_of
from tests.peers.browser import OpenPage

pytestmark = pytest.mark.browser
PATIENCE = 30_000
WIDTHS = (1280, 390)
LATE = frozenset({"image", "script"})
"""What comes after the first paint in these tests. The opener's script is not late: it keeps its page from
being drawn until the address is cleared."""
SHIFTS = """() => new Promise((done) => {
  const found = [];
  const [drawn] = performance.getEntriesByName("first-paint");
  const seen = (e) => !e.hadRecentInput && e.startTime > (drawn?.startTime ?? 0);
  const note = (entries) => entries.filter(seen).forEach((e) => found.push(
    [e.value, ...e.sources.map((s) => `${s.node?.nodeName} ${s.node?.className ?? s.node?.data}: `
      + `${JSON.stringify(s.previousRect)} -> ${JSON.stringify(s.currentRect)}`)]));
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    note(observer.takeRecords());
    done(found);
  }, 50)));
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    with serving(Gallery(), before_stop=lambda: None) as address:
        yield address


def shifts(where: Page | Frame) -> list[list[object]]:
    """What moved in this document without anybody's doing: how much of the view, and what from where to
    where. Chromium leaves out what moves by less than 3 pixels. What it lays out in a frame before the
    stylesheet has come it counts, and does not draw: left out here."""
    return list(where.evaluate(SHIFTS))


class Gate:
    """Keeps a page's scripts and images back until it has been drawn without them."""

    def __init__(self, page: Page) -> None:
        self._page, self._closed = page, False
        self._held: list[Route] = []
        page.route("**/*", self._pass)

    def _pass(self, route: Route) -> None:
        if self._closed and route.request.resource_type in LATE and "/opener." not in route.request.url:
            self._held.append(route)
        else:
            route.continue_()

    def open(self, url: str) -> None:
        """Go there, and let what was kept back come after the first paint."""
        self._closed = True
        self._page.goto(url, wait_until="commit")
        self._page.wait_for_function(PAINTED, timeout=PATIENCE)
        self._closed = False
        while self._held:
            self._held.pop().continue_()
        self._page.wait_for_load_state("load")


def search(page: Page) -> None:
    box = page.get_by_role("searchbox")
    for words in ("hub", "hub of no such name"):
        box.press("ControlOrMeta+a")
        page.keyboard.type(words)  # not fill(), which is nobody's input to Chromium
    expect(page.get_by_text("No tool matches this search")).to_be_visible()
    page.get_by_role("link", name="Clear the search").click()
    page.get_by_role("link", name="CRM", exact=True).click()


def validate(page: Page) -> None:
    page.get_by_label("Subdomain").click()
    page.keyboard.type("not one word")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Connect Zendesk").click()
    assert page.evaluate("document.querySelector('form').matches(':invalid')")


PAGES: dict[str, Callable[[Page], None] | None] = {
    "opener": None,
    "landing": None,
    "providers": search,
    "providers-manage": None,
    "account": None,
    "connect": validate,
    "connect-all-controls": None,
    "connect-wrong": None,
    "connect-edit": None,
    "success": None,
    "problem": None,
    "embedded": None,
    "waiting": None,
    "connect-window": None,
    "success-embedded": None,
}


DATED = ("landing", "account")
"""Where a time in the reader's own zone takes the place of one in UTC, which is as long in every language."""
LOOKED_AT = [
    *(("en", name) for name in PAGES),
    *((tag, name) for tag in ("de", "fr", "es") for name in DATED),
]
HOST = """<!doctype html><html lang="en"><title>Host</title>
<meta name="viewport" content="width=device-width"><h1>Settings of the host</h1><p>Some text of the host</p>
<script src="{hub}/connect.js"></script>
<script>addEventListener("load", () => Connect.start({{ sessionToken: "{token}" }}));</script>"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_while_a_page_comes(gallery: str, open_page: OpenPage, width: int) -> None:
    """No element moves, at all, when scripts and logos come after the first paint, nor by itself while
    somebody searches or a value is judged; what somebody's own key or click moves in the half second after it
    is left out, as in Chromium's measure."""
    page = open_page(width=width)
    gate, moved = Gate(page), {}
    for language, name in LOOKED_AT:
        gate.open(f"{gallery}/pages/light/{language}/{name}")
        if (act := PAGES[name]) is not None:
            act(page)
        if found := shifts(page):
            moved[language, name] = found
    assert moved == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_in_a_frame_either(tmp_path: Path, open_page: OpenPage, width: int) -> None:
    """In the modal of connect.js, from list to success: neither the host's page nor what is in the frame
    moves."""
    page = open_page(width=width)
    with place_of(tmp_path) as place:
        place.pages["/"] = HOST.format(hub=place.hub_url, token=place.token())
        page.goto(place.host + "/")
        frame = page.frame_locator("iframe")

        def still(heading: str) -> None:
            expect(frame.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE)
            [within] = page.main_frame.child_frames
            within.wait_for_load_state("load")
            assert [*shifts(within), *shifts(page)] == [], heading

        still("Which tool do you use?")
        frame.get_by_role("link", name="Acme Key").click()
        still("Connect Acme Key")
        for key, heading in (("wrong", "The provider did not accept"), (place.key, "Acme Key is connected")):
            frame.get_by_label("API key").fill(key)
            frame.get_by_role("button", name="Connect Acme Key").click()
            still(heading)
        page.goto("about:blank")
