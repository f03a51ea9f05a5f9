"""Back from the provider: whose answer is taken, which is not, and what may be said about it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from connect_hub import HubConfig, LinkConfig, OAuth, Secret
from connect_hub.connectors.catalog import parse
from connect_hub.connectors.definition import Connector
from connect_hub.testing.provider import Fault, ProviderClient, SimulatedProvider
from connect_hub.testing.provider.connectors import oauth_toml
from tests.customer import Customer, Form, Seen
from tests.hubs import Hub, make_hub
from tests.web.stored import contents, counts

CALLBACK = "/connect/oauth/callback"


async def away(made: Hub, *, provider: str = "simulated", **fields: object) -> tuple[Customer, Seen]:
    """A customer who stands before the provider's sign-in, and the page that leads there."""
    link = await made.hub.links.create(
        origin_owner_id="42",
        origin_owner_name="Acme",
        provider=provider,
        **fields,  # type: ignore[arg-type]
    )
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    return customer, await customer.press(form, "Connect ")


def changed(url: str, **params: str | None) -> str:
    """`url` with parameters replaced; None: left out."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **params}
    return urlunsplit(parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})))


def nothing_linked(made: Hub, folder: Path) -> None:
    found = counts(folder)
    assert (made.token_calls(), found["accounts"], found["events"]) == (0, 0, 0)


async def test_hop_changes_nothing_and_needs_the_cookie(tmp_path: Path) -> None:
    """T3, T30: the page before the provider is a GET that may be read again, by this browser alone."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    before = contents(tmp_path)
    assert (await customer.get(leaving.url)).refresh == leaving.refresh
    stranger = await Customer(made.hub).get(leaving.url)
    assert (stranger.status, stranger.refresh) == (403, None)
    assert contents(tmp_path) == before


async def test_a_look_at_the_answer_takes_nothing(tmp_path: Path) -> None:
    """RFC 9110, 9.2.1: HEAD, by which programs look whether an address is there, finishes no sign-in."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    seen = await customer.request("HEAD", back)
    assert (seen.status, seen.headers["allow"], made.token_calls()) == (405, "GET, POST", 0)
    assert (await customer.get(back)).heading == "Acme Login is connected"


async def test_answer_is_taken_from_the_browser_that_began(tmp_path: Path) -> None:
    """T1, T3: a callback replayed in a fresh browser, or in one with another visit, is refused with no call;
    the browser that began can still finish."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    other, _ = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    for thief in (Customer(made.hub), other):
        seen = await thief.get(back)
        assert (seen.status, seen.heading) == (403, "Your browser did not send our cookie")
    nothing_linked(made, tmp_path)
    assert (await customer.get(back)).heading == "Acme Login is connected"


@pytest.mark.parametrize(
    "spoil",
    [
        {"state": "x" * 43},
        {"state": None},
        {"code": None},
        {"code": None, "error": None},
        {"error": "access_denied"},
        {"iss": None},
        {"iss": "https://evil.example"},
        {"iss": "https://provider.test/"},
        {"iss": ""},
        {"code": "x" * 5000},
        {"code": "a\r\nb"},
        {"state": "☃" * 43},
    ],
    ids=str,
)
async def test_misshapen_answer_is_refused_and_the_right_one_still_works(
    tmp_path: Path, spoil: dict[str, str | None]
) -> None:
    """T16, T17: a wrong state, no code, code and error together, an omitted or altered issuer, or control
    characters are 403 with no token call, and do not use the state up."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    seen = await customer.get(changed(back, **spoil))
    assert (seen.status, seen.heading) == (403, "This sign-in cannot be finished")
    nothing_linked(made, tmp_path)
    assert (await customer.get(back)).heading == "Acme Login is connected"


@pytest.mark.parametrize("name", ["state", "code", "iss"])
async def test_doubled_parameter_is_refused(tmp_path: Path, name: str) -> None:
    """T17: a parameter sent twice, with the same or another value, makes no token call."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    value = dict(parse_qsl(urlsplit(back).query))[name]
    for second in (value, "other"):
        assert (await customer.get(f"{back}&{urlencode({name: second})}")).status == 403
    nothing_linked(made, tmp_path)


