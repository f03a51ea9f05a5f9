"""The pages of a visit: forms, tests before saving, results, and whose accounts they may show."""

import asyncio
import base64
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import (
    Account,
    Event,
    HubConfig,
    LinkRefused,
    PageConfig,
    Project,
    Secret,
    Subject,
    Transaction,
    Visitor,
)
from connect_hub.connectors.catalog import parse
from connect_hub.errors import StorageUnavailable, ValidationFailed
from connect_hub.models import AccountType, Attempt, Binding, Category
from connect_hub.net import Answer, Limits
from connect_hub.storage.protocol import Retention
from connect_hub.testing import InProcessTransport
from connect_hub.testing.provider import Fault
from connect_hub.testing.provider.connectors import key_toml
from connect_hub.vault import Vault
from tests.customer import Customer, Form, Seen
from tests.hubs import API_KEY, GOOD_KEY, OTHER_KEY, Hub, make_hub
from tests.leaks import reported
from tests.web.stored import contents, counts

KEY = {"f.api_key": GOOD_KEY}
WRONG = {"f.api_key": "wrong-key-0123456789"}
CONNECT = "Connect Acme Key"
_BY_CHANCE = re.compile(r"[0-9A-Za-z_-]{8,}")
"""Ids, nonces and hashes, which may have any name in them."""
"""Of a static file, whose digits may spell a name."""


async def entered(made: Hub, **fields: object) -> tuple[Customer, Seen]:
    """A customer inside a link: its list, or its one form."""
    fields = {"origin_owner_id": "42", "origin_owner_name": "Acme", **fields}
    link = await made.hub.links.create(**fields)  # type: ignore[arg-type]
    customer = Customer(made.hub)
    return customer, await customer.enter(link.url)


async def linked(made: Hub, key: str = GOOD_KEY, **fields: object) -> Account:
    """An account that another link made."""
    customer, form = await entered(made, **{"provider": "simulated-key", **fields})
    before = {account.id for account in await made.hub.accounts.list(limit=100)}
    done = await customer.press(form, CONNECT, {"f.api_key": key})
    assert done.heading == "Acme Key is connected"
    [account] = [a for a in await made.hub.accounts.list(limit=100) if a.id not in before]
    return account


async def attempts_of(made: Hub) -> list[Attempt]:
    """Every attempt at every session."""
    storage = made.hub.deliveries._core.storage
    return [a for session in await made.hub.sessions.list() for a in await storage.attempts(session.id)]


# --- T8: how long a visit lives ---


async def test_visit_ends_when_idle_and_in_any_case_after_an_hour(tmp_path: Path) -> None:
    """T8: 30 minutes without a request end a visit, 60 minutes end it in any case; the link, which lives for
    days, makes another one."""
    made = make_hub(tmp_path)
    customer, listed = await entered(made)
    for _ in range(2):
        made.clock.advance(timedelta(minutes=29))
        assert (await customer.get(listed.url)).status == 200
    made.clock.advance(timedelta(minutes=2))
    ended = await customer.get(listed.url)
    assert (ended.status, ended.heading) == (410, "You were away for a while")
    idle, listed = await entered(made)
    made.clock.advance(timedelta(minutes=30))
    assert (await idle.get(listed.url)).status == 410


async def test_link_that_expires_does_not_end_its_visit(tmp_path: Path) -> None:
    """T8: a link's expiry governs Continue alone: a visit opened in time goes on to success."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key", expires_in=60)
    made.clock.advance(timedelta(minutes=10))
    assert (await customer.press(form, CONNECT, KEY)).heading == "Acme Key is connected"


async def test_revocation_ends_all_at_once(tmp_path: Path) -> None:
    """T8: a revoked session's visit is over at every page and form; a form sent just then stores nothing."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    [session] = await made.hub.sessions.list()
    hold = made.provider.faults.hold("api")
    sending = asyncio.create_task(customer.press(form, CONNECT, KEY))
    await hold.arrived()
    await made.hub.sessions.revoke(session.id)
    hold.release()
    assert (await sending).status == 410
    for seen in (await customer.get(form.url), await customer.press(form, CONNECT, KEY)):
        assert seen.status == 410
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 0


# --- R16: twice, in two tabs, back ---


