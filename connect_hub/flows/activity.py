"""What accounts do, counted by the day for who looks after them: calls to the provider and refreshes.

Every call would cost a write of its own if it were written when it ends. So it is kept here, and what the
whole process did is written together, in one short transaction every ten seconds at most. A process that is
killed loses what it did since; nothing but a page for people is made of it.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from connect_hub.flows.core import Core
from connect_hub.storage.protocol import AccountDay

__all__ = ["Activity"]

log = logging.getLogger("connect_hub.activity")

_EVERY = 10.0
"""Seconds between two writes."""
_MOST = 100_000
"""Outcomes that are kept; past it the oldest are not counted."""
_FAILED = 400


@dataclass(frozen=True, slots=True)
class _Outcome:
    account_id: str
    at: datetime
    is_call: bool
    status: int | None = None
    """Of a call; None: there was no answer."""
    error: str | None = None
    """Of a refresh: the code; None: it succeeded."""


class Activity:
    """Counts what ends in this process, and has it written."""

    def __init__(self, core: Core, *, every: float = _EVERY) -> None:
        self._core = core
        self._every = every
        self._begin_process()

    def _begin_process(self) -> None:
        self._pid = os.getpid()
        # Appending and taking are atomic, so that callers of several threads need no lock.
        self._outcomes: deque[_Outcome] = deque(maxlen=_MOST)
        self._timer: tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def calling(self, account_id: str) -> Callable[[int | None], None]:
        """To be told of each call's end: its status, or None where nothing was answered."""

        def told(status: int | None) -> None:
            self._note(_Outcome(account_id, self._core.clock.now(), is_call=True, status=status))

        return told

    def refreshed(self, account_id: str, error: str | None = None) -> None:
        """A refresh succeeded, or failed with the error of this code."""
        self._note(_Outcome(account_id, self._core.clock.now(), is_call=False, error=error))

    def _note(self, outcome: _Outcome) -> None:
        if os.getpid() != self._pid:
            self._begin_process()  # what a parent had is the parent's to write
        self._outcomes.append(outcome)
        if self._timer is None or self._timer[0].is_closed():
            loop = asyncio.get_running_loop()
            self._timer = (loop, loop.call_later(self._every, self._begin_writing))

    def _begin_writing(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._write())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def days(self, account_id: str, *, project: str = "default", limit: int = 30) -> list[AccountDay]:
        """The days on which an account did something, newest first."""
        await self._core.ready()
        return await self._core.storage.activity(project, account_id, limit=limit)

    async def settled(self) -> None:
        """Write what has ended by now, and wait for what is being written."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(self._write(), *(task for task in self._writing if task.get_loop() is loop))

    async def _write(self) -> None:
        """What cannot be written is not counted; that is said in the log."""
        days = self._taken()
        if not days:
            return
        try:
            await self._core.storage.add_activity(days)
        except Exception as error:
            log.warning("what %s accounts did is not counted: %s", len(days), type(error).__name__)

    def _taken(self) -> list[AccountDay]:
        days: dict[tuple[str, datetime], AccountDay] = {}
        while self._outcomes:
            try:
                outcome = self._outcomes.popleft()
            except IndexError:  # another thread took it
                break
            midnight = outcome.at.replace(hour=0, minute=0, second=0, microsecond=0)
            key = (outcome.account_id, midnight)
            day = days.get(key) or AccountDay(account_id=outcome.account_id, day=midnight)
            days[key] = _with(day, outcome)
        return list(days.values())


def _with(day: AccountDay, outcome: _Outcome) -> AccountDay:
    if outcome.is_call:
        failed = outcome.status is None or outcome.status >= _FAILED
        return replace(
            day,
            calls=day.calls + 1,
            calls_failed=day.calls_failed + failed,
            last_call_at=outcome.at,
            last_status=outcome.status if failed else day.last_status,
        )
    failed = outcome.error is not None
    return replace(
        day,
        refreshes=day.refreshes + (not failed),
        refreshes_failed=day.refreshes_failed + failed,
        last_refresh_at=outcome.at,
        last_error=outcome.error if failed else day.last_error,
    )
