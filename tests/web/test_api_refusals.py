"""Refusals of the REST API: the same shape on every route, and no help for those who should have none."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from connect_hub import HubConfig, NetworkConfig, Rate, RateConfig
from connect_hub.errors import StorageUnavailable
from tests.hubs import API_KEY, make_hub
from tests.web.api import OWNER, Caller, basic, names_of

ROUTES = [
    ("POST", "connect_sessions"),
    ("GET", "connect_sessions"),
    ("POST", "connect_sessions/authenticate"),
    ("GET", "connect_sessions/1"),
    ("DELETE", "connect_sessions/1"),
    ("DELETE", "owners/1"),
    ("GET", "accounts"),
    ("GET", "accounts/acc_1"),
    ("PATCH", "accounts/acc_1"),
    ("DELETE", "accounts/acc_1"),
    ("GET", "accounts/acc_1/meta"),
    ("POST", "accounts/acc_1/convert"),
    ("GET", "connectors/meta"),
    ("GET", "connectors/meta/simulated"),
]
WITH_BODY = [route for route in ROUTES if route[0] in {"POST", "PATCH"}]
SHAPE = {"statusCode", "message", "timestamp", "errorCode", "error"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_route_answers_without_a_good_key(tmp_path: Path, method: str, path: str) -> None:
    """T34, T37: anything but one Basic header with a good key is the same 401, which says what to send."""
    made = make_hub(tmp_path)
    nobody = Caller(made.hub, key=None)
    good = basic(f"{API_KEY}:")
    refused: list[list[tuple[str, bytes]]] = [
        [],
        [("Authorization", b"")],
        [("Authorization", b"Basic")],
        [("Authorization", b"Basic !!!!")],
        [("Authorization", good.rstrip("=").encode() + b"*")],
        [("Authorization", basic("\xff").encode())],
        [("Authorization", b"Basic /////w==")],
        [("Authorization", b"Bearer " + API_KEY.encode())],
        [("Authorization", basic(f"{API_KEY}:password").encode())],
        [("Authorization", basic(":" + API_KEY).encode())],
        [("Authorization", basic(f"{API_KEY}x:").encode())],
        [("Authorization", basic(API_KEY.upper() + ":").encode())],
        [("Authorization", b"Basic " + b"A" * 16_000)],
        [("Authorization", good.encode()), ("Authorization", good.encode())],
        [("Authorization", good.encode()), ("Authorization", b"Basic eDo=")],
    ]
    answers = set()
    for headers in refused:
        answer = await nobody(method, path, headers=headers, json={"token": "x"})
        assert answer.headers["www-authenticate"] == 'Basic realm="connect_hub", charset="UTF-8"'
        answers.add((answer.status_code, answer.content))
    assert len(answers) == 1
    [(status, body)] = answers
    assert (status, json.loads(body)["errorCode"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "header", [basic(f"{API_KEY}:"), basic(API_KEY), basic(f"{API_KEY}:").replace("Basic", "bAsIc")]
)
async def test_a_key_comes_with_or_without_the_colon(tmp_path: Path, header: str) -> None:
    """T37: the key as user name and an empty password; published snippets leave the colon out."""
    caller = Caller(make_hub(tmp_path).hub, key=None)
    assert (await caller.get("accounts", headers={"Authorization": header})).status_code == 200


async def test_an_unknown_id_and_a_wrong_secret_are_answered_the_same(tmp_path: Path) -> None:
    """T36: the refusal of a key does not tell whether its id exists."""
    made = make_hub(tmp_path)
    issued = await made.hub.api_keys.create(name="x")
    wrong_secret = issued.text[:-43] + "A" * 43
    unknown_id = f"chk_live_{'0' * 16}_{'A' * 43}"
    answers = {
        (await Caller(made.hub, key=key).get("accounts")).content for key in (wrong_secret, unknown_id, "x")
    }
    assert len(answers) == 1


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
async def test_a_web_page_cannot_call_the_api(tmp_path: Path, method: str, path: str, site: str) -> None:
    """T38: a browser may add Basic credentials by itself; what it sends from a page is refused."""
    api = Caller(make_hub(tmp_path).hub)
    answer = await api(method, path, headers={"Sec-Fetch-Site": site}, json={})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "cross_site_request")


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
async def test_a_body_is_json_of_a_bounded_size_and_depth(tmp_path: Path, method: str, path: str) -> None:
    """T38, T40: another content type is 415, too large 413, not JSON or too deep 400; never a 500."""
    api = Caller(make_hub(tmp_path).hub)

    async def refused(content: bytes | AsyncIterator[bytes], content_type: str | None) -> tuple[int, str]:
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = await api(method, path, content=content, headers=headers)
        assert answer.json().keys() >= SHAPE
        return answer.status_code, answer.json()["errorCode"]

    for content_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"):
        assert await refused(b'{"token":"x"}', content_type) == (415, "unsupported_media_type")
    ours = "Application/JSON; charset=utf-8"
    assert await refused(b" " * 65_537, ours) == (413, "payload_too_large")

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 4096

    assert await refused(endless(), ours) == (413, "payload_too_large")
    too_deep = b'{"metadata":' + b'{"a":' * 32 + b"1" + b"}" * 33
    for broken in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{'a':1}",
        b'{"token":NaN}',
        b"\xff\xfe",
        b'{"a":"\xff"}',
        b'{"origin_owner_id":"\\ud800"}',
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        too_deep,
        b'{"metadata":{"a":1e999}}',
        b'{"metadata":{"a":' + b"9" * 5_000 + b"}}",
    ):
        assert await refused(broken, ours) == (400, "validation_error"), broken[:40]


async def test_too_deep_is_said_and_almost_too_deep_is_taken(tmp_path: Path) -> None:
    """T40: 32 levels are read, 33 are named as the fault; brackets inside of texts do not count."""
    api = Caller(make_hub(tmp_path).hub)

    def body(levels: int) -> dict[str, Any]:
        value: object = "[[[[" * 100
        for _ in range(levels - 2):
            value = [value]
        return {**OWNER, "metadata": {"k": value}}

    assert (await api.post("connect_sessions", body(32))).status_code == 201
    assert "deeper than 32" in names_of(await api.post("connect_sessions", body(33)))["body"]


@pytest.mark.parametrize("declared", [b"-5", b"2", b"99999999999", b"x"])
async def test_a_lying_length_changes_nothing(tmp_path: Path, declared: bytes) -> None:
    """T40: bytes are counted as they come, whatever Content-Length says."""
    made = make_hub(tmp_path)
    sent: list[Message] = []
    chunks: Iterator[bytes] = iter([b"{" + b" " * 40_000, b" " * 40_000, b"}"])

    async def receive() -> Message:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/connect/connect_sessions",
        "root_path": "/connect",
        "query_string": b"",
        "headers": [
            (b"authorization", basic(f"{API_KEY}:").encode()),
            (b"content-type", b"application/json"),
            (b"content-length", declared),
        ],
        "client": ("192.0.2.1", 1),
    }
    await made.hub.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert next(chunks) == b"}", "it stops reading at the limit"


async def test_unknown_fields_are_named_first_and_shortly(tmp_path: Path) -> None:
    """T42: a thousand wrong fields make a short answer, and a field's name is cut."""
    api = Caller(make_hub(tmp_path).hub)
    answer = await api.post("connect_sessions", {**OWNER, **{f"f{n}" + "x" * 50: n for n in range(500)}})
    assert len(names_of(answer)) <= 20
    [name] = names_of(await api.post("connect_sessions", {**OWNER, "y" * 5000: 1}))
    assert len(name) <= 200


