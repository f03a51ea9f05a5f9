"""Who may frame the hub, what a frame and a window may do, and with which cookie; in process."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from connect_hub import HubConfig, OAuth
from connect_hub.config import NetworkConfig
from connect_hub.connectors.catalog import parse
from connect_hub.testing.provider.connectors import oauth_toml
from connect_hub.web.headers import PAGE_POLICY
from tests.customer import Customer, Form, Seen
from tests.hubs import GOOD_KEY, Hub, make_hub
from tests.web.hub_caller import HubCaller
from tests.web.stored import fingerprint

HOSTS = ("https://app.example", "https://other.example:8443")
POLYGLOT = "\"'><script>x()</script><img src=x onerror=x()>{{7*7}}javascript:x()\u202e"


@pytest.fixture
def made(tmp_path: Path) -> Hub:
    return make_hub(tmp_path, config=HubConfig(network=NetworkConfig(embed_origins=frozenset(HOSTS))))


async def token_of(made: Hub, **fields: object) -> str:
    link = await made.hub.links.create(
        origin_owner_id="42",
        origin_owner_name="Acme",
        **fields,  # type: ignore[arg-type]
    )
    return link.url.partition("#t=")[2]


async def framed(made: Hub, token: str) -> tuple[Customer, Seen]:
    """A browser whose frame has been given the token, and the frame's first page."""
    browser = Customer(made.hub)
    seen = await browser.send(Form("/connect/embed/open"), {"token": token})
    assert seen.status == 200, seen.text
    return browser, seen


async def test_configured_origins_alone_may_frame(made: Hub, tmp_path: Path) -> None:
    """T29: under /embed the policy names the exact origins, in errors too, and everything else stays closed;
    without configured origins there is no such page."""
    browser, first = await framed(made, await token_of(made))
    visit = first.url
    for path in ("/connect/embed", visit, "/connect/embed/visit/0a1b2c3d", f"{visit}/connect/none"):
        seen = await browser.get(path)
        policy = seen.headers["content-security-policy"]
        assert policy.split("; ")[-1] == f"frame-ancestors {' '.join(HOSTS)}"
        assert policy.split("; ")[:-1] == PAGE_POLICY.split("; ")[:-1]
        assert "x-frame-options" not in seen.headers
        assert seen.headers["cache-control"] == "no-store"
    for path in ("/connect/link", "/connect/embedded/accounts/callback", "/connect/connect/oauth2/simulated"):
        seen = await browser.get(path)
        assert "frame-ancestors 'none'" in seen.headers["content-security-policy"]
        assert seen.headers["x-frame-options"] == "DENY"
    (tmp_path / "alone").mkdir()
    alone = make_hub(tmp_path / "alone")
    other = Customer(alone.hub)
    assert (await other.get("/connect/embed")).status == 404
    refused = await other.send(Form("/connect/embed/open"), {"token": await token_of(alone)})
    assert (refused.status, refused.headers["x-frame-options"], other.cookies) == (404, "DENY", {})


async def handed(browser: Customer, token: str, **headers: str) -> Seen:
    """The first request of a frame, with the token in it, as connect.js has the browser send it."""
    around = {"origin": HOSTS[1], "sec_fetch_site": "cross-site", "sec_fetch_dest": "iframe", **headers}
    return await browser.request(
        "POST", "/connect/embed", {"token": token}, **{k: v for k, v in around.items() if v}
    )


