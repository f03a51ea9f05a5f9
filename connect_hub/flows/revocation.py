"""Ending grants at the provider, best effort, behind the back of whoever asked."""

import asyncio
import logging
from collections.abc import Coroutine

from connect_hub.connectors.registry import EnabledConnector
from connect_hub.credentials import Credentials
from connect_hub.errors import ConnectHubError
from connect_hub.flows.core import Core
from connect_hub.storage.protocol import StoredCredentials

__all__ = ["Revocation"]

log = logging.getLogger("connect_hub.revocation")

_SETTLE_WITHIN = 10.0


class Revocation:
    """Revokes credentials that were destroyed or are not wanted. Nobody waits for a slow provider."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, removed: StoredCredentials) -> None:
        """Revoke the credentials of an account that was removed."""
        if removed.sealed is not None:
            self._spawn(self._revoke_removed(removed, removed.sealed))

    def begin_for(self, connector: EnabledConnector, credentials: Credentials) -> None:
        """Revoke credentials that were obtained and not stored."""
        self._spawn(self._revoke(connector, credentials))

    async def settled(self) -> None:
        """Wait for what has begun on this event loop, 10 seconds at most."""
        loop = asyncio.get_running_loop()
        mine = {task for task in self._tasks if task.get_loop() is loop}
        if mine:
            await asyncio.wait(mine, timeout=_SETTLE_WITHIN)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _revoke_removed(self, removed: StoredCredentials, sealed: bytes) -> None:
        account = removed.account
        try:
            credentials = self._core.vault.open_credentials(
                sealed, project_id=account.project_id, account_id=account.id, generation=account.generation
            )
            connector = (await self._core.offer(account.project_id)).get(account.provider)
        except ConnectHubError as error:
            log.warning("account %s: not revoked at its provider: %s", account.id, error.code)
            return
        await self._revoke(connector, credentials)

    async def _revoke(self, connector: EnabledConnector, credentials: Credentials) -> None:
        try:
            await self._core.engines.of(connector, credentials.method).revoke(credentials)
        except Exception:
            log.warning("a grant at %s could not be revoked", connector.key, exc_info=True)