@pytest.mark.parametrize("path", ["accounts", "connect_sessions"])
async def test_unknown_filters_are_named_first_and_shortly(tmp_path: Path, path: str) -> None:
    """T40: of many unknown filters twenty are named; a name is cut, and what is no word is not looked up."""
    api = Caller(make_hub(tmp_path).hub)
    many = await api.get(path, params={f"provide{n}": "x" for n in range(400)})
    assert len(names_of(many)) == 20
    [(name, message)] = names_of(await api.get(path, params={"p" * 5000: "x"})).items()
    assert (len(name), message) == (100, "unknown query parameter")
    assert "did you mean 'provider'" in names_of(await api.get(path, params={"provider_": "x"}))["provider_"]


async def test_filters_are_looked_up_for_few_and_short_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T40: the search for the nearest name, which is slow, runs twenty times at most, on 64 characters."""
    looked_up = []

    def counting(name: str, *_: object, **__: object) -> list[str]:
        looked_up.append(name)
        return []

    monkeypatch.setattr("connect_hub.web.query.difflib.get_close_matches", counting)
    api = Caller(make_hub(tmp_path).hub)
    names_of(await api.get("accounts?" + "&".join(f"{'y' * 64}{n}" for n in range(300))))
    assert looked_up == []
    names_of(await api.get("accounts?" + "&".join(f"y{n}" for n in range(300))))
    assert len(looked_up) == 20


async def test_a_flood_of_parameters_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T40: more than 500 query parameters are refused as such; 500 are read."""
    api = Caller(make_hub(tmp_path).hub)
    owners = "&".join(["origin_owner_ids=x"] * 99)
    assert (await api.get(f"accounts?{owners}&{'&' * 400}")).status_code == 200
    for flood in ("&page=1" * 500, "&" * 501, "&a" * 20_000):
        assert names_of(await api.get("accounts?page=1" + flood)) == {"query": "takes up to 500 parameters"}


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
async def test_a_name_twice_in_a_body_is_refused(tmp_path: Path, method: str, path: str) -> None:
    """T42: two values of one name, of which a proxy may have read the other one, are 400, however spelt."""
    api = Caller(make_hub(tmp_path).hub)
    for body in (
        b'{"token":"a","token":"b"}',
        b'{"token":"a","\\u0074oken":"b"}',
        b'{"metadata":{"a":"1","a":"2"}}',
        b'{"categories":[{"a":1,"a":1}]}',
        b'{"\\ud800":1,"\\ud800":2}',
    ):
        answer = await api(method, path, content=body, headers={"Content-Type": "application/json"})
        assert names_of(answer) == {"body": "has the same name twice in one object"}, body
    once = await api(
        method, path, content=b'{"no":"\\"no\\":1"}', headers={"Content-Type": "application/json"}
    )
    assert "no" in names_of(once)