async def test_stale_state_is_refused(tmp_path: Path) -> None:
    """T16, T8: a state is good for 20 minutes."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    made.clock.advance(timedelta(minutes=20))
    assert (await customer.get(back)).status == 403
    nothing_linked(made, tmp_path)


async def test_code_is_traded_once(tmp_path: Path) -> None:
    """T16, R16: the callback reloaded, in two tabs at once or after success, trades the code once and has the
    one result; 20 at once make one account."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    hold = made.provider.faults.hold("token")
    tabs = [asyncio.create_task(customer.get(back)) for _ in range(20)]
    await hold.arrived()
    hold.release()
    assert {seen.heading for seen in await asyncio.gather(*tabs)} == {"Acme Login is connected"}
    assert (await customer.get(back)).heading == "Acme Login is connected"
    assert (await customer.get(leaving.url)).heading == "Acme Login is connected"
    assert made.token_calls() == 1
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 1


async def test_sign_in_that_was_begun_again_ends_the_first(tmp_path: Path) -> None:
    """T16: Back and Connect once more: the same form begins the sign-in anew, and the first one's answer is
    not taken any more."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    first, second = [await customer.press(form, "Connect Acme Login") for _ in range(2)]
    assert first.refresh is not None
    assert second.refresh is not None
    assert first.url == second.url
    assert (await customer.get(made.provider.approve(first.refresh, user="ada"))).status == 403
    nothing_linked(made, tmp_path)
    done = await customer.get(made.provider.approve(second.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"


def renamed(provider: SimulatedProvider, key: str, name: str, more: str = "") -> Connector:
    """The provider's OAuth connector under another key, with lines added to its method."""
    toml = oauth_toml(base_url=provider.base_url, name=name, iss=provider.policy.send_iss)
    toml = toml.replace('key = "simulated"', f'key = "{key}"')
    toml = toml.replace('type = "oauth2"', f'type = "oauth2"\n{more}')
    return parse(toml, f"{key}.toml")


def with_second(made: Hub, folder: Path, key: str, more: str = "") -> Hub:
    """A hub with one more OAuth connector, at the same provider."""
    connector = renamed(made.provider, key, "Other", more)
    second = make_hub(
        folder, connectors=[OAuth(connector, client_id="second", client_secret="second-secret-0123456789")]
    )
    for hub in (made, second):
        hub.provider.add_client(
            ProviderClient(
                client_id="second",
                client_secret=Secret("second-secret-0123456789"),
                redirect_uris=(second.hub.redirect_uris[key],),
            )
        )
    return second


async def test_answer_of_one_provider_is_not_taken_at_anothers_address(tmp_path: Path) -> None:
    """T17: a code and state of provider A at the callback of provider B make no token call at either; each
    connector has a redirect URI of its own."""
    made = with_second(make_hub(tmp_path), tmp_path, "second")
    assert len(set(made.hub.redirect_uris.values())) == 2
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    for other in ("second", "simulated-key", "absent"):
        crossed = await customer.get(back.replace("/callback/simulated", f"/callback/{other}"))
        assert crossed.status == 403
    nothing_linked(made, tmp_path)
    assert (await customer.get(back)).status == 200


async def test_form_post_comes_back_by_a_page_of_ours(tmp_path: Path) -> None:
    """T22: a provider that answers with a cross-site form, which carries no Lax cookie: that POST makes no
    token call and sets no cookie; the page of ours that it gets posts the answer once more, and that
    counts. A connector that answers in the query takes no POST at all."""
    made = with_second(make_hub(tmp_path), tmp_path, "poster", 'response_mode = "form_post"')
    customer, leaving = await away(made, provider="poster")
    assert leaving.refresh is not None
    assert "response_mode=form_post" in leaving.refresh
    # The simulated provider answers in the query; the browser's cross-site POST is made from that.
    back = made.provider.approve(changed(leaving.refresh, response_mode=None), user="ada")
    fields = dict(parse_qsl(urlsplit(back).query))
    abroad = Customer(made.hub)  # SameSite=Lax: the cookie does not come along
    evil = {"origin": "https://provider.test", "sec_fetch_site": "cross-site"}
    bounce = await abroad.request("POST", f"{CALLBACK}/poster", {**fields, "extra": "<b>"}, **evil)
    assert (bounce.status, abroad.set_cookies) == (200, [])
    nothing_linked(made, tmp_path)
    [form] = bounce.forms
    assert set(form.fields) == {"state", "code", "iss"}
    assert (await abroad.request("POST", form.action, form.fields, **evil)).status == 403
    assert (await abroad.send(form)).status == 403
    nothing_linked(made, tmp_path)
    assert (await customer.send(form)).heading == "Other Login is connected"
    query = await abroad.request("POST", f"{CALLBACK}/simulated", fields, **evil)
    assert query.status == 405


