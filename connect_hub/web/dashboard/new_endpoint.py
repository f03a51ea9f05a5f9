"""A new webhook endpoint, and its signing secret, shown once."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import LimitReached, ValidationFailed
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.flows.endpoint_requests import EndpointFields
from connect_hub.flows.shown_endpoints import IssuedEndpoint
from connect_hub.message import Message
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.dashboard.contexts import NewEndpoint, SecretMade
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields
from connect_hub.web.untrusted import Untrusted

__all__ = ["NewEndpointPages", "secret_made"]


class NewEndpointPages(Pages):
    """Handlers of `/dashboard/in/{project}/webhooks/new`."""

    async def form(self, request: Request, desk: Desk) -> Response:
        return self._form(request, desk, {}, [*DEFAULT_EVENTS], {})

    async def create(self, request: Request, desk: Desk, values: Fields) -> Response:
        """The endpoint's secret, shown this once; or the form again with what was typed."""
        chosen = [name for name in sorted(EVENT_NAMES) if values.get(f"event.{name}")]
        url, description = values.get("url", "").strip(), values.get("description", "").strip()
        if not chosen:  # which a program may leave out, for those that are usual
            refusal = self.say(request)(Message("Choose at least one event."))
            return self._form(request, desk, values, chosen, {}, refusal)
        fields: EndpointFields = {"events": chosen}
        if description:
            fields["description"] = description
        try:
            issued = await self.flows.endpoints.create(url=url, project=desk.project, **fields)
        except ValidationFailed as error:
            wrong = self.refusals(request, error.details, values)
            rest = [text for name, text in wrong.items() if name not in {"url", "description"}]
            return self._form(request, desk, values, chosen, wrong, " ".join(rest))
        except LimitReached as error:
            return self._form(request, desk, values, chosen, {}, self.say(request)(error.message))
        return secret_made(self, request, desk, issued)

    def _form(
        self,
        request: Request,
        desk: Desk,
        values: dict[str, str],
        chosen: list[str],
        wrong: dict[str, str],
        alert: str = "",
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
                    error=wrong.get("url"),
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
            chosen=frozenset(chosen),
            back_url=self.path(desk, "dashboard_webhooks"),
            alert=alert,
        )
        return self.show(request, page, 422 if wrong or alert else 200)


def secret_made(pages: Pages, request: Request, desk: Desk, issued: IssuedEndpoint) -> Response:
    """The page that shows a signing secret, this once."""
    page = SecretMade(
        frame=pages.frame(request, desk, "dashboard_webhooks"),
        about=Untrusted(issued.endpoint.url, limit=120),
        secret=issued.secret.reveal(),
        next_url=pages.path(desk, "dashboard_webhook", endpoint_id=issued.endpoint.id),
    )
    return pages.show(request, page)
