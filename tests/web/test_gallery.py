"""The gallery: every page in every state, looked at by axe-core in Chromium, and by the command `preview`."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connect_hub.cli import main
from connect_hub.testing.gallery import BRAND, Gallery
from connect_hub.testing.gallery.desk import dashboard_samples
from connect_hub.testing.gallery.export import export
from connect_hub.testing.gallery.samples import samples
from connect_hub.testing.serving import serving
from tests.connectors.example import TEXT
from tests.peers.browser import Observed, OpenPage

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NAMES = tuple(samples())
DESK = tuple(dashboard_samples())
APART = tuple(n for n in DESK if f"{n}-crowded" not in DESK)
"""Of operators' pages those that show something which no other does."""
FULL = tuple(n for n in APART if not n.endswith("-empty"))
"""Of each page of operators' the fullest."""
SMALL = """() => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
  .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.matches('.unseen, .skip'))
  .map(e => [e, (e.type === 'checkbox' ? e.closest('label') : e).getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([e, box]) => `${box.width} x ${box.height}: ${e.outerHTML}`)"""
"""What a finger can miss (WCAG 2.2, 2.5.8)."""


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    with serving(Gallery(), before_stop=lambda: None) as address:
        yield address


def violations(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """What axe finds on the page: the rule, and the elements. `rules`: of these tags, or of these names."""
    # For a moment some buttons are not a pointer's, and axe judges no button that is disabled.
    page.evaluate(
        "const all = [...document.querySelectorAll('[aria-disabled]')];"
        "for (const e of all) e.removeAttribute('aria-disabled')"
    )
    # Playwright evaluates beside the page's own policy, which would not let a script in.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found, passed = page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
        ".then(r => [r.violations.map(v => [v.id, v.nodes.map(n => n.html)]), r.passes.length])",
        list(rules),
    )
    assert passed > (10 if rules is RULES else 0)
    return [f"{rule}: {nodes}" for rule, nodes in found]


@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "en", 1280), ("dark", "en", 390), ("light", "ar", 390), ("dark", "ar", 1280)],
)
def test_axe_finds_nothing(
    gallery: str, open_page: OpenPage, observed: Observed, scheme: str, language: str, width: int
) -> None:
    """WCAG 2.2 AA and axe's best practices: no violation on any page in any state; T30: the policy refuses
    nothing, and nothing is asked of another host."""
    page = open_page(width=width)
    wrong = {}
    for name in NAMES:
        page.goto(f"{gallery}/pages/{scheme}/{language}/{name}")
        found = violations(page)
        if found:
            wrong[name] = found
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
    observed.assert_clean()
    assert observed.origins() == {gallery}


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_nothing_scrolls_sideways(gallery: str, open_page: OpenPage, language: str) -> None:
    """WCAG 2.2, 1.4.10 and 1.4.4: at 320 pixels, and on a desktop's window with texts at 200 %, no page is
    wider than the window, no text is cut off, and what is for screen readers alone stays unseen."""
    narrow, zoomed = open_page(width=320, height=640), open_page(width=1280, height=800)
    for name in NAMES:
        for page in (narrow, zoomed):
            page.goto(f"{gallery}/pages/light/{language}/{name}")
            if page is zoomed:  # what a browser's text zoom does: every length in rem doubles
                page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            # Only the skip link may show itself once it has the focus.
            shown = page.locator(".unseen:not(a)").evaluate_all("all => all.some(e => e.offsetWidth > 1)")
            assert not shown, name
            cut = page.evaluate(
                "[...document.querySelectorAll('h1, h2, p, dd, dt, label, button, a, li')].filter("
                "e => getComputedStyle(e).overflow !== 'visible' && !e.matches('.unseen')"
                " && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML)"
            )
            assert cut == [], name


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ar", 390)])
def test_axe_finds_nothing_on_the_dashboard(
    gallery: str, open_page: OpenPage, observed: Observed, language: str, width: int
) -> None:
    """WCAG 2.2 AA and axe's best practices, T30: the same of operators' pages, full of long names; in English
    also of empty and refused ones, and in both colour schemes, which differ in nothing but contrast."""
    page = open_page(width=width)
    wrong = {}
    for name in APART if language == "en" else FULL:
        # No colour is on its way to the other scheme's while it is measured.
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.goto(f"{gallery}/pages/auto/{language}/{name}")
        found = violations(page)
        if language == "en":
            page.emulate_media(color_scheme="light")
            found += violations(page, ["color-contrast"])
        if found:
            wrong[name] = found
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
    observed.assert_clean()
    assert observed.origins() == {gallery}


