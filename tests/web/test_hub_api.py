"""The hub's JSON surface: each row of its contract, who may call it, and what a token may see and touch."""

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connect_hub import HubConfig, LinkConfig, NetworkConfig, OAuth, Project, Secret
from connect_hub.config import PageConfig
from connect_hub.connectors.catalog import parse
from connect_hub.identity import SignIn, Subject, Visitor
from connect_hub.models import AccountType, Binding
from tests.hubs import API_KEY, GOOD_KEY, OTHER_KEY, Hub, make_hub
from tests.web.hub_caller import HubCaller
from tests.web.stored import counts, fingerprint

ORIGIN = "https://app.example.com"
OWNER: dict[str, Any] = {"origin_owner_id": "42", "origin_owner_name": "Acme"}
EMBEDDED = HubConfig(network=NetworkConfig(embed_origins=frozenset({ORIGIN})))
ROUTES = (
    ("GET", "hub/settings", None),
    ("GET", "hub/connectors", None),
    ("GET", "hub/connectors/simulated-key", None),
    ("POST", "hub/accounts", {"integration_id": "simulated-key", "credentials": {"api_key": GOOD_KEY}}),
    ("GET", "hub/accounts/acc_1", None),
    ("PATCH", "hub/accounts/acc_1", {"integration_id": "simulated-key", "credentials": {}}),
    ("POST", "hub/connection_attempts", {"token": "x"}),
    ("GET", "hub/connection_attempts/att_1", None),
    ("DELETE", "hub/connection_attempts/att_1", None),
)


@pytest.fixture
def made(tmp_path: Path) -> Hub:
    return make_hub(tmp_path, config=EMBEDDED)


async def caller(made: Hub, *, origin: str | None = ORIGIN, **fields: Any) -> HubCaller:
    """Somebody with the token of a new session."""
    issued = await made.hub.sessions.create(**{**OWNER, **fields})
    return HubCaller(made.hub, issued.token, origin=origin)


async def test_list_and_form_say_what_the_session_allows(made: Hub) -> None:
    """Rows 1 to 3: the integrations with their category and logo, and a form whose fields say `secret`."""
    call = await caller(made)
    assert await call.get("hub/settings") == {"enabled_features": []}
    listed = (await call.get("hub/connectors"))["integrations"]
    assert [(i["integration_id"], i["provider"], i["name"], i["active"]) for i in listed] == [
        ("simulated", "simulated", "Acme Login", True),
        ("simulated-key", "simulated-key", "Acme Key", True),
    ]
    assert listed[0]["logo_url"].startswith("https://hub.test/connect/static/logos/simulated.")
    assert {"type", "version", "authentication_config_key", "environment"} <= listed[0].keys()
    config = (await call.get("hub/connectors/simulated-key"))["config"]
    assert (config["type"], config["name"]) == ("custom", "Acme Key")
    assert "authentication" not in config
    (field,) = config["configFields"]
    assert (field["key"], field["type"], field["secret"], field["required"]) == (
        "api_key",
        "password",
        True,
        True,
    )
    assert (await call.get("hub/connectors/simulated"))["config"]["type"] == "oauth2"
    one = await caller(made, provider="simulated-key")
    assert [i["provider"] for i in (await one.get("hub/connectors"))["integrations"]] == ["simulated-key"]
    assert (await one("GET", "hub/connectors/simulated")).status_code == 404
    assert [i["provider"] for i in (await call.get("hub/connectors?provider=simulated"))["integrations"]] == [
        "simulated"
    ]


async def test_account_is_created_after_its_test(made: Hub, tmp_path: Path) -> None:
    """Row 4: wrong credentials are 422 with a sentence and store nothing but the attempt; right ones are 201,
    and the attempt is on record."""
    call = await caller(made)
    refused = await call.connect("wrong-key")
    assert refused.status_code == 422
    assert refused.json()["errorCode"] == "rejected_credentials"
    assert counts(tmp_path)["accounts"] == 0
    empty = await call("POST", "hub/accounts", json={"integration_id": "simulated-key", "credentials": {}})
    assert (empty.status_code, empty.json()["details"][0]["field"]) == (400, "api_key")
    assert empty.json()["message"] == "Enter a value for API key."
    made.clock.advance(timedelta(seconds=1))
    done = await call.connect(GOOD_KEY)
    assert done.status_code == 201
    assert done.json()["provider"] == "simulated-key"
    (account,) = await made.hub.accounts.list()
    assert (account.id, account.origin_owner_id) == (done.json()["id"], "42")
    session = (await made.hub.sessions.list())[0]
    details = await made.hub.sessions.get(session.id)
    assert details.latest_attempt is not None
    assert details.latest_attempt.account_id == account.id


