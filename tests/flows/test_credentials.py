"""Live credentials: one refresh for all who ask, and an account that survives whatever a provider does."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from connect_hub import Event, Secret
from connect_hub.errors import (
    AccountInactive,
    AccountNotFound,
    AccountSuspended,
    ConnectHubError,
    CredentialsExpired,
    RefreshFailed,
)
from connect_hub.flows.activity import Activity
from connect_hub.flows.credentials import CredentialsFlow
from connect_hub.models import Account, AccountStatus
from connect_hub.net import Answer, Limits
from connect_hub.testing import InProcessTransport
from connect_hub.testing.provider import Fault, ProviderPolicy
from connect_hub.testing.tally import Hold
from tests.customer import Customer
from tests.hubs import Hub, make_hub

HOUR = timedelta(hours=1)


async def oauth_account(made: Hub, user: str = "ada") -> Account:
    """An account at the simulated provider, whose access token lives for an hour."""
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    done = await customer.get(made.provider.approve(leaving.refresh, user=user))
    assert done.status == 200
    [account] = await made.hub.accounts.list()
    made.provider.forget_requests()
    return account


def names_of(made: Hub, *names: str) -> list[str]:
    """The names of events as they are handed over, in order: by one callback, as two run side by side."""
    seen: list[str] = []

    @made.hub.on(*names, name="seen")
    async def handler(event: Event) -> None:
        seen.append(event.name)

    return seen


async def test_fifty_callers_cause_one_token_request(tmp_path: Path) -> None:
    """R8: 50 concurrent calls on an expired account make one token request and get the same new token."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    old = await made.hub.credentials(account.id)
    made.clock.advance(2 * HOUR)
    found = await asyncio.gather(*(made.hub.credentials(account.id) for _ in range(50)))
    tokens = {c.secrets["access_token"].reveal() for c in found}
    assert made.token_calls() == 1
    assert len(tokens) == 1
    assert not old.secrets["access_token"].matches(tokens.pop())
    made.clock.advance(2 * HOUR)
    await made.hub.credentials(account.id)
    assert made.token_calls() == 2
    assert (await made.hub.accounts.get(account.id)).status is AccountStatus.ACTIVE


async def test_caller_who_gives_up_does_not_abandon_the_refresh(tmp_path: Path) -> None:
    """R8: one caller's timeout neither ends nor repeats the token request that others wait for."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    hold = made.provider.faults.hold("token")
    first = asyncio.create_task(made.hub.credentials(account.id))
    await hold.arrived()
    second = asyncio.create_task(made.hub.credentials(account.id))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    hold.release()
    assert "access_token" in (await second).secrets
    assert made.token_calls() == 1


async def test_two_hubs_on_one_database_refresh_once(tmp_path: Path) -> None:
    """R8: two processes' worth of hubs share the lease in the database: one token request between them."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    other = second_hub(made, made.transport)
    made.clock.advance(2 * HOUR)
    await asyncio.gather(
        *(flow.live(account.id) for flow in (made.hub._credentials, other) for _ in range(10))
    )
    assert made.token_calls() == 1


def second_hub(made: Hub, transport: InProcessTransport) -> CredentialsFlow:
    """What another process would have: its own flow, over the same database."""
    from dataclasses import replace

    from connect_hub.auth.engine import Engines

    core = made.hub._credentials._core
    core = replace(core, engines=Engines(sender=transport, clock=made.clock))
    return CredentialsFlow(core, Activity(core))


class Stalling(InProcessTransport):
    """A transport that keeps token answers back, after the provider has made them."""

    def __init__(self, made: Hub) -> None:
        super().__init__(made.provider)
        self.hold = Hold()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        answer = await super().send(method, url, headers=headers, content=content, limits=limits)
        if url.endswith("/token"):
            await self.hold.stop_here()
        return answer