async def test_fifty_at_once_make_one_account(tmp_path: Path) -> None:
    """R15, R16: the same form sent 50 times at once asks the provider once, makes one account and one event,
    and every answer is the one result."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    seen = await asyncio.gather(*(customer.press(form, CONNECT, KEY) for _ in range(50)))
    assert {(s.status, s.heading, s.url) for s in seen} == {(200, "Acme Key is connected", seen[0].url)}
    assert made.provider.calls["me"] == 1
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 1


async def test_two_browsers_on_one_link_make_one_account(tmp_path: Path) -> None:
    """R16: of ten browsers that finish one single-use link at once, one succeeds; the others get the 410 page
    and nothing of theirs is stored."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )
    customers = [Customer(made.hub) for _ in range(10)]
    forms = [await customer.enter(link.url) for customer in customers]
    seen = await asyncio.gather(
        *(c.press(form, CONNECT, KEY) for c, form in zip(customers, forms, strict=True))
    )
    assert sorted(s.status for s in seen) == [200] + [410] * 9
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 1
    [session] = await made.hub.sessions.list()
    assert (session.connects, session.opens) == (1, 10)


async def test_two_links_that_finish_together_make_one_account(tmp_path: Path) -> None:
    """R16: the key is owner, provider and type: two links make one account, created once and updated once."""
    made = make_hub(tmp_path)
    ways = [await entered(made, provider="simulated-key") for _ in range(4)]
    seen = await asyncio.gather(*(customer.press(form, CONNECT, KEY) for customer, form in ways))
    assert {s.status for s in seen} == {200}
    assert (counts(tmp_path)["accounts"], counts(tmp_path)["events"]) == (1, 4)
    [account] = await made.hub.accounts.list()
    assert account.generation == 4


async def test_back_after_success(tmp_path: Path) -> None:
    """R16: Back and the same form again is the one result, once more; the list and a new form are 410."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    done = await customer.press(form, CONNECT, KEY)
    again = await customer.press(form, CONNECT, WRONG)
    assert (again.url, again.heading) == (done.url, "Acme Key is connected")
    assert (await customer.get(form.url)).heading == "This link has been used"
    assert made.provider.calls["me"] == 1


async def test_form_refused_once_may_be_sent_again_by_back(tmp_path: Path) -> None:
    """R16: after a refusal, Back and the right value in the old form succeeds."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    assert (await customer.press(form, CONNECT, WRONG)).status == 422
    assert (await customer.press(form, CONNECT, KEY)).heading == "Acme Key is connected"


async def test_form_belongs_to_its_visit_and_provider(tmp_path: Path) -> None:
    """T28: a form is good in the visit and for the provider that it was made for, and for its own attempt."""
    made = make_hub(tmp_path)
    customer, listed = await entered(made)
    other, theirs = await entered(made)
    form = (await customer.get(listed.link("Acme Key"))).form(CONNECT)
    foreign = (await other.get(theirs.link("Acme Key"))).form(CONNECT)
    for fields in (
        {**form.fields, "nonce": foreign.fields["nonce"]},
        {**form.fields, "attempt": foreign.fields["attempt"]},
        {**form.fields, "attempt": "att_made_up"},
        {k: v for k, v in form.fields.items() if k != "nonce"},
        {k: v for k, v in form.fields.items() if k != "attempt"},
    ):
        seen = await customer.send(Form(form.action, {**fields, **KEY}))
        assert (seen.status, seen.heading) == (403, "This page was open for too long")
    moved = Form(form.action.replace("simulated-key", "simulated"), form.fields)
    assert (await customer.send(moved)).status == 403
    assert (counts(tmp_path)["attempts"], made.provider.calls["me"]) == (0, 0)