async def test_account_is_edited_without_its_secret_being_shown(made: Hub) -> None:
    """Rows 5 and 6: secrets come redacted with their last four, a PATCH without them, or with what
    was shown, keeps them, and one with
    a new one replaces it; the id stays."""
    first = await caller(made)
    account_id = (await first.connect(GOOD_KEY)).json()["id"]
    call = await caller(made, account_id=account_id)
    assert (await call.get("hub/settings"))["existing_account_id"] == account_id
    assert len((await call.get("hub/connectors"))["integrations"]) == 1
    seen = await call.get(f"hub/accounts/{account_id}")
    assert (seen["secureId"], seen["provider"], seen["integrationId"]) == (
        account_id,
        "simulated-key",
        "simulated-key",
    )
    assert seen["secrets"] == {"api_key": "__secretvalue:**redacted**" + GOOD_KEY[-4:]}
    assert GOOD_KEY not in str(seen)
    before = (await made.hub.credentials(account_id)).secrets["api_key"].reveal()
    kept = await call(
        "PATCH", f"hub/accounts/{account_id}", json={"integration_id": "simulated-key", "credentials": {}}
    )
    assert (kept.status_code, kept.json()["id"]) == (200, account_id)
    body = {"integration_id": "simulated-key", "credentials": seen["secrets"]}
    again = await caller(made, account_id=account_id)
    assert (await again("PATCH", f"hub/accounts/{account_id}", json=body)).status_code == 200
    assert (await made.hub.credentials(account_id)).secrets["api_key"].reveal() == before
    assert len(await made.hub.accounts.list()) == 1


async def test_a_session_that_manages_edits_each_of_several(tmp_path: Path) -> None:
    """Row 6, T51: in a session with `manage` for several accounts a PATCH renews the one that it names and no
    other; without `manage` it is not found, and nothing is made in its place."""
    pages = PageConfig(identity=lambda _: Subject("42", project="default"))
    made = make_hub(tmp_path, config=replace(EMBEDDED, pages=pages))
    ids = [(await (await caller(made, multiple=True)).connect(GOOD_KEY)).json()["id"] for _ in range(2)]
    body = {"integration_id": "simulated-key", "credentials": {"api_key": GOOD_KEY}}
    plain = await caller(made, multiple=True)
    assert (await plain("PATCH", f"hub/accounts/{ids[0]}", json=body)).status_code == 404
    call = await caller(made, multiple=True, manage=True, binding=Binding.HOST_IDENTITY)
    for each in ids:
        assert (await call("PATCH", f"hub/accounts/{each}", json=body)).json()["id"] == each
    found = {account.id: account.generation for account in await made.hub.accounts.list()}
    assert found == dict.fromkeys(ids, 2)


async def test_somebody_else_at_the_provider_needs_a_word(made: Hub) -> None:
    """The same-account guard: another identity is 409 with both names and changes nothing, until the caller
    says that the person accepted it."""
    account_id = (await (await caller(made)).connect(GOOD_KEY)).json()["id"]
    call = await caller(made, account_id=account_id)
    body = {"integration_id": "simulated-key", "credentials": {"api_key": OTHER_KEY}}
    refused = await call("PATCH", f"hub/accounts/{account_id}", json=body)
    assert (refused.status_code, refused.json()["errorCode"]) == (409, "identity_changed")
    assert refused.json()["identity"]["before"] == "ada"
    assert (await made.hub.credentials(account_id)).secrets["api_key"].reveal() == GOOD_KEY
    accepted = await call("PATCH", f"hub/accounts/{account_id}", json={**body, "accept_other_identity": True})
    assert accepted.status_code == 200
    assert (await made.hub.credentials(account_id)).secrets["api_key"].reveal() == OTHER_KEY


async def test_attempt_is_begun_read_and_called_off(made: Hub) -> None:
    """Rows 7 to 9: pending, then cancelled, twice; expired once its sign-in cannot come back; another
    session's is not found."""
    call, other = await caller(made), await caller(made)
    begun = await call("POST", "hub/connection_attempts", json={"token": "whatever"})
    assert begun.status_code == 201
    path = f"hub/connection_attempts/{begun.json()['id']}"
    pending = await call.get(path)
    assert (pending["status"], pending["account"], pending["error"]) == ("pending", None, None)
    for method in ("GET", "DELETE"):
        assert (await other(method, path)).status_code == 404
    for _ in range(2):
        assert (await call("DELETE", path)).status_code == 204
    assert (await call.get(path))["status"] == "cancelled"
    late = (await call("POST", "hub/connection_attempts", json={})).json()["id"]
    made.clock.advance(timedelta(minutes=20))
    assert (await call.get(f"hub/connection_attempts/{late}"))["status"] == "expired"