def test_no_page_of_the_dashboard_is_wider_than_its_window(gallery: str, open_page: OpenPage) -> None:
    """WCAG 2.2, 1.4.10 and 1.4.4: in the language with the longest words, at 320 pixels and with texts at
    200 %; no word of a button or a menu is broken, and a finger hits what it aims at (2.5.8)."""
    narrow, wide = open_page(width=320, height=640), open_page(width=1280, height=800)
    for name in FULL:
        narrow.goto(f"{gallery}/pages/light/de/{name}")
        assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert narrow.evaluate(SMALL) == [], name
        wide.goto(f"{gallery}/pages/light/de/{name}")
        broken = wide.locator(".does a, .copy, .desk-nav a").evaluate_all(
            "all => all.filter(e => e.offsetHeight > 60).map(e => e.outerHTML)"
        )
        assert broken == [], name
        wide.evaluate("document.documentElement.style.fontSize = '200%'")
        assert wide.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize(("language", "width"), [("ar", 320), ("en", 1280)])
def test_what_is_folded_out_stays_in_the_window(
    gallery: str, open_page: OpenPage, language: str, width: int
) -> None:
    """Fifty projects, a long name, what can be done with an account: no menu leaves the window, nor does what
    was sent and answered."""
    page = open_page(width=width, height=640)
    for name, summary in [
        ("desk-accounts-crowded", ".desk-top .menu:not(.who) > summary"),
        ("desk-accounts-crowded", ".desk-top .who > summary"),
        ("desk-accounts-crowded", ".row-menu > summary"),
        ("desk-delivery-crowded", ".fold > summary"),
        ("desk-link-made-crowded", ".fold > summary"),
        ("desk-overview-crowded", ".fold > summary"),
    ]:
        page.goto(f"{gallery}/pages/light/{language}/{name}")
        folded = page.locator(summary).first
        folded.click()
        box = folded.locator("xpath=following-sibling::*").first.bounding_box()
        assert box is not None, summary
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, (name, summary)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, summary)
        if "menu" in summary or "who" in summary:
            assert page.evaluate(SMALL) == [], (name, summary)
            assert box["height"] <= 640, (name, summary)


def test_frame_shows_what_was_chosen(gallery: str, page: Page, observed: Observed) -> None:
    """`/` has a choice of page, language, scheme and width, and shows the sample at that width."""
    page.goto(gallery)
    page.locator("select[name=page]").select_option("success")
    page.locator("select[name=lang]").select_option("ar")
    page.locator("select[name=scheme]").select_option("dark")
    page.locator("select[name=width]").select_option("390")
    page.get_by_role("button", name="Show").click()
    frame = page.frame_locator("iframe")
    assert frame.locator("html").get_attribute("dir") == "rtl"
    assert frame.locator("html").evaluate("document.documentElement.clientWidth") in range(360, 391)
    dark = frame.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    assert dark in ("rgb(15, 16, 19)", "rgb(23, 24, 28)")
    page.get_by_role("link", name="Next").click()
    assert frame.locator("h1").inner_text()
    observed.assert_clean()


def test_a_logo_that_does_not_load_gives_way_to_the_letter(open_page: OpenPage) -> None:
    """Where the product's logo is missing, its monogram stands in both its places; one that loads stays."""
    for logo_url, seen in (("/absent/logo.svg", "brand"), ("/static/auto/logos/zendesk.svg", "zendesk")):
        gallery = Gallery(brand=replace(BRAND, logo_url=logo_url))
        with serving(gallery, before_stop=lambda: None) as address:
            page = open_page()
            page.goto(f"{address}/pages/light/en/landing-reconnect")
            for image in (page.locator(".brand img"), page.locator(".logos .logo").last.locator("img")):
                expect(image).to_have_attribute("src", re.compile(seen))
                page.wait_for_function("e => e.complete && e.naturalWidth > 0", arg=image.element_handle())
                assert seen in str(image.get_attribute("src"))