POLYGLOTS = [
    "\"'><script>alert(1)</script>",
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/"
    "</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert()//>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u202egnp.exe",
    "x" * 4000,
]


@pytest.mark.parametrize("text", POLYGLOTS)
async def test_provider_words_are_never_markup(tmp_path: Path, text: str) -> None:
    """T20: hostile `error` and `error_description` reach neither the page nor the row as they are; an
    `error_uri` is never followed nor shown."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = changed(
        made.provider.deny(leaving.refresh), error_description=text, error_uri="https://evil.example/"
    )
    seen = await customer.get(back)
    assert "evil.example" not in seen.text
    for page in (seen.text, repr(contents(tmp_path)["attempts"])):
        assert "<script>alert" not in page
        assert "<sVg" not in page
        assert "\u202e" not in page
        assert "x" * 300 not in page
    code = await customer.get(changed(back, error=text, error_description=None))
    assert "<script>alert" not in code.text
    nothing_linked(made, tmp_path)


async def test_name_at_the_provider_is_only_text(tmp_path: Path) -> None:
    """T20: what the provider calls the account is shown escaped, in one line and cut short."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    seen = await customer.get(made.provider.approve(leaving.refresh, user=POLYGLOTS[0]))
    assert seen.heading == "Acme Login is connected"
    assert "<script>alert" not in seen.text
    assert "&lt;script&gt;" in seen.text


@pytest.mark.parametrize(
    ("point", "fault", "words"),
    [
        ("token", Fault.UNAVAILABLE, "is not answering right now"),
        ("token", Fault.RATE_LIMITED, "is not answering right now"),
        ("token", Fault.HTML, "could not be understood"),
        ("token", Fault.REDIRECT, "could not be understood"),
        ("token", Fault.INVALID_GRANT, "not completed"),
        ("token", Fault.ERROR_WITH_200, ""),
        ("api", Fault.UNAVAILABLE, "is not answering right now"),
        ("api", Fault.HTML, "could not be understood"),
        ("api", Fault.FORBIDDEN, "lack a permission"),
    ],
)
async def test_provider_that_fails_leaves_nothing_and_a_way_on(
    tmp_path: Path, point: str, fault: Fault, words: str
) -> None:
    """ux 1.5, 1.9: down, slow, HTML, a redirect elsewhere, a refusal: nothing is stored but the attempt's
    error, a grant already obtained is revoked, the page says what happened, and the next try works."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    made.provider.faults.set(point, fault)
    seen = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert words in seen.text
    assert (counts(tmp_path)["accounts"], counts(tmp_path)["events"]) == (0, 0)
    made.provider.faults.clear()
    await made.hub.accounts._revocation.settled()
    assert all(family.ended is not None for family in made.provider.families) or point == "token"
    again = await customer.press(seen, "Connect Acme Login")
    assert again.refresh is not None
    done = await customer.get(made.provider.approve(again.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"


async def test_denied_sign_in_can_be_tried_again(tmp_path: Path) -> None:
    """ux 1.9: a customer who pressed Cancel at the provider is told so, with the form again."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    seen = await customer.get(made.provider.deny(leaving.refresh))
    assert "was not completed" in seen.text
    nothing_linked(made, tmp_path)
    assert (await customer.press(seen, "Connect Acme Login")).refresh is not None


async def test_sign_in_outlives_link_and_visit(tmp_path: Path) -> None:
    """T8: a sign-in begun in time is finished although link and visit have ended meanwhile; a page of the
    visit itself is not shown any more."""
    config = HubConfig(links=LinkConfig(visit_idle=timedelta(minutes=5), visit_absolute=timedelta(minutes=5)))
    made = make_hub(tmp_path, config=config)
    customer, leaving = await away(made, expires_in=60)
    assert leaving.refresh is not None
    made.clock.advance(timedelta(minutes=19))
    back = made.provider.approve(leaving.refresh, user="ada")
    assert (await customer.get(leaving.url.partition("/attempts")[0])).status == 410
    assert (await customer.get(back)).heading == "Acme Login is connected"