async def test_late_holder_writes_nothing(tmp_path: Path) -> None:
    """R9: a holder that stalls past its lease finds its number taken: its tokens are dropped, the newer ones
    stay, it gets them too, and the account refreshes again afterwards."""
    made = make_hub(tmp_path)
    # A provider that keeps its refresh token, or it would refuse the second refresh for the first one's sake.
    made.provider._tokens._policy = ProviderPolicy(rotate_refresh_tokens=False)
    account = await oauth_account(made)
    stalling = Stalling(made)
    made.clock.advance(2 * HOUR)
    late = asyncio.create_task(second_hub(made, stalling).live(account.id))
    await stalling.hold.arrived()
    lapse_lease(tmp_path)
    newer = await made.hub.credentials(account.id)
    stalling.hold.release()
    got = (await late).credentials
    assert got.secrets["access_token"].matches(newer.secrets["access_token"].reveal())
    stored = await made.hub.credentials(account.id)
    assert stored.secrets["access_token"].matches(newer.secrets["access_token"].reveal())
    assert made.token_calls() == 2
    made.clock.advance(2 * HOUR)
    await made.hub.credentials(account.id)
    assert made.token_calls() == 3


def lapse_lease(tmp_path: Path) -> None:
    """As if a minute had passed on the database's clock."""
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.begin() as connection:
        [table] = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%accounts'")
        ).scalars()
        connection.execute(text(f"UPDATE {table} SET refresh_lease_until = 1"))  # noqa: S608  # our own name
    engine.dispose()


async def test_late_refusal_does_not_end_what_another_refreshed(tmp_path: Path) -> None:
    """R9, R11: a holder whose lease ran out, and whose token is refused then, takes the other's result."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    hold = made.provider.faults.hold("token")
    late = asyncio.create_task(second_hub(made, made.transport).live(account.id))
    await hold.arrived()
    made.provider.faults._holds.clear()
    lapse_lease(tmp_path)
    newer = await made.hub.credentials(account.id)
    # Its refresh token is spent by now: the provider refuses it, and by its rules ends the whole sign-in.
    hold.release()
    got = (await late).credentials
    assert got.secrets["access_token"].matches(newer.secrets["access_token"].reveal())
    assert (await made.hub.accounts.get(account.id)).status is AccountStatus.ACTIVE


@pytest.mark.parametrize(
    "fault", [Fault.UNAVAILABLE, Fault.RATE_LIMITED, Fault.HTML, Fault.REDIRECT, Fault.ERROR_WITH_200]
)
async def test_passing_fault_leaves_the_account_as_it_was(tmp_path: Path, fault: Fault) -> None:
    """R11: a 503, a 429, HTML, a redirect or nonsense from the token endpoint changes nothing: the old token
    is used while it lives, then the call fails, and the next one after the fault succeeds."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    before = await made.hub.accounts.get(account.id)
    old = await made.hub.credentials(account.id)
    made.clock.advance(timedelta(minutes=58))
    made.provider.faults.set("token", fault)
    still = await made.hub.credentials(account.id)
    assert still.secrets["access_token"].matches(old.secrets["access_token"].reveal())
    assert made.token_calls() == 1
    made.clock.advance(HOUR)
    with pytest.raises(RefreshFailed):
        await made.hub.credentials(account.id)
    after = await made.hub.accounts.get(account.id)
    assert (after.status, after.generation, after.updated_at) == (
        before.status,
        before.generation,
        before.updated_at,
    )
    made.provider.faults.clear()
    fresh = await made.hub.credentials(account.id)
    assert not fresh.secrets["access_token"].matches(old.secrets["access_token"].reveal())


