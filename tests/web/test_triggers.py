"""Triggers over HTTP: a provider's own webhook becomes an event of its account, and nothing else does."""

import base64
import logging
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connect_hub import ConnectHub, Event, HubConfig, KeyRing
from connect_hub.config import NetworkConfig, Rate, RateConfig
from connect_hub.connectors.definition import Trigger
from connect_hub.errors import ConfigurationError, StorageUnavailable
from connect_hub.keys import new_key_text
from connect_hub.trigger_tokens import TriggerTokens
from tests.hubs import Hub, make_hub
from tests.web.api import OTHER_API_KEY, Caller, in_two_projects, linked


class Provider:
    """Sends webhooks of its own to the address it was given, without an API key."""

    def __init__(self, hub: ConnectHub) -> None:
        self._caller = Caller(hub, key=None)

    async def send(self, token: str, body: bytes = b"{}", **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._caller("POST", f"triggers/{token}", content=body, headers=named)


def received(made: Hub) -> list[Event]:
    """Where `account.triggered` ends up, once it is delivered."""
    events: list[Event] = []
    made.hub.on("account.triggered", name="received")(events.append)
    return events


async def delivered(made: Hub) -> None:
    while await made.hub.deliveries.run_due():
        pass


async def token_of(api: Caller, account_id: str) -> str:
    token: str = (await api.get(f"accounts/{account_id}/trigger")).json()["external_trigger_token"]
    return token


async def test_what_the_provider_sends_comes_as_an_event_of_the_account(tmp_path: Path) -> None:
    """The body as it was, and Content-Type; no other header field unless the connector names it."""
    made = make_hub(tmp_path)
    events = received(made)
    account_id = await linked(made)
    before = (await made.hub.accounts.get(account_id)).sequence
    api = Caller(made.hub)
    address = (await api.get(f"accounts/{account_id}/trigger")).json()
    assert address["url"] == f"https://hub.test/connect/triggers/{address['external_trigger_token']}"
    body = '{"employee":"Zoë 🦊\u2028"}'.encode()
    answer = await Provider(made.hub).send(
        address["external_trigger_token"],
        body,
        Content_Type="application/json",
        Authorization="Bearer of-the-provider",
        Cookie="a=b",
        X_Acme_Signature="sha256=abc",
        X_Other="x",
    )
    assert (answer.status_code, answer.content) == (202, b"")
    await delivered(made)
    [event] = events
    assert (event.account_id, event.data["sequence"]) == (account_id, before + 1)
    assert event.data["trigger"] == {
        "headers": {"content-type": "application/json"},
        "body": body.decode(),
        "encoding": "utf-8",
    }


async def test_header_fields_that_the_connector_names_come_along(tmp_path: Path) -> None:
    """A signature that comes twice is one field, so that nothing of it is lost."""
    made = make_hub(tmp_path)
    named = Trigger(headers=("X-Acme-Signature",))
    connector = made.hub.connectors.get("simulated-key")
    object.__setattr__(connector.definition, "trigger", named)
    events = received(made)
    token = await token_of(Caller(made.hub), await linked(made))
    caller = Caller(made.hub, key=None)
    sent = [("x-acme-signature", "one"), ("X-ACME-Signature", "two"), ("x-forwarded-for", "10.0.0.1")]
    await caller("POST", f"triggers/{token}", content=b"\xff\x00", headers=sent)
    await delivered(made)
    assert events[0].data["trigger"] == {
        "headers": {"x-acme-signature": "one, two"},
        "body": base64.b64encode(b"\xff\x00").decode(),
        "encoding": "base64",
    }


async def test_the_token_stays_until_it_is_rotated_and_is_the_projects_alone(tmp_path: Path) -> None:
    """T51: another project's account is as if absent. A token that was rotated away stops at once."""
    made = in_two_projects(tmp_path)
    api, other = Caller(made.hub), Caller(made.hub, key=OTHER_API_KEY)
    account_id = await linked(made)
    token = await token_of(api, account_id)
    assert await token_of(api, account_id) == token
    for path in (f"accounts/{account_id}/trigger", "accounts/acc_none/trigger"):
        assert (await other.get(path)).status_code == 404
        assert (await other.post(f"{path}/rotate", {})).status_code == 404
    provider = Provider(made.hub)
    rotated = await api.post(f"accounts/{account_id}/trigger/rotate", {})
    assert rotated.status_code == 201
    assert rotated.json()["external_trigger_token"] != token
    assert (await provider.send(token)).status_code == 404
    assert (await provider.send(rotated.json()["external_trigger_token"])).status_code == 202


async def test_a_session_that_renews_an_account_is_told_its_token_once(tmp_path: Path) -> None:
    """`external_trigger_token` is in the answer to its creation, and in no other."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    account_id = await linked(made)
    token = await token_of(api, account_id)
    session = await api.created(provider="simulated-key", account_id=account_id)
    assert session["external_trigger_token"] == token
    assert (await api.created())["external_trigger_token"] is None
    read = await api.post("connect_sessions/authenticate", {"token": session["token"]})
    for answer in (read, await api.get("connect_sessions"), await api.get(f"accounts/{account_id}")):
        assert token not in answer.text


async def test_without_the_account_the_token_is_as_any_that_never_was(tmp_path: Path) -> None:
    """Deleted, erased, made up and malformed: one refusal, and no event."""
    made = make_hub(tmp_path)
    events = received(made)
    account_id = await linked(made)
    token = await token_of(Caller(made.hub), account_id)
    await made.hub.accounts.delete(account_id)
    provider = Provider(made.hub)
    answers = [await provider.send(one) for one in (token, "trg_" + "A" * 43, "trg_", "é" * 400)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["message"] for answer in answers}) == 1
    await delivered(made)
    assert events == []


async def test_what_is_too_large_or_too_much_is_refused(tmp_path: Path) -> None:
    """64 KiB of body; as often as the rate allows, for each account by itself; wrong tokens by address."""
    rates = RateConfig(triggers=Rate(0.001, 3), failed_api_keys=Rate(0.001, 2))
    made = make_hub(tmp_path, config=HubConfig(network=NetworkConfig(rates=rates)))
    events = received(made)
    api, provider = Caller(made.hub), Provider(made.hub)
    token, quiet = await token_of(api, await linked(made)), await token_of(api, await linked(made, "43"))
    assert (await provider.send(token, b"x" * 65_537)).status_code == 413
    answers = [(await provider.send(token, b"x" * 65_536)).status_code for _ in range(3)]
    assert answers == [202, 202, 429]
    assert (await provider.send(quiet)).status_code == 202
    wrong = [(await provider.send(f"trg_{number:043}")).status_code for number in range(3)]
    assert wrong == [404, 404, 429]
    await delivered(made)
    assert len(events) == 3


async def test_a_token_outlives_the_key_that_it_was_made_under(tmp_path: Path) -> None:
    """It is found by its hash, so no rotation of keys breaks what a provider was told; it cannot be shown."""
    made = make_hub(tmp_path)
    account_id = await linked(made)
    token = await token_of(Caller(made.hub), account_id)
    made.hub.triggers._tokens = TriggerTokens(keys=KeyRing.from_text(new_key_text()))
    api = Caller(made.hub)
    assert (await Provider(made.hub).send(token)).status_code == 202
    refused = await api.get(f"accounts/{account_id}/trigger")
    assert (refused.status_code, refused.json()["errorCode"]) == (409, "trigger_token_forgotten")
    session = await api.created(provider="simulated-key", account_id=account_id)
    assert session["external_trigger_token"] is None
    assert (await api.post(f"accounts/{account_id}/trigger/rotate", {})).status_code == 201


async def test_control_characters_do_not_blow_an_event_up(tmp_path: Path) -> None:
    """T40: in JSON each would be six; the event stays near the size of what came."""
    made = make_hub(tmp_path)
    events = received(made)
    token = await token_of(Caller(made.hub), await linked(made))
    body = b"\x01" * 65_536
    assert (await Provider(made.hub).send(token, body)).status_code == 202
    await delivered(made)
    told = events[0].data["trigger"]
    assert isinstance(told, dict)
    assert base64.b64decode(str(told["body"])) == body


async def test_the_token_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T46: a fault while it is received is logged without it."""
    made = make_hub(tmp_path)
    token = await token_of(Caller(made.hub), await linked(made))

    async def away(*_: Any, **__: Any) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(made.hub.storage, "pull_trigger", away)
    with caplog.at_level(logging.DEBUG):
        assert (await Provider(made.hub).send(token)).status_code == 503
    ours = [record for record in caplog.records if record.name.startswith("connect_hub")]
    logged = "\n".join(caplog.handler.format(record) for record in ours)
    assert "/triggers/" in logged
    assert token not in logged
    assert token not in repr(await made.hub.triggers.get((await made.hub.accounts.list())[0].id))


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "X-Forwarded-For", "a b", "x:y", "", "Forwarded"]
)
def test_a_connector_cannot_ask_for_what_is_not_the_providers(name: str) -> None:
    """Header fields of proxies and of browsers, and what is none, are refused when the connector is made."""
    with pytest.raises(ConfigurationError, match="header field"):
        Trigger(headers=(name,))
