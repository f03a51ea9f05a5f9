"""No error leaves the hub, not even one of a host's own making."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from starlette.types import Message

from connect_hub import ConnectHub, HubConfig, LinkRefused, PageConfig, SQLStorage
from connect_hub.errors import (
    ConfigurationError,
    ConnectHubError,
    MissingTables,
    RefreshFailed,
    StorageUnavailable,
    WrongKeys,
)
from connect_hub.web.endpoint import is_for_a_person
from connect_hub.web.errors import status_of
from tests.customer import Customer
from tests.hubs import Hub, make_hub
from tests.web.api import Caller


async def test_a_broken_layout_of_the_hosts_still_ends_in_a_page(tmp_path: Path) -> None:
    """T35: when the host's layout cannot be rendered, neither can the error page: a plain one is answered."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "layout.html").write_text("{{ no_such_name }}")
    made = make_hub(tmp_path, config=HubConfig(pages=PageConfig(templates=[folder])))
    seen = await Customer(made.hub).get("/connect/link")
    assert (seen.status, seen.heading) == (500, "Something went wrong on our side")
    assert "no_such_name" not in seen.text
    assert seen.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_hosts_own_refusal_has_the_status_of_ours() -> None:
    """A host may derive from our errors; an unknown code is looked up by what it derives from."""

    class CreditExceeded(LinkRefused):
        """This customer has no credit left."""

        code = "credit_exceeded"

    assert status_of(CreditExceeded()) == 422