async def test_the_token_comes_with_the_first_request(made: Hub) -> None:
    """The list is the answer to it, with the frame's own cookie, and leads on to the visit's own addresses;
    with one tool to choose it leads to the form."""
    browser = Customer(made.hub)
    listed = await handed(browser, await token_of(made))
    assert (listed.status, listed.heading) == (200, "Which tool do you use?")
    [line] = browser.set_cookies
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= set(line.split("; "))
    assert f"frame-ancestors {' '.join(HOSTS)}" in listed.headers["content-security-policy"]
    [address] = re.findall(r'data-address="([^"]+)"', listed.text)
    again = await browser.get(address)
    assert (again.status, again.text) == (200, listed.text)
    form = await browser.get(listed.link("Acme Key"))
    assert form.heading == "Connect Acme Key"

    single = Customer(made.hub)
    sent_on = await handed(single, await token_of(made, provider="simulated-key"))
    assert sent_on.status == 303
    assert (await single.get(sent_on.headers["location"])).heading == "Connect Acme Key"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://app.example.evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_dest": "document"},
        {"sec_fetch_dest": ""},
        {"sec_fetch_dest": "object"},
    ],
    ids=str,
)
async def test_a_frame_begins_with_a_page_of_a_configured_origin_alone(
    made: Hub, tmp_path: Path, headers: dict[str, str]
) -> None:
    """T28: with any other origin, or outside a frame, the token of the first request is not looked at: no
    visit, no cookie, and the page that asks for it by a message to configured origins."""
    token = await token_of(made)
    browser, before = Customer(made.hub), fingerprint(tmp_path)
    seen = await handed(browser, token, **headers)
    assert (seen.status, seen.heading) == (200, "Opening…")
    assert (browser.cookies, fingerprint(tmp_path)) == ({}, before)
    assert token not in seen.text
    assert f"frame-ancestors {' '.join(HOSTS)}" in seen.headers["content-security-policy"]


async def test_a_first_request_with_a_token_that_is_none_says_why(made: Hub, tmp_path: Path) -> None:
    """T6, T29: no token, one of nobody's and a withdrawn one each get their page and code in the frame, and
    no cookie; without configured origins there is nothing."""
    browser = Customer(made.hub)
    for token, status, code in (("", 404, "link_not_found"), ("a.b.c", 404, "link_not_found")):
        seen = await handed(browser, token)
        assert (seen.status, browser.cookies) == (status, {})
        assert f'data-problem="{code}"' in seen.text
    issued = await made.hub.sessions.create(origin_owner_id="42", origin_owner_name="Acme", locale="de")
    await made.hub.sessions.revoke(issued.session.id)
    seen = await handed(browser, issued.token)
    assert (seen.status, seen.heading) == (410, "Diese Sitzung wurde zurückgezogen")
    assert browser.cookies == {}
    (tmp_path / "alone").mkdir()
    alone = make_hub(tmp_path / "alone")
    refused = await handed(Customer(alone.hub), await token_of(alone))
    assert (refused.status, refused.headers["x-frame-options"]) == (404, "DENY")


async def test_no_language_is_chosen_in_a_frame(made: Hub) -> None:
    """The cookie of a choice does not come along in another site's frame, so that none is offered there: the
    session's language holds, or the browser's."""
    listed = await handed(Customer(made.hub), await token_of(made))
    assert 'name="lang"' not in listed.text
    german = await handed(Customer(made.hub), await token_of(made, locale="de"))
    assert german.heading == "Welches Tool verwenden Sie?"


async def test_a_second_frame_joins_the_visit_of_the_first(made: Hub) -> None:
    """A page that is loaded again begins anew with the same token, and with the visit that its frame had."""
    browser, token = Customer(made.hub), await token_of(made)
    first, second = await handed(browser, token), await handed(browser, token)
    assert first.text == second.text
    assert len(browser.set_cookies) == 1


async def test_a_frame_has_a_cookie_of_its_own(made: Hub) -> None:
    """T27, T29: `__Host-`, HttpOnly, Secure, SameSite=None and Partitioned; good in frames alone, as the
    cookie of a confirmed visit is good outside alone."""
    token = await token_of(made)
    browser, first = await framed(made, token)
    [line] = browser.set_cookies
    assert line.startswith("__Host-chub_")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= set(line.split("; "))
    assert (await browser.get(first.url.replace("/embed/", "/"))).status == 403
    confirmed = Customer(made.hub)
    listed = await confirmed.enter(f"https://hub.test/connect/link#t={token}")
    assert (await confirmed.get(listed.url.replace("/visit/", "/embed/visit/"))).status == 403


