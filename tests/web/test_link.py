"""The link and the person who opens it: what may be told, what may be done, and by whom."""

import base64
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connect_hub import (
    Event,
    HubConfig,
    KeyRing,
    LinkConfig,
    NetworkConfig,
    PageConfig,
    Rate,
    RateConfig,
    SignIn,
    Subject,
    Visitor,
)
from connect_hub.errors import ValidationFailed
from connect_hub.flows.sessions import IssuedSession
from connect_hub.keys import new_key_text
from connect_hub.models import Binding, SessionStatus
from tests.customer import Customer, Form, Seen
from tests.hubs import GOOD_KEY, Hub, make_hub
from tests.web.stored import contents, counts, fingerprint

SCANNERS = ("Mozilla/5.0 (compatible; SafeLinks)", "BarracudaCentral", "facebookexternalhit/1.1", "curl/8")


def who_is_signed_in(visitor: Visitor) -> Subject | SignIn:
    """The host's login: a cookie of its own names the owner."""
    owner = visitor.cookies.get("acme_login")
    return SignIn("https://hub.test/login?from=hub") if owner is None else Subject(owner)


def bound() -> HubConfig:
    """A hub whose links need the host's login."""
    return HubConfig(
        links=LinkConfig(binding=Binding.HOST_IDENTITY), pages=PageConfig(identity=who_is_signed_in)
    )


async def new_link(made: Hub, **fields: object) -> IssuedSession:
    return await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", **fields)  # type: ignore[arg-type]


def keep_events(made: Hub, name: str) -> list[str]:
    """The sessions that events of this name are about, as they are delivered."""
    told: list[str] = []

    @made.hub.on(name, name=f"keep-{name}")
    async def keep(event: Event) -> None:
        told.append(str(event.data["record_id"]))

    return told


# --- T1, T2: whose link it is ---


async def test_no_one_connects_for_another_owner(tmp_path: Path) -> None:
    """T1: bound to the host's login, a link opened by somebody else is the 403 page at every step: no visit,
    no call of the provider, no account, no event; nobody is let in by having been let in before."""
    made = make_hub(tmp_path, config=bound())
    link = await new_link(made, provider="simulated")
    mallory, owner = Customer(made.hub), Customer(made.hub)
    mallory.cookies["acme_login"] = "13"
    owner.cookies["acme_login"] = "42"
    refused = await mallory.enter(link.url)
    assert (refused.status, refused.heading) == (403, "This link is not for you")
    assert set(mallory.cookies) == {"acme_login"}
    form = await owner.enter(link.url)
    leaving = await owner.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    # The owner's browser is used by another from here on.
    owner.cookies["acme_login"] = "13"
    for seen in (
        await owner.get(form.url),
        await owner.press(form, "Connect Acme Login"),
        await owner.get(made.provider.approve(leaving.refresh, user="ada")),
    ):
        assert (seen.status, seen.heading) == (403, "This link is not for you")
    owner.cookies.pop("acme_login")
    back = await owner.get(made.provider.approve(leaving.refresh, user="ada"))
    assert back.status == 403
    assert made.token_calls() == 0
    assert {name: counts(tmp_path)[name] for name in ("accounts", "events")} == {"accounts": 0, "events": 0}


async def test_sign_in_at_the_host_comes_first_and_leads_back(tmp_path: Path) -> None:
    """T1, 5.4: with nobody signed in, Continue leads to the host's sign-in, without the token; its `next` is
    the visit, which goes on once the right person is signed in."""
    made = make_hub(tmp_path, config=bound())
    link = await new_link(made, provider="simulated-key")
    customer = Customer(made.hub)
    leaving = await customer.enter(link.url)
    assert leaving.refresh is not None
    assert link.token not in leaving.refresh
    assert leaving.refresh.startswith("https://hub.test/login?from=hub&next=https%3A%2F%2Fhub.test%2Fconnect")
    assert (await customer.get(leaving.url.removesuffix("/sign-in"))).status == 403
    customer.cookies["acme_login"] = "42"
    form = await customer.get(leaving.url)
    assert form.heading == "Connect Acme Key"
    assert (await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})).status == 200


