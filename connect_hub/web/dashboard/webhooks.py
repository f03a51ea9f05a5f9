"""Webhooks: the endpoints, one of them, and what was delivered to it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.endpoint_addresses import origin_of
from connect_hub.flows.shown_endpoints import Endpoint
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.storage.protocol import DeliveryRecord, DeliveryState
from connect_hub.web.dashboard.contexts import (
    DeliveryRow,
    EndpointDetail,
    EndpointList,
    EndpointRow,
    Fact,
    known,
)
from connect_hub.web.dashboard.endpoint_actions import EndpointActions
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.listing import listed
from connect_hub.web.dashboard.parameters import WAS_DONE, WATCHING
from connect_hub.web.dashboard.states import DELIVERY_STATES, state_of_endpoint, state_options, state_view
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["WebhookPages"]

_PAGE = 25
_REASONS = {
    "manual": Message("Disabled by hand"),
    "failing": Message("Disabled, since it kept failing"),
    "gone": Message("Disabled, since it answered that it is gone"),
}


class WebhookPages(Pages):
    """Handlers of `/dashboard/in/{project}/webhooks…`."""

    def __init__(self, site: Site, guard: Guard, actions: EndpointActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        endpoints = await self.flows.endpoints.list(project=desk.project)
        page = EndpointList(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            done=self.done(request),
            rows=tuple(
                EndpointRow(
                    url=self.path(desk, "dashboard_webhook", endpoint_id=one.id),
                    address=Untrusted(_address(desk, one), limit=120),
                    description=Untrusted(one.description or ("" if one.source == "database" else one.id)),
                    events=len(one.events),
                    state=state_view(state_of_endpoint(one), self.say(request)),
                    configured=one.source == "config",
                )
                for one in endpoints
            ),
            new_url=self.path(desk, "dashboard_new_webhook") if desk.may(Role.ADMIN) else None,
        )
        return self.show(request, page)

    # --- one ---

    async def detail(self, request: Request, desk: Desk) -> Response:
        say = self.say(request)
        one = await self._endpoint(request, desk)
        url = self.path(desk, "dashboard_webhook", endpoint_id=one.id)
        query = Query(request, f"state cursor {WAS_DONE} {WATCHING}")
        before, states = query.cursor("[A-Za-z0-9_-]{1,64}"), query.choice("state", DeliveryState, form=True)

        async def load(limit: int) -> list[DeliveryRecord]:
            return await self.flows.events.deliveries(
                project=desk.project, endpoint_id=one.id, states=states, limit=limit, before=before
            )

        deliveries = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        facts = [
            Fact(say(Message("Address")), quoted=Untrusted(_address(desk, one), limit=300)),
            Fact(say(Message("What it is for")), quoted=Untrusted(one.description or "")),
            Fact(say(Message("Gets")), ", ".join(self.action(request, name) for name in one.events)),
            Fact(say(Message("Of providers")), ", ".join(one.providers or ())),
            Fact(say(Message("Header fields of its own")), ", ".join(one.header_names)),
            Fact(say(Message("Secrets that sign")), str(len(one.secrets))),
            Fact(say(Message("Fails since")), at=one.failing_since),
            Fact(say(Message("Disabled")), at=one.disabled_at),
            Fact(say(Message("Created")), at=one.created_at),
        ]
        page = EndpointDetail(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            done=self.done(request),
            alert=deliveries.alert,
            address=Untrusted(origin_of(one.url), limit=120),
            name=Untrusted(one.description or one.id),
            state=state_view(state_of_endpoint(one), self.say(request)),
            reason=say(_REASONS[one.disabled_reason]) if one.disabled_reason in _REASONS else "",
            configured=one.source == "config",
            facts=known(facts),
            actions=self.actions.of(request, desk, one),
            url=url,
            delivery_state=states[0].value if states else "",
            delivery_states=state_options(DELIVERY_STATES, self.say(request)),
            rows=tuple(self._delivery(request, desk, delivery) for delivery in deliveries.rows),
            pager=deliveries.pager,
            live_url=self.path(desk, "dashboard_webhook_state", endpoint_id=one.id),
            live_key=_key(deliveries.rows) if before is None and not states else "",
            list_url=self.path(desk, "dashboard_webhooks"),
        )
        return self.show(request, page, deliveries.status)

    async def _endpoint(self, request: Request, desk: Desk) -> Endpoint:
        return await self.flows.endpoints.get(request.path_params["endpoint_id"], project=desk.project)

    def _delivery(self, request: Request, desk: Desk, delivery: DeliveryRecord) -> DeliveryRow:
        error = Untrusted(delivery.last_error or "", limit=120)
        return DeliveryRow(
            url=self.path(desk, "dashboard_delivery", delivery_id=delivery.id),
            event=self.action(request, delivery.event_name),
            state=state_view(DELIVERY_STATES[delivery.state], self.say(request)),
            attempts=delivery.attempts,
            error=error,
            begun_anew=bool(error) and not delivery.attempts,
            at=delivery.created_at,
        )

    async def state(self, request: Request, desk: Desk) -> Response:
        """What the newest deliveries are, for the script that keeps the page up to date."""
        deliveries = await self.flows.events.deliveries(
            project=desk.project, endpoint_id=request.path_params["endpoint_id"], limit=_PAGE
        )
        return Response(json.dumps({"key": _key(deliveries)}), media_type="application/json")


def _address(desk: Desk, one: Endpoint) -> str:
    """An administrator's to see whole; others see where it leads."""
    return one.url if desk.may(Role.ADMIN) else f"{origin_of(one.url)}/…"


def _place(delivery: DeliveryRecord) -> tuple[datetime, str]:
    return delivery.created_at, delivery.id


def _key(deliveries: Sequence[DeliveryRecord]) -> str:
    """Changes with whatever the first page shows of the deliveries."""
    told = [f"{one.id} {one.state.value} {one.attempts}" for one in deliveries[:_PAGE]]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
