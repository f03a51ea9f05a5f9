"""Connect sessions over HTTP: contract, section 1, line by line."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import HubConfig, LinkConfig, Project, Secret
from connect_hub.flows.requests import CreateSession
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY, make_hub
from tests.web.api import OTHER_API_KEY, OWNER, Caller, in_two_projects, linked, names_of

ONLY_ONCE = {"token", "auth_link_url"}


async def test_what_was_asked_for_is_answered_stored_and_used(tmp_path: Path) -> None:
    """Each field comes back as it was sent, with the defaults of the contract where it was left out."""
    made = make_hub(
        tmp_path, config=HubConfig(links=LinkConfig(return_urls=frozenset({"https://app.test/done"})))
    )
    api = Caller(made.hub)
    asked = {
        **OWNER,
        "origin_username": "ada@acme.example",
        "categories": ["hris", "ticketing"],
        "label": "Main",
        "metadata": {"plan": "gold", "seats": 7, "nested": {"a": [1, None]}},
        "multiple": True,
        "type": "TEST",
        "expires_in": 600,
        "providers": ["simulated", "simulated-key"],
        "setup_information": {"subdomain": "acme"},
        "return_url": "https://app.test/done?from=hub",
        "state": "s" * 512,
        "max_connects": 3,
        "binding": "confirm",
        "locale": "de-AT",
    }
    session = await api.created(**asked)
    answered = {name: session[name] for name in asked if name != "expires_in"}
    assert {**answered, "expires_in": 600} == {**asked, "type": "test"}
    assert type(session["id"]) is int
    assert 0 <= session["id"] < 2**53
    assert type(session["organization_id"]) is int
    assert session["project_id"] == "default"
    assert session["created_at"] == "2026-01-02T03:04:05.000Z"
    assert session["expires_at"] == "2026-01-02T03:14:05.000Z"
    assert session["external_trigger_token"] is None
    assert session["auth_link_url"] == f"https://hub.test/connect/link#t={session['token']}"
    read = (await api.get(f"connect_sessions/{session['id']}")).json()
    assert read.pop("latest_connection_attempt") is None
    assert read.pop("timeline") == []
    assert read == {name: value for name, value in session.items() if name not in ONLY_ONCE}

    plain = await api.created()
    expected: Mapping[str, object] = {
        "type": "production",
        "multiple": False,
        "categories": None,
        "providers": None,
        "metadata": None,
        "status": "open",
        "binding": "confirm",
        "manage": False,
        "expires_at": "2026-01-02T03:34:05.000Z",
    }
    assert {name: plain[name] for name in expected} == expected


async def test_nulls_and_the_extras_of_later_drafts_change_nothing(tmp_path: Path) -> None:
    """Every optional field can be null; the extras of StackOne's later drafts are taken and passed over."""
    api = Caller(make_hub(tmp_path).hub)
    optional = CreateSession.model_fields.keys() - OWNER.keys()
    await api.created(**dict.fromkeys(optional))
    extras = ["provider_version", "integration_id", "connector_profile_id", "shared", "relink", "scopes"]
    session = await api.created(**{name: {"any": ["thing"]} for name in extras})
    assert not session.keys() & set(extras)


async def test_both_spellings_of_a_category_come_in_and_one_goes_out(tmp_path: Path) -> None:
    """`hrisLegacy` and `stackOne` of the specification's example are `hris-legacy` and `stackone`."""
    session = await Caller(make_hub(tmp_path).hub).created(
        categories=["hrisLegacy", "stackOne", "hris-legacy", "crm"]
    )
    assert session["categories"] == ["hris-legacy", "stackone", "crm"]