async def tokens(made: Hub) -> dict[str, str]:
    """Tokens that may not act, by what is wrong with them."""
    hub = made.hub
    good = (await hub.sessions.create(**OWNER)).token
    revoked = await hub.sessions.create(**OWNER)
    await hub.sessions.revoke(revoked.session.id)
    expired = await hub.sessions.create(**OWNER, expires_in=60)
    made.clock.advance(timedelta(seconds=61))
    return {
        "malformed": "nonsense",
        "empty": "",
        "altered": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "padded": good + "=",
        "revoked": revoked.token,
        "expired": expired.token,
    }


async def test_token_that_may_not_act_is_410_on_every_route(made: Hub, tmp_path: Path) -> None:
    """Trap 10: malformed, altered, expired and revoked tokens are one 410 on every row, never 401 or 403, and
    write nothing; so is none, and two."""
    wrong = await tokens(made)
    before = fingerprint(tmp_path)
    bodies = set()
    for (name, token), (method, path, body) in itertools.product(wrong.items(), ROUTES):
        answer = await HubCaller(made.hub, token, origin=ORIGIN)(method, path, json=body)
        assert answer.status_code == 410, f"{name} {method} {path}"
        bodies.add(answer.text)
    assert len(bodies) == 1
    call = await caller(made)
    before = fingerprint(tmp_path)
    twice = [("x-hub-session-token", "a"), ("x-hub-session-token", "b")]
    assert (await call("GET", "hub/settings", headers=twice)).status_code == 410
    assert fingerprint(tmp_path) == before


