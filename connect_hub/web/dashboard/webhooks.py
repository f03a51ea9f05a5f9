"""Webhooks: endpoints, and what can be done with them."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import LimitReached, NotFound, ValidationFailed
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.flows.endpoint_requests import EndpointFields
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.storage.protocol import DeliveryRecord, DeliveryState
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.dashboard.contexts import (
    Action,
    Confirm,
    DeliveryRow,
    EndpointDetail,
    EndpointList,
    EndpointRow,
    Fact,
    NewEndpoint,
    Pager,
    SecretMade,
)
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.query import Query
from connect_hub.web.untrusted import Untrusted

__all__ = ["WebhookPages"]

_PAGE = 25
_SPANS = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_REASONS = {
    "manual": Message("Disabled by hand"),
    "failing": Message("Disabled, since it kept failing"),
    "gone": Message("Disabled, since it answered that it is gone"),
}


@dataclass(frozen=True, slots=True)
class _Offered:
    label: Message
    title: Message
    text: Message
    done: str
    role: Role = Role.ADMIN
    danger: bool = False


_OFFERED = {
    "test": _Offered(
        Message("Send a test"),
        Message("Send a test to this endpoint?"),
        Message("It gets an event that is made up and marked as a test, signed as every other."),
        "tested",
        Role.OPERATOR,
    ),
    "replay": _Offered(
        Message("Replay"),
        Message("Send again what happened?"),
        Message("The endpoint gets what it has not taken yet. The events keep their ids."),
        "replayed",
        Role.OPERATOR,
    ),
    "rotate": _Offered(
        Message("Rotate the secret"),
        Message("Make a new signing secret?"),
        Message("It is shown once. The old one signs along for 24 hours."),
        "",
    ),
    "disable": _Offered(
        Message("Disable"),
        Message("Disable this endpoint?"),
        Message("Nothing is sent to it; what waits is held until you enable it again."),
        "endpoint-disabled",
    ),
    "enable": _Offered(
        Message("Enable"),
        Message("Enable this endpoint?"),
        Message("What was held is sent at once."),
        "endpoint-enabled",
    ),
    "delete": _Offered(
        Message("Delete"),
        Message("Delete this endpoint?"),
        Message("Nothing more is sent to it, and its secret is destroyed. This cannot be undone."),
        "endpoint-deleted",
        danger=True,
    ),
}


class WebhookPages(Pages):
    """Handlers of `/dashboard/in/{project}/webhooks…`."""

    async def listing(self, request: Request) -> Response:
        desk = await self.guard.enter(request, Role.VIEWER)
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
                    enabled=one.enabled,
                    failing=one.failing_since is not None,
                    configured=one.source == "config",
                )
                for one in endpoints
            ),
            new_url=self.path(desk, "dashboard_new_webhook") if desk.may(Role.ADMIN) else None,
        )
        return self.show(request, page)

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        desk = await self.guard.enter(request, Role.ADMIN)
        return self._form(request, desk, {}, [], {})

    async def create(self, request: Request) -> Response:
        """The endpoint's secret, shown this once; or the form again with what was typed."""
        desk, values = await self.guard.posted(request, Role.ADMIN)
        chosen = [name for name in sorted(EVENT_NAMES) if values.get(f"event.{name}")]
        url, description = values.get("url", "").strip(), values.get("description", "").strip()
        fields: EndpointFields = {}
        if chosen:
            fields["events"] = chosen
        if description:
            fields["description"] = description
        try:
            issued = await self.flows.endpoints.create(url=url, project=desk.project, **fields)
        except ValidationFailed as error:
            wrong = {detail.field.partition(".")[0]: detail.message for detail in error.details}
            return self._form(request, desk, values, chosen, wrong)
        except LimitReached as error:
            return self._form(request, desk, values, chosen, {"url": error.message})
        return self._made(request, desk, issued)

    def _form(
        self, request: Request, desk: Desk, values: dict[str, str], chosen: list[str], wrong: dict[str, str]
    ) -> Response:
        say = self.say(request)
        page = NewEndpoint(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            form=self.guard.form(desk, self.path(desk, "dashboard_new_webhook")),
            fields=(
                FieldView(
                    name="url",
                    label=say(Message("Address")),
                    kind="url",
                    placeholder="https://",
                    help=say(Message("Events are posted to it, over https.")),
                    value=values.get("url", ""),
                    error=None if "url" not in wrong else say(Message("It ")) + wrong["url"],
                ),
                FieldView(
                    name="description",
                    label=say(Message("What is it for?")),
                    required=False,
                    value=values.get("description", ""),
                    error=wrong.get("description"),
                ),
            ),
            events=tuple(OptionView(name, self.action(request, name)) for name in sorted(EVENT_NAMES)),
            chosen=frozenset(chosen or DEFAULT_EVENTS),
            back_url=self.path(desk, "dashboard_webhooks"),
        )
        return self.show(request, page, 422 if wrong else 200)

    def _made(self, request: Request, desk: Desk, issued: IssuedEndpoint) -> Response:
        page = SecretMade(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            about=Untrusted(issued.endpoint.url, limit=120),
            secret=issued.secret.reveal(),
            next_url=self.path(desk, "dashboard_webhook", endpoint_id=issued.endpoint.id),
        )
        return self.show(request, page)

    # --- one ---

    async def detail(self, request: Request) -> Response:
        desk, say = await self.guard.enter(request, Role.VIEWER), self.say(request)
        one = await self._endpoint(request, desk)
        url = self.path(desk, "dashboard_webhook", endpoint_id=one.id)
        query = Query(request, "state cursor done")
        before, states = query.cursor("[A-Za-z0-9_-]{1,64}"), query.choice("state", DeliveryState)
        alert, deliveries = "", list[DeliveryRecord]()
        try:
            query.refuse_problems()
            deliveries = await self.flows.events.deliveries(
                project=desk.project, endpoint_id=one.id, states=states, limit=_PAGE + 1, before=before
            )
        except ValidationFailed:
            alert = say(Message("This address was cut or changed. Clear the filters to begin again."))
        more, deliveries = len(deliveries) > _PAGE, deliveries[:_PAGE]
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
            alert=alert,
            address=Untrusted(_host(one.url), limit=120),
            enabled=one.enabled,
            reason=say(_REASONS[one.disabled_reason]) if one.disabled_reason in _REASONS else "",
            configured=one.source == "config",
            facts=tuple(fact for fact in facts if fact.quoted or fact.text or fact.at),
            actions=self._actions(request, desk, one),
            url=url,
            state=states[0].value if states else "",
            rows=tuple(self._delivery(request, desk, delivery) for delivery in deliveries),
            pager=Pager(
                self.first_url(request, url),
                self.next_url(request, url, deliveries[-1].created_at, deliveries[-1].id) if more else None,
            ),
            live_url=self.path(desk, "dashboard_webhook_state", endpoint_id=one.id),
            live_key=_key(deliveries) if before is None and not states else "",
            list_url=self.path(desk, "dashboard_webhooks"),
        )
        return self.show(request, page, 400 if alert else 200)

    async def _endpoint(self, request: Request, desk: Desk) -> Endpoint:
        return await self.flows.endpoints.get(request.path_params["endpoint_id"], project=desk.project)

    def _delivery(self, request: Request, desk: Desk, delivery: DeliveryRecord) -> DeliveryRow:
        return DeliveryRow(
            url=self.path(desk, "dashboard_delivery", delivery_id=delivery.id),
            event=self.action(request, delivery.event_name),
            state=delivery.state.value,
            attempts=delivery.attempts,
            error=Untrusted(delivery.last_error or "", limit=120),
            at=delivery.created_at,
        )

    def _actions(self, request: Request, desk: Desk, one: Endpoint) -> tuple[Action, ...]:
        names = ["test", "replay"] if one.enabled else []
        if one.source == "database":
            names += ["rotate", "disable" if one.enabled else "enable", "delete"]
        return tuple(
            Action(
                self.say(request)(_OFFERED[name].label),
                self.path(desk, "dashboard_webhook_action", endpoint_id=one.id, action=name),
                "danger" if _OFFERED[name].danger else "secondary",
            )
            for name in names
            if desk.may(_OFFERED[name].role)
        )

    async def state(self, request: Request) -> Response:
        """What the newest deliveries are, for the script that keeps the page up to date."""
        desk = await self.guard.enter(request, Role.VIEWER)
        deliveries = await self.flows.events.deliveries(
            project=desk.project, endpoint_id=request.path_params["endpoint_id"], limit=_PAGE
        )
        return Response(json.dumps({"key": _key(deliveries)}), media_type="application/json")

    # --- what is done with it ---

    def _offered(self, request: Request) -> _Offered:
        try:
            return _OFFERED[request.path_params["action"]]
        except KeyError:
            raise NotFound from None

    async def ask(self, request: Request) -> Response:
        """Asks before something is done."""
        desk = await self.guard.enter(request, Role.OPERATOR)
        offered = self._offered(request)
        desk = await self.guard.enter(request, offered.role)
        one, say, action = (
            await self._endpoint(request, desk),
            self.say(request),
            request.path_params["action"],
        )
        field = None
        if action == "replay":
            spans = (
                ("1h", Message("The last hour")),
                ("1d", Message("The last day")),
                ("7d", Message("The last 7 days")),
                ("30d", Message("The last 30 days")),
            )
            field = FieldView(
                name="since",
                label=say(Message("What happened in")),
                kind="select",
                value="1d",
                options=tuple(OptionView(value, say(text)) for value, text in spans),
            )
        page = Confirm(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            title=say(offered.title),
            text=say(offered.text),
            about=Untrusted(_host(one.url)),
            form=self.guard.form(
                desk, self.path(desk, "dashboard_webhook_action", endpoint_id=one.id, action=action)
            ),
            field=field,
            button=say(offered.label),
            danger=offered.danger,
            back_url=self.path(desk, "dashboard_webhook", endpoint_id=one.id),
        )
        return self.show(request, page)

    async def act(self, request: Request) -> Response:
        """Does it."""
        desk, values = await self.guard.posted(request, Role.OPERATOR)
        offered, action = self._offered(request), request.path_params["action"]
        desk = await self.guard.enter(request, offered.role)
        endpoint_id: str = request.path_params["endpoint_id"]
        endpoints, project = self.flows.endpoints, desk.project
        if action == "rotate":
            return self._made(request, desk, await endpoints.rotate(endpoint_id, project=project))
        if action == "delete":
            await endpoints.delete(endpoint_id, project=project)
            return self.see(self.path(desk, "dashboard_webhooks"), offered.done)
        if action == "replay":
            since = self.core.clock.now() - _SPANS.get(values.get("since", ""), _SPANS["1d"])
            await self.flows.events.replay(endpoint_id, since=since, project=project)
        elif action == "test":
            await endpoints.test(endpoint_id, project=project)
        elif action == "disable":
            await endpoints.disable(endpoint_id, project=project)
        else:
            await endpoints.enable(endpoint_id, project=project)
        return self.see(self.path(desk, "dashboard_webhook", endpoint_id=endpoint_id), offered.done)


def _host(url: str) -> str:
    """What may stand in a heading: an address may hold a secret behind its host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _address(desk: Desk, one: Endpoint) -> str:
    """An administrator's to see whole; others see where it leads."""
    return one.url if desk.may(Role.ADMIN) else f"{_host(one.url)}/…"


def _key(deliveries: list[DeliveryRecord]) -> str:
    """Changes with whatever the first page shows."""
    told = [f"{one.id} {one.state.value} {one.attempts}" for one in deliveries[:_PAGE]]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
