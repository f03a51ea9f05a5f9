"""The list of 150 connectors beside `<stackone-hub>`, of the same hub: when it is seen and can be searched.

    .venv/bin/python -m bench.embedding [--rounds 5] [--line slow-4g]

One Chromium, made four times slower, behind a slow line; a new person with nothing cached for each view; the
three in turns. A view begins with its navigation, in a window that stands: a window of Chromium loads pages
of its own when it opens, which are no part of what is compared. It is visible when all connectors have a
place and what is in view was painted, and searchable when a word that is typed then has left one over. Our
list stands by itself, as behind a link, and in a frame of the host's page, which connect.js makes. All that
is text comes with gzip. Requests and bytes are those of a view that is left alone until nothing more comes,
with the processor not slowed down.

`slow-4g` is the line of Lighthouse's phone, 150 ms there and back and 1.6 Mbit/s; `fast-3g` is Chromium's
own, 562 ms and 1.44 Mbit/s. Frames of another site share the page's process here, to be slowed down like it.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from connect_hub import HubConfig, RateConfig
from tests.embedding.place import Place, place_of
from tests.embedding.stackone import component
from tests.peers.browser import chromium_path
from tests.web.test_weight import many

MADE_UP = 148
"""With the two of the simulated provider, 150."""
SLOWER = 4
LINES = {"slow-4g": (150, 1638), "fast-3g": (562.5, 1440)}
"""Milliseconds there and back, and kbit/s."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-features=IsolateOrigins,site-per-process",
    "--disable-site-isolation-trials",
]
PATIENCE = 120
SETTLED = 3000
"""Milliseconds after which a new window has done with itself."""
FRAMED = """<!doctype html><html lang="en"><title>Host</title><h1>Host</h1>
<script src="{hub}/connect.js"></script><script>Connect.start({{ sessionToken: "{token}" }});</script>"""
PROBE = """(() => {
  const roots = [document];  // the component's root is closed, so it is noted when it is made
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init);
    roots.push(root);
    return root;
  };
  const shown = () => {
    let count = 0;
    for (const root of roots) {
      const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const text = texts.currentNode;
        if (!/^\\s*Tool \\d{3} Key\\s*$/.test(text.data)) continue;
        // A card has its place before what is inside of it is laid out, which asking would force.
        const card = text.parentElement.closest("li") ?? text.parentElement;
        if (text.parentElement.checkVisibility() && card.getClientRects().length) count += 1;
      }
    }
    return count;
  };
  const field = () => roots
    .map((root) => root.querySelector("input[type=search], input[placeholder^=Search]")).find(Boolean);
  const say = (what) => console.info(`bench ${what} ${performance.timeOrigin + performance.now()}`);
  const type = () => {
    const input = field();
    if (input) {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, "Tool 147");
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (shown() === 1) say("searchable"); else setTimeout(type, 20);
  };
  const look = () => {
    if (shown() < COUNT) return void setTimeout(look, 20);
    requestAnimationFrame(() => setTimeout(() => { say("visible"); if (SEARCH) type(); }));
  };
  look();
})();"""


@dataclass(frozen=True)
class Way:
    """One way to show the list to somebody: `show` begins the view."""

    name: str
    prepare: Callable[[Place, Browser], dict[str, Any] | None]
    """What the person's browser has already, as a storage state."""
    show: Callable[[Place, Page], None]


@dataclass(frozen=True)
class Weight:
    """What a view loads."""

    requests: int
    size: int


