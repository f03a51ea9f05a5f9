"""Live credentials of an account, refreshed when due by one worker alone.

Providers that rotate refresh tokens end the whole grant when one is used twice. So the right to refresh is
a lease in the database, on the database's clock, with a number that rises at each claim: a holder that stalls
past its lease finds its number taken and writes nothing.
"""

import asyncio
import logging
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connect_hub.auth.engine import AuthEngine
from connect_hub.clock import truncate
from connect_hub.connectors.offer import Offer
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    AccountInactive,
    AccountNotFound,
    AccountSuspended,
    ConnectHubError,
    CredentialsExpired,
    CredentialsUnreadable,
    ProviderError,
    RefreshFailed,
)
from connect_hub.events import account_event
from connect_hub.flows.activity import Activity
from connect_hub.flows.core import Core
from connect_hub.models import Account, AccountStatus, StatusReason
from connect_hub.storage.protocol import Change, NewEvent, Sealed, StoredCredentials

__all__ = ["CredentialsFlow", "LiveCredentials"]

log = logging.getLogger("connect_hub.credentials")

_LEASE = timedelta(seconds=60)
"""Longer than a token request may take in all (20 s), so that a lease ends only under a worker that
stalled."""
_EARLY = timedelta(minutes=5)
_BACK_OFF = timedelta(seconds=30)
_WAIT_STEP = 0.05
_WAIT_STEPS_MOST = 1.0
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LiveCredentials:
    """Credentials that may be used now, and the engine that knows how."""

    account: Account
    credentials: Credentials
    engine: AuthEngine


