"""Token answers that are not what they should be: no token is lost, and nobody is left waiting."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_hub import Secret
from connect_hub.auth import oauth2, token_endpoint
from connect_hub.errors import RefreshFailed
from connect_hub.models import AccountStatus
from connect_hub.net import Answer, Limits
from connect_hub.testing.provider import Fault, ProviderPolicy
from connect_hub.vault import Vault
from tests.customer import Customer, Seen
from tests.flows.test_credentials import oauth_account
from tests.hubs import Hub, make_hub

HOUR = timedelta(hours=1)
ODD: dict[str, dict[str, object]] = {
    "a scope that is no text": {"scope": "read \ud800"},
    "a scope with NUL": {"scope": "read\x00 write"},
    "a scope of 240 KB": {"scope": " ".join(["scope"] * 40_000)},
    "a lifetime of 400 digits": {"expires_in": 10**400},
}


def alter(made: Hub, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, object]) -> None:
    """From now on the provider's token answers have `changes`."""
    plain: Any = made.transport.send

    async def send(
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        answer: Answer = await plain(method, url, headers=headers, content=content, limits=limits)
        if not url.endswith("/token"):
            return answer
        body = {**json.loads(answer.body), **changes}
        return Answer(answer.status, answer.headers, json.dumps(body).encode())

    monkeypatch.setattr(made.transport, "send", send)


async def sign_in(made: Hub) -> Seen:
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    return await customer.get(made.provider.approve(leaving.refresh, user="ada"))


@pytest.mark.parametrize("kind", ODD)
async def test_a_rotated_token_is_kept_whatever_comes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """R10, R11: an answer with a new refresh token and an odd fact beside it is stored: the next refresh,
    which needs that token, works, and the account stays active."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    before = await made.hub.credentials(account.id)
    made.clock.advance(2 * HOUR)
    with monkeypatch.context() as patch:
        alter(made, patch, ODD[kind])
        odd = await made.hub.credentials(account.id)
    assert not odd.secrets["access_token"].matches(before.secrets["access_token"].reveal())
    assert sum(map(len, odd.granted_scopes)) < 10_000
    fresh = (await made.hub._credentials.live(account.id, refused=odd)).credentials
    assert not fresh.secrets["access_token"].matches(odd.secrets["access_token"].reveal())
    assert made.token_calls() == 2
    assert (await made.hub.accounts.get(account.id)).status is AccountStatus.ACTIVE


@pytest.mark.parametrize("kind", ODD)
async def test_a_sign_in_survives_an_odd_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """T16, R11: a code that was traded for tokens with an odd fact beside them makes the account."""
    made = make_hub(tmp_path)
    alter(made, monkeypatch, ODD[kind])
    assert (await sign_in(made)).status == 200
    assert len(await made.hub.accounts.list()) == 1


@pytest.mark.parametrize("target", [(token_endpoint, "_scopes"), (oauth2, "read_token_answer")])
async def test_a_fault_of_ours_in_the_callback_is_told_and_leaves_no_grant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: tuple[object, str]
) -> None:
    """T16: an unexpected error while a token answer is read is no error page: the attempt says that it was
    not understood, no account is made, and tokens that were found in it are revoked."""
    made = make_hub(tmp_path)
    _break(monkeypatch, *target)
    page = await sign_in(made)
    assert page.status < 500
    assert await made.hub.accounts.list() == []
    [session] = await made.hub.sessions.list()
    [attempt] = await made.hub.sessions._core.storage.attempts(session.id)
    assert attempt.error_code == "could_not_check"
    assert made.provider.calls["revoke"] == (1 if target[1] == "_scopes" else 0)


async def test_a_fault_of_ours_while_storing_frees_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R9, R10: an unexpected error after the provider's answer is RefreshFailed, logged without its text, and
    the next caller need not wait for the lease to run out."""
    made = make_hub(tmp_path)
    made.provider._tokens._policy = ProviderPolicy(rotate_refresh_tokens=False)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    with monkeypatch.context() as patch:
        _break(patch, Vault, "seal_credentials")
        with pytest.raises(RefreshFailed):
            await made.hub.credentials(account.id)
    assert "OverflowError" in caplog.text
    assert "CANARY" not in caplog.text
    storage = made.hub._credentials._core.storage
    epoch = await storage.claim_refresh(account.id, generation=account.generation, lease=HOUR)
    assert epoch is not None


async def test_a_failing_refresh_is_left_alone_for_half_a_minute(tmp_path: Path) -> None:
    """R11: while the old token is valid, calls after a failed refresh ask the token endpoint once in 30 s;
    without a valid token every call asks."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    old = await made.hub.credentials(account.id)
    made.provider.faults.set("token", Fault.UNAVAILABLE)
    made.clock.advance(timedelta(minutes=58))
    for asked in (1, 2):
        for _ in range(5):
            still = await made.hub.credentials(account.id)
            assert still.secrets["access_token"].matches(old.secrets["access_token"].reveal())
        assert made.token_calls() == asked
        made.clock.advance(timedelta(seconds=30))
    made.clock.advance(timedelta(minutes=2))
    for asked in (3, 4):
        with pytest.raises(RefreshFailed):
            await made.hub.credentials(account.id)
        assert made.token_calls() == asked
    made.provider.faults.clear()
    fresh = await made.hub.credentials(account.id)
    assert not fresh.secrets["access_token"].matches(old.secrets["access_token"].reveal())


def _break(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    def broken(*_: object, **__: object) -> object:
        raise OverflowError("CANARY")

    monkeypatch.setattr(owner, name, broken)