async def test_closing_the_hub_finishes_revocations(tmp_path: Path) -> None:
    """A shutdown right after a deletion still ends the grant at the provider."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    [account] = await made.hub.accounts.list()
    await made.hub.accounts.delete(account.id)
    await made.hub.aclose()
    assert made.provider.calls["revoke"] == 1


async def sent(hub: ConnectHub, headers: Sequence[tuple[bytes, bytes]], **scope: object) -> tuple[int, bytes]:
    """Status and body of a request as a server without limits of its own would pass it on."""
    messages: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body is not read")

    async def send(message: Message) -> None:
        messages.append(message)

    path: dict[str, object] = {"path": "/connect/", "root_path": "/connect", "query_string": b""}
    fixed = {"type": "http", "method": "GET", "client": ("192.0.2.1", 1), "headers": list(headers)}
    await hub.app({**fixed, **path, **scope}, receive, send)
    assert (b"x-content-type-options", b"nosniff") in messages[0]["headers"]
    return messages[0]["status"], b"".join(message["body"] for message in messages[1:])


@pytest.mark.parametrize(
    "path", ["/connect/", "/connect/accounts", "/connect/visit/0123abcd", "/connect/none"]
)
async def test_headers_have_a_limit_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """T40: more than 64 KiB of headers, names counted, are 431 on every address, before anything is asked of
    the database; a page for people, JSON for programs."""
    hub = make_hub(tmp_path).hub

    monkeypatch.setattr(type(hub.deliveries._core), "ready", _breaking(AssertionError("it began to work")))
    many = [(b"x-%04d" % n, b"y" * 58) for n in range(1024)]
    one = [(b"cookie", b'a="' + b"\\" * 66_000 + b'"')]
    for headers in ([*many, (b"a", b"")], one):
        status, body = await sent(hub, headers, path=path)
        assert (status, b'"headers_too_large"' in body) == (431, True)
        status, body = await sent(hub, [(b"accept", b"text/html"), *headers], path=path)
        assert (status, b"cookies" in body, body[:9]) == (431, True, b"<!doctype")
    status, _ = await sent(hub, many, path=path)
    assert status == (404 if path == "/connect/none" else 500), (
        "exactly 64 KiB are taken, and the hub begins to work"
    )


@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        ("/connect/owners/\ufffd", b"/connect/owners/%ff"),
        ("/connect/owners/a\ufffdb", b"/connect/owners/a\xffb"),
        ("/connect/owners/\ufffd", b"/connect/owners/%ED%A0%80"),
        ("/connect/owners/\ufffd", None),
        ("/connect/\ufffd", b"/connect/%ff"),
    ],
)
async def test_a_path_that_is_not_utf_8_is_no_address(
    tmp_path: Path, path: str, raw_path: bytes | None
) -> None:
    """T41: bytes that are no text lead nowhere, rather than to whatever has U+FFFD in its name; a path that
    has that character itself is an address like any other."""
    hub = make_hub(tmp_path).hub
    raw = {} if raw_path is None else {"raw_path": raw_path}
    status, body = await sent(hub, [], path=path, method="DELETE", **raw)
    assert (status, b'"not_found"' in body) == (404, True)
    status, _ = await sent(
        hub, [], path="/connect/owners/\ufffd", raw_path=b"/connect/owners/%EF%BF%BD", method="DELETE"
    )
    assert status == 401


def test_a_long_accept_is_not_read_to_its_end() -> None:
    """T40: of Accept, 1,000 characters and 20 parts count."""

    def asked(accept: str) -> bool:
        return is_for_a_person({"type": "http", "headers": [(b"accept", accept.encode())]})

    assert asked("a/b," * 19 + "text/html")
    assert not asked("a/b," * 20 + "text/html")
    assert asked("text/html," + "a/b;q=1," * 20_000)
    assert not asked("a" * 1000 + ",text/html")
    assert not asked("a/b" + ";" * 1000 + ",text/html")


@pytest.mark.parametrize("raw", ["a%0a2026%20ERROR", "%1b[2J%1b]0;x%07", "%e2%80%a8%c2%85x", "%e2%80%ae"])
async def test_no_path_forges_a_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, raw: str
) -> None:
    """T46: line breaks and control characters of a path are escaped in the log, and a long path is cut."""
    made = make_hub(tmp_path)
    monkeypatch.setattr(type(made.hub.deliveries._core), "ready", _breaking(ZeroDivisionError()))
    assert (await Caller(made.hub).get(f"visit/{raw}{'x' * 5_000}")).status_code == 500
    [record] = [record for record in caplog.records if record.name == "connect_hub.web"]
    assert record.getMessage().isascii()
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 400


def _breaking(error: Exception) -> object:
    async def broken(*_: object) -> None:
        raise error

    return broken


INNER = [
    MissingTables(),
    WrongKeys("the key ring lacks the key 'k-2026'; put it back with CONNECT_HUB_KEYS"),
    StorageUnavailable("could not connect to db-3.internal"),
    RefreshFailed("the token endpoint of tenant 7 said no"),
]


@pytest.mark.parametrize("error", INNER, ids=lambda error: error.code)
async def test_why_the_hub_cannot_work_is_told_to_its_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: ConnectHubError
) -> None:
    """T46: anonymous callers of a hub that cannot work read one fixed sentence, on pages and in JSON; names
    of keys, tables and hosts stand in the log: once, where the message is the whole story, else with the
    traceback once a minute at most."""
    made = make_hub(tmp_path)
    monkeypatch.setattr(type(made.hub.deliveries._core), "ready", _breaking(error))
    told = "refresh_failed" if isinstance(error, RefreshFailed) else "storage_unavailable"
    refusal = (await Caller(made.hub, key=None).get("healthz")).json()
    assert (refusal["statusCode"], refusal["errorCode"]) == (503, told)
    page = await Customer(made.hub).get("/connect/")
    assert page.status == 503
    for text in (refusal["message"], page.text):
        assert error.message not in text
        assert "again in a moment" in text
    for inner in ("missing_tables", "wrong_keys"):
        assert inner not in page.text + str(refusal)
    explained = isinstance(error, ConfigurationError)
    assert _stories(caplog) == ([] if explained else [error, error]), "one for each address"
    await _ask_health(made, 3)
    assert (len(_stories(caplog)), len(_lines(caplog))) == (0 if explained else 2, 5)
    assert all(error.code in line for line in _lines(caplog))
    made.clock.advance(timedelta(minutes=1))
    await _ask_health(made, 2)
    assert (len(_stories(caplog)), len(_lines(caplog))) == (0 if explained else 3, 7)
    assert all("\n" not in line for line in _lines(caplog))
    if explained:
        assert [error.message in line for line in _lines(caplog)] == [True] + 6 * [False]


async def test_the_log_says_once_that_tables_are_missing_and_once_that_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However many requests come, on whatever address: the message once for each time that it begins, and a
    word when it is over. What needs no table is no sign that it is over."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    made = make_hub(tmp_path, storage=SQLStorage(engine))
    caller = Caller(made.hub)

    async def ask(expected: int) -> None:
        for path in ("accounts", "connect_sessions", "healthz") * 3:
            assert (await caller.get(path)).status_code == expected
            await caller.get("openapi.json")

    def said(part: str) -> int:
        return sum(part in record.getMessage() for record in caplog.records)

    await ask(503)
    assert (said("Run `connect-hub db upgrade"), said("works again")) == (1, 0)
    SQLStorage.create_all(engine)
    await ask(200)
    assert (said("Run `connect-hub db upgrade"), said("works again")) == (1, 1)
    for name in ("accounts", "sessions"):
        with engine.begin() as c:
            c.exec_driver_sql(f"DROP TABLE connect_hub_{name}")
    for path in ("accounts", "connect_sessions") * 3:
        assert (await caller.get(path)).status_code == 503
        await caller.get("openapi.json")
    assert (said("Run `connect-hub db upgrade"), said("works again")) == (2, 1)
    assert not [record for record in caplog.records if record.exc_info]
    engine.dispose()


async def _ask_health(made: Hub, times: int) -> None:
    for _ in range(times):
        await Caller(made.hub, key=None).get("healthz")


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def _stories(caplog: pytest.LogCaptureFixture) -> list[BaseException | None]:
    return [record.exc_info[1] for record in caplog.records if record.exc_info]