async def test_identity_that_fails_lets_nobody_in(tmp_path: Path) -> None:
    """T1: a host's identity function that raises or answers nonsense is a 500 page, and no visit."""
    answers: list[object] = [ZeroDivisionError(), None, "42"]

    def broken(visitor: Visitor) -> Subject:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    config = HubConfig(links=LinkConfig(binding=Binding.HOST_IDENTITY), pages=PageConfig(identity=broken))
    made = make_hub(tmp_path, config=config)
    link = await new_link(made)
    while answers:
        seen = await Customer(made.hub).enter(link.url)
        assert (seen.status, counts(tmp_path)["visits"]) == (500, 0)


async def test_nothing_happens_before_the_confirm_form(tmp_path: Path) -> None:
    """T1, T3: without the confirm POST there is no way on: no page of a visit, no form, no callback; and a
    confirm form is good for its own link alone, and only from our own page."""
    made = make_hub(tmp_path)
    mine, other = await new_link(made), await new_link(made)
    customer = Customer(made.hub)
    landing, theirs = await customer.open(mine.url), await customer.open(other.url)
    confirm = landing.form("Continue")
    crossed = Form(confirm.action, {**confirm.fields, "nonce": theirs.form("Continue").fields["nonce"]})
    before = fingerprint(tmp_path)
    for form, site in (
        (crossed, "same-origin"),
        (Form(confirm.action, {"token": mine.token}), "same-origin"),
        (Form(confirm.action, {**confirm.fields, "nonce": "k.1.x"}), "same-origin"),
        (confirm, "cross-site"),
        (confirm, "same-site"),
    ):
        assert (await customer.send(form, sec_fetch_site=site)).status == 403
    base = made.hub.public_url.path
    for path in ("/visit/00000000", "/visit/00000000/connect/simulated", "/visit/00000000/exit"):
        assert (await customer.get(base + path)).status == 403
    assert (await customer.get(f"{base}/oauth/callback/simulated?state={'a' * 43}&code=x")).status == 403
    assert (fingerprint(tmp_path), made.token_calls()) == (before, 0)


async def test_confirm_page_does_not_stay_open_for_ever(tmp_path: Path) -> None:
    """T2: the confirm form's nonce ends after two hours, although the link lives for days."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    landing = await Customer(made.hub).open(link.url)
    made.clock.advance(timedelta(hours=2, seconds=1))
    customer = Customer(made.hub)
    assert (await customer.press(landing, "Continue")).heading == "This page was open for too long"
    assert (await customer.enter(link.url)).status == 200


async def test_not_for_me_withdraws_the_link(tmp_path: Path) -> None:
    """T2: 'This was not meant for me' asks once, then the link is 410 for everybody, live visits included."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    inside, receiver = Customer(made.hub), Customer(made.hub)
    listed = await inside.enter(link.url)
    landing = await receiver.open(link.url)
    asked = await receiver.press(landing, "This was not meant for me")
    assert (await made.hub.sessions.get(link.session.id)).status is SessionStatus.OPEN
    done = await receiver.press(asked, "Withdraw")
    assert done.status == 200
    assert (await made.hub.sessions.get(link.session.id)).status is SessionStatus.REVOKED
    assert (await receiver.open(link.url)).status == 410
    assert (await inside.get(listed.url)).status == 410
    assert (await receiver.press(asked, "Withdraw")).status == 410


# --- T4: looking changes nothing ---