def arrived(place: Place, browser: Browser) -> dict[str, Any]:
    """The cookies of somebody who has opened a link and confirmed."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(str(place.session()["auth_link_url"]))
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("searchbox").wait_for()
        place.pages["list"] = page.url
        return dict(context.storage_state())
    finally:
        context.close()


def show_list(place: Place, page: Page) -> None:
    page.goto(str(place.pages["list"]), wait_until="commit")


def show_frame(place: Place, page: Page) -> None:
    place.pages["/framed"] = FRAMED.format(hub=place.hub_url, token=place.token())
    page.goto(f"{place.host}/framed", wait_until="commit")


def show_component(place: Place, page: Page) -> None:
    component(place, page, place.token())


WAYS = (
    Way("stackone-hub", lambda place, browser: None, show_component),
    Way("the list", arrived, show_list),
    Way("in a frame", lambda place, browser: None, show_frame),
)


@contextmanager
def view(
    way: Way, place: Place, browser: Browser, line: str, *, search: bool
) -> Iterator[tuple[Page, CDPSession, dict[str, float]]]:
    """A page of a new person with the probe in it, and the moments that the probe tells, since the epoch."""
    context = browser.new_context(storage_state=way.prepare(place, browser))  # type: ignore[arg-type]
    try:
        context.set_default_timeout(PATIENCE * 1000)
        probe = PROBE.replace("COUNT", str(MADE_UP)).replace("SEARCH", str(search).lower())
        context.add_init_script(probe)
        page, moments = context.new_page(), dict[str, float]()

        def hear(text: str) -> None:
            if text.startswith("bench "):
                _, what, when = text.split()
                moments.setdefault(what, float(when))

        page.on("console", lambda message: hear(message.text))
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        latency, kilobits = LINES[line]
        speed = {"downloadThroughput": kilobits * 125, "uploadThroughput": 675 * 125}
        session.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency, **speed})
        yield page, session, moments
    finally:
        context.close()


def wait_for(page: Page, moments: dict[str, float], what: str) -> None:
    for _ in range(PATIENCE * 20):
        if what in moments:
            return
        page.wait_for_timeout(50)
    raise TimeoutError(f"not {what} after {PATIENCE} seconds; so far {moments}")


def timed(way: Way, place: Place, browser: Browser, line: str) -> tuple[float, float]:
    """Seconds until visible, and until searchable."""
    with view(way, place, browser, line, search=True) as (page, session, moments):
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.wait_for_timeout(SETTLED)
        way.show(place, page)
        wait_for(page, moments, "searchable")
        begun = float(page.evaluate("performance.timeOrigin"))
        return (moments["visible"] - begun) / 1000, (moments["searchable"] - begun) / 1000


def weighed(way: Way, place: Place, browser: Browser, line: str) -> Weight:
    """What comes over the line."""
    with view(way, place, browser, line, search=False) as (page, session, moments):
        asked, sizes = list[str](), list[float]()

        def note(event: dict[str, Any]) -> None:
            if event["request"]["url"].startswith("http"):
                asked.append(event["request"]["url"])

        session.on("Network.requestWillBeSent", note)
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        way.show(place, page)
        wait_for(page, moments, "visible")
        page.wait_for_load_state("networkidle")
        return Weight(len(asked), round(sum(sizes)))


def unlimited(config: HubConfig) -> HubConfig:
    """No rate limits: all come from one address."""
    rates = RateConfig(per_visit=None, per_client=None, openings=None)
    return replace(config, network=replace(config.network, rates=rates))


def compare(place: Place, browser: Browser, line: str, rounds: int) -> None:
    """Print what each way takes behind this line, and how it compares."""
    weights = {way.name: weighed(way, place, browser, line) for way in WAYS}
    times: dict[str, list[tuple[float, float]]] = {way.name: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            times[way.name].append(timed(way, place, browser, line))
    theirs = WAYS[0].name
    medians = {name: [statistics.median(each) for each in zip(*t, strict=True)] for name, t in times.items()}
    print("{}: {} ms, {} kbit/s".format(line, *LINES[line]))
    for name, (visible, searchable) in medians.items():
        weight = weights[name]
        print(
            f"  {name:14} visible {visible:5.2f} s   searchable {searchable:5.2f} s   "
            f"{weight.requests:4} requests {weight.size / 1000:6.0f} kB"
        )
    for name, (_, searchable) in medians.items():
        if name != theirs:
            ratios = sorted(t[1] / o[1] for t, o in zip(times[theirs], times[name], strict=True))
            print(
                f"  {name:14} visible and searchable {medians[theirs][1] / searchable:.1f} times sooner "
                f"than {theirs} (rounds: {ratios[0]:.1f} to {ratios[-1]:.1f})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--line", choices=LINES, help="only this one")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        place_of(
            Path(name), prefix="/a/b", connectors=many(MADE_UP), compressed=True, configured=unlimited
        ) as place,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for line in [options.line] if options.line else LINES:
            compare(place, browser, line, options.rounds)
        browser.close()


if __name__ == "__main__":
    main()