async def test_a_label_without_a_text_is_none(tmp_path: Path) -> None:
    """A client that types the label as an object sends one without a text in it."""
    api = Caller(make_hub(tmp_path).hub)
    for label in ({}, {"a": 1}, None):
        assert (await api.created(label=label))["label"] is None
    assert names_of(await api.post("connect_sessions", {**OWNER, "label": {"a": "b"}})).keys() == {"label"}


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"origin_ownr_name": "x"}, "origin_ownr_name", "did you mean 'origin_owner_name'?"),
        ({"qqq": 1}, "qqq", "unknown field"),
        ({"origin_owner_id": 42}, "origin_owner_id", "must be a text"),
        ({"origin_owner_id": ""}, "origin_owner_id", "must not be empty"),
        ({"origin_owner_id": " "}, "origin_owner_id", "empty"),
        ({"origin_owner_id": "a\x00"}, "origin_owner_id", "control characters"),
        ({"origin_owner_id": "a" * 256}, "origin_owner_id", "255"),
        ({"origin_owner_name": "a" * 501}, "origin_owner_name", "500"),
        ({"provider": "simulated-kee"}, "provider", "did you mean 'simulated-key'?"),
        ({"providers": ["simulated", "zzz"]}, "providers.1", "there is no connector 'zzz'"),
        ({"providers": ["simulated"], "provider": "simulated-key"}, "provider", "not among providers"),
        ({"provider": "simulated-key", "categories": ["crm"]}, "provider", "none of these categories"),
        ({"categories": ["hrs"]}, "categories.0", "'hris'"),
        ({"categories": []}, "categories", "must have at least 1 entry"),
        ({"type": "live"}, "type", "'production' or 'test'"),
        ({"expires_in": 59}, "expires_in", "from 60 to 604800"),
        ({"expires_in": 604801}, "expires_in", "from 60 to 604800"),
        ({"expires_in": "600"}, "expires_in", "must be a whole number"),
        ({"expires_in": True}, "expires_in", "must be a whole number"),
        ({"multiple": "yes"}, "multiple", "must be true or false"),
        ({"account_id": "acc_none"}, "account_id", "no such account"),
        ({"metadata": {str(n): 1 for n in range(51)}}, "metadata", "at most 50 keys"),
        ({"metadata": {"k": "v" * 501}}, "metadata", "at most 500 characters"),
        ({"metadata": {"k": {"deep": "\x00"}}}, "metadata", "NUL"),
        ({"metadata": {"": 1}}, "metadata", "1 to 100"),
        ({"return_url": "https://evil.test/"}, "return_url", "configured return URLs"),
        ({"state": "x"}, "state", "only used with return_url"),
        ({"state": "x" * 513}, "state", "512"),
        ({"max_connects": 0}, "max_connects", "must be at least 1"),
        ({"manage": True}, "manage", "host_identity"),
        ({"binding": "none"}, "binding", "'confirm' or 'host_identity'"),
        ({"locale": "en_US"}, "locale", "must be a language such as de or en-US, written with a hyphen"),
        ({"setup_information": {"a": "b\n"}}, "setup_information.a", "control characters"),
        ({"setup_information": {"a": "b" * 1001}}, "setup_information.a", "at most 1000 characters"),
        ({"setup_information": {str(n): "" for n in range(51)}}, "setup_information", "at most 50 entries"),
    ],
)
async def test_a_wrong_field_is_named_with_what_to_change(
    tmp_path: Path, wrong: Mapping[str, object], field: str, says: str
) -> None:
    """T42: unknown, misspelt, mistyped, too long or out of range: 400, naming the field and the fix."""
    api = Caller(make_hub(tmp_path).hub)
    told = names_of(await api.post("connect_sessions", {**OWNER, **wrong}))
    assert says in told[field]
    assert (await api.get("connect_sessions")).json() == []


async def test_a_missing_field_is_named(tmp_path: Path) -> None:
    """Both fields that are required are named at once."""
    told = names_of(await Caller(make_hub(tmp_path).hub).post("connect_sessions", {}))
    assert told == {"origin_owner_id": "is required", "origin_owner_name": "is required"}