async def test_other_methods_are_405_with_what_is_allowed(tmp_path: Path) -> None:
    """A known address answers a method that it has not with 405, JSON and `Allow`."""
    api = Caller(make_hub(tmp_path).hub)
    for path, allowed in (
        ("connect_sessions", "GET, HEAD, POST"),
        ("connect_sessions/authenticate", "POST"),
        ("accounts/acc_1", "DELETE, GET, HEAD, PATCH"),
        ("openapi.json", "GET, HEAD"),
    ):
        for method in ("PUT", "OPTIONS", "TRACE"):
            answer = await api(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
            assert answer.json().keys() >= SHAPE


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ({}, False),
        ({"Accept": "*/*"}, False),
        ({"Accept": "application/json"}, False),
        ({"Accept": BROWSER}, True),
        ({"Accept": "application/json, text/html;q=0.5"}, False),
        ({"Accept": "application/json;q=0.5, text/html"}, True),
        ({"Accept": "text/html;q=0"}, False),
        ({"Accept": "text/html;q=zzz, a;;;==,"}, False),
        ({"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}, True),
        ({"Sec-Fetch-Mode": "cors", "Accept": "*/*"}, False),
    ],
)
async def test_an_unknown_address_is_a_page_for_people_alone(
    tmp_path: Path, headers: dict[str, str], page: bool
) -> None:
    """Contract 0.5: HTML when a browser goes there or Accept prefers it, else the JSON error."""
    caller = Caller(make_hub(tmp_path).hub, key=None)
    for path in ("nothing", "accounts/", "connect_sessions/1/x", "accounts//", "%2e%2e/x", "owners"):
        answer = await caller.get(path, headers={"Accept": "", **headers})
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html" if page else "application/json")


async def test_data_routes_answer_json_even_to_browsers(tmp_path: Path) -> None:
    """Contract 0.5: an address of the API never answers HTML."""
    caller = Caller(make_hub(tmp_path).hub, key=None)
    for method, path in ROUTES:
        answer = await caller(method, path, headers={"Accept": BROWSER, "Sec-Fetch-Mode": "navigate"})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json")


async def test_what_breaks_inside_is_a_500_that_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Contract 0.5, T46: an unforeseen error is JSON as the contract has it; its text stays in the log."""
    made = make_hub(tmp_path)

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(made.hub.accounts, "page_of", broken)
    answer = await Caller(made.hub).get("accounts?cursor=1.canary-in-the-query")
    assert (answer.status_code, answer.json()["errorCode"]) == (500, "internal_error")
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text
    assert "canary-in-the-query" not in caplog.text


async def test_a_lost_database_is_a_503_that_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R13: without its database the hub says 503 with `Retry-After`, not 500."""
    made = make_hub(tmp_path)

    async def lost(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(made.hub.accounts, "page_of", lost)
    answer = await Caller(made.hub).get("accounts")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def limited(**rates: Rate | None) -> HubConfig:
    return HubConfig(network=NetworkConfig(rates=replace(RateConfig(), **rates)))


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    """T39: 429 with `Retry-After` in seconds, by API key: another key goes on."""
    made = make_hub(tmp_path, config=limited(per_api_key=Rate(0.001, 3)))
    api = Caller(made.hub)
    other = Caller(made.hub, key=(await made.hub.api_keys.create(name="other")).text)
    assert [(await api.get("accounts")).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = await api.get("accounts")
    assert 900 < int(answer.headers["retry-after"]) <= 1000
    assert answer.json()["errorCode"] == "rate_limited"
    assert (await other.get("accounts")).status_code == 200


async def test_what_authenticate_refuses_counts_as_well(tmp_path: Path) -> None:
    """T39: with a good key, tokens and bodies that are refused spend the key's rate as others do."""
    made = make_hub(tmp_path, config=limited(per_api_key=Rate(0.001, 4)))
    for key in (API_KEY, (await made.hub.api_keys.create(name="stored")).text):
        api = Caller(made.hub, key=key)
        bodies: list[object] = [{"token": "x"}, {"token": "x.y.z"}, {}, [], {"token": "x"}]
        answers = [await api.post("connect_sessions/authenticate", body) for body in bodies]
        assert [answer.status_code for answer in answers][3:] == [400, 429]
        assert {answer.status_code for answer in answers[:3]} <= {400, 401}
        assert (await api.get("accounts")).status_code == 429


async def test_guessing_keys_is_slowed_by_address_and_forwarded_for_does_not_help(tmp_path: Path) -> None:
    """T39: refused keys have a bucket of their own, which a forged X-Forwarded-For does not renew; a good
    key from the same address is not locked out."""
    made = make_hub(tmp_path, config=limited(failed_api_keys=Rate(0.001, 3)))
    stranger = Caller(made.hub, key="x" * 40)
    statuses = [
        (await stranger.get("accounts", headers={"X-Forwarded-For": f"198.51.100.{n}"})).status_code
        for n in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
    answer = await stranger.post("connect_sessions/authenticate", {"token": "x"})
    assert answer.status_code == 429
    assert (await Caller(made.hub).get("accounts")).status_code == 200


async def test_times_are_in_utc_with_an_offset(tmp_path: Path) -> None:
    """Contract 0.6: every instant in an answer has an offset, an error's too."""
    api = Caller(make_hub(tmp_path).hub)
    session, refusal = await api.created(), (await api.get("accounts/acc_none")).json()
    for text in (session["created_at"], session["expires_at"], refusal["timestamp"]):
        parsed = datetime.fromisoformat(text)
        assert parsed.utcoffset() is not None


async def test_a_hostile_host_header_appears_nowhere(tmp_path: Path) -> None:
    """T33: links are made from public_url alone, whatever Host and X-Forwarded-Host say."""
    api = Caller(make_hub(tmp_path).hub)
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http"}
    created = await api.post("connect_sessions", OWNER, headers=headers)
    await api.created()
    listed = await api.get("connect_sessions?page_size=1", headers=headers)
    connectors = await api.get("connectors/meta", headers=headers)
    for answer in (created, listed, connectors, await api.get("openapi.json", headers=headers)):
        assert answer.status_code in {200, 201}
        assert "evil.test" not in answer.text + str(answer.headers)
    assert listed.links["next"]["url"].startswith("https://hub.test/connect/connect_sessions?")
