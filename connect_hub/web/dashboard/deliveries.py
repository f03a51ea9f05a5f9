"""One delivery: what was sent, what was answered, and sent again."""

import json
from collections.abc import Mapping
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import EndpointNotFound
from connect_hub.flows.endpoint_addresses import origin_of
from connect_hub.flows.requests import is_deep
from connect_hub.flows.shown_endpoints import Endpoint
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.storage.protocol import DeliveryAttempt, DeliveryRecord, DeliveryState
from connect_hub.web.dashboard.asking import Asked, AskingPages, Question
from connect_hub.web.dashboard.contexts import Action, DeliveryDetail, Fact, TryView, known
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, is_name
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.dashboard.states import DELIVERY_STATES, state_view
from connect_hub.web.untrusted import Untrusted
from connect_hub.webhooks.targets import endpoint_of

__all__ = ["DeliveryActions", "DeliveryPages"]

_MOST = 4000
"""Characters of a body that are shown."""


class DeliveryPages(Pages):
    """Handlers of `/dashboard/in/{project}/deliveries/…`."""

    async def detail(self, request: Request, desk: Desk) -> Response:
        say = self.say(request)
        found = await self.flows.events.delivery(request.path_params["delivery_id"], project=desk.project)
        delivery = found.delivery
        event = (await self.flows.events.get(delivery.event_id, project=desk.project)).event
        endpoint = await self._endpoint(desk, delivery)
        is_deleted = endpoint is None and endpoint_of(delivery.target) is not None
        waits = delivery.state is DeliveryState.PENDING
        facts = [
            Fact(say(Message("Event ID")), code=delivery.event_id),
            Fact(say(Message("Delivery ID")), code=delivery.id),
            *self._receiver(request, delivery, endpoint),
            *self._record(request, desk, delivery),
            Fact(say(Message("Written")), at=delivery.created_at),
            Fact(say(Message("Next try")), at=delivery.next_at if waits else None),
            Fact(say(Message("Settled")), at=delivery.settled_at),
        ]
        if delivery.state is DeliveryState.DEAD:
            facts.append(Fact(say(Message("Reason")), quoted=Untrusted(delivery.last_error or "", limit=300)))
        resend = self.path(desk, "dashboard_delivery_action", delivery_id=delivery.id, action="resend")
        url = self.path(desk, "dashboard_delivery", delivery_id=delivery.id)
        page = DeliveryDetail(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            done=self.done(request),
            event=self.action(request, delivery.event_name),
            state=state_view(DELIVERY_STATES[delivery.state], self.say(request)),
            facts=known(facts),
            body=_shown(event.body),
            tries=tuple(self._try(one) for one in found.attempts),
            url=url,
            live_url=self.path(desk, "dashboard_delivery_state", delivery_id=delivery.id),
            live_key=_key(delivery) if waits else "",
            resend_url=resend if desk.may(Role.OPERATOR) and not is_deleted else None,
            back=self._back(request, desk, endpoint),
        )
        return self.show(request, page)

    async def _endpoint(self, desk: Desk, delivery: DeliveryRecord) -> Endpoint | None:
        """Where it goes; None: to code of the host's, or to an endpoint that was deleted."""
        name = delivery.endpoint_id or endpoint_of(delivery.target)
        if name is not None:
            with suppress(EndpointNotFound):
                return await self.flows.endpoints.get(name, project=desk.project)
        return None

    def _back(self, request: Request, desk: Desk, endpoint: Endpoint | None) -> Action:
        """To the endpoint; to the list of them, where there is none."""
        if endpoint is None:
            return Action(self.say(request)(Message("Webhooks")), self.path(desk, "dashboard_webhooks"))
        called = Untrusted(f"{origin_of(endpoint.url)} · {endpoint.description or endpoint.id}", limit=160)
        return Action(str(called), self.path(desk, "dashboard_webhook", endpoint_id=endpoint.id))

    def _receiver(
        self, request: Request, delivery: DeliveryRecord, endpoint: Endpoint | None
    ) -> tuple[Fact, ...]:
        """Where it goes, if the way back does not say it."""
        label = self.say(request)(Message("Endpoint"))
        if endpoint is not None:
            return ()
        if endpoint_of(delivery.target) is None:
            return (Fact(label, code=delivery.target),)
        return (Fact(label, self.say(request)(Message("It is not there any more."))),)

    def _record(self, request: Request, desk: Desk, delivery: DeliveryRecord) -> tuple[Fact, ...]:
        """What the event is about, where that has a page."""
        kind, say = delivery.event_name.partition(".")[0], self.say(request)
        if not is_name(delivery.record_id):
            return ()
        if kind == "account":
            url = self.path(desk, "dashboard_account", account_id=delivery.record_id)
            return (Fact(say(Message("Account ID")), code=delivery.record_id, url=url),)
        if kind == "link":
            url = self.path(desk, "dashboard_link", session_id=delivery.record_id)
            return (Fact(say(Message("Link ID")), code=delivery.record_id, url=url),)
        return ()

    async def state(self, request: Request, desk: Desk) -> Response:
        """Where the delivery stands, for the script that keeps its page up to date."""
        found = await self.flows.events.delivery(request.path_params["delivery_id"], project=desk.project)
        return Response(json.dumps({"key": _key(found.delivery)}), media_type="application/json")

    def _try(self, one: DeliveryAttempt) -> TryView:
        return TryView(
            at=one.started_at,
            milliseconds=one.duration_ms,
            status="" if one.status is None else str(one.status),
            error=Untrusted(one.error or "", limit=300),
            request="\n".join(f"{name}: {value}" for name, value in one.request_headers.items()),
            response="\n".join(f"{name}: {value}" for name, value in one.response_headers.items()),
            body=_shown(one.response_body),
        )


class DeliveryActions(AskingPages[DeliveryRecord]):
    """Handlers of `/dashboard/in/{project}/deliveries/{delivery_id}/{action}`."""

    route, param = "dashboard_delivery_action", "delivery_id"
    page, section = "dashboard_delivery", "dashboard_webhooks"

    def _questions(self) -> Mapping[str, Question[DeliveryRecord]]:
        return {
            "resend": Question(
                Role.OPERATOR,
                Message("Send again"),
                Message("Send this event again?"),
                Message("The same event with the same id, at once. Whoever keeps ids takes it once."),
                self._resend,
            )
        }

    async def _row(self, request: Request, desk: Desk) -> DeliveryRecord:
        delivery_id: str = request.path_params["delivery_id"]
        return (await self.flows.events.delivery(delivery_id, project=desk.project)).delivery

    def _about(self, row: DeliveryRecord) -> None:
        return None

    async def _resend(self, asked: Asked[DeliveryRecord]) -> Response:
        again = await self.flows.events.resend(asked.row.id, project=asked.desk.project)
        return self.see(self.path(asked.desk, self.page, delivery_id=again.id), Done.RESENT)


def _key(delivery: DeliveryRecord) -> str:
    return f"{delivery.state.value} {delivery.attempts}"


def _shown(body: bytes) -> str:
    """A body for people: JSON indented, anything else as it is, cut where it is long. Whoever answers chooses
    the body, and what is nested deeply grows by its indentation."""
    text = body.decode("utf-8", "replace")
    if not is_deep(body):
        with suppress(ValueError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()  # JSON may spell half a character
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