async def test_a_disabled_connector_is_412(tmp_path: Path) -> None:
    """A connector of the hub that is not enabled on the project is told from one that is not there."""
    made = in_two_projects(tmp_path, connectors=frozenset({"simulated"}))
    refused = await Caller(made.hub).post("connect_sessions", {**OWNER, "provider": "simulated-key"})
    assert (refused.status_code, refused.json()["errorCode"]) == (412, "connector_inactive")
    assert (await Caller(made.hub, key=OTHER_API_KEY).created(provider="simulated-key"))["id"]


async def test_a_token_authenticates_until_it_expires_used_or_not(tmp_path: Path) -> None:
    """201 with the session less token and link; a used session still answers, an expired one does not."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    session = await api.created(provider="simulated-key")
    answer = await api.post("connect_sessions/authenticate", {"token": session["token"]})
    assert answer.status_code == 201
    assert answer.json() == {name: value for name, value in session.items() if name not in ONLY_ONCE}
    customer = Customer(made.hub)
    form = await customer.enter(session["auth_link_url"])
    await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    used = await api.post("connect_sessions/authenticate", {"token": session["token"]})
    assert (used.status_code, used.json()["status"], used.json()["connects"]) == (201, "used", 1)
    made.clock.advance(timedelta(minutes=30))
    late = await api.post("connect_sessions/authenticate", {"token": session["token"]})
    assert (late.status_code, late.json()["errorCode"]) == (401, "invalid_token")


async def test_all_refusals_of_a_token_are_the_same_bytes(tmp_path: Path) -> None:
    """T9: malformed, tampered, expired, revoked, unknown and foreign tokens get one answer, byte for byte."""
    made = in_two_projects(tmp_path)
    api, other = Caller(made.hub), Caller(made.hub, key=OTHER_API_KEY)
    good, foreign = (await api.created())["token"], (await other.created())["token"]
    expired = (await api.created(expires_in=60))["token"]
    revoked = await api.created()
    await api.delete(f"connect_sessions/{revoked['id']}")
    erased = (await api.created(origin_owner_id="gone"))["token"]
    await api.delete("owners/gone")
    stranger = (await Caller(make_hub(tmp_path / "..").hub).created())["token"]
    made.clock.advance(timedelta(minutes=2))
    header, payload, signature = good.split(".")
    tokens = [
        "",
        "x",
        "a.b.c",
        good + "=",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        f"{header}.{payload}.",
        f"{header}.{payload[:-2]}AA.{signature}",
        f"{signature}.{payload}.{header}",
        "é" * 3000,
        expired,
        revoked["token"],
        erased,
        foreign,
        stranger,
    ]
    answers = {
        (a.status_code, a.content, a.headers["www-authenticate"])
        for a in [await api.post("connect_sessions/authenticate", {"token": token}) for token in tokens]
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401
    assert (await api.post("connect_sessions/authenticate", {"token": good})).status_code == 201


async def test_nothing_is_said_of_a_token_or_a_body_without_a_good_key(tmp_path: Path) -> None:
    """T9: with a bad key the answer is about the key, whatever the body."""
    made = make_hub(tmp_path)
    token = (await Caller(made.hub).created())["token"]
    stranger = Caller(made.hub, key="chk_live_0123456789abcdef_" + "A" * 43)
    bodies: list[object] = [{"token": token}, {"token": "x"}, {"nothing": 1}, [], {}]
    answers = [await stranger.post("connect_sessions/authenticate", body) for body in bodies]
    assert {(a.status_code, a.json()["errorCode"]) for a in answers} == {(401, "invalid_api_key")}
    assert len({a.content for a in answers}) == 1


async def test_a_repeated_post_with_a_key_is_answered_the_same(tmp_path: Path) -> None:
    """R15: same Idempotency-Key and body, same reply; another body is 422; forgotten after 24 hours; its
    scope is the API key."""
    made = in_two_projects(tmp_path)
    api, other = Caller(made.hub), Caller(made.hub, key=OTHER_API_KEY)
    headers = {"Idempotency-Key": "order-1"}
    first = await api.post("connect_sessions", OWNER, headers=headers)
    again = await api.post("connect_sessions", OWNER, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    reused = await api.post("connect_sessions", {**OWNER, "label": "x"}, headers=headers)
    assert (reused.status_code, reused.json()["errorCode"]) == (422, "idempotency_key_reused")
    assert (await other.post("connect_sessions", OWNER, headers=headers)).json()["id"] != first.json()["id"]
    made.clock.advance(timedelta(hours=24, seconds=1))
    assert (await api.post("connect_sessions", OWNER, headers=headers)).json()["id"] != first.json()["id"]


async def test_twenty_parallel_posts_with_one_key_make_one_session(tmp_path: Path) -> None:
    """R15: whatever the interleaving, one row, and each caller gets it."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    posts = (api.post("connect_sessions", OWNER, headers={"Idempotency-Key": "once"}) for _ in range(20))
    answers = await asyncio.gather(*posts)
    assert {(a.status_code, a.content) for a in answers} == {(201, answers[0].content)}
    assert len((await api.get("connect_sessions")).json()) == 1


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
async def test_an_odd_idempotency_key_is_refused(tmp_path: Path, key: str) -> None:
    """A key is one text of visible ASCII characters, so that no proxy changes it on its way."""
    answer = await Caller(make_hub(tmp_path).hub).post(
        "connect_sessions", OWNER, headers={"Idempotency-Key": key.encode()}
    )
    assert names_of(answer).keys() == {"Idempotency-Key"}


