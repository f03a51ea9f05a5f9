"""StackOne's clients against the hub in Chromium, unmodified: `@stackone/hub`, `@stackone/react-hub`, and the
SDK that makes their tokens. The host is on another site or on the hub's own origin; the hub has a prefix."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from connect_hub import Connector
from connect_hub.connectors.catalog import parse
from connect_hub.testing.provider.connectors import key_toml
from tests.embedding.place import Place, place_of, press_escape
from tests.embedding.stackone import component, react_page, sdk_token
from tests.peers.browser import Observed

pytestmark = [pytest.mark.browser, pytest.mark.node]

PATIENCE = 30_000
FIELD = """
[[methods.fields]]
key = "workspace"
label = "Workspace"
type = "text"
pattern = "[a-z]+"
pattern_message = "Only small letters."

[methods.probe]"""


def with_workspace(provider_url: str) -> Connector:
    """A connector of another category, whose form has a plain field with a rule."""
    text = key_toml(base_url=provider_url, name="Bee").replace('"simulated-key"', '"bee"')
    return parse(text.replace('["hris"]', '["crm"]').replace("\n[methods.probe]", FIELD), "bee.toml")


@pytest.fixture(params=[False, True], ids=["cross-site", "same-origin"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path, same_origin=request.param, prefix="/a/b", more=with_workspace) as running:
        yield running


def wait_heard(page: Page, count: int) -> list[list[object]]:
    page.wait_for_function(f"window.heard.length >= {count}", timeout=PATIENCE)
    return list(page.evaluate("window.heard"))


def connect(page: Page) -> None:
    page.get_by_role("button", name="Connect", exact=True).click(timeout=PATIENCE)


def test_component_lists_searches_and_connects(either: Place, page: Page, observed: Observed) -> None:
    """`<stackone-hub>`: list, search, category pills, form, validation, a refusal with the provider's words,
    create; it hears of the account once."""
    component(either, page, sdk_token(either))
    bee, key = page.get_by_text("Bee Key"), page.get_by_text("Acme Key")
    expect(bee).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Acme Login")).to_be_visible()
    page.get_by_placeholder("Search Integrations").fill("bee")
    expect(key).to_be_hidden()
    page.get_by_placeholder("Search Integrations").fill("")
    expect(key).to_be_visible()
    page.get_by_role("button", name="CRM", exact=True).first.click()
    expect(key).to_be_hidden()
    bee.click()

    # Its own validation, by the rule that the hub sent with the field.
    workspace, secret = page.locator("input[name=workspace]"), page.locator("input[name=api_key]")
    secret.fill("wrong", timeout=PATIENCE)
    workspace.fill("No 1")
    workspace.blur()
    expect(page.get_by_text("Only small letters.")).to_be_visible()
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_disabled()
    workspace.fill("acme")
    connect(page)
    expect(page.get_by_text("did not accept these credentials")).to_be_visible(timeout=PATIENCE)
    assert either.accounts() == []
    secret.fill(either.key)
    workspace.fill("acme")
    connect(page)
    expect(page.get_by_text("Connection Successful")).to_be_visible(timeout=PATIENCE)
    [account] = either.accounts()
    assert account["setup_information"] == {"workspace": "acme"}
    page.get_by_role("button", name="Close").click()
    told = {"id": account["id"], "provider": "bee"}
    assert wait_heard(page, 2) == [["success", told], ["close", None]]
    assert not [r.url for r in observed.requests if either.key in r.url]


def test_component_edits_with_redacted_secrets(either: Place, page: Page, observed: Observed) -> None:
    """A secret shows its last four characters; one that is not touched is kept, a wrong one is no loss."""
    component(either, page, sdk_token(either, provider="bee"))
    page.locator("input[name=api_key]").fill(either.key, timeout=PATIENCE)
    page.locator("input[name=workspace]").fill("acme")
    connect(page)
    expect(page.get_by_text("Connection Successful")).to_be_visible(timeout=PATIENCE)
    [account] = either.accounts()

    component(either, page, sdk_token(either, accountId=account["id"]))
    shown = page.locator("input[name='api_key-display']")
    expect(shown).to_be_disabled(timeout=PATIENCE)
    assert shown.input_value().endswith(either.key[-4:])
    assert either.key not in page.content()
    page.locator("input[name=workspace]").fill("other")
    connect(page)
    expect(page.get_by_text("Connection Successful")).to_be_visible(timeout=PATIENCE)
    [same] = either.accounts()
    assert (same["id"], same["setup_information"]) == (account["id"], {"workspace": "other"})

    component(either, page, sdk_token(either, accountId=account["id"]))
    page.get_by_role("button", name="Edit").click(timeout=PATIENCE)
    page.locator("input[name=api_key]").fill("wrong")
    connect(page)
    expect(page.get_by_text("did not accept these credentials")).to_be_visible(timeout=PATIENCE)
    patches = [r for r in observed.requests if r.method == "PATCH"]
    assert [either.key in (r.post_data or "") for r in patches] == [False, False]
    assert either.accounts()[0]["status"] == "active"


def test_component_signs_in_through_a_window(either: Place, page: Page) -> None:
    """OAuth: the window confirms first (T2, T3), a refusal at the provider is told, and a sign-in that goes
    through is learned of by asking."""
    component(either, page, sdk_token(either, provider="simulated"))
    for decision in ("Deny", "Allow"):
        with page.expect_popup(timeout=PATIENCE) as opening:
            connect(page)
        window = opening.value
        expect(window.get_by_text("Acme Corp").first).to_be_visible(timeout=PATIENCE)
        assert either.provider.calls["token"] == 0
        window.get_by_role("button", name="Continue").click()
        window.get_by_role("button", name=decision).click(timeout=PATIENCE)
        if decision == "Deny":
            expect(page.get_by_text("was not completed")).to_be_visible(timeout=PATIENCE)
            assert either.accounts() == []
    expect(page.get_by_text("Connection Successful")).to_be_visible(timeout=PATIENCE)
    [account] = either.accounts()
    assert wait_heard(page, 1) == [["success", {"id": account["id"], "provider": "simulated"}]]


def test_component_cancels_a_sign_in(either: Place, page: Page) -> None:
    """'Cancel and start over' calls the attempt off: its window, left open, connects nothing any more."""
    component(either, page, sdk_token(either, provider="simulated"))
    with page.expect_popup(timeout=PATIENCE) as opening:
        connect(page)
    window = opening.value
    expect(window.get_by_role("button", name="Continue")).to_be_visible(timeout=PATIENCE)
    with page.expect_response(lambda r: r.request.method == "DELETE", timeout=PATIENCE) as cancelled:
        page.get_by_role("button", name="Cancel and start over").click(timeout=PATIENCE)
    assert cancelled.value.status == 204
    window.get_by_role("button", name="Continue").click()
    expect(window.get_by_text("belongs to another visit, or is not kept")).to_be_visible(timeout=PATIENCE)
    assert either.provider.calls["authorize"] == 0
    assert either.accounts() == []


def test_component_of_an_ended_session_says_so(either: Place, page: Page, observed: Observed) -> None:
    """A revoked session, and a token that is none: 410, an error in place of the list, no asking for ever."""
    session = either.session()
    assert either.api("DELETE", f"/connect_sessions/{session['id']}").status_code == 200
    for token in (str(session["token"]), "no.token.at-all"):
        component(either, page, token)
        expect(page.get_by_text("error", exact=False).first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_placeholder("Search Integrations")).to_have_count(0)
    calls = [r for r in observed.requests if "/hub/" in r.url]
    answers = [r.response() for r in calls]
    assert {answer.status for answer in answers if answer is not None} == {410}
    assert len(calls) < 20


def test_react_hook_starts_succeeds_and_closes(either: Place, page: Page, observed: Observed) -> None:
    """`useStackOneHub({connectUrl})`: start, cancel by Escape, start again, success, close; then inline."""
    react_page(either, page, sdk_token(either, provider="simulated-key"))
    begin = page.get_by_role("button", name="Connect Account")
    begin.click(timeout=PATIENCE)
    frame = page.frame_locator("iframe")
    frame.get_by_label("API key").fill("x", timeout=PATIENCE)
    press_escape(frame.get_by_label("API key"))
    assert wait_heard(page, 2) == [["cancel"], ["close"]]
    expect(begin).to_be_focused()
    begin.click()
    frame.get_by_label("API key").fill(either.key, timeout=PATIENCE)
    frame.get_by_role("button", name="Connect Acme Key").click()
    assert wait_heard(page, 3)[2][0] == "success"
    page.get_by_role("button", name="Close").click()
    assert wait_heard(page, 4)[3] == ["close"]

    options = "styles: { inline: { containerId: 'box', width: '400px', height: '500px' } },"
    react_page(either, page, sdk_token(either), options)
    begin.click(timeout=PATIENCE)
    expect(frame.get_by_role("link", name="Bee Key")).to_be_visible(timeout=PATIENCE)
    box = page.locator("#box iframe").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (400, 500)
    assert observed.page_errors == []
