"""What can be done with a webhook endpoint."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.flows.endpoint_addresses import origin_of
from connect_hub.flows.shown_endpoints import Endpoint
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.dashboard.asking import Asked, AskingPages, Question
from connect_hub.web.dashboard.contexts import Action
from connect_hub.web.dashboard.endpoint_form import secret_made
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.untrusted import Untrusted

__all__ = ["EndpointActions"]

_SPANS = {
    "1h": (timedelta(hours=1), Message("The last hour")),
    "1d": (timedelta(days=1), Message("The last day")),
    "7d": (timedelta(days=7), Message("The last 7 days")),
    "30d": (timedelta(days=30), Message("The last 30 days")),
}


class EndpointActions(AskingPages[Endpoint]):
    """Handlers of `/dashboard/in/{project}/webhooks/{endpoint_id}/{action}`."""

    route, param = "dashboard_webhook_action", "endpoint_id"
    page, section = "dashboard_webhook", "dashboard_webhooks"

    def _questions(self) -> Mapping[str, Question[Endpoint]]:
        flow = self.flows.endpoints
        return {
            "test": Question(
                Role.OPERATOR,
                Message("Send a test"),
                Message("Send a test to this endpoint?"),
                Message("It gets an event that is made up and marked as a test, signed as every other."),
                self._doing(flow.test, Done.TESTED),
            ),
            "replay": Question(
                Role.OPERATOR,
                Message("Replay"),
                Message("Send again what happened?"),
                Message(
                    "The endpoint gets what it has not taken yet, with the same ids. What waits for its next "
                    "try is left to it; each can be sent again at once on its own page."
                ),
                self._replay,
                field=self._span,
            ),
            "rotate": Question(
                Role.ADMIN,
                Message("Rotate the secret"),
                Message("Make a new signing secret?"),
                Message("It is shown once. The old one signs along for 24 hours."),
                self._rotate,
            ),
            "disable": Question(
                Role.ADMIN,
                Message("Disable"),
                Message("Disable this endpoint?"),
                Message("Nothing is sent to it; what waits is held until you enable it again."),
                self._doing(flow.disable, Done.ENDPOINT_DISABLED),
            ),
            "enable": Question(
                Role.ADMIN,
                Message("Enable"),
                Message("Enable this endpoint?"),
                Message("What was held is sent at once."),
                self._doing(flow.enable, Done.ENDPOINT_ENABLED),
            ),
            "delete": Question(
                Role.ADMIN,
                Message("Delete"),
                Message("Delete this endpoint?"),
                Message("Nothing more is sent to it, and its secret is destroyed. This cannot be undone."),
                self._delete,
                danger=True,
            ),
        }

    async def _row(self, request: Request, desk: Desk) -> Endpoint:
        return await self.flows.endpoints.get(request.path_params["endpoint_id"], project=desk.project)

    def _about(self, row: Endpoint) -> Untrusted:
        return Untrusted(f"{origin_of(row.url)} · {row.description or row.id}")

    def _span(self, asked: Asked[Endpoint]) -> FieldView:
        say = self.say(asked.request)
        return FieldView(
            name="since",
            label=say(Message("What happened in")),
            kind="select",
            value="1d",
            options=tuple(OptionView(value, say(text)) for value, (_, text) in _SPANS.items()),
        )

    async def _replay(self, asked: Asked[Endpoint]) -> Response:
        if asked.fields.get("since") not in _SPANS:
            raise ValidationFailed(FieldError("since", "is none of these"))
        span, _ = _SPANS[asked.fields["since"]]
        since = self.core.clock.now() - span
        events = await self.flows.events.replay(asked.row.id, since=since, project=asked.desk.project)
        done = Done.REPLAYED if events else Done.REPLAYED_NOTHING
        return self.see(self._back(asked.request, asked.desk), done)

    async def _rotate(self, asked: Asked[Endpoint]) -> Response:
        issued = await self.flows.endpoints.rotate(asked.row.id, project=asked.desk.project)
        return secret_made(self, asked.request, asked.desk, issued)

    async def _delete(self, asked: Asked[Endpoint]) -> Response:
        await self.flows.endpoints.delete(asked.row.id, project=asked.desk.project)
        return self.see(self.path(asked.desk, "dashboard_webhooks"), Done.ENDPOINT_DELETED)

    def of(self, request: Request, desk: Desk, one: Endpoint) -> tuple[Action, ...]:
        """What the operator may do with it now."""
        names = ["test", "replay"] if one.enabled else []
        if one.source == "database":
            names += ["rotate", "disable" if one.enabled else "enable", "delete"]
        buttons = self._buttons(request, desk, names, one.id)
        if one.source != "database" or not desk.may(Role.ADMIN):
            return buttons
        url = self.path(desk, "dashboard_webhook_change", endpoint_id=one.id)
        return (Action(self.say(request)(Message("Change")), url), *buttons)