# --- what the session allows ---


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["Acme Login", "Acme Key", "Staffbook"]),
        ({"providers": ["simulated-key", "staffbook"]}, ["Acme Key", "Staffbook"]),
        ({"categories": [Category.CRM, Category.ATS]}, ["Staffbook"]),
        ({"categories": [Category.MESSAGING]}, []),
        ({"provider": "staffbook"}, ["Staffbook"]),
    ],
)
async def test_session_limits_what_may_be_connected(
    tmp_path: Path, fields: dict[str, object], names: list[str]
) -> None:
    """T51: the list shows what the session allows; the address of anything else is 404, as form and as POST;
    one alone is opened straight away, none says whom to ask."""
    provider = make_hub(tmp_path).provider
    toml = key_toml(base_url=provider.base_url, name="x").replace('"simulated-key"', '"staffbook"')
    toml = toml.replace('"x Key"', '"Staffbook"').replace('["hris"]', '["crm"]')
    made = make_hub(tmp_path, connectors=[parse(toml, "staffbook.toml")])
    customer, seen = await entered(made, **fields)
    if len(names) == 1:
        assert seen.heading == f"Connect {names[0]}"
    else:
        assert [name for name in ("Acme Login", "Acme Key", "Staffbook") if name in seen.text] == names
    if not names:
        assert seen.heading == "There is nothing to connect yet"
    visit = "/".join(seen.url.split("/")[:6])
    for key, name in (("simulated", "Acme Login"), ("simulated-key", "Acme Key"), ("staffbook", "Staffbook")):
        status = 200 if name in names else 404
        assert (await customer.get(f"{visit}/connect/{key}")).status == status
        if name not in names:
            assert (await customer.send(Form(f"{visit}/connect/{key}", {"nonce": "x"}))).status == 404
    assert (await customer.get(f"{visit}/connect/absent")).status == 404


async def test_disabled_connector_is_not_offered(tmp_path: Path) -> None:
    """A connector that the project has disabled is neither listed nor opened."""
    project = Project(api_keys=[Secret(API_KEY)], connectors=frozenset({"simulated-key"}))
    made = make_hub(tmp_path, config=HubConfig(projects={"default": project}))
    customer, form = await entered(made)
    assert form.heading == "Connect Acme Key"
    assert (await customer.get(form.url.replace("simulated-key", "simulated"))).status == 404


async def test_each_provider_is_connected_once(tmp_path: Path) -> None:
    """Without max_connects a link connects each provider once: what is done leads nowhere in the list, its
    form leads back there, sent twice it says what became of it, and when all is
    done nothing more is offered."""
    made = make_hub(tmp_path)
    customer, listed = await entered(made)
    form = await customer.get(listed.link("Acme Key"))
    done = await customer.press(form, CONNECT, KEY)
    again = await customer.get(listed.link("Acme Key"))
    assert (again.url, again.status) == (listed.url, 200)
    more = await customer.get(done.link("Connect another"))
    assert "Connected" in more.text
    assert not any("Acme Key" in label for label in more.links)
    twice = await customer.press(form, CONNECT, KEY)
    assert twice.heading == "Acme Key is connected"  # the result of the first time
    leaving = await customer.press(await customer.get(more.link("Acme Login")), "Connect Acme Login")
    assert leaving.refresh is not None
    last = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert last.heading == "Acme Login is connected"
    assert "Connect another" not in last.text
    assert counts(tmp_path)["accounts"] == 2


async def test_max_connects_counts_successes(tmp_path: Path) -> None:
    """max_connects: failures do not count, successes do, and the last one uses the link up."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key", multiple=True, max_connects=2)
    refused = await customer.press(form, CONNECT, WRONG)
    first = await customer.press(refused, CONNECT, KEY)
    second = await customer.press(await customer.get(first.link("Connect another")), CONNECT, KEY)
    assert second.heading == "Acme Key is connected"
    assert "Connect another" not in second.text
    assert (await customer.get(form.url)).status == 410
    assert counts(tmp_path)["accounts"] == 2


# --- the form ---


async def test_typed_values_are_kept_and_trimmed(tmp_path: Path) -> None:
    """ux 1.3: a refused form is answered 422 with what was typed, secrets too, and stores none of it; spaces
    around a value do not matter; a missing and an unknown field are named."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    empty = await customer.press(form, CONNECT)
    assert empty.status == 422
    assert "Enter a value for" in empty.text
    odd = await customer.press(form, CONNECT, {**KEY, "f.colour": "red"})
    assert (odd.status, "There is no such field here" in odd.text) == (422, True)
    refused = await customer.press(form, CONNECT, WRONG)
    assert refused.form(CONNECT).fields["f.api_key"] == WRONG["f.api_key"]
    assert WRONG["f.api_key"] not in repr(contents(tmp_path))
    done = await customer.press(refused, CONNECT, {"f.api_key": f"  {GOOD_KEY}\n"})
    assert done.heading == "Acme Key is connected"
    assert GOOD_KEY not in repr(contents(tmp_path))
    assert GOOD_KEY not in done.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.UNAVAILABLE, "is not answering right now. Nothing was saved"),
        (Fault.RATE_LIMITED, "is not answering right now. Nothing was saved"),
        (Fault.HTML, "could not be understood. Nothing was saved"),
        (Fault.REDIRECT, "could not be understood. Nothing was saved"),
        (Fault.FORBIDDEN, "lack a permission"),
        (Fault.UNAUTHORIZED, "did not accept these credentials"),
    ],
)
async def test_each_fault_of_a_provider_has_its_words(tmp_path: Path, fault: Fault, words: str) -> None:
    """ux 1.5: down, too busy, HTML, a redirect elsewhere, no permission, wrong key: each its own sentence,
    422, values kept, nothing stored, and the same form works when the provider does."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    made.provider.faults.set("api", fault)
    refused = await customer.press(form, CONNECT, KEY)
    assert (refused.status, words in refused.text) == (422, True), refused.text
    assert refused.form(CONNECT).fields["f.api_key"] == GOOD_KEY
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 0
    assert {url for _, url in made.transport.requests} == {"https://provider.test/api/v1/me"}
    made.provider.faults.clear()
    assert (await customer.press(refused, CONNECT)).heading == "Acme Key is connected"


async def test_cookies_off(tmp_path: Path) -> None:
    """ux 1.9: a browser that keeps no cookies gets a page that says so, 403, at once after Continue."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    form = (await customer.open(link.url)).form("Continue")
    own = {"origin": customer.origin, "sec_fetch_site": "same-origin"}
    sent = await customer.request("POST", form.action, form.fields, **own)
    seen = await Customer(made.hub).get(sent.headers["location"])
    assert (seen.status, seen.heading) == (403, "Your browser did not send our cookie")