@pytest.mark.parametrize(
    "fault", [Fault.MISSING_EXPIRES_IN, Fault.EXPIRES_IN_AS_TEXT, Fault.NO_NEW_REFRESH_TOKEN]
)
async def test_odd_answer_is_understood(tmp_path: Path, fault: Fault) -> None:
    """R11: no expires_in, one as text, or no new refresh token: the account goes on and refreshes again."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    made.provider.faults.set("token", fault, times=1)
    first = await made.hub.credentials(account.id)
    assert "refresh_token" in first.secrets
    live = await made.hub._credentials.live(account.id, refused=first)
    assert not live.credentials.secrets["access_token"].matches(first.secrets["access_token"].reveal())
    assert (await made.hub.accounts.get(account.id)).status is AccountStatus.ACTIVE


async def test_only_invalid_grant_ends_the_account(tmp_path: Path) -> None:
    """R11: a withdrawn grant makes the account `expired`, once, with a reason and one event; no further token
    request is made."""
    made = make_hub(tmp_path)
    seen = names_of(made, "account.expired", "account.recovered")
    account = await oauth_account(made)
    made.provider.withdraw("ada")
    made.clock.advance(2 * HOUR)
    results = await asyncio.gather(
        *(made.hub.credentials(account.id) for _ in range(5)), return_exceptions=True
    )
    assert {type(result) for result in results} == {CredentialsExpired}
    found = await made.hub.accounts.get(account.id)
    assert (found.status, [r.code for r in found.status_reasons]) == (
        AccountStatus.EXPIRED,
        ["invalid_grant"],
    )
    with pytest.raises(CredentialsExpired):
        await made.hub.credentials(account.id)
    assert made.token_calls() == 1
    while await made.hub.deliveries.run_due():
        pass
    assert seen == ["account.expired"]


async def test_delete_during_a_refresh_stays_deleted(tmp_path: Path) -> None:
    """R17: deleted while a token request runs, the account stays deleted, its last event is account.deleted,
    and the tokens that came too late are revoked at the provider."""
    made = make_hub(tmp_path)
    seen = names_of(
        made, "account.created", "account.deleted", "account.updated", "account.expired", "account.recovered"
    )
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    hold = made.provider.faults.hold("token")
    refreshing = asyncio.create_task(made.hub.credentials(account.id))
    await hold.arrived()
    await made.hub.accounts.delete(account.id)
    hold.release()
    with pytest.raises(AccountNotFound):
        await refreshing
    assert await made.hub.accounts.list() == []
    while await made.hub.deliveries.run_due():
        pass
    assert seen == ["account.created", "account.deleted"]


async def test_tokens_that_come_after_the_deletion_are_revoked(tmp_path: Path) -> None:
    """R17: tokens that the provider made before the account was deleted, and that came after, are revoked."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    stalling = Stalling(made)
    made.clock.advance(2 * HOUR)
    refreshing = asyncio.create_task(second_hub(made, stalling).live(account.id))
    await stalling.hold.arrived()
    await made.hub.accounts.delete(account.id)
    await made.hub.accounts._revocation.settled()
    assert made.provider.calls["revoke"] == 1
    stalling.hold.release()
    with pytest.raises(AccountNotFound):
        await refreshing
    assert made.provider.calls["revoke"] == 2
    assert await made.hub.accounts.list() == []


async def test_delete_during_a_refresh_is_no_fault_when_revoking_fails(tmp_path: Path) -> None:
    """R17: revoking is best effort: a provider that is down then does not change what the caller is told."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    made.clock.advance(2 * HOUR)
    hold = made.provider.faults.hold("token")
    made.provider.faults.set("revoke", Fault.UNAVAILABLE)
    refreshing = asyncio.create_task(made.hub.credentials(account.id))
    await hold.arrived()
    await made.hub.accounts.delete(account.id)
    hold.release()
    with pytest.raises(AccountNotFound):
        await refreshing


async def test_statuses_are_told_apart(tmp_path: Path) -> None:
    """A suspended, absent or disabled account is refused by name, without a call to the provider."""
    made = make_hub(tmp_path)
    account = await oauth_account(made)
    expected: list[tuple[str, type[ConnectHubError]]] = [
        (account.id, AccountSuspended),
        ("x", AccountNotFound),
    ]
    await made.hub.accounts.suspend(account.id)
    for account_id, error in expected:
        with pytest.raises(error):
            await made.hub.credentials(account_id)
    await made.hub.accounts.resume(account.id)
    object.__setattr__(made.hub.config.projects["default"], "connectors", frozenset({"simulated-key"}))
    with pytest.raises(AccountInactive):
        await made.hub.credentials(account.id)
    assert made.token_calls() == 0
