"""The whole way by keyboard alone, and what a screen reader reads, in which order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from connect_hub.testing.gallery import Gallery
from connect_hub.testing.serving import serving
from tests.embedding.place import Place, place_of
from tests.peers.browser import Observed, OpenPage

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  const ring = (s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
  const around = e.closest('.control');
  return {
    name: (e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent).trim(),
    ring: ring(style) || (around !== null && ring(getComputedStyle(around))),
  };
}"""
HELP = '"In Admin Center: Apps and integrations, APIs, Zendesk API. A token is shown only when it is made."'
FOOTER = """
- contentinfo:
  - text: app.acme-hr.example
  - link "Support":
    - /url: mailto:help@acme-hr.example
  - link "Privacy":
    - /url: https://acme-hr.example/privacy
  - link "Terms":
    - /url: https://acme-hr.example/terms
"""
ORDER = {
    "providers-one-category": """
- link "Skip to the content":
  - /url: "#main"
- banner:
  - text: Acme HR
  - link "Exit":
    - /url: /c/v/exit
- main:
  - heading "Which tool do you use?" [level=1]
  - paragraph: Choose what to connect to Acme HR.
  - search:
    - searchbox "Search tools"
  - status
  - list:
    - listitem:
      - link "BambooHR HR":
        - /url: /c/v/bamboohr
    - listitem:
      - link "GitHub Ticketing":
        - /url: /c/v/github
    - listitem:
      - link "Google Workspace Identity":
        - /url: /c/v/google-workspace
""",
    "connect": """
- link "Skip to the content":
  - /url: "#main"
- banner:
  - text: Acme HR
  - link "Exit":
    - /url: /c/v/exit
- main:
  - link "All tools":
    - /url: /c/v/providers
  - heading "Connect Zendesk" [level=1]
  - paragraph: Your details are checked with Zendesk before anything is saved.
  - text: Subdomain https://
  - textbox "Subdomain":
    - /placeholder: acme
  - text: .zendesk.com Email address
  - textbox "Email address"
  - text: API token
  - paragraph: HELP
  - textbox "API token"
  - button "Show API token"
  - 'link "Where to find it: API token (opens a new tab)"':
    - /url: https://support.zendesk.example/token
  - button "Connect Zendesk"
  - status
""",
    "connect-wrong": """
- link "Skip to the content":
  - /url: "#main"
- banner:
  - text: Acme HR
  - link "Exit":
    - /url: /c/v/exit
- main:
  - link "All tools":
    - /url: /c/v/providers
  - heading "Connect Zendesk" [level=1]
  - paragraph: Your details are checked with Zendesk before anything is saved.
  - alert:
    - heading "Check what you entered" [level=2]
    - list:
      - listitem:
        - 'link "Subdomain: Only the part before .zendesk.com, such as acme."':
          - /url: "#field-subdomain"
      - listitem:
        - 'link "API token: An API token has no spaces. Check that you copied all of it."':
          - /url: "#field-api_token"
  - text: Subdomain https://
  - textbox "Subdomain" [invalid]:
    - /placeholder: acme
    - text: acme corp
  - text: .zendesk.com
  - paragraph: Only the part before .zendesk.com, such as acme.
  - text: Email address
  - textbox "Email address": jane.doe@globex.example
  - text: API token
  - paragraph: HELP
  - textbox "API token" [invalid]: tok-4f7h2k9
  - button "Show API token"
  - paragraph: An API token has no spaces. Check that you copied all of it.
  - 'link "Where to find it: API token (opens a new tab)"':
    - /url: https://support.zendesk.example/token
  - button "Connect Zendesk"
  - status
""",
    "success-more": """
- link "Skip to the content":
  - /url: "#main"
- banner: Acme HR
- main:
  - heading "BambooHR is connected again" [level=1]
  - paragraph: Acme HR can now use this account.
  - term: Tool
  - definition: BambooHR
  - term: Connected as
  - definition: “Jane Doe (jane.doe@globex.example)”
  - link "Return to Acme HR":
    - /url: /c/v/return
  - button "Done"
  - status
  - link "Connect another tool":
    - /url: /c/v/providers
""",
}
"""The list, the form, the form with errors, and success, from the first element to the footer."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path) as running:
        yield running


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called `name` has the focus; whatever has it on the way shows that it has."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["ring"], f"nothing shows the focus on {focused['name']!r}"
        if focused["name"].startswith(name):
            return
    raise AssertionError(f"{name!r} cannot be reached by Tab")


def test_keyboard_alone(place: Place, page: Page, observed: Observed) -> None:
    """WCAG 2.2, 2.1.1, 2.4.3, 2.4.7: from the link to success without a pointer, by way of a search, a
    refused key and a second try; each step begins at its heading or at what went wrong."""
    page.goto(str(place.session()["auth_link_url"]))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Which tool do you use?")).to_be_focused()
    tab_to(page, "Search tools")
    page.keyboard.type("acme key")
    expect(page.get_by_role("status").first).to_have_text("1 tool found")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Connect Acme Key")).to_be_focused()
    tab_to(page, "API key")
    page.keyboard.type("wrong-key-0123456789")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    # The summary links to the field that is wrong.
    tab_to(page, "API key")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="API key")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(place.key)
    page.keyboard.press("Tab")
    assert "Show" in page.evaluate(FOCUSED)["name"]
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Hide")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "Connect Acme Key")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Acme Key is connected")).to_be_focused()
    tab_to(page, "Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You can close this page")).to_be_focused()
    assert len(place.accounts()) == 1
    # A refused form is answered by 422, which the browser mentions.
    assert [e for e in observed.console_errors if "422" not in e] == observed.csp_violations == []
    assert observed.page_errors == []


def test_whole_way_without_scripts(place: Place, open_page: OpenPage) -> None:
    """Without JavaScript the link is pasted, and everything after it works, a refused key and OAuth too."""
    page = open_page(javascript=False)
    link = str(place.session(multiple=True)["auth_link_url"])
    page.goto(link)
    page.get_by_label("Your link").fill(link)
    page.get_by_role("button", name="Open the link").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("searchbox").fill("key")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Acme Login")).to_be_hidden()
    page.get_by_role("link", name="Acme Key").click()
    page.get_by_label("API key").fill("wrong-key-0123456789")
    page.get_by_role("button", name="Connect Acme Key").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("API key")).to_have_value("wrong-key-0123456789")
    page.get_by_label("API key").fill(place.key)
    page.get_by_role("button", name="Connect Acme Key").click()
    expect(page.get_by_role("heading", name="Acme Key is connected")).to_be_visible()
    page.get_by_role("link", name="Connect another tool").click()
    page.get_by_role("link", name="Acme Login").click()
    page.get_by_role("button", name="Connect Acme Login").click()
    page.get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Acme Login is connected")).to_be_visible()


@pytest.mark.parametrize("name", ORDER)
def test_screen_reader_order(page: Page, name: str) -> None:
    """What assistive technology is given, in order: roles, names, states."""
    with serving(Gallery(), before_stop=lambda: None) as gallery:
        page.goto(f"{gallery}/pages/light/en/{name}")
        expected = ORDER[name].replace("HELP", HELP) + FOOTER.lstrip()
        assert page.locator("body").aria_snapshot().strip() == expected.strip()