async def test_a_refused_request_does_not_use_up_its_key(tmp_path: Path) -> None:
    """R15: a 400 is not remembered: the same key works for the corrected request."""
    api = Caller(make_hub(tmp_path).hub)
    headers = {"Idempotency-Key": "k"}
    assert (await api.post("connect_sessions", {}, headers=headers)).status_code == 400
    assert (await api.post("connect_sessions", OWNER, headers=headers)).status_code == 201


async def test_sessions_are_listed_newest_first_without_tokens(tmp_path: Path) -> None:
    """Filters by owner, provider and status; the Link header leads through all pages, each row once."""
    made = in_two_projects(tmp_path)
    api = Caller(made.hub)
    await Caller(made.hub, key=OTHER_API_KEY).created()
    ids = []
    for number in range(5):
        if number % 2:  # some rows share an instant, so that the id decides
            made.clock.advance(timedelta(seconds=1))
        ids.append((await api.created(origin_owner_id=f"o{number}"))["id"])
    await api.delete(f"connect_sessions/{ids[0]}")
    await api.created(origin_owner_id="o0", provider="simulated")
    everything = (await api.get("connect_sessions")).json()
    assert "token" not in everything[0]
    assert [s["created_at"] for s in everything] == sorted(
        (s["created_at"] for s in everything), reverse=True
    )
    pages, path = [], "connect_sessions?page_size=2"
    while path:
        page = await api.get(path)
        pages.append([s["id"] for s in page.json()])
        path = page.links.get("next", {}).get("url", "")
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [session_id for page in pages for session_id in page] == [s["id"] for s in everything]

    async def found(**params: object) -> list[str]:
        return [s["origin_owner_id"] for s in (await api.get("connect_sessions", params=params)).json()]

    assert sorted(await found(origin_owner_id="o0")) == ["o0", "o0"]
    assert await found(provider="simulated") == ["o0"]
    assert await found(status="revoked") == ["o0"]
    assert len(await found(status=["revoked", "open"])) == 6
    made.clock.advance(timedelta(hours=1))
    assert len(await found(status="expired")) == 5
    assert await found(status="used") == []