class CredentialsFlow:
    """Opens credentials, and refreshes them when they are due."""

    def __init__(self, core: Core, activity: Activity) -> None:
        self._core = core
        self._activity = activity
        self._running: dict[str, asyncio.Task[StoredCredentials]] = {}
        self._left_alone: dict[str, datetime] = {}
        """Until when accounts whose refresh failed are left alone while their token is valid."""

    async def live(
        self, account_id: str, *, project: str = "default", refused: Credentials | None = None
    ) -> LiveCredentials:
        """The account's credentials, valid as far as is known.

        `refused` are credentials that the provider has just refused (401): if they are the stored ones
        they are refreshed, whatever their age. Raises AccountNotFound, AccountInactive, AccountSuspended,
        CredentialsExpired (the customer must connect again), RefreshFailed (try again),
        CredentialsUnreadable.
        """
        await self._core.ready()
        stored, offer = await self._load(account_id, project)
        credentials, engine = self._open(stored, offer)
        forced = refused is not None and _same(refused, credentials)
        if engine.can_refresh(credentials) and (forced or self._is_due(stored.account)):
            must = forced or self._has_run_out(stored.account)
            try:
                if must or not self._is_left_alone(account_id):
                    stored = await self._refreshed(account_id, stored)
            except RefreshFailed:
                if must or self._has_run_out(stored.account):
                    raise
                self._leave_alone(account_id)
                log.warning("account %s: refresh failed; its token is still valid", account_id)
            credentials, engine = self._open(stored, offer)
        elif self._has_run_out(stored.account):
            await self._expire(
                stored.account, "token_expired", "The access token ran out and cannot be refreshed."
            )
            raise CredentialsExpired
        await self._touch(stored.account)
        return LiveCredentials(stored.account, credentials, engine)

    async def _load(self, account_id: str, project: str) -> tuple[StoredCredentials, Offer]:
        """What is stored, and what its project offers now."""
        stored = await self._core.storage.stored_credentials(account_id, project_id=project)
        if stored is None:
            raise AccountNotFound
        account = stored.account
        offer = await self._core.offer(account.project_id)
        if account.provider not in offer:
            raise AccountInactive
        if account.status is AccountStatus.SUSPENDED:
            raise AccountSuspended
        if account.status is AccountStatus.EXPIRED:
            raise CredentialsExpired
        return stored, offer

    def _open(self, stored: StoredCredentials, offer: Offer) -> tuple[Credentials, AuthEngine]:
        account = stored.account
        if stored.sealed is None:
            raise CredentialsUnreadable("This account has no stored credentials.")
        credentials = self._core.vault.open_credentials(
            stored.sealed, project_id=account.project_id, account_id=account.id, generation=account.generation
        )
        connector = offer.get(account.provider)
        try:
            return credentials, self._core.engines.of(connector, credentials.method)
        except KeyError:
            raise AccountInactive(
                f"The connector {account.provider!r} no longer offers the method {credentials.method!r}."
            ) from None

    def _is_due(self, account: Account) -> bool:
        if account.expires_at is None:
            return False
        life = account.expires_at - (account.last_refreshed_at or account.updated_at)
        return self._core.clock.now() >= account.expires_at - min(_EARLY, max(life, timedelta(0)) * 0.2)

    def _has_run_out(self, account: Account) -> bool:
        return account.expires_at is not None and self._core.clock.now() >= account.expires_at

    def _is_left_alone(self, account_id: str) -> bool:
        until = self._left_alone.get(account_id)
        return until is not None and self._core.clock.now() < until

    def _leave_alone(self, account_id: str) -> None:
        now = self._core.clock.now()
        # Only what still counts is kept, so that this stays as small as the trouble.
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > now}
        self._left_alone[account_id] = now + _BACK_OFF

    # --- refreshing ---

    async def _refreshed(self, account_id: str, stored: StoredCredentials) -> StoredCredentials:
        """One refresh an account and process at a time; everybody else here waits for the same one."""
        task = self._running.get(account_id)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(self._refresh(stored))
            self._running[account_id] = task
            task.add_done_callback(lambda done: self._forget(account_id, done))
        # Shielded: one caller that gives up must not abandon a token request that others wait for.
        return await asyncio.shield(task)

    def _forget(self, account_id: str, task: "asyncio.Task[StoredCredentials]") -> None:
        if self._running.get(account_id) is task:
            del self._running[account_id]
        if not task.cancelled():
            task.exception()  # seen here too, in case every waiter has gone

    async def _refresh(self, stored: StoredCredentials) -> StoredCredentials:
        account = stored.account
        deadline = asyncio.get_running_loop().time() + _LEASE.total_seconds()
        step = _WAIT_STEP
        while True:
            epoch = await self._core.storage.claim_refresh(
                account.id, generation=account.generation, lease=_LEASE
            )
            if epoch is not None:
                return await self._refresh_as_holder(stored, epoch)
            fresh, _ = await self._load(account.id, account.project_id)
            if fresh.account.generation != account.generation:
                return fresh
            if asyncio.get_running_loop().time() >= deadline:
                raise RefreshFailed
            await asyncio.sleep(step * random.uniform(0.5, 1.5))  # noqa: S311  # jitter between waiters
            step = min(step * 2, _WAIT_STEPS_MOST)

    async def _refresh_as_holder(self, stored: StoredCredentials, epoch: int) -> StoredCredentials:
        account = stored.account
        try:
            # Read again under the lease: what was read before may be older than another worker's refresh.
            current = await self._core.storage.stored_credentials(account.id, project_id=account.project_id)
            if current is None:
                raise AccountNotFound
            credentials, engine = self._open(current, await self._core.offer(account.project_id))
            refreshed = await engine.refresh(credentials)
            return await self._store(account, epoch, refreshed, engine)
        except CredentialsExpired as error:
            if await self._settle_expired(account, epoch):
                self._activity.refreshed(account.id, error.code)
                raise
            # Refused, but not with the newest there is: reconnected, refreshed by another, or deleted.
            return (await self._load(account.id, account.project_id))[0]
        except (RefreshFailed, ProviderError) as error:
            self._activity.refreshed(account.id, error.code)
            await self._release(account, epoch)
            raise RefreshFailed(error.message if isinstance(error, ProviderError) else None) from None
        except ConnectHubError:
            await self._release(account, epoch)
            raise
        except Exception as error:
            # A fault of ours, or of the storage. Without its text and its frames, which may hold tokens.
            log.error("account %s: not refreshed: %s", account.id, type(error).__name__)
            self._activity.refreshed(account.id, RefreshFailed.code)
            await self._release(account, epoch)
            raise RefreshFailed from None
        except BaseException:
            await self._release(account, epoch)
            raise

    async def _store(
        self, account: Account, epoch: int, refreshed: Credentials, engine: AuthEngine
    ) -> StoredCredentials:
        now = self._core.clock.now()
        expires_at = None if refreshed.expires_at is None else truncate(refreshed.expires_at)

        def seal(account_id: str, generation: int) -> Sealed:
            data = self._core.vault.seal_credentials(
                refreshed, project_id=account.project_id, account_id=account_id, generation=generation
            )
            return Sealed(data, self._core.vault.key_id(data))

        settled = await self._core.storage.settle_refresh(
            account.id,
            epoch=epoch,
            change=lambda a: replace(
                a,
                expires_at=expires_at,
                last_refreshed_at=now,
                granted_scopes=refreshed.granted_scopes,
                status=AccountStatus.ACTIVE if a.status is AccountStatus.ERROR else a.status,
                status_reasons=() if a.status is AccountStatus.ERROR else a.status_reasons,
                updated_at=now,
            ),
            seal=seal,
            announce=self._announce,
        )
        self._core.wake()
        if settled is None:
            # Reconnected or deleted meanwhile, or the lease ran out under us: what we got is not wanted.
            fresh = await self._core.storage.stored_credentials(account.id, project_id=account.project_id)
            if fresh is None:
                await self._revoke(account, refreshed, engine)
                raise AccountNotFound
            return fresh
        self._activity.refreshed(account.id)
        found = await self._core.storage.stored_credentials(account.id, project_id=account.project_id)
        if found is None:
            raise AccountNotFound
        return found

    async def _revoke(self, account: Account, unwanted: Credentials, engine: AuthEngine) -> None:
        """End tokens that were fetched for an account that is gone, best effort."""
        try:
            await engine.revoke(unwanted)
        except Exception:
            log.warning("account %s is gone; its last token could not be revoked", account.id, exc_info=True)

    async def _settle_expired(self, account: Account, epoch: int) -> bool:
        """Mark it expired; False if the lease was lost meanwhile."""
        reason = StatusReason(
            "invalid_grant", "The provider no longer accepts the refresh token.", self._core.clock.now()
        )
        settled = await self._core.storage.settle_refresh(
            account.id,
            epoch=epoch,
            change=lambda a: _expired(a, reason),
            seal=None,
            announce=self._announce,
        )
        self._core.wake()
        return settled is not None

    async def _release(self, account: Account, epoch: int) -> None:
        """Give the lease back, best effort: it runs out by itself, and what went wrong before is told."""
        try:
            await self._core.storage.settle_refresh(
                account.id, epoch=epoch, change=lambda a: a, seal=None, announce=self._announce
            )
        except Exception as error:
            log.warning("account %s: its lease stays until it runs out: %s", account.id, type(error).__name__)

    async def _expire(self, account: Account, code: str, description: str) -> None:
        reason = StatusReason(code, description, self._core.clock.now())

        def change(now: Account) -> Account:
            if now.generation != account.generation or now.status is not AccountStatus.ACTIVE:
                return now
            return _expired(now, reason)

        await self._core.storage.change_account(
            account.project_id, account.id, change, announce=self._announce
        )
        self._core.wake()

    def _announce(self, account: Account, change: Change, before: Account | None) -> list[NewEvent]:
        name = "account.expired" if account.status is AccountStatus.EXPIRED else "account.recovered"
        return [account_event(name, account, targets=self._core.targets, now=self._core.clock.now())]

    async def _touch(self, account: Account) -> None:
        now = self._core.clock.now()
        if account.last_used_at is None or now - account.last_used_at >= _TOUCH_EVERY:
            await self._core.storage.touch_account(account.id, now=now)


def _expired(account: Account, reason: StatusReason) -> Account:
    return replace(
        account, status=AccountStatus.EXPIRED, status_reasons=(reason,), updated_at=reason.timestamp
    )


def _same(one: Credentials, other: Credentials) -> bool:
    """Whether two credentials hold the same access token."""
    mine, theirs = one.secrets.get("access_token"), other.secrets.get("access_token")
    return mine is not None and theirs is not None and mine.matches(theirs.reveal())