async def test_log_says_why_a_call_was_refused(made: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """What the caller is not told stands in the log, with level WARNING the first time: each thing that can
    be wrong with a session, and a page's origin. T46: no token is there."""
    wrong = await tokens(made)
    for _ in range(2):
        for token in wrong.values():
            assert (await HubCaller(made.hub, token, origin=ORIGIN)("GET", "hub/settings")).status_code == 410
        stranger = await caller(made, origin="https://stranger.example")
        await stranger("GET", "hub/settings")
    warned = [r.getMessage() for r in caplog.records if r.levelname == "WARNING" and "refused" in r.message]
    begins = "a call to /hub/… was refused: "
    assert warned == [
        f"{begins}its token is none of this hub's",
        f"{begins}its session is revoked",
        f"{begins}its session is expired",
        "a script of a page of 'https://stranger.example' was refused: add that origin to embed_origins "
        "if it is yours",
    ]
    assert not any(token and token in caplog.text for token in wrong.values())


async def test_used_session_answers_readers_for_a_quarter_of_an_hour(made: Hub) -> None:
    """Trap 10: a used session's reads and its own attempt are 200 for 15 minutes, its writes 410 at once."""
    call = await caller(made, provider="simulated-key")
    attempt = (await call("POST", "hub/connection_attempts", json={})).json()["id"]
    account = (await call.connect(GOOD_KEY)).json()["id"]
    reads = (
        "hub/settings",
        "hub/connectors",
        f"hub/connection_attempts/{attempt}",
        f"hub/accounts/{account}",
    )
    made.clock.advance(timedelta(minutes=14, seconds=59))
    for path in reads:
        await call.get(path)
    assert (await call.connect(GOOD_KEY)).status_code == 410
    assert (await call("POST", "hub/connection_attempts", json={})).status_code == 410
    change = {"integration_id": "simulated-key", "credentials": {}}
    assert (await call("PATCH", f"hub/accounts/{account}", json=change)).status_code == 410
    assert (await call("DELETE", f"hub/connection_attempts/{attempt}")).status_code == 204
    made.clock.advance(timedelta(seconds=1))
    for path in reads:
        assert (await call("GET", path)).status_code == 410


async def test_token_touches_only_its_own_accounts(tmp_path: Path) -> None:
    """T51: kinds of sessions × accounts: its named one, its own, another session's of the same owner, another
    owner's, another project's; what it may not see is the 404 of an absent one, by GET and by PATCH."""
    config = replace(
        EMBEDDED,
        projects={
            "default": Project(api_keys=[Secret(API_KEY)]),
            "other": Project(api_keys=[Secret("other-" + API_KEY)]),
        },
    )
    made = make_hub(tmp_path, config=config)

    async def linked(**fields: Any) -> str:
        issued = await made.hub.sessions.create(**{**OWNER, **fields})
        done = await HubCaller(made.hub, issued.token).connect(GOOD_KEY)
        return str(done.json()["id"])

    named = await linked()
    test = await linked(type="test")
    others = [test, await linked(origin_owner_id="43"), await linked(project="other"), "acc_nothing", "..%2f"]
    plain, edit = await caller(made), await caller(made, account_id=named)
    assert (await edit.get(f"hub/accounts/{named}"))["secureId"] == named
    for call, hidden in ((plain, [named, *others]), (edit, others)):
        for account_id, method in itertools.product(hidden, ("GET", "PATCH")):
            body = {"integration_id": "simulated-key", "credentials": {"api_key": GOOD_KEY}}
            answer = await call(method, f"hub/accounts/{account_id}", json=body)
            assert answer.status_code == 404, f"{method} {account_id}"
    assert {a.id: a.generation for a in await made.hub.accounts.list()}[named] == 1


async def test_shared_with_the_configured_origin_alone(made: Hub) -> None:
    """T35: the configured origin, in full, is named in every answer and in the preflight; never a star, never
    credentials; other origins get 410 without it and nothing happens; no other route has such a header."""
    token = (await made.hub.sessions.create(**OWNER)).token
    names = ("access-control-allow-origin", "access-control-allow-credentials")
    for method, path, body in ROUTES:
        good = await HubCaller(made.hub, token, origin=ORIGIN)(method, path, json=body)
        assert [good.headers.get(name) for name in names] == [ORIGIN, None]
        assert "Origin" in good.headers["vary"]
        asked = {"access-control-request-method": method, "access-control-request-headers": "x-hub-version"}
        flight = await HubCaller(made.hub, "", origin=ORIGIN)("OPTIONS", path, headers=asked)
        assert flight.status_code == 204
        assert flight.headers["access-control-allow-headers"] == (
            "content-type, x-hub-session-token, x-hub-version"
        )
        assert method in flight.headers["access-control-allow-methods"]
        for evil in ("https://evil.example", "null", f"{ORIGIN}.evil.example", "http://app.example.com", ""):
            for verb in (method, "OPTIONS"):
                refused = await HubCaller(made.hub, token, origin=evil)(verb, path, json=body)
                assert refused.status_code == 410, f"{evil} {verb} {path}"
                assert [refused.headers.get(name) for name in names] == [None, None]
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=made.hub.app, root_path="/connect"), base_url="https://hub.test"
    ) as http:
        for path in ("/connect/", "/connect/accounts", "/connect/link", "/connect/openapi.json"):
            answer = await http.get(path, headers={"origin": ORIGIN})
            assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://hub.test", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 410),
        ({"sec-fetch-site": "same-site"}, 410),
        ({"sec-fetch-site": "none"}, 410),
        ({"origin": "https://hub.test.evil.example"}, 410),
    ],
    ids=str,
)
async def test_origin_decides_who_may_call(made: Hub, headers: dict[str, str], status: int) -> None:
    """Contract 5: an Origin must be the hub's own or configured; without one, Sec-Fetch-Site must be absent
    or say same-origin."""
    call = await caller(made, origin=None)
    assert (await call("GET", "hub/settings", headers=headers)).status_code == status


async def test_own_origin_needs_no_configuration(tmp_path: Path) -> None:
    """A page on the hub's own origin may call it although no origin is configured; another may not."""
    made = make_hub(tmp_path)
    call = await caller(made, origin="https://hub.test")
    assert (await call.connect(GOOD_KEY)).status_code == 201
    foreign = await caller(made)
    assert (await foreign("GET", "hub/settings")).status_code == 410


def identity(visitor: Visitor) -> Subject | SignIn:
    """Whoever the host's cookie names."""
    name = visitor.cookies.get("user")
    return SignIn("https://app.example.com/login") if name is None else Subject(name)


