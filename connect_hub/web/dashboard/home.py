"""The project at a glance."""

import asyncio
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.attempts import first_day
from connect_hub.flows.overview import Overview, overview
from connect_hub.models import StepKind
from connect_hub.operators import Role
from connect_hub.storage.protocol import EVENTS_COUNTED, MOST_COUNTED, FunnelRow
from connect_hub.web.dashboard.charts import columns, stack
from connect_hub.web.dashboard.contexts import Home, RateRow
from connect_hub.web.dashboard.counting import Counted
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.funnel import Funnels, success
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.states import ACCOUNT_STATES, DELIVERY_STATES
from connect_hub.web.site import Site

__all__ = ["HomePages"]

_DAYS = 30


class HomePages(Pages):
    """Handlers of `/dashboard/in/{project}`."""

    def __init__(self, site: Site, guard: Guard, funnels: Funnels) -> None:
        super().__init__(site, guard)
        self._funnels = funnels
        self._overview = Counted[Overview](self.core.clock)

    async def page(self, request: Request, desk: Desk) -> Response:
        say = self.say(request)
        first = first_day(self.core.clock.now(), _DAYS)
        seen, funnel = await asyncio.gather(
            self._overview.get(
                (desk.project, first.isoformat()),
                lambda: overview(self.core, self.flows.endpoints, since=first, project=desk.project),
            ),
            self._funnels.since(first, project=desk.project),
        )
        days = [first + timedelta(days=n) for n in range(_DAYS)]
        page = Home(
            frame=self.frame(request, desk, "dashboard_project"),
            done=self.done(request),
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
            connected=columns(
                [(day.date().isoformat(), seen.connected.get(day, 0)) for day in days],
                cut=seen.connected_cut,
            ),
            accounts=stack(
                [
                    (
                        state.kind,
                        say(state.text),
                        seen.accounts.get(status, 0),
                        status in seen.cut_statuses,
                    )
                    for status, state in ACCOUNT_STATES.items()
                ]
            ),
            deliveries=stack(
                [
                    (shown.kind, say(shown.text), seen.deliveries.get(state, 0), seen.deliveries_cut)
                    for state, shown in DELIVERY_STATES.items()
                ]
            ),
            rates=tuple(
                self._rate(row) for row in funnel if row.provider and row.sessions.get(StepKind.PICKED)
            ),
            attempts_url=self.path(desk, "dashboard_attempts"),
            most=f"{MOST_COUNTED:,}",
            most_events=f"{EVENTS_COUNTED:,}",
            rates_cut=any(row.cut for row in funnel),
        )
        return self.show(request, page)

    def _rate(self, row: FunnelRow) -> RateRow:
        return RateRow(
            provider=self.provider(row.provider or ""),
            tried=row.sessions.get(StepKind.PICKED, 0),
            connected=row.sessions.get(StepKind.CONNECTED, 0),
            percent=success(row),
        )