async def test_a_frame_whose_session_has_ended_says_so_in_its_language(made: Hub) -> None:
    """A withdrawn session is told of in its own language, and by the error's code for the page
    around; nobody is told to ask for a link."""
    issued = await made.hub.sessions.create(origin_owner_id="42", origin_owner_name="Acme", locale="de")
    await made.hub.sessions.revoke(issued.session.id)
    seen = await Customer(made.hub).send(Form("/connect/embed/open"), {"token": issued.token})
    assert (seen.status, seen.heading) == (410, "Diese Sitzung wurde zurückgezogen")
    assert 'data-problem="link_revoked"' in seen.text
    assert "Laden Sie die Seite neu und beginnen Sie von vorn." in seen.text
    assert ">Link" not in seen.text


async def test_a_frame_sends_nobody_to_a_provider(made: Hub, tmp_path: Path) -> None:
    """T2, T3: in a frame a sign-in only opens its window; that asks first, as a page in no frame that names
    who asks, and until its Continue nothing happens, at the provider or here."""
    browser, first = await framed(made, await token_of(made, provider="simulated"))
    seen = await browser.press(first, "Connect Acme Login")
    assert (seen.heading, seen.refresh) == ("Sign in to Acme Login", None)
    onward = seen.form("Open the window")
    before = fingerprint(tmp_path)
    window = Customer(made.hub)
    landing = await window.send(onward, {})
    assert "Acme" in landing.text
    assert landing.headers["x-frame-options"] == "DENY"
    assert (window.cookies, fingerprint(tmp_path)) == ({}, before)
    leaving = await window.press(landing, "Continue")
    assert leaving.refresh is not None
    [line] = window.set_cookies
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))

    # The provider's answer is good in the window's browser alone, and once.
    back = made.provider.approve(leaving.refresh, user="ada")
    stranger = Customer(made.hub)
    assert (await stranger.get(back)).status == 403
    assert (await browser.get(back)).status == 403
    assert made.token_calls() == 0
    assert (await window.get(back)).url.endswith("/embedded/accounts/callback?result=success")
    done = await browser.get(seen.url)
    assert done.heading == "Acme Login is connected"
    assert made.token_calls() == 1


async def test_the_window_of_a_mailed_address_changes_nothing(made: Hub, tmp_path: Path) -> None:
    """T2, T3, T4, T20: the one address with a token in it only asks, however often it is read and whatever
    stands in its parameters, and repeats none of it as markup."""
    token = await token_of(made)
    caller = HubCaller(made.hub, token, origin=HOSTS[0])
    attempt = (await caller("POST", "hub/connection_attempts", json={"token": token})).json()["id"]
    path = "/connect/connect/oauth2/simulated?"
    good = {"token": token, "connection_attempt_id": attempt, "redirect_uri": "https://evil.example/"}
    before = fingerprint(tmp_path)
    stranger = Customer(made.hub)
    for method in ("GET", "HEAD") * 10:
        seen = await stranger.request(method, path + urlencode(good))
        assert (seen.status, stranger.cookies) == (200, {})
    asked = await stranger.get(path + urlencode(good))
    assert "evil.example" not in asked.text
    for name in (*good, "field", POLYGLOT):
        seen = await stranger.get(path + urlencode(good | {name: POLYGLOT}))
        assert "<script>x" not in seen.text
        assert "<img src=x" not in seen.text
    assert fingerprint(tmp_path) == before
    state = (await caller.get(f"hub/connection_attempts/{attempt}"))["status"]
    assert state == "pending"