SHOP = """
from pathlib import Path
from connect_hub import *
from connect_hub.keys import new_key_text

hub = ConnectHub(
    public_url="https://shop.example/connect",
    keys=KeyRing.from_text(new_key_text()),
    storage=MemoryStorage(),
    connectors=["zendesk", Path("own.toml")],
    brand=Brand(name="Shoply", logo_url="/connect/static/shoply.svg"),
    config=HubConfig(pages=PageConfig(templates=["templates"], static=["static"])),
)
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><rect width="4" height="4"/></svg>'


def shop(folder: Path) -> None:
    """A host with a button, a logo and a connector of its own."""
    for name in ("templates/elements", "static"):
        (folder / name).mkdir(parents=True)
    (folder / "templates" / "elements" / "button.html").write_text(
        '{% macro button(label, kind="primary", busy="") %}<button class="mine">{{ label }}</button>'
        "{% endmacro %}"
    )
    (folder / "static" / "shoply.svg").write_text(SVG)
    own = TEXT.replace('key = "example"', 'key = "own"', 1).replace(
        "base_url", 'logo = "own.svg"\nbase_url', 1
    )
    (folder / "own.toml").write_text(own)
    (folder / "own.svg").write_text(SVG)
    (folder / "shop_preview.py").write_text(SHOP)


def test_preview_writes_a_hosts_own_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`connect-hub preview --app --output` writes the host's brand, templates, files and the forms of its
    connectors, in every language, with what they load beside them."""
    shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["preview", "--app", "shop_preview:hub", "--output", "out"])
    assert result.exit_code == 0, result.output
    forms = {"form-own-api_key", "form-own-client_credentials"}
    forms |= {"form-zendesk-client_credentials", "form-zendesk-api_token"}
    assert {path.stem for path in (tmp_path / "out" / "de").iterdir()} == {*NAMES, *DESK, *forms}
    html = (tmp_path / "out" / "de" / "landing.html").read_text()
    assert "Shoply" in html
    assert 'class="mine"' in html
    assert BRAND.name not in html
    assert 'src="../connect/static/shoply.svg"' in html
    for name in ("landing", "form-own-api_key"):
        html = (tmp_path / "out" / "de" / f"{name}.html").read_text()
        for address in re.findall(r'<(?:link|img|script)[^>]*?(?:href|src)="([^"]+)"', html):
            assert (tmp_path / "out" / "de" / address).is_file(), address
    assert "logos/own." in html


def test_preview_asks_the_running_host_for_its_files(tmp_path: Path) -> None:
    """`--host-url`: a logo that the host serves itself is passed on to a page that loads it, not to who goes
    there; without a host it is said where the address leads."""

    async def logo(request: Request) -> Response:
        return Response(SVG, media_type="image/svg+xml")

    host = Starlette(routes=[Route("/assets/shoply.svg", logo)])
    image = {"sec-fetch-dest": "image"}
    with serving(host, before_stop=lambda: None) as host_url:
        gallery = Gallery(brand=replace(BRAND, logo_url="/assets/shoply.svg"), host_url=host_url)
        with serving(gallery, before_stop=lambda: None) as address:
            seen = httpx2.get(f"{address}/assets/shoply.svg", headers=image, trust_env=False)
            assert (seen.text, seen.headers["content-type"]) == (SVG, "image/svg+xml")
            for path, headers in (("assets/shoply.svg", {}), ("assets/none.svg", image)):
                told = httpx2.get(f"{address}/{path}", headers=headers, trust_env=False)
                assert told.text == f"In the hub this is GET /{path}"
        export(gallery, tmp_path)
        assert (tmp_path / "assets" / "shoply.svg").read_text() == SVG
    result = CliRunner().invoke(main, ["preview", "--host-url", "file:///etc"])
    assert result.exit_code == 2
    assert "write it as http://127.0.0.1:8000" in result.output