# --- the host's own callbacks ---


async def test_host_may_refuse_with_its_own_words(tmp_path: Path) -> None:
    """design 3: LinkRefused's text is shown, nothing is stored, the grant is revoked; another try works."""
    made = make_hub(tmp_path)
    refusing = [True]

    @made.hub.on("account.created", in_transaction=True)
    def refuse(event: Event, tx: Transaction) -> None:
        if refusing:
            raise LinkRefused("Your plan has no room for <b>more</b> tools.")

    customer, form = await entered(made, provider="simulated")
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    seen = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert "Your plan has no room for &lt;b&gt;more&lt;/b&gt; tools." in seen.text
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 0
    await made.hub.accounts._revocation.settled()
    assert [family.ended for family in made.provider.families] == ["revoked"]
    refusing.clear()
    again = await customer.press(seen, "Connect Acme Login")
    assert again.refresh is not None
    done = await customer.get(made.provider.approve(again.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"


async def test_host_callback_that_fails_is_the_general_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """design 3: any other exception is the general page with a reference, tells nothing of itself, is logged,
    and nothing is stored; the next try works."""
    made = make_hub(tmp_path)
    broken = [True]

    @made.hub.on("account.created", in_transaction=True)
    def fail(event: Event, tx: Transaction) -> None:
        if broken:
            raise RuntimeError("table customers is missing")

    customer, form = await entered(made, provider="simulated-key")
    with caplog.at_level(logging.ERROR):
        seen = await customer.press(form, CONNECT, KEY)
    assert (seen.status, seen.heading) == (500, "This did not work")
    assert "customers" not in seen.text
    reference = seen.url.rpartition("/")[2]
    assert reference in seen.text
    assert f"attempt {reference}" in caplog.text
    assert "table customers is missing" in caplog.text
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == 0
    broken.clear()
    again = await customer.get(seen.link("Try again"))
    assert (await customer.press(again, CONNECT, KEY)).heading == "Acme Key is connected"


class Broken(InProcessTransport):
    """A transport with a fault that no error of ours foresees."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        raise ZeroDivisionError("canary-of-a-fault")


@pytest.mark.parametrize("where", ["probe", "seal", "hold"])
async def test_fault_of_our_own_is_logged_and_ends_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """T46, R1: an unforeseen fault at each boundary of an attempt is logged once, leaves the attempt in
    `error`, shows the general page, and stores no account and no event; a tool that reports the local
    variables of the logged traceback sees no secret."""
    made = make_hub(tmp_path)
    accounts = 0
    if where == "hold":
        await linked(made)
        accounts = 1
    customer, form = await entered(made, provider="simulated-key")

    def broken(*args: object, **kwargs: object) -> bytes:
        raise ZeroDivisionError("canary-of-a-fault")

    if where in {"seal", "hold"}:
        monkeypatch.setattr(Vault, "seal_credentials" if where == "seal" else "seal", broken)
    else:
        monkeypatch.setattr(InProcessTransport, "send", Broken.send)
    with caplog.at_level(logging.ERROR):
        key = OTHER_KEY if where == "hold" else GOOD_KEY
        seen = await customer.press(form, CONNECT, {"f.api_key": key})
    assert (seen.status, seen.heading) == (500, "This did not work")
    assert "canary-of-a-fault" not in seen.text
    assert caplog.text.count("ZeroDivisionError: canary-of-a-fault") == 1
    assert counts(tmp_path)["accounts"] == counts(tmp_path)["events"] == accounts
    attempts = await attempts_of(made)
    assert [a.error_code for a in attempts if a.status == "error"] == ["internal_error"]
    assert no_secret_in_frames(caplog)
    assert GOOD_KEY not in caplog.text


async def test_fault_while_a_code_is_traded_sends_the_customer_back_to_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """T46, R11: an unforeseen fault in the exchange is logged by its kind alone, since the answer may hold
    tokens; the attempt ends, nothing is stored, and the customer can try again."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated")
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    monkeypatch.setattr(InProcessTransport, "send", Broken.send)
    with caplog.at_level(logging.ERROR):
        seen = await customer.get(back)
    assert (seen.status, seen.heading) == (200, "Connect Acme Login")
    assert "ZeroDivisionError" in caplog.text
    assert "canary-of-a-fault" not in caplog.text + seen.text
    assert (counts(tmp_path)["accounts"], counts(tmp_path)["events"]) == (0, 0)
    assert [a.error_code for a in await attempts_of(made) if a.status == "error"] == ["could_not_check"]


def no_secret_in_frames(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the logged tracebacks, there is one at least, have no key among their frames' variables."""
    errors = [r.exc_info[1] for r in caplog.records if r.exc_info and r.exc_info[1] is not None]
    assert errors
    seen = "\n".join(reported(error) for error in errors)
    return not [key for key in (GOOD_KEY, OTHER_KEY) if key in seen]


async def test_database_that_goes_away_is_a_503_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R13, T46: while the database is away the pages are 503 with Retry-After and say that nothing was saved;
    the same form works when it is back. The logged traceback's variables hold no secret."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    storage = made.hub.deliveries._core.storage

    async def away(*args: object) -> object:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(storage, "link", away)
        seen = await customer.press(form, CONNECT, KEY)
    assert (seen.status, "retry-after" in seen.headers) == (503, True)
    assert "Nothing was saved" in seen.text
    assert no_secret_in_frames(caplog)
    assert (await customer.press(form, CONNECT, KEY)).heading == "Acme Key is connected"


async def test_answer_that_was_lost_is_not_taken_for_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: a commit whose answer was lost counts: the account stays, and its grant is not revoked."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated")
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    storage = made.hub.deliveries._core.storage
    link = storage.link

    async def lost(request: object) -> object:
        await link(request)  # type: ignore[arg-type]
        raise StorageUnavailable

    monkeypatch.setattr(storage, "link", lost)
    done = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"
    await made.hub.accounts._revocation.settled()
    assert [family.ended for family in made.provider.families] == [None]


# --- reconnect and edit ---


async def test_edit_keeps_what_is_not_typed(tmp_path: Path) -> None:
    """ux 1.7: a link for an account opens its form, shows the secret by its last four alone, keeps it where
    nothing is typed, keeps the account's id, and stores nothing that fails its test."""
    made = make_hub(tmp_path)
    account = await linked(made)
    customer, form = await entered(made, account_id=account.id)
    assert form.heading == "Reconnect Acme Key"
    assert GOOD_KEY not in form.text
    assert GOOD_KEY[-4:] in form.text
    refused = await customer.press(form, "Reconnect", WRONG)
    assert refused.status == 422
    assert (await made.hub.credentials(account.id)).secrets["api_key"].matches(GOOD_KEY)
    done = await customer.press(await customer.get(form.url), "Reconnect")
    assert done.heading == "Acme Key is connected again"
    [after] = await made.hub.accounts.list()
    assert (after.id, after.generation, after.created_at) == (account.id, 2, account.created_at)


async def test_edit_of_a_test_account(tmp_path: Path) -> None:
    """ux 1.7: the account's own type counts, not the session's: a test account is edited, not doubled."""
    made = make_hub(tmp_path)
    account = await linked(made, type=AccountType.TEST)
    customer, form = await entered(made, account_id=account.id)
    assert form.heading == "Reconnect Acme Key"
    assert (await customer.press(form, "Reconnect")).status == 200
    [after] = await made.hub.accounts.list()
    assert (after.id, after.type) == (account.id, AccountType.TEST)


async def test_edit_of_an_account_that_is_gone(tmp_path: Path) -> None:
    """ux 1.9: the account was deleted after the link was made: a page that says so, before anything is
    typed and when it was."""
    made = make_hub(tmp_path)
    account = await linked(made)
    customer, form = await entered(made, account_id=account.id)
    await made.hub.accounts.delete(account.id)
    for seen in (await customer.get(form.url), await customer.press(form, "Reconnect", KEY)):
        assert (seen.status, seen.heading) == (404, "This account is gone")
    assert await made.hub.accounts.list() == []


HOSTED = """\
version = 1
key = "hosted"
name = "Hosted"
categories = ["hris"]
base_url = "https://{subdomain}.provider.test/api/v1"
allowed_hosts = [".provider.test"]

[[fields]]
key = "subdomain"
label = "Subdomain"
format = "dns_label"
suffix = ".provider.test"

[[methods]]
type = "api_key"
request.basic = { username = "{api_key}" }

[[methods.fields]]
key = "api_key"
label = "API key"
type = "password"

[methods.probe]
url = "/me"
"""


async def test_known_values_are_filled_in(tmp_path: Path) -> None:
    """setup_information: what the host knows stands in the form; what was typed instead stays after a
    refusal, and a pasted address is cut to the part asked for."""
    made = make_hub(tmp_path, connectors=[parse(HOSTED, "hosted.toml")])
    customer, form = await entered(made, provider="hosted", setup_information={"subdomain": "acme", "x": "y"})
    assert form.form("Connect Hosted").fields["f.subdomain"] == "acme"
    refused = await customer.press(
        form, "Connect Hosted", {"f.subdomain": "https://other.provider.test/x", **WRONG}
    )
    assert refused.status == 422
    assert refused.form("Connect Hosted").fields["f.subdomain"] in {"other", "https://other.provider.test/x"}
    done = await customer.press(refused, "Connect Hosted", KEY)
    assert done.heading == "Hosted is connected"
    [account] = await made.hub.accounts.list()
    assert account.setup_information == {"subdomain": "other"}


async def test_stored_secret_is_not_sent_to_another_host(tmp_path: Path) -> None:
    """T25, T51: whoever holds an edit link may change where the account lives, but not have the stored key
    sent there: it must be typed again."""
    made = make_hub(tmp_path, connectors=[parse(HOSTED, "hosted.toml")])
    customer, form = await entered(made, provider="hosted")
    await customer.press(form, "Connect Hosted", {"f.subdomain": "acme", **KEY})
    [account] = await made.hub.accounts.list()
    editor, form = await entered(made, account_id=account.id)
    before = len(made.transport.requests)
    refused = await editor.press(form, "Reconnect", {"f.subdomain": "evil"})
    assert (refused.status, "Enter API key again" in refused.text) == (422, True)
    assert len(made.transport.requests) == before
    assert (await editor.press(form, "Reconnect", {"f.subdomain": "acme"})).status == 200


# --- T51, T41: whose accounts ---


def _signed_in(visitor: Visitor) -> Subject:
    return Subject("42", project="default")


@pytest.mark.parametrize("kind", ["plain", "provider", "made here", "account", "manage"])
async def test_link_opens_only_what_it_was_made_for(tmp_path: Path, kind: str) -> None:
    """T41, T51: of the accounts of its owner, of another owner and of another project, a link shows none, but
    the one it names, those it made, or with `manage` its owner's; at every page."""
    projects = {name: Project(api_keys=[Secret(API_KEY + name)]) for name in ("default", "second")}
    made = make_hub(tmp_path, config=HubConfig(projects=projects, pages=PageConfig(identity=_signed_in)))
    own = await linked(made, origin_username="ada")
    foreign = await linked(made, key=OTHER_KEY, origin_owner_id="13")
    link = await made.hub.links.create(
        project="second", origin_owner_id="42", origin_owner_name="A", provider="simulated-key"
    )
    elsewhere = Customer(made.hub)
    done = await elsewhere.press(await elsewhere.enter(link.url), CONNECT, {"f.api_key": OTHER_KEY})
    assert done.status == 200
    fields: dict[str, object] = {
        "plain": {},
        "provider": {"provider": "simulated-key"},
        "made here": {},
        "account": {"account_id": own.id},
        "manage": {"manage": True, "binding": Binding.HOST_IDENTITY},
    }[kind]  # type: ignore[assignment]
    customer, seen = await entered(made, **fields)
    visit = "/".join(seen.url.split("/")[:6])
    if kind == "made here":
        leaving = await customer.press(await customer.get(seen.link("Acme Login")), "Connect Acme Login")
        assert leaving.refresh is not None
        await customer.get(made.provider.approve(leaving.refresh, user="grace"))
    listed = await customer.get(visit)
    form = await customer.get(f"{visit}/connect/simulated-key")
    may_see = kind in {"account", "manage"}
    assert ("Reconnect" in form.heading) is may_see
    assert (GOOD_KEY[-4:] in form.text) is may_see
    assert ("Connected" in listed.text or "Reconnect" in listed.heading) is (may_see or kind == "made here")
    for page in (listed.text, form.text):
        assert OTHER_KEY[-4:] not in page.replace(GOOD_KEY[-4:], "")
        assert "bob" not in page
        assert foreign.id not in page
        assert may_see or "ada" not in _BY_CHANCE.sub(".", page)


async def test_account_of_another_owner_or_project_cannot_be_named(tmp_path: Path) -> None:
    """T41, T51: a link cannot be made for an account of another owner or project."""
    projects = {name: Project(api_keys=[Secret(API_KEY + name)]) for name in ("default", "second")}
    made = make_hub(tmp_path, config=HubConfig(projects=projects))
    account = await linked(made)
    for project, owner in (("default", "13"), ("second", "42")):
        with pytest.raises(ValidationFailed, match="account_id"):
            await made.hub.links.create(
                project=project, origin_owner_id=owner, origin_owner_name="A", account_id=account.id
            )


@pytest.mark.parametrize("by", ["account", "forwarded link"])
async def test_another_identity_needs_a_word(tmp_path: Path, by: str) -> None:
    """T51: overwriting an account with somebody else at the provider shows the warning page first, stores
    nothing until then, and tells the host `identity_changed`; a link that may not see the account does not
    tell who it was."""
    made = make_hub(tmp_path)
    updates: list[Event] = []

    @made.hub.on("account.updated", name="keep")
    async def keep(event: Event) -> None:
        updates.append(event)

    account = await linked(made)
    fields = {"account_id": account.id} if by == "account" else {"provider": "simulated-key"}
    customer, form = await entered(made, **fields)
    button = "Reconnect" if by == "account" else CONNECT
    warning = await customer.press(form, button, {"f.api_key": OTHER_KEY})
    assert (warning.status, warning.heading) == (200, "Is this the right account?")
    assert "bob" in warning.text
    assert ("ada" in _BY_CHANCE.sub(".", warning.text)) is (by == "account")
    assert (await made.hub.credentials(account.id)).secrets["api_key"].matches(GOOD_KEY)
    assert counts(tmp_path)["events"] == 1
    assert OTHER_KEY not in repr(contents(tmp_path))
    stranger = Customer(made.hub)
    assert (await stranger.press(warning, "Connect this one anyway")).status == 403
    seen = await asyncio.gather(*(customer.press(warning, "Connect this one anyway") for _ in range(5)))
    assert {s.heading for s in seen} == {"Acme Key is connected again"}
    await made.hub.deliveries.run_due()
    assert [event.data["identity_changed"] for event in updates] == [True]
    [after] = await made.hub.accounts.list()
    assert (after.id, after.identity.name if after.identity else None) == (account.id, "bob")


async def test_word_not_given_leaves_all_as_it_was(tmp_path: Path) -> None:
    """T51: whoever leaves the warning page instead has changed nothing, and what was held is gone."""
    made = make_hub(tmp_path)
    account = await linked(made)
    customer, form = await entered(made, account_id=account.id)
    warning = await customer.press(form, "Reconnect", {"f.api_key": OTHER_KEY})
    asked = await customer.get("/".join(warning.url.split("/")[:6]) + "/exit")
    left = await customer.send(next(f for f in asked.forms if f.action.endswith("/exit")))
    assert left.status == 200
    assert (await made.hub.credentials(account.id)).secrets["api_key"].matches(GOOD_KEY)
    attempts = await attempts_of(made)
    assert sorted(str(attempt.status) for attempt in attempts) == ["authenticated", "cancelled"]
    assert {attempt.held for attempt in attempts} == {None}


async def test_a_copied_cookie_opens_nothing_after_exit(tmp_path: Path) -> None:
    """T6: Exit ends the visit itself and not only this browser's cookie; the link can be opened again."""
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    thief = Customer(made.hub)
    thief.cookies = dict(customer.cookies)
    assert (await thief.get(form.url)).status == 200
    asked = await customer.get(form.url.partition("/connect/s")[0] + "/exit")
    left = await customer.send(next(f for f in asked.forms if f.action.endswith("/exit")))
    assert (left.status, customer.cookies) == (200, {})
    assert (await thief.get(form.url)).status == 410
    assert (await thief.press(form, CONNECT, KEY)).status == 410
    assert await made.hub.accounts.list() == []


# --- T46, T50 ---


async def test_what_a_customer_typed_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """T46: over success, refusal and every fault of the provider, no log record at DEBUG holds the key, its
    Basic form, a token, the cookie or the nonce."""
    caplog.set_level(logging.DEBUG)
    made = make_hub(tmp_path)
    customer, form = await entered(made, provider="simulated-key")
    for fault in (Fault.UNAVAILABLE, Fault.HTML, Fault.FORBIDDEN):
        made.provider.faults.set("api", fault)
        await customer.press(form, CONNECT, KEY)
    made.provider.faults.clear()
    await customer.press(form, CONNECT, KEY)
    oauth, form2 = await entered(made, provider="simulated")
    leaving = await oauth.press(form2, "Connect Acme Login")
    assert leaving.refresh is not None
    await oauth.get(made.provider.approve(leaving.refresh, user="ada"))
    secrets = {GOOD_KEY, base64.b64encode(f"{GOOD_KEY}:".encode()).decode(), *customer.cookies.values()}
    for account in await made.hub.accounts.list():
        found = await made.hub.credentials(account.id)
        secrets |= {secret.reveal() for secret in found.secrets.values()}
    secrets.add(form.form(CONNECT).fields["nonce"])
    assert len(secrets) >= 6
    text = "\n".join(str(vars(record)) + record.getMessage() for record in caplog.records)
    assert [secret for secret in secrets if secret in text] == []


async def test_pages_hold_no_stored_secret(tmp_path: Path) -> None:
    """T46: no page but the refused form itself holds a secret; nor does the JSON of sessions and accounts."""
    made = make_hub(tmp_path)
    account = await linked(made)
    customer, form = await entered(made, account_id=account.id)
    refused = await customer.press(form, "Reconnect", WRONG)
    auth = _basic(API_KEY)
    pages = [
        form,
        await customer.get(form.url),
        await customer.get(form.url.partition("/connect/s")[0] + "/exit"),
    ]
    pages += [
        await Customer(made.hub).request("GET", f"/connect{path}", authorization=auth)
        for path in ("/accounts", f"/accounts/{account.id}", "/connect_sessions")
    ]
    assert pages[-1].status == 200
    for page in pages:
        assert GOOD_KEY not in page.text
        assert WRONG["f.api_key"] not in page.text
    assert WRONG["f.api_key"] in refused.text
    assert GOOD_KEY not in refused.text


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


async def test_old_rows_are_purged_and_live_ones_are_not(tmp_path: Path) -> None:
    """T50: sessions, attempts and delivered events go 30 days after their end; a deleted account's ciphertext
    goes at once; what is live stays."""
    made = make_hub(tmp_path)
    gone = await linked(made)
    sealed_before = repr(contents(tmp_path)["accounts"])
    await made.hub.accounts.delete(gone.id)
    assert contents(tmp_path)["accounts"] == []
    assert len(sealed_before) > 200
    kept = await linked(made)
    storage = made.hub.deliveries._core.storage
    made.clock.advance(timedelta(days=31))
    await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    before = made.clock.now() - timedelta(days=30)
    retention = Retention(
        sessions_before=before,
        attempts_before=before,
        events_before=before,
        visits_before=before,
        idempotency_before=before,
    )
    await storage.purge(retention)
    found = counts(tmp_path)
    assert (found["attempts"], found["events"], found["visits"], found["accounts"]) == (0, 0, 0, 1)
    assert found["sessions"] == 1
    assert (await made.hub.credentials(kept.id)).secrets["api_key"].matches(GOOD_KEY)