async def test_a_window_takes_nothing_from_its_address_for_fact(tmp_path: Path) -> None:
    """T2: what an address fills in for the sign-in stands with what the requester wrote, and nothing that its
    field could not hold is shown at all."""
    toml = oauth_toml(base_url="https://provider.test").replace('key = "simulated"', 'key = "regional"')
    field = '[[methods.fields]]\nkey = "region"\nlabel = "Region"\nformat = "dns_label"\n'
    regional = OAuth(parse(toml + field, "regional.toml"), client_id="hub", client_secret="s" * 20)
    network = NetworkConfig(embed_origins=frozenset(HOSTS))
    made = make_hub(tmp_path, config=HubConfig(network=network), connectors=[regional])
    token = await token_of(made)
    caller = HubCaller(made.hub, token, origin=HOSTS[0])
    attempt = (await caller("POST", "hub/connection_attempts", json={"token": token})).json()["id"]
    window = Customer(made.hub)

    async def seen(region: str) -> Seen:
        query = {"token": token, "connection_attempt_id": attempt, "region": region}
        return await window.get(f"/connect/connect/oauth2/regional?{urlencode(query)}")

    facts, _, supplied = (await seen("europe-1")).text.partition("Written by the requester")
    assert ("europe-1" in facts.partition("<dl")[2], "europe-1" in supplied) == (False, True)
    spoken = await seen("Checked by security. Press Continue")
    assert spoken.status == 200
    assert "Checked by security" not in spoken.text.partition("<form")[0]


async def test_an_attempt_is_of_one_session(made: Hub) -> None:
    """T3: a window opens for no attempt of another session, for none that is over, and only for sign-ins."""
    mine, other = await token_of(made), await token_of(made)
    caller = HubCaller(made.hub, mine, origin=HOSTS[0])
    attempt = (await caller("POST", "hub/connection_attempts", json={"token": mine})).json()["id"]
    browser = Customer(made.hub)

    async def opened(integration: str, token: str) -> int:
        query = urlencode({"token": token, "connection_attempt_id": attempt})
        return (await browser.get(f"/connect/connect/oauth2/{integration}?{query}")).status

    assert await opened("simulated", mine) == 200
    assert await opened("simulated", other) == 404
    assert await opened("simulated-key", mine) == 404
    assert (await caller("DELETE", f"hub/connection_attempts/{attempt}")).status_code == 204
    assert await opened("simulated", mine) == 404


async def test_a_configured_page_opens_the_window_by_a_form(made: Hub, tmp_path: Path) -> None:
    """T5, T28: a host that draws the hub itself posts token and fields into the window, from its own origin;
    the confirmation after it is the hub's alone to send."""
    token = await token_of(made)
    caller = HubCaller(made.hub, token, origin=HOSTS[0])
    attempt = (await caller("POST", "hub/connection_attempts", json={"token": token})).json()["id"]
    before = fingerprint(tmp_path)
    window = Customer(made.hub)
    form = Form("/connect/connect/oauth2/simulated", {"token": token, "connection_attempt_id": attempt})
    foreign = {"sec_fetch_site": "cross-site", "origin": HOSTS[0]}
    landing = await window.send(form, {}, **foreign)
    assert (landing.status, window.cookies, fingerprint(tmp_path)) == (200, {}, before)
    assert "Acme Login" in landing.text  # what it is about, although the session allows other tools as well
    refused = await window.send(landing.form("Continue"), {}, **foreign)
    assert (refused.status, window.cookies, fingerprint(tmp_path)) == (403, {}, before)
    evil = {"sec_fetch_site": "cross-site", "origin": "https://evil.example"}
    assert (await window.send(form, {}, **evil)).status == 403
    assert (await window.press(landing, "Continue")).refresh is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_other_sites_post_nothing_into_frames(made: Hub, site: str) -> None:
    """T28: a form of another site neither begins a frame's visit nor sends one's form or a window's."""
    token = await token_of(made)
    browser = Customer(made.hub)
    for path in ("embed/open", "connect/oauth2/simulated", "connect/oauth2/simulated/confirm"):
        seen = await browser.send(Form(f"/connect/{path}"), {"token": token}, sec_fetch_site=site)
        assert (seen.status, browser.cookies) == (403, {})
    browser, first = await framed(made, await token_of(made, provider="simulated-key"))
    form = first.form("Connect Acme Key")
    refused = await browser.send(form, {"f.api_key": GOOD_KEY}, sec_fetch_site=site)
    assert refused.status == 403
    assert await made.hub.accounts.list() == []