async def test_revocation_ends_a_sign_in_that_is_under_way(tmp_path: Path) -> None:
    """T6, T8: a session revoked while its customer is at the provider ends there: no token call."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    [session] = await made.hub.sessions.list()
    back = made.provider.approve(leaving.refresh, user="ada")
    await made.hub.sessions.revoke(session.id)
    seen = await customer.get(back)
    assert seen.status in {403, 410}
    nothing_linked(made, tmp_path)


async def test_revocation_during_the_exchange_leaves_no_account(tmp_path: Path) -> None:
    """T6, R17: revoked after the code was traded, the session gets no account, and the grant is revoked."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    [session] = await made.hub.sessions.list()
    hold = made.provider.faults.hold("api")
    finishing = asyncio.create_task(customer.get(made.provider.approve(leaving.refresh, user="ada")))
    await hold.arrived()
    await made.hub.sessions.revoke(session.id)
    hold.release()
    assert (await finishing).status == 410
    assert (counts(tmp_path)["accounts"], counts(tmp_path)["events"]) == (0, 0)
    await made.hub.accounts._revocation.settled()
    assert [family.ended for family in made.provider.families] == ["revoked"]


async def test_worker_that_died_in_the_exchange_leaves_a_way_on(tmp_path: Path) -> None:
    """R10: a state that was used by a process which never came back is not waited for for ever: the customer
    is told to begin again."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    storage = made.hub.deliveries._core.storage
    [row] = contents(tmp_path)["attempts"]
    attempt_id = next(value for value in row if str(value).startswith("att_"))
    state = await storage.state_of_attempt(str(attempt_id))
    assert state is not None
    assert await storage.use_state(state.state_hash, now=made.clock.now()) is not None
    made.clock.advance(timedelta(minutes=2))
    assert (await customer.get(back)).heading == "This sign-in cannot be finished"
    nothing_linked(made, tmp_path)


async def test_no_secret_stands_in_an_address(tmp_path: Path) -> None:
    """T21: over linking, refreshing, calling and deleting, no outbound address carries a secret: not the
    code, the verifier, a token or the client's secret."""
    made = make_hub(tmp_path)
    customer, leaving = await away(made)
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    await customer.get(back)
    [account] = await made.hub.accounts.list()
    secrets = {dict(parse_qsl(urlsplit(back).query))["code"], "hub-secret-0123456789"}
    for _ in range(2):
        found = await made.hub.credentials(account.id)
        secrets |= {secret.reveal() for secret in found.secrets.values()}
        made.clock.advance(timedelta(hours=2))
    await made.hub.accounts.delete(account.id)
    await made.hub.accounts._revocation.settled()
    forms = [value for r in made.provider.requests for value in r.form.values()]
    assert any(secret in forms for secret in secrets)
    secrets |= {r.form["code_verifier"] for r in made.provider.requests if "code_verifier" in r.form}
    assert len(made.transport.requests) >= 4
    assert not [url for _, url in made.transport.requests for secret in secrets if secret in url]


async def test_attempts_belong_to_one_browser(tmp_path: Path) -> None:
    """T3, T51: another visit of the same link neither sees nor accepts what this one began."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    mine, other = Customer(made.hub), Customer(made.hub)
    leaving = await mine.press(await mine.enter(link.url), "Connect Acme Login")
    theirs = await other.enter(link.url)
    visit = theirs.url.partition("/connect/simulated")[0]
    seen = await other.get(f"{visit}/attempts/{leaving.url.rpartition('/')[2]}")
    assert (seen.status, seen.refresh) == (404, None)
    accept = Form(f"{visit}/attempts/{leaving.url.rpartition('/')[2]}/accept", {"nonce": "x"})
    assert (await other.send(accept)).status == 404


async def test_state_and_verifier_are_not_readable_at_rest(tmp_path: Path) -> None:
    """T16, T43: the database has the state's hash, and the authorization request sealed."""
    made = make_hub(tmp_path)
    _, leaving = await away(made)
    assert leaving.refresh is not None
    state = dict(parse_qsl(urlsplit(leaving.refresh).query))["state"]
    assert len(state) == 43
    assert state not in repr(contents(tmp_path))