async def test_why_a_customer_stopped_can_be_read(tmp_path: Path) -> None:
    """A session carries its latest attempt: provider, status, error code and description, times."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    session = await api.created(provider="simulated-key")
    customer = Customer(made.hub)
    form = await customer.enter(session["auth_link_url"])
    await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-key-0123456789"})
    attempt = (await api.get(f"connect_sessions/{session['id']}")).json()["latest_connection_attempt"]
    assert (attempt["provider"], attempt["error_code"]) == ("simulated-key", "rejected_credentials")
    assert attempt["error_description"]
    assert "wrong-key" not in str(attempt)
    assert attempt["created_at"].endswith("Z")


async def test_revoking_is_idempotent_and_keeps_accounts(tmp_path: Path) -> None:
    """200 with the session each time; the link stops, accounts stay; another project's is absent."""
    made = in_two_projects(tmp_path)
    api = Caller(made.hub)
    session = await api.created(provider="simulated-key", max_connects=5)
    customer = Customer(made.hub)
    form = await customer.enter(session["auth_link_url"])
    await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    path = f"connect_sessions/{session['id']}"
    assert (await Caller(made.hub, key=OTHER_API_KEY).delete(path)).status_code == 404
    first = await api.delete(path)
    made.clock.advance(timedelta(seconds=5))
    again = await api.delete(path)
    assert (first.status_code, first.json()["status"]) == (200, "revoked")
    assert (again.status_code, again.content) == (200, first.content)
    assert len((await api.get("accounts")).json()) == 1
    assert (await Customer(made.hub).open(session["auth_link_url"])).status == 410


@pytest.mark.parametrize("session_id", ["0", "x", "-1", "1.5", "9" * 16, "9" * 40, "%00", "1%20"])
async def test_an_id_that_no_session_has_is_404(tmp_path: Path, session_id: str) -> None:
    """A session that is not there, or cannot be, is the same 404."""
    api = Caller(make_hub(tmp_path).hub)
    for method in ("GET", "DELETE"):
        answer = await api(method, f"connect_sessions/{session_id}")
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "session_not_found")


async def test_everything_of_an_owner_is_erased(tmp_path: Path) -> None:
    """Accounts, credentials and sessions of this owner in this project, and of nobody else; any id works."""
    made = in_two_projects(tmp_path)
    api = Caller(made.hub)
    owner = "a/b c\u200bü"
    await linked(made, owner)
    kept = await linked(made, "7")
    await linked(made, owner, project="other")
    erased = await api.delete("owners/a%2Fb%20c%E2%80%8B%C3%BC")
    assert (erased.status_code, erased.json()) == (200, {"accounts": 1, "connect_sessions": 1})
    assert [a["id"] for a in (await api.get("accounts")).json()] == [kept]
    assert len((await Caller(made.hub, key=OTHER_API_KEY).get("accounts")).json()) == 1
    assert (await api.delete("owners/nobody")).json() == {"accounts": 0, "connect_sessions": 0}
    assert (await api.delete("owners/")).status_code == 404
    assert names_of(await api.delete("owners/%00")).keys() == {"origin_owner_id"}
    assert names_of(await api.delete("owners/" + "x" * 256)).keys() == {"origin_owner_id"}


async def test_a_revoked_api_key_fails_on_the_next_request(tmp_path: Path) -> None:
    """T36: keys of the database work at once and stop at once; their use is noted; the secret is not kept."""
    made = make_hub(tmp_path)
    issued = await made.hub.api_keys.create(name="ci")
    api = Caller(made.hub, key=issued.text)
    token = (await api.created())["token"]
    assert (await api.post("connect_sessions/authenticate", {"token": token})).status_code == 201
    [stored] = await made.hub.api_keys.list()
    assert stored.last_used_at == made.clock.now()
    assert issued.text[-43:].encode() not in (tmp_path / "hub.db").read_bytes()
    await made.hub.api_keys.revoke(stored.id)
    for answer in (
        await api.get("accounts"),
        await api.post("connect_sessions/authenticate", {"token": token}),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_api_key")


async def test_configured_keys_may_be_several(tmp_path: Path) -> None:
    """T36: two keys live at once, so that one can be changed without a gap."""
    second = "s" * 32
    config = HubConfig().with_project("default", Project(api_keys=[Secret(API_KEY), Secret(second)]))
    made = make_hub(tmp_path, config=config)
    for key in (API_KEY, second):
        assert (await Caller(made.hub, key=key).get("accounts")).status_code == 200