async def test_bound_session_needs_its_owner(tmp_path: Path) -> None:
    """T1: under host_identity every row is 410 for nobody and for another customer; nothing is stored."""
    config = replace(
        EMBEDDED,
        links=LinkConfig(binding=Binding.HOST_IDENTITY),
        pages=PageConfig(identity=identity),
    )
    made = make_hub(tmp_path, config=config)
    call = await caller(made)
    before = fingerprint(tmp_path)
    for cookie, (method, path, body) in itertools.product(({}, {"cookie": "user=43"}), ROUTES):
        assert (await call(method, path, json=body, headers=cookie)).status_code == 410
    assert fingerprint(tmp_path) == before
    body = {"integration_id": "simulated-key", "credentials": {"api_key": GOOD_KEY}}
    assert (await call("POST", "hub/accounts", json=body, headers={"cookie": "user=42"})).status_code == 201


ODD = """
version = 1
key = "odd"
name = "Odd"
categories = ["crm"]
base_url = "https://odd.example/v1"

[[methods]]
type = "oauth2"
authorize_url = "https://odd.example/authorize"
token_url = "https://odd.example/token"
fields = [{ key = "pin", label = "PIN", type = "password" }]
request.headers = { Authorization = "Bearer {access_token}" }

[[methods]]
type = "api_key"
fields = [
    { key = "region", label = "Region", type = "select", options = [{ value = "eu", label = "Europe" }] },
    { key = "site", label = "Site", format = "dns_label", suffix = ".odd.example", pattern = "[a-z]+" },
    { key = "code", label = "Code", pattern = "[A-Z]{3}", pattern_message = "Three letters.", help = "Why." },
    { key = "api_key", label = "API key", type = "password" },
]
request.headers = { X = "{api_key}" }

[[methods]]
type = "basic"
fields = [{ key = "user", label = "User" }, { key = "password", label = "Password", type = "password" }]
request.basic = { username = "{user}", password = "{password}" }
"""


async def test_ways_and_fields_are_told_as_a_page_needs_them(tmp_path: Path) -> None:
    """Rows 2, 3: a sign-in that asks for a secret first is left out, as row 10 would put it into a URL; other
    ways have names of their own; values known to the host are filled in; a pattern is judged by the page only
    where the server judges what was typed as it is."""
    connector = OAuth(parse(ODD, source="odd.toml"), client_id="hub")
    made = make_hub(tmp_path, config=EMBEDDED, connectors=[connector])
    call = await caller(made, provider="odd", setup_information={"site": "acme"})
    (listed,) = (await call.get("hub/connectors"))["integrations"]
    assert (listed["integration_id"], listed["authentication_config_key"]) == ("odd", "api_key")
    config = (await call.get("hub/connectors/odd"))["config"]
    assert config["methods"] == [{"integration_id": "odd.basic", "label": "User name and password"}]
    fields = {field["key"]: field for field in config["configFields"]}
    assert fields["region"]["options"] == [{"label": "Europe", "value": "eu"}]
    assert fields["site"]["value"] == "acme"
    assert "validation" not in fields["site"]
    assert fields["code"]["validation"] == {
        "type": "html-pattern",
        "pattern": r"^\s*(?:[A-Z]{3})\s*$",
        "error": "Three letters.",
    }
    assert (fields["code"]["description"], fields["code"]["secret"]) == ("Why.", False)
    other = (await call.get("hub/connectors/odd.basic"))["config"]
    assert [field["key"] for field in other["configFields"]] == ["user", "password"]
    for unknown in ("odd.oauth2", "odd.none", "odd.", ".odd"):
        assert (await call("GET", f"hub/connectors/{unknown}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"integration_id": "simulated-key"}',
        '{"integration_id": 1, "credentials": {}}',
        '{"integration_id": "simulated-key", "credentials": {"api_key": {"a": 1}}}',
        '{"integration_id": "simulated-key", "credentials": {"other": "x"}}',
        "nonsense",
        "[" * 5000,
    ],
    ids=lambda body: str(body)[:40],
)
async def test_misshapen_body_is_told_and_stores_nothing(made: Hub, tmp_path: Path, body: str) -> None:
    """What is wrong with a body is a 400 that names the field; a key that was sent is not repeated."""
    call = await caller(made)
    answer = await call("POST", "hub/accounts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["details"]
    assert counts(tmp_path)["accounts"] == 0


async def test_account_of_the_wrong_type_is_not_renewed(made: Hub) -> None:
    """A session that may make several accounts renews none of them by PATCH."""
    call = await caller(made, multiple=True)
    account = (await call.connect(GOOD_KEY)).json()["id"]
    body = {"integration_id": "simulated-key", "credentials": {"api_key": GOOD_KEY}}
    assert (await call("PATCH", f"hub/accounts/{account}", json=body)).status_code == 404
    assert [a.type for a in await made.hub.accounts.list()] == [AccountType.PRODUCTION]