@pytest.mark.parametrize("style", ["fragment", "query"])
async def test_scanners_use_nothing_up(tmp_path: Path, style: str) -> None:
    """T4: 50 GET, HEAD and OPTIONS by robots change no row and set no cookie; then a person completes."""
    made = make_hub(tmp_path, config=HubConfig(links=LinkConfig(style=style)))  # type: ignore[arg-type]
    link = await new_link(made, provider="simulated-key")
    customer = Customer(made.hub)
    before = fingerprint(tmp_path)
    for turn in range(50):
        robot = Customer(made.hub, headers={"user-agent": SCANNERS[turn % len(SCANNERS)]})
        seen = await robot.request(("GET", "HEAD", "OPTIONS")[turn % 3], link.url.partition("#")[0])
        assert seen.status == (405 if turn % 3 == 2 else 200)
        assert robot.set_cookies == []
    assert fingerprint(tmp_path) == before
    page = await customer.get(link.url) if style == "query" else await customer.open(link.url)
    form = await customer.press(page, "Continue")
    done = await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert done.heading == "Acme Key is connected"


async def test_opening_and_looking_at_forms_changes_nothing(tmp_path: Path) -> None:
    """T4: even the opening POST, which a scanner's script may send, writes nothing. In a visit, whose
    person has confirmed, a form's GET notes that it was looked at, once, and changes nothing else."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    await made.hub.check()
    before = fingerprint(tmp_path)
    customer = Customer(made.hub)
    for _ in range(3):
        landing = await customer.open(link.url)
    assert fingerprint(tmp_path) == before
    listed = await customer.press(landing, "Continue")
    known = contents(tmp_path)
    for _ in range(2):
        await customer.get(listed.link("Acme Key"))
        await customer.get(listed.link("Acme Login"))
    after = contents(tmp_path)
    assert len(after.pop("attempt_steps")) == len(known.pop("attempt_steps")) + 2
    assert after == known


# --- T5: where the token goes ---


async def test_token_is_written_down_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """T5, T46: over a whole way with errors on it, the token is in no log record at DEBUG, no row, no address
    but the query link's own, no page but the two that post it back, and no event."""
    caplog.set_level(logging.DEBUG)
    made = make_hub(tmp_path, config=HubConfig(links=LinkConfig(style="query")))
    bodies: list[str] = []

    @made.hub.on("link.opened", "account.created", "link.renewal_requested", name="keep")
    async def keep(event: Event) -> None:
        bodies.append(json.dumps(dict(event.data)))

    link = await new_link(made, provider="simulated-key")
    customer = Customer(made.hub)
    pages: list[Seen] = []
    landing = await customer.get(link.url)
    assert landing.headers["referrer-policy"] == "strict-origin"
    assert customer.set_cookies == []
    pages.append(form := await customer.press(landing, "Continue"))
    assert urlsplit(form.url).query == ""
    pages.append(wrong := await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-0123456789"}))
    pages.append(await customer.press(wrong, "Connect Acme Key", {"f.api_key": GOOD_KEY}))
    pages.append(await customer.get(f"/connect/nothing?t={link.token}"))
    pages.append(await customer.get(f"/connect/oauth/callback/simulated?t={link.token}&state=x"))
    used = await customer.get(link.url)
    assert used.status == 410
    pages.append(await customer.press(used, "Ask for a new link"))
    while await made.hub.deliveries.run_due():
        pass
    assert len(bodies) == 3
    secret = link.token.partition(".")[2]
    for text in (*(page.text + str(page.headers) for page in pages), *bodies, repr(contents(tmp_path))):
        assert secret not in text
    # The customer's own client, which is part of this test, logs the addresses that it calls.
    assert caplog.records
    records = [record for record in caplog.records if record.name != "httpx2"]
    assert all(secret not in str(vars(record)) + record.getMessage() for record in records)


async def test_token_carries_no_personal_data(tmp_path: Path) -> None:
    """T7: the payload is readable by anybody, and holds ids and times alone."""
    made = make_hub(tmp_path)
    link = await new_link(made, origin_username="ada@acme.example", label="secret plan")
    payload = link.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(claims) == {"iss", "aud", "sub", "jti", "iat", "exp"}
    assert link.token not in repr(link)


# --- T6: statuses, at every door ---


async def _revoke(made: Hub, link: IssuedSession) -> None:
    await made.hub.sessions.revoke(link.session.id)


async def _expire(made: Hub, link: IssuedSession) -> None:
    made.clock.advance(timedelta(days=5))


async def _use(made: Hub, link: IssuedSession) -> None:
    customer = Customer(made.hub)
    done = await customer.press(await customer.enter(link.url), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert done.status == 200


@pytest.mark.parametrize(
    ("end", "heading", "can_ask"),
    [
        (_revoke, "This link was withdrawn", True),
        (_expire, "This link has expired", True),
        (_use, "This link has been used", True),
    ],
)
async def test_ended_link_is_410_at_every_door(
    tmp_path: Path, end: Callable[[Hub, IssuedSession], Awaitable[None]], heading: str, can_ask: bool
) -> None:
    """T6: used, expired or revoked, a link is 410 by its own name at every way in, changes nothing there, and
    offers to ask for a new one, which the host is told once per asking."""
    made = make_hub(tmp_path)
    asked: list[Event] = []

    @made.hub.on("link.renewal_requested", name="asked")
    async def keep(event: Event) -> None:
        asked.append(event)

    link = await new_link(made, provider="simulated-key")
    landing = await Customer(made.hub).open(link.url)
    await end(made, link)
    before = fingerprint(tmp_path)
    customer = Customer(made.hub)
    declining = await customer.press(landing, "This was not meant for me")
    for seen in (
        await customer.open(link.url),
        await customer.get(f"/connect/link?t={link.token}"),
        await customer.press(landing, "Continue"),
        await customer.send(Form("/connect/link/open"), {"link": f"see {link.url} thanks"}),
        await customer.press(declining, "Withdraw"),
    ):
        expired_nonce = seen.heading == "This page was open for too long"
        assert (seen.status, seen.heading) == (410, heading) or expired_nonce, seen.heading
    assert fingerprint(tmp_path) == before
    assert customer.set_cookies == []
    if can_ask:
        done = await customer.press(await customer.open(link.url), "Ask for a new link")
        assert done.status == 200
        await made.hub.deliveries.run_due()
        assert [event.data["record_id"] for event in asked] == [str(link.session.id)]
        assert asked[0].account_id is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + "=",
        lambda token: token + "!",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token[:-7],
        lambda token: token.replace(".", "%2E"),
        lambda token: "",
        lambda token: "x" * 5000,
        lambda token: "not a link",
    ],
)
async def test_damaged_link_is_404_and_says_how_to_go_on(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    """T6, T9: a link that a mail program damaged is told from an ended one only by its signature: 404, or
    422 for none at all; never 'expired', and the same for a link that never was."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    await _revoke(made, link)
    seen = await Customer(made.hub).send(Form("/connect/link/open"), {"token": spoil(link.token)})
    assert seen.status in {404, 422}
    if seen.status == 404:
        assert seen.heading == "This link does not work"
        assert "Ask for a new link" not in seen.text


async def test_link_of_another_hub_is_not_known(tmp_path: Path) -> None:
    """T6, T12: another hub's link, or one of a session that is gone, is 404."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = make_hub(tmp_path / "a"), make_hub(tmp_path / "b")
    link = await new_link(one)
    assert (await Customer(other.hub).open(link.url)).status == 404


# --- T19: where the customer is sent back to ---

GOOD_RETURN = "https://app.example.com/done"
BAD_RETURNS = [
    "//evil.example/done",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "https://evil.example/done",
    "https://app.example.com.evil.example/done",
    "https://app.example.com@evil.example/done",
    "https://user:pw@app.example.com/done",
    "https://app.example.com:443/done/../evil",
    "https://app.example.com/done/",
    "https://app.example.com/Done",
    "https://app.example.com/done%2f",
    "https://app.example.com:8443/done",
    "http://app.example.com/done",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example.com/done#x",
    "https://app.example.com/done\nSet-Cookie: a=b",
    "https://app.example.com/\tdone",
    "https://app.example.com\\@evil.example/done",
    "https://app。example.com/done",
    "https://аpp.example.com/done",
    "https://app.example.com./done",
    "https://[::1]/done",
    "https://app.example.com:99999/done",
    " https://app.example.com/done",
    "",
]


@pytest.mark.parametrize("address", BAD_RETURNS)
async def test_return_url_is_one_that_was_configured(tmp_path: Path, address: str) -> None:
    """T19: a return_url that differs from the configured ones in scheme, host, port or path, or hides another
    one, is refused when the session is made, by name, and nothing is stored."""
    made = make_hub(tmp_path, config=HubConfig(links=LinkConfig(return_urls=frozenset({GOOD_RETURN}))))
    await made.hub.check()
    with pytest.raises(ValidationFailed, match="return_url"):
        await new_link(made, return_url=address)
    assert counts(tmp_path)["sessions"] == 0


async def test_return_goes_by_a_page_and_carries_the_result(tmp_path: Path) -> None:
    """T19, T30: Done leads to the return_url by a page of ours, never by a redirect of the form; its query
    keeps what it had and gains result, account_id and state."""
    made = make_hub(tmp_path, config=HubConfig(links=LinkConfig(return_urls=frozenset({GOOD_RETURN}))))
    link = await new_link(
        made, provider="simulated-key", return_url=f"{GOOD_RETURN}?tab=tools", state="s p&c"
    )
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    done = await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    [account] = await made.hub.accounts.list()
    wanted = f"{GOOD_RETURN}?tab=tools&result=success&account_id={account.id}&state=s+p%26c"
    assert done.link("Return to") == wanted
    left = await customer.press(done, "Done")
    assert (left.status, left.refresh) == (200, wanted)
    assert customer.cookies == {}


@pytest.mark.parametrize(("fail_first", "result"), [(False, "cancelled"), (True, "error")])
async def test_leaving_says_how_it_ended(tmp_path: Path, fail_first: bool, result: str) -> None:
    """ux 1.6: leaving without a connection goes back with `cancelled`, or `error` after a failed try."""
    made = make_hub(tmp_path, config=HubConfig(links=LinkConfig(return_urls=frozenset({GOOD_RETURN}))))
    link = await new_link(made, provider="simulated-key", return_url=GOOD_RETURN)
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    if fail_first:
        form = await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-0123456789"})
    asked = await customer.get(re.sub(r"/connect/simulated-key$", "/exit", form.url))
    left = await customer.send(next(f for f in asked.forms if f.action.endswith("/exit")))
    assert left.refresh == f"{GOOD_RETURN}?result={result}"
    assert customer.cookies == {}


# --- T27: cookies ---


async def test_cookie_is_its_own_and_tells_nothing(tmp_path: Path) -> None:
    """T8, T27: `__Host-`, Secure, HttpOnly, Lax, Path=/, no Domain; its value has nothing of the token and
    differs for each exchange of the same link."""
    made = make_hub(tmp_path)
    link = await new_link(made)
    values = set()
    for _ in range(3):
        customer = Customer(made.hub)
        await customer.enter(link.url)
        [line] = customer.set_cookies
        match = re.fullmatch(
            r"__Host-chub_([0-9a-f]{8})=([\w-]{43}); Path=/; Secure; HttpOnly; SameSite=Lax", line
        )
        assert match is not None
        values.add(match[2])
        assert match[2] not in link.token
        assert match[2] not in repr(contents(tmp_path))
    assert len(values) == 3


async def test_two_tabs_do_not_disturb_each_other(tmp_path: Path) -> None:
    """T27: two links in one browser are two visits, each going on by its own cookie; a second Continue joins
    the visit that there is; a cookie without the prefix, or under another name, opens nothing."""
    made = make_hub(tmp_path)
    one, two = await new_link(made), await new_link(made)
    customer = Customer(made.hub)
    first, second = await customer.enter(one.url), await customer.enter(two.url)
    assert first.url != second.url
    assert (await customer.get(first.url)).status == (await customer.get(second.url)).status == 200
    again = await customer.enter(one.url)
    assert again.url == first.url
    assert len(customer.set_cookies) == 2
    assert counts(tmp_path)["visits"] == 2
    names = sorted(customer.cookies)
    stolen = Customer(made.hub)
    for cookies in (
        {names[0].removeprefix("__Host-"): customer.cookies[names[0]]},
        {names[0]: customer.cookies[names[1]], names[1]: customer.cookies[names[0]]},
        {names[0]: "x" * 43, names[1]: ""},
    ):
        stolen.cookies = cookies
        assert (await stolen.get(first.url)).status in {403, 410}


async def test_browser_keeps_eight_visits(tmp_path: Path) -> None:
    """T27: at most eight visits live in a browser; ended ones are cleared first."""
    made = make_hub(tmp_path)
    customer = Customer(made.hub)
    for _ in range(3):
        await customer.enter((await new_link(made)).url)
    made.clock.advance(timedelta(hours=2))
    await customer.enter((await new_link(made)).url)
    assert len(customer.cookies) == 1
    for _ in range(10):
        listed = await customer.enter((await new_link(made)).url)
        assert listed.status == 200
    assert len(customer.cookies) == 8
    assert (await customer.get(listed.url)).status == 200


async def test_two_hubs_in_one_browser_keep_apart(tmp_path: Path) -> None:
    """T27: two hubs on one host neither accept nor clear each other's cookies."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = make_hub(tmp_path / "a", public_url="https://hub.test/one")
    two = make_hub(tmp_path / "b", public_url="https://hub.test/two")
    here, there = Customer(one.hub), Customer(two.hub)
    there.cookies = here.cookies
    first = await here.enter((await new_link(one)).url)
    second = await there.enter((await new_link(two)).url)
    assert len(here.cookies) == 2
    assert (await here.get(first.url)).status == (await there.get(second.url)).status == 200
    foreign = re.sub("/two/", "/one/", second.url)
    assert (await here.get(foreign)).status == 410
    await here.enter((await new_link(one)).url)
    assert (await there.get(second.url)).status == 200


async def test_two_hubs_on_one_database_keep_apart(tmp_path: Path) -> None:
    """T27: with one database and the same keys too, a visit at one hub is none at the other: its cookie is of
    one address."""
    keys = KeyRing.from_text(new_key_text())
    one = make_hub(tmp_path, public_url="https://hub.test/one", keys=keys)
    two = make_hub(tmp_path, public_url="https://hub.test/two", keys=keys, storage=one.hub.storage)
    here, there = Customer(one.hub), Customer(two.hub)
    there.cookies = here.cookies
    seen = await here.enter((await new_link(one)).url)
    assert seen.status == 200
    assert (await there.get(seen.url.replace("/one/", "/two/"))).status == 410
    assert (await here.get(seen.url)).status == 200


# --- T39: rates ---


@pytest.mark.parametrize(("site", "status"), [("none", 404), ("cross-site", 403)])
async def test_flood_is_a_429_page(tmp_path: Path, site: str, status: int) -> None:
    """T39: past its rate a client gets a 429 page with Retry-After, whatever X-Forwarded-For it makes up, and
    forms that are refused count as well."""
    slow = RateConfig(per_client=Rate(0.01, 5), per_visit=Rate(0.01, 2))
    made = make_hub(tmp_path, config=HubConfig(network=NetworkConfig(rates=slow)))
    customer = Customer(made.hub)
    seen = [
        await customer.request(
            "POST", "/connect/link/open", {"token": "x"}, sec_fetch_site=site, x_forwarded_for=f"10.0.0.{n}"
        )
        for n in range(7)
    ]
    assert [s.status for s in seen] == [status] * 5 + [429] * 2
    assert seen[-1].heading == "Too many tries"
    assert int(seen[-1].headers["retry-after"]) > 0


async def test_own_rate_cannot_be_used_up_by_others(tmp_path: Path) -> None:
    """T39: a visit's own rate is spent only by whoever has its cookie."""
    rates = RateConfig(per_client=None, per_visit=Rate(0.01, 2))
    made = make_hub(tmp_path, config=HubConfig(network=NetworkConfig(rates=rates)))
    link = await new_link(made, provider="simulated-key")
    customer, stranger = Customer(made.hub), Customer(made.hub)
    form = await customer.enter(link.url)
    for _ in range(5):
        assert (await stranger.press(form, "Connect Acme Key")).status == 403
    for status in (422, 422, 429):
        seen = await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-0123456789"})
        assert seen.status == status


async def test_trusted_proxy_names_the_client(tmp_path: Path) -> None:
    """T39: behind one trusted proxy its entry counts, so that customers do not share one rate."""
    rates = RateConfig(per_client=Rate(0.01, 1))
    network = NetworkConfig(rates=rates, trusted_proxies=1)
    made = make_hub(tmp_path, config=replace(HubConfig(), network=network))
    customer = Customer(made.hub)
    for address, status in (("1.1.1.1", 404), ("2.2.2.2", 404), ("9.9.9.9, 1.1.1.1", 429)):
        seen = await customer.request(
            "POST", "/connect/link/open", {"token": "x"}, sec_fetch_site="none", x_forwarded_for=address
        )
        assert seen.status == status


async def test_holder_of_a_link_does_not_flood_the_host_with_openings(tmp_path: Path) -> None:
    """T39: one link makes no more visits and `link.opened` events than its own rate, however many browsers
    its holder makes up and from wherever they come; past it another link goes on, and so does a visit."""
    rates = RateConfig(per_client=None, openings=Rate(0.001, 3))
    made = make_hub(tmp_path, config=HubConfig(network=NetworkConfig(rates=rates)))
    told = keep_events(made, "link.opened")
    link, other = await new_link(made), await new_link(made)
    first = Customer(made.hub)
    landing = await first.open(link.url)
    assert (await first.press(landing, "Continue")).status == 200
    seen = [await Customer(made.hub).press(landing, "Continue") for _ in range(10)]
    assert [s.status for s in seen] == [200] * 2 + [429] * 8
    assert seen[-1].heading == "Too many tries"
    assert int(seen[-1].headers["retry-after"]) > 0
    assert (await first.press(landing, "Continue")).status == 200
    assert (await Customer(made.hub).enter(other.url)).status == 200
    assert counts(tmp_path)["visits"] == 4
    while await made.hub.deliveries.run_due():
        pass
    assert len(told) == 4


@pytest.mark.parametrize("end", [_revoke, _expire, _use])
async def test_holder_of_a_dead_link_does_not_flood_the_host_with_wishes(
    tmp_path: Path, end: Callable[[Hub, IssuedSession], Awaitable[None]]
) -> None:
    """T39: however often a new link is asked for, the host is told no more often than the link's own rate;
    the person sees the same page each time. The default is twice at once, of each link."""
    made = make_hub(tmp_path)
    told = keep_events(made, "link.renewal_requested")
    links = [await new_link(made, provider="simulated-key") for _ in range(2)]
    for link in links:
        await end(made, link)
    for link in links:
        dead = await Customer(made.hub).open(link.url)
        assert dead.status == 410
        pages = [await Customer(made.hub).press(dead, "Ask for a new link") for _ in range(12)]
        assert {(page.status, page.heading) for page in pages} == {(200, pages[0].heading)}
    while await made.hub.deliveries.run_due():
        pass
    assert sorted(told) == sorted(str(link.session.id) for link in links for _ in range(2))


async def test_a_wrong_public_url_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """T28: a form from another origin than `public_url` is refused, and the log says once which two they are,
    for the case that the configuration is wrong; no stranger can fill it."""
    hub = make_hub(tmp_path).hub
    customer = Customer(hub)
    for number in (1, 1, *range(100)):
        form = Form("/connect/link/open")
        seen = await customer.send(form, origin=f"http://10.0.0.{number}:8000", sec_fetch_site="cross-site")
        assert seen.status == 403
    lines = [r.getMessage() for r in caplog.records if "a form from" in r.message]
    assert lines[0].startswith(
        "a form from the origin 'http://10.0.0.1:8000' was refused, as public_url is https://hub.test/connect."
    )
    assert len(lines) == len(set(lines)) < 10
