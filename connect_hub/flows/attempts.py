"""How far customers came, and where they stopped: for the operator, and for whoever helps a customer."""

from dataclasses import replace
from datetime import datetime, timedelta

from connect_hub.errors import FieldError, SessionNotFound, ValidationFailed, VisitExpired
from connect_hub.flows.core import Core
from connect_hub.flows.visits import LiveVisit
from connect_hub.models import Attempt, Step, StepKind
from connect_hub.storage import step_rules
from connect_hub.storage.protocol import Failure, FailureQuery, FunnelQuery, FunnelRow

__all__ = ["Attempts", "first_day"]

_LONGEST = timedelta(days=366)
_ENDS = {StepKind.CONNECTED, StepKind.ABANDONED}


def first_day(now: datetime, days: int) -> datetime:
    """When the last `days` days began: whole days of UTC, today among them."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)


class Attempts:
    """The steps of attempts. Nothing that a customer typed is among them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def timeline(self, session_id: int, *, project: str = "default", limit: int = 200) -> list[Step]:
        """The newest steps of a session, in the order in which they were taken.

        A visit that ended in the middle, without a word, is the last step: abandoned, with the code
        `visit_expired`. Raises SessionNotFound.
        """
        await self._core.ready()
        if await self._core.storage.session(project, session_id) is None:
            raise SessionNotFound
        return await self.steps(project, session_id, limit=limit)

    async def steps(self, project: str, session_id: int, *, limit: int) -> list[Step]:
        """The same of a session that is there."""
        steps = await self._core.storage.steps(project, session_id, limit=limit)
        if steps and steps[-1].kind not in _ENDS:
            last, links = steps[-1], self._core.config.links
            # A sign-in at the provider may take longer than a visit lies idle.
            away = last.kind is StepKind.REDIRECTED
            ended = last.at + (links.oauth_state_lifetime if away else links.visit_idle)
            if ended <= self._core.clock.now():
                steps = [
                    *steps,
                    replace(last, kind=StepKind.ABANDONED, at=ended, error_code=VisitExpired.code),
                ]
        return steps[-limit:]

    async def funnel(
        self,
        *,
        since: datetime,
        until: datetime | None = None,
        provider: str | None = None,
        project: str = "default",
        most: int | None = None,
    ) -> list[FunnelRow]:
        """How many sessions came how far from `since` to `until` (by default now), by provider, and the
        median of how long a connection took. With `most`, of so many steps, the newest.

        Raises ValidationFailed for instants without an offset, and for a window that is empty or longer
        than 366 days.
        """
        await self._core.ready()
        until = self._core.clock.now() if until is None else until
        problems = [
            FieldError(name, "needs an offset: use an aware datetime")
            for name, at in (("since", since), ("until", until))
            if at.tzinfo is None
        ]
        if not problems and not timedelta(0) < until - since <= _LONGEST:
            problems = [FieldError("since", f"must be before until, by at most {_LONGEST.days} days")]
        if most is not None and most < 1:
            problems.append(FieldError("most", "must be at least 1; leave it out to count all steps"))
        if problems:
            raise ValidationFailed(*problems)
        return await self._core.storage.funnel(
            FunnelQuery(project_id=project, since=since, until=until, provider=provider, most=most)
        )

    async def failures(
        self,
        *,
        since: datetime | None = None,
        provider: str | None = None,
        project: str = "default",
        limit: int = 25,
        before: tuple[datetime, int, int] | None = None,
    ) -> list[Failure]:
        """Tries that did not succeed, newest first; `since` is the first instant to look at, `before` is (at,
        session id, number) of the last one of the page before."""
        await self._core.ready()
        query = FailureQuery(project_id=project, provider=provider, since=since, limit=limit, before=before)
        return await self._core.storage.failures(query)

    # --- recorded where it happens ---

    async def picked(self, live: LiveVisit, provider: str, method: str) -> None:
        """The form of a provider was shown; the first time in a visit counts."""
        await self._record(live, StepKind.PICKED, provider=provider, method=method, once=True)

    async def refused(self, live: LiveVisit, provider: str, method: str, attempt_id: str) -> None:
        """What was typed cannot be right, and was not tried."""
        await self._record(
            live,
            StepKind.FAILED,
            provider=provider,
            method=method,
            attempt_id=attempt_id,
            error_code=ValidationFailed.code,
        )

    async def returned(self, attempt: Attempt) -> None:
        """The browser came back from the provider's sign-in."""
        now = self._core.clock.now()
        step = step_rules.step_of_attempt(replace(attempt, updated_at=now), StepKind.RETURNED)
        await self._core.storage.record_step(step)

    async def left(self, live: LiveVisit, last: Attempt | None) -> None:
        """The customer left, without a connection."""
        await self._record(
            live,
            StepKind.ABANDONED,
            provider=None if last is None else last.provider,
            method=None if last is None else last.method,
            attempt_id=None if last is None else last.id,
        )

    async def _record(
        self,
        live: LiveVisit,
        kind: StepKind,
        *,
        provider: str | None,
        method: str | None,
        attempt_id: str | None = None,
        error_code: str | None = None,
        once: bool = False,
    ) -> None:
        step = Step(
            session_id=live.session.id,
            project_id=live.session.project_id,
            kind=kind,
            visit_name=live.visit.name,
            provider=provider,
            method=method,
            attempt_id=attempt_id,
            error_code=error_code,
            at=self._core.clock.now(),
        )
        await self._core.storage.record_step(step, once=once)
