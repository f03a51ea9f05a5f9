"""What can be done with a webhook endpoint, each on a page that asks first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import NotFound
from connect_hub.flows.endpoint_addresses import origin_of
from connect_hub.flows.shown_endpoints import Endpoint
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.dashboard.contexts import Action, Confirm
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields
from connect_hub.web.dashboard.new_endpoint import secret_made
from connect_hub.web.untrusted import Untrusted

__all__ = ["EndpointActionPages", "endpoint_actions"]

_SPANS = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
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


class EndpointActionPages(Pages):
    """Handlers of `/dashboard/in/{project}/webhooks/{endpoint_id}/{action}`."""

    def least(self, params: Mapping[str, str]) -> Role:
        """Who may do what the address names. Raises NotFound."""
        if params["action"] not in _OFFERED:
            raise NotFound
        return _OFFERED[params["action"]].role

    async def ask(self, request: Request, desk: Desk) -> Response:
        """Asks before something is done."""
        offered = _OFFERED[request.path_params["action"]]
        one, say, action = (
            await self.flows.endpoints.get(request.path_params["endpoint_id"], project=desk.project),
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
            about=Untrusted(origin_of(one.url)),
            form=self.guard.form(
                desk, self.path(desk, "dashboard_webhook_action", endpoint_id=one.id, action=action)
            ),
            field=field,
            button=say(offered.label),
            danger=offered.danger,
            back_url=self.path(desk, "dashboard_webhook", endpoint_id=one.id),
        )
        return self.show(request, page)

    async def act(self, request: Request, desk: Desk, values: Fields) -> Response:
        """Does it."""
        action: str = request.path_params["action"]
        offered = _OFFERED[action]
        endpoint_id: str = request.path_params["endpoint_id"]
        endpoints, project = self.flows.endpoints, desk.project
        if action == "rotate":
            return secret_made(self, request, desk, await endpoints.rotate(endpoint_id, project=project))
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


def endpoint_actions(pages: Pages, request: Request, desk: Desk, one: Endpoint) -> tuple[Action, ...]:
    """What the operator may do with it now."""
    names = ["test", "replay"] if one.enabled else []
    if one.source == "database":
        names += ["rotate", "disable" if one.enabled else "enable", "delete"]
    return tuple(
        Action(
            pages.say(request)(_OFFERED[name].label),
            pages.path(desk, "dashboard_webhook_action", endpoint_id=one.id, action=name),
            "danger" if _OFFERED[name].danger else "secondary",
        )
        for name in names
        if desk.may(_OFFERED[name].role)
    )
