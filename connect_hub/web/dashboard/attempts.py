"""Attempts: how far customers come with each provider, where they stop, and what to do about it."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.attempts import first_day
from connect_hub.message import Message
from connect_hub.models import StepKind
from connect_hub.storage.protocol import MOST_COUNTED, Failure, FunnelRow
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts import AttemptList, FailureRow, FunnelLine
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.funnel import Funnels, success
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.labels import ADVICE, UNKNOWN_ADVICE
from connect_hub.web.dashboard.listing import listed
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["AttemptPages"]

_PAGE = 25
_PERIODS = (7, 30, 90)
_DAYS = "30"
"""Where none are asked for."""


class AttemptPages(Pages):
    """Handlers of `/dashboard/in/{project}/attempts`."""

    def __init__(self, site: Site, guard: Guard, funnels: Funnels) -> None:
        super().__init__(site, guard)
        self._funnels = funnels

    async def listing(self, request: Request, desk: Desk) -> Response:
        url, say = self.path(desk, "dashboard_attempts"), self.say(request)
        query = Query(request, "provider days cursor")
        provider, days = query.one("provider") or "", query.one("days") or _DAYS
        before = query.cursor("[0-9]{1,16}-[0-9]{1,9}")
        if provider and provider not in self.core.connectors:
            query.problem("provider", "is not one of the hub's connectors")
        if days not in {str(number) for number in _PERIODS}:
            query.problem("days", "is none of these")
            days = _DAYS
        since = first_day(self.core.clock.now(), int(days))

        async def load(limit: int) -> list[Failure]:
            return await self.flows.attempts.failures(
                since=since,
                provider=provider or None,
                project=desk.project,
                limit=limit,
                before=None if before is None else _position(*before),
            )

        failures = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        funnel: list[FunnelRow] = []
        if not failures.alert:
            funnel = await self._funnels.since(since, project=desk.project, provider=provider or None)
        page = AttemptList(
            frame=self.frame(request, desk, "dashboard_attempts"),
            alert=failures.alert,
            url=url,
            provider=provider,
            days=days,
            periods=tuple(OptionView(str(n), say(Message("Last %(days)s days", days=n))) for n in _PERIODS),
            providers=self.providers(),
            funnel=tuple(self._line(request, row) for row in funnel if row.provider is not None),
            counted=f"{MOST_COUNTED:,}" if any(row.cut for row in funnel) else "",
            # A link that lets its customer choose was opened for no provider.
            opened=0 if provider else sum(row.sessions.get(StepKind.OPENED, 0) for row in funnel),
            failures=tuple(self._failure(request, desk, failure) for failure in failures.rows),
            pager=failures.pager,
        )
        return self.show(request, page, failures.status)

    def _line(self, request: Request, row: FunnelRow) -> FunnelLine:
        return FunnelLine(
            provider=self.provider(row.provider or ""),
            picked=row.sessions.get(StepKind.PICKED, 0),
            submitted=row.sessions.get(StepKind.SUBMITTED, 0),
            connected=row.sessions.get(StepKind.CONNECTED, 0),
            failed=row.sessions.get(StepKind.FAILED, 0),
            percent=success(row),
            median="" if row.median is None else self._duration(request, row.median),
        )

    def _duration(self, request: Request, took: timedelta) -> str:
        seconds, say = round(took.total_seconds()), self.say(request)
        if seconds < 60:
            return say(Message("%(seconds)s s", seconds=seconds))
        if seconds < 3600:
            return say(Message("%(minutes)s min %(seconds)s s", minutes=seconds // 60, seconds=seconds % 60))
        return say(
            Message("%(hours)s h %(minutes)s min", hours=seconds // 3600, minutes=seconds % 3600 // 60)
        )

    def _failure(self, request: Request, desk: Desk, failure: Failure) -> FailureRow:
        step, say = failure.step, self.say(request)
        title, advice = ADVICE.get(step.error_code or "", UNKNOWN_ADVICE)
        return FailureRow(
            at=step.at,
            owner_name=Untrusted(failure.origin_owner_name),
            owner_id=Untrusted(failure.origin_owner_id, exact=True),
            provider=self.provider(step.provider or ""),
            title=say(title),
            advice=say(advice),
            code=step.error_code or "",
            url=self.path(desk, "dashboard_link", session_id=str(step.session_id)),
        )


def _place(failure: Failure) -> tuple[datetime, str]:
    return failure.step.at, f"{failure.step.session_id}-{failure.number}"


def _position(at: datetime, text: str) -> tuple[datetime, int, int]:
    session_id, number = text.split("-")
    return at, int(session_id), int(number)
