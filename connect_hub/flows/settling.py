"""Outcomes of deliveries on their way to the database, many in one transaction."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from connect_hub.errors import StorageUnavailable
from connect_hub.storage.protocol import EventStore, Settlement

__all__ = ["Settling"]

log = logging.getLogger("connect_hub.deliveries")

_TOGETHER = 100
_WORTH = 32
_LINGER = 0.02
"""Seconds that an outcome waits for others while more are to come: a crash meanwhile sends it again."""
_TRIES = 6
_FIRST_PAUSE = 0.25
"""Seconds before the second try; each pause is twice the one before, eight seconds in all."""


class Settling:
    """Writes what comes while it writes, and within a moment, in its next transaction: a commit costs more
    than a row. `more` says whether anything is on its way; without it nothing is waited for.

    While the database is away it tries again for some seconds, since what is not written down is sent again.
    One that cannot be written fails none of those that it came with.
    """

    def __init__(self, storage: EventStore, *, more: Callable[[], bool] = lambda: False) -> None:
        self._storage = storage
        self._more = more
        self._enough = asyncio.Event()
        self._waiting: list[tuple[Settlement, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def settle(self, settlement: Settlement) -> bool:
        """See `EventStore.settle_deliveries`; raises what that raises."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[bool] = loop.create_future()
        if self._writing is not None and self._writing.get_loop() is not loop:
            # That loop has ended, and whoever waited on it with it.
            self._writing, self._waiting = None, []
        self._waiting.append((settlement, written))
        if self._is_enough():
            self._enough.set()
        if self._writing is None or self._writing.done():
            self._enough = asyncio.Event()
            self._writing = loop.create_task(self._write_all(), name="connect_hub settling")
        return await written

    async def _write_all(self) -> None:
        while self._waiting:
            await self._linger()
            batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            try:
                results = await self._outcomes([settlement for settlement, _ in batch])
            except BaseException as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                raise
            for (_, written), result in zip(batch, results, strict=True):
                if written.done():
                    continue
                if isinstance(result, Exception):
                    written.set_exception(result)
                else:
                    written.set_result(result)

    def _is_enough(self) -> bool:
        return len(self._waiting) >= _WORTH or not self._more()

    async def _linger(self) -> None:
        if self._is_enough():
            return
        self._enough.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                await self._enough.wait()

    async def _outcomes(self, settlements: list[Settlement]) -> Sequence[bool | Exception]:
        """What became of each; one by one where they cannot be written together."""
        try:
            return await self._write(settlements)
        except StorageUnavailable as error:
            return [error] * len(settlements)
        except Exception as error:
            if len(settlements) > 1:
                log.warning(
                    "outcomes are written one by one, for together it failed: %s", type(error).__name__
                )
                return [(await self._outcomes([one]))[0] for one in settlements]
            [one] = settlements
            if one.attempt is None:
                return [error]
            # What was answered is a stranger's: a delivery must not come again for ever because of it. Nor is
            # the error's text logged, which may quote it.
            log.warning("delivery %s: its try cannot be logged: %s", one.delivery_id, type(error).__name__)
            return await self._outcomes([replace(one, attempt=None)])

    async def _write(self, settlements: list[Settlement]) -> list[bool]:
        pause = _FIRST_PAUSE
        for _ in range(_TRIES - 1):
            try:
                return await self._storage.settle_deliveries(settlements)
            except StorageUnavailable as error:
                log.warning("outcomes of %d deliveries are not written yet: %s", len(settlements), error)
            await asyncio.sleep(pause)
            pause *= 2
        return await self._storage.settle_deliveries(settlements)
